"""`split.csv`: which sample is on which side, kept as a file and taken again."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from headstart.data.labelled import Divided
from headstart.errors import SourceError
from headstart.sets import SIDES
from headstart.store.cells import escaped, plain
from headstart.store.files import printable, write_text

HEADER = ("sample", "label", "split", "cluster", "sha256")


def save(path: Path, data: Divided) -> None:
    """Write `split.csv`, sorted by sample."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for name, label, *rest in sorted(rows(data)):
        writer.writerow([escaped(name), escaped(label), *rest])
    write_text(path, text.getvalue())


def rows(data: Divided) -> Iterator[tuple[str, str, str, int, str]]:
    """The rows of `split.csv`, in the order of the samples: name, label, side, cluster, key."""
    samples = data.samples
    sides, clusters = data.sides.tolist(), data.clusters.tolist()
    return zip(samples.names, samples.labels, sides, clusters, samples.keys, strict=True)


def load(
    path: Path,
    names: Sequence[str],
    keys: Sequence[str],
    noun: str = "sample",
    left_out: Collection[str] = (),
) -> list[str]:
    """The sides that an earlier `split.csv` gave to these samples.

    A list made by hand may leave `sha256` empty: then the content is not compared.

    Args:
        left_out: what takes no part now, though it may have then.

    Raises:
        SourceError: the file is no split, or names other samples or other contents.
    """
    rows = {row["sample"]: row for row in read(path)}
    new = [name for name in names if name not in rows]
    gone = sorted(rows.keys() - set(names) - set(left_out))
    changed = [
        name
        for name, key in zip(names, keys, strict=True)
        if name in rows and rows[name]["sha256"] not in ("", key)
    ]
    faults = [
        f"{what}: {len(found)}, such as {found[0]}"
        for what, found in (
            (f"{noun}s not in it", new),
            (f"its {noun}s not in the source", gone),
            (f"{noun}s with other content now", changed),
        )
        if found
    ]
    if faults:
        raise SourceError(
            f"does not fit the source ({'; '.join(faults)}).",
            where=printable(str(path)),
            mend=f"Take the split of a run on the same {noun}s, or leave out --split.",
        )
    return [rows[name]["split"] for name in names]


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a `split.csv`: all of its columns there, each sample once, on a known side."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets put a mark first
            rows = list(csv.DictReader(file, strict=True))
    except OSError as error:
        raise _no_split(path, f"cannot be read ({error.strerror}).") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise _no_split(path, f"is not a CSV file in UTF-8 ({error}).") from None
    if not rows or not rows[0].keys() >= set(HEADER):
        raise _no_split(path, f"is not a split: its columns must be {', '.join(HEADER)}.")
    seen = set()
    for number, row in enumerate(rows, 2):  # row 1 is the header
        if None in row or None in row.values():
            raise _no_split(path, f"row {number} has more or fewer cells than the header.")
        row["sample"], row["label"] = plain(row["sample"]), plain(row["label"])
        if row["sample"] in seen:
            raise _no_split(path, f"row {number} names {row['sample']} a second time.")
        if row["split"] not in (*SIDES, "unused"):
            sides = f"{', '.join(SIDES)} or unused"
            raise _no_split(path, f"row {number} has split {row['split']!r}, not {sides}.")
        seen.add(row["sample"])
    return rows


def _no_split(path: Path, problem: str) -> SourceError:
    return SourceError(problem, where=printable(str(path)), mend="Give the split.csv of a run.")
