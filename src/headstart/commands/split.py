"""`headstart split`: which photo or row goes where, as a list or as copies apart."""

import csv
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from headstart.checking import divided_photos
from headstart.commands.output import Flag, Flat, print_json
from headstart.commands.progress import listening
from headstart.data import duplicates
from headstart.data.labelled import Divided
from headstart.data.listing import is_table
from headstart.data.samples import Sample
from headstart.data.split_file import HEADER, rows
from headstart.dataset import Looked
from headstart.errors import OutputError
from headstart.events import Listener, Notice
from headstart.findings import Finding
from headstart.options import Division
from headstart.photo_findings import photo_findings
from headstart.sets import SIDES
from headstart.store.cells import escaped, escaped_column
from headstart.store.files import printable
from headstart.training.plan import refuse_for_rows

if TYPE_CHECKING:
    from headstart.tabular import Rows

_DEFAULTS = Division()


def run(
    source: str,
    /,
    *,
    copy_to: Path | None = None,
    options: Annotated[Division, Flat] = _DEFAULTS,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Show which photos or rows train, choose and judge; or copy them apart.

    Parameters
    ----------
    source
        Labelled photos, in any layout that `train` takes; or a table, with --target.
    copy_to
        Make this folder: of photos with train, validation and test folders of copies in it, of a
        table with train.csv, validation.csv and test.csv.
    json
        Print the list as one JSON document instead of CSV.
    quiet
        Print nothing but errors.
    """
    with listening(quiet) as listen:
        data: Divided
        if options.image_column is None and is_table(source):
            rows_of_it, data = division_of_rows(source, options, listen)
            if copy_to is not None:
                write_apart(rows_of_it, data.sides, copy_to, Path(source), options)
        else:
            data = looked = division(source, options, listen)
            if copy_to is not None:
                copy_apart(looked.samples.files, data.sides.tolist(), copy_to, Path(source))
    if json:
        print_json(document(data))
    elif not quiet and copy_to is None:
        print_rows(data)


def division(source: str, options: Division, listen: Listener) -> Looked:
    """`checking.divided_photos`, telling what was left out and what is doubtful."""
    data = divided_photos(source, options, listen)
    for item in data.samples.left_out:
        listen(Notice(f"{item.name}: {item.reason}. Left out."))
    _tell(photo_findings(data), listen)
    return data


def division_of_rows(source: str, options: Division, listen: Listener) -> "tuple[Rows, Divided]":
    """The sides that `train` with these options gives the rows of a table."""
    from headstart.tabular import group_names, list_rows, parted  # polars takes 0.15 s

    refuse_for_rows(options)
    found = list_rows(source, options)
    for item in found.left_out:
        listen(Notice(f"{item.name}: {item.reason}. Left out."))
    copies, together, sides = parted(found, options, listen)
    data = Divided(found, copies, sides, together)
    if options.group is not None:
        _tell(duplicates.parted_groups(data, group_names(found, options.group)), listen)
    return found, data


def _tell(findings: Sequence[Finding], listen: Listener) -> None:
    """Tell of the warnings, with the first few that they are about."""
    for finding in findings:
        if finding.level == "warning":
            groups = "; ".join(" = ".join(group) for group in finding.samples[:5])
            more = len(finding.samples) - 5
            listen(
                Notice(
                    f"{finding.why} {finding.mend} Found: {groups}"
                    f"{f'; and {more:,} more' if more > 0 else ''}"
                )
            )


def print_rows(data: Divided) -> None:
    """The rows as `split.csv` has them, on standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(HEADER)
    for name, label, *rest in rows(data):
        writer.writerow([escaped(name), escaped(label), *rest])


def document(data: Divided) -> dict[str, object]:
    """The rows for machines."""
    return {
        "format": 1,
        "samples": dict(Counter(data.sides.tolist())),
        "split": [dict(zip(HEADER, row, strict=True)) for row in rows(data)],
    }


def copy_apart(files: Sequence[Sample], sides: Sequence[str], folder: Path, source: Path) -> None:
    """Make `folder` with copies of the photos in `train/CLASS`, `validation/CLASS`, `test/CLASS`.

    It appears whole or not at all.

    Raises:
        OutputError: the folder is there already, or cannot be written; or a label from a list
            or a pattern cannot be the name of a folder.
    """
    if source.is_dir() and folder.resolve().is_relative_to(source.resolve()):
        raise OutputError(
            "lies inside the photos that are copied.",
            where=printable(str(folder)),
            mend="Name a folder elsewhere.",
        )
    labels = sorted({file.label for file in files})
    unfit = [label for label in labels if label == ".." or label != Path(label).name]
    if unfit:
        raise OutputError(
            f"Labels that no folder can be named by: {', '.join(map(repr, unfit))}.",
            mend="Give these classes other names.",
        )
    with _made_whole(folder) as inside:
        for number, (file, side) in enumerate(zip(files, sides, strict=True)):
            if side == "unused":
                continue
            target = inside / side / file.label / Path(file.path).name
            target.parent.mkdir(parents=True, exist_ok=True)
            while target.exists():  # two folders of one class had files of one name
                target = target.with_name(f"{target.stem}-{number}{target.suffix}")
            shutil.copyfile(file.path, target)


def write_apart(
    data: "Rows", sides: NDArray[np.str_], folder: Path, source: Path, options: Division
) -> None:
    """Make `folder` with `train.csv`, `validation.csv` and `test.csv`: the cells as they stand.

    A side without rows has no file. The folder appears whole or not at all.

    Raises:
        OutputError: the folder is there already, or cannot be written.
    """
    from headstart.tabular import cells_of  # polars takes 0.15 s

    with _made_whole(folder) as inside:
        cells = cells_of(data, source, options)
        separator = ";" if "points" in data.forms.values() else ","  # or commas were no points
        for side in SIDES:
            if (sides == side).any():
                chosen = cells.filter(sides == side)
                guarded = chosen.select(escaped_column(column) for column in chosen)
                guarded.rename(escaped).write_csv(inside / f"{side}.csv", separator=separator)


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A folder to fill, which then takes its name.

    Raises:
        OutputError: it is there already, or cannot be written.
    """
    where = printable(str(folder))
    if folder.exists():
        raise OutputError("is there already.", where=where, mend="Name a new folder.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as made:
            inside = Path(made, folder.name)
            inside.mkdir()
            yield inside
            inside.rename(folder)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error}).",
            where=where,
            mend="Free space there, or name another place.",
        ) from error
