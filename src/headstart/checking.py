"""What is doubtful in labelled data, before anything is trained."""

from pathlib import Path

from headstart.data import split
from headstart.data.balance import imbalance
from headstart.data.labelled import Divided
from headstart.data.listing import is_table
from headstart.dataset import Looked, list_photos, parted
from headstart.events import Listener
from headstart.findings import Finding
from headstart.options import Division, TrainOptions, options_from
from headstart.photo_findings import photo_findings
from headstart.training.plan import refuse_for_photos, refuse_for_rows


def check(source: str | Path, options: Division, listen: Listener) -> tuple[Divided, list[Finding]]:
    """Photos or rows as `train` would divide them, and everything that makes one doubt them.

    Raises:
        HeadstartError: as `train`, where it could not begin.
    """
    if options.image_column is not None or not is_table(source):
        photos = divided_photos(source, options, listen)
        made = split.is_given(photos.samples, options)
        return photos, [*photo_findings(photos, made=made), *imbalance(photos)]
    from headstart.row_findings import row_findings  # polars takes 0.15 s
    from headstart.tabular import divided, list_rows

    refuse_for_rows(options)
    rows = list_rows(source, options)
    data = divided(rows, options_from(TrainOptions, options.model_dump()), listen)
    made = split.is_given(rows, options)
    return data, [*row_findings(data, made=made), *imbalance(data)]


def divided_photos(source: str | Path, options: Division, listen: Listener) -> Looked:
    """The sides that `train` with these options gives the photos of a source.

    Raises:
        HeadstartError: as `train`.
    """
    refuse_for_photos(options)
    return parted(list_photos(source, options, listen, to_train=True), options, listen)
