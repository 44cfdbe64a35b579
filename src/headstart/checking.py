"""What is doubtful in labelled data, before anything is trained."""

from pathlib import Path

from headstart.data import duplicates
from headstart.data.balance import imbalance
from headstart.data.labelled import Divided
from headstart.data.listing import is_table
from headstart.data.pixels import Unreadable, decode, read_image
from headstart.data.samples import Sample
from headstart.data.split import divide
from headstart.dataset import Photos, list_photos
from headstart.events import Listener
from headstart.findings import Finding
from headstart.options import Division, TrainOptions, options_from
from headstart.parallel import cores, side_by_side
from headstart.training.plan import refuse_for_photos, refuse_for_rows


def check(source: str | Path, options: Division, listen: Listener) -> tuple[Divided, list[Finding]]:
    """Photos or rows as `train` would divide them, and everything that makes one doubt them.

    Raises:
        HeadstartError: as `train`, where it could not begin.
    """
    if options.image_column is not None or not is_table(source):
        _, data = divided_photos(source, options, listen)
        return data, [*duplicates.copies(data), *imbalance(data)]
    from headstart.column_findings import column_findings  # polars takes 0.15 s
    from headstart.tabular import divided, list_rows

    refuse_for_rows(options)
    rows = list_rows(source, options)
    data = divided(rows, options_from(TrainOptions, options.model_dump()), listen)
    return data, [*duplicates.copies(data), *imbalance(data), *column_findings(data)]


def divided_photos(
    source: str | Path, options: Division, listen: Listener
) -> tuple[Photos, Divided]:
    """The sides that `train` with these options gives the photos of a source.

    Raises:
        HeadstartError: as `train`.
    """
    refuse_for_photos(options)
    photos = list_photos(source, options, listen, to_train=True)
    photos = photos.without(_unreadable(photos))
    clusters = duplicates.identical(photos.keys)
    return photos, Divided(photos, clusters, divide(photos, clusters, options))


def _unreadable(photos: Photos) -> dict[int, str]:
    """The photos that `train` would leave out when it decodes them, and why."""

    def fault(sample: Sample) -> str:
        try:
            decode(read_image(sample.path), 32, "squash")
        except Unreadable as error:
            return error.reason
        return ""

    faults = (why for _, why in side_by_side(fault, photos.files, cores()))
    return {i: why for i, why in enumerate(faults) if why}
