"""Which photos there are, and what each one shows: folders, zip files and lists → Samples.

A source is one of

- a folder with one folder a class;
- a folder with `train`, `validation` and `test` folders, class folders in each;
- a folder of photos whose paths carry the label, found by a regular expression;
- a zip file of any of these;
- a CSV or Parquet file with a column of paths and a column of labels.

Only names and types are looked at here; no photo is opened. Every file ends up in one place:
a sample, left out with its reason, or ignored.
"""

import os
import re
import stat
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headstart.data.absent import absent
from headstart.data.archives import unpacked
from headstart.data.kinds import SUFFIXES
from headstart.data.labelled import in_order
from headstart.data.layout import Layout, find_layout, pattern_error, wanted
from headstart.data.listing import Row, read_rows
from headstart.data.walk import Ignored, Tree, walk
from headstart.errors import OptionError, SourceError
from headstart.events import Listener, nobody
from headstart.findings import LeftOut
from headstart.sets import Side
from headstart.store.files import printable


@dataclass(frozen=True, slots=True)
class Sample:
    """A photo with its label.

    Attributes:
        path: where the bytes lie.
        name: what it is called everywhere: its path relative to the source, with `/`,
            escaped to one printable line.
        label: its class, escaped likewise.
        split: the side that the source's own folders put it on, if any.
        group: what it shares with the photos that stay on its side, where `--group` tells.
    """

    path: str
    name: str
    label: str
    split: Side | None
    group: str | None = None


@dataclass(frozen=True)
class Samples:
    """What a source holds.

    Attributes:
        source: its absolute path.
        items: the samples, sorted by name.
        classes: every class that the source names, sorted by name, or in numeric order where
            all are integers; one that has no sample keeps its place.
        left_out: what takes no part, with reasons, sorted by name.
        ignored: how many files were passed over without one (see `walk.Ignored`).
    """

    source: str
    items: tuple[Sample, ...]
    classes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    ignored: int


def scan(
    source: str | Path,
    *,
    label_pattern: str | None = None,
    image_column: str | None = None,
    target: str | None = None,
    group: str | None = None,
    encoding: str = "utf-8",
    ignore: Sequence[str] = (),
    listen: Listener = nobody,
) -> Samples:
    """List the photos of a source with their labels.

    Args:
        source: a folder, a zip file of one, or a CSV or Parquet file that lists photos.
        label_pattern: regular expression with a group `label`, searched in the path relative
            to the source, in place of class folders.
        image_column: the column of a list with the photos' paths, relative to the list.
        target: the column of a list with the labels.
        group: the column of a list with what photos share that must stay together; of a folder a
            regular expression that finds it in the path: its group `group`, else its first one,
            else all that it fits.
        encoding: of a CSV file.
        ignore: patterns of names or paths to pass over (see `walk.Ignored`).
        listen: is told if a zip file must be unpacked again.

    Raises:
        OptionError: an option is wrong or does nothing for this source.
        SourceError: the source has no layout that is known here, no photos, or classes that
            nobody can tell apart.
        OutputError: a zip file cannot be unpacked into the cache.
    """
    path = Path(source)
    where = printable(os.fspath(source))
    if path.suffix.lower() in SUFFIXES and os.path.isfile(path):
        _refuse(label_pattern, "--label-pattern", where, "a list has its labels in a column")
        if path.suffix.lower() == ".parquet" and encoding != "utf-8":
            _refuse(encoding, "--encoding", where, "Parquet is no text")
        rows = read_rows(path, image_column, target, encoding, group)
        samples = _listed(path, rows, Ignored(ignore))
    else:
        for option, value in (("--image-column", image_column), ("--target", target)):
            _refuse(value, option, where, "only a table has columns, such as CSV or Parquet")
        if encoding != "utf-8":
            _refuse(encoding, "--encoding", where, "it is for CSV files")
        samples = _walked(path, label_pattern, Ignored(ignore), listen)
        samples = samples if group is None else _grouped(samples, group, where)
    _refuse_twins(samples.classes, where)
    return samples


def refuse_one_class(samples: Samples) -> None:
    """What there is to learn is the difference.

    Raises:
        SourceError: there are fewer than two classes.
    """
    if len(samples.classes) > 1:
        return
    (label,) = samples.classes
    if os.path.isfile(samples.source) and Path(samples.source).suffix.lower() in SUFFIXES:
        problem = f"every photo has the label {label!r}"
        mend = "A classifier needs two classes or more."
    else:
        problem = f"one class only, {label!r}; a classifier needs two or more"
        mend = wanted([sample.name for sample in samples.items])
    raise SourceError(f"{problem}.", where=printable(samples.source), mend=mend)


def image_files(folder: str | Path) -> list[str]:
    """The paths of every file below a folder but junk and hidden ones, sorted; no label needed.

    Raises:
        OSError: the folder cannot be opened.
    """
    root = os.fspath(folder)
    return sorted(os.path.join(root, path) for path in walk(root, Ignored()).files)


def _sorted(
    source: Path,
    items: list[Sample],
    classes: Collection[str],
    left_out: list[LeftOut],
    ignored: int,
) -> Samples:
    return Samples(
        source=os.path.abspath(source),
        items=tuple(sorted(items, key=lambda sample: sample.name)),
        classes=in_order(classes),
        left_out=tuple(sorted(left_out, key=lambda item: item.name)),
        ignored=ignored,
    )


# Folders


def _walked(source: Path, label_pattern: str | None, ignored: Ignored, listen: Listener) -> Samples:
    where = printable(os.fspath(source))
    folder = _folder(source, where, listen)
    try:
        tree = walk(folder, ignored)
    except OSError as error:
        raise SourceError(
            f"cannot be opened ({error.strerror}).", where=where, mend="Make it readable."
        ) from error
    layout = find_layout(tree, label_pattern, where)
    left_out = tree.left_out + _denied(tree, layout, where)
    items = []
    for path in tree.files:
        place = layout.place(path)
        if isinstance(place, str):
            left_out.append(LeftOut(printable(path), place))
        else:
            items.append(Sample(os.path.join(folder, path), printable(path), *place))
    classes = layout.classes(tree) | {sample.label for sample in items}
    samples = _sorted(source, items, classes, left_out, tree.ignored)
    _refuse_too_little(samples, tree, layout, where)
    return samples


def _grouped(samples: Samples, pattern: str, where: str) -> Samples:
    """The same samples, each with the group that a pattern finds in its path.

    Raises:
        OptionError: it is no regular expression, or finds nothing in some path.
    """
    mend = r"Give one that fits every path, such as '(?P<group>patient\d+)'."
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise OptionError(
            f"{pattern!r} is no regular expression ({error}).", where="--group", mend=mend
        ) from error
    named = "group" if "group" in found.groupindex else 1 if found.groups else 0
    items, without = [], []
    for sample in samples.items:
        match = found.search(sample.name)
        if match is None or not match[named]:
            without.append(sample.name)
        else:
            items.append(replace(sample, group=match[named]))
    if without:
        raise OptionError(
            f"{pattern!r} finds no group in {len(without):,} of {len(samples.items):,} paths, "
            f"such as {without[0]!r}.",
            where=where,
            mend=mend,
        )
    return replace(samples, items=tuple(items))


def _folder(source: Path, where: str, listen: Listener) -> str:
    """The folder that a source is, or is unpacked to."""
    if os.path.isdir(source):
        return os.fspath(source)
    if not os.path.exists(source):
        raise absent(source)
    if os.path.isfile(source) and (source.suffix.lower() == ".zip" or zipfile.is_zipfile(source)):
        return os.fspath(unpacked(source, listen))
    raise SourceError(
        "neither a folder nor a zip file, CSV or Parquet file.",
        where=where,
        mend="Unpack other archives first and name the folder; a photo alone has no label.",
    )


def _denied(tree: Tree, layout: Layout, where: str) -> list[LeftOut]:
    """Folders inside a class that cannot be opened.

    Raises:
        SourceError: a whole class, or more, cannot be opened.
    """
    for path, reason in tree.denied.items():
        if layout.holds_a_class(path):
            raise SourceError(
                f"the folder '{printable(path)}' cannot be opened ({reason}).",
                where=where,
                mend="Make it readable, or pass it over with --ignore.",
            )
    return [
        LeftOut(printable(path.rstrip("/")), f"a folder that cannot be opened ({reason})")
        for path, reason in tree.denied.items()
    ]


def _refuse_too_little(samples: Samples, tree: Tree, layout: Layout, where: str) -> None:
    """Raise where a folder has no photos or no classes."""
    if layout.pattern is not None and tree.files and not samples.classes:
        raise pattern_error(
            f"{layout.pattern.pattern!r} finds a label in none of {len(tree.files):,} paths, "
            f"such as {printable(min(tree.files))!r}."
        )
    if not samples.classes and tree.files:
        problem = f"no class folders in it, only files such as {printable(min(tree.files))!r}"
    elif not samples.items:
        problem = f"no photos in it{_why(samples)}"
    else:
        return
    raise SourceError(f"{problem}.", where=where, mend=wanted(tree.files))


# Lists


def _listed(table: Path, rows: list[Row], ignored: Ignored) -> Samples:
    where = printable(os.fspath(table))
    items: list[Sample] = []
    left_out = []
    passed_over = 0
    seen: dict[str, Row] = {}
    for row in rows:
        path = os.path.normpath(row.path).replace(os.sep, "/")
        name = printable(path)
        if row.path and ignored.listed(path):
            passed_over += 1
        elif not row.path:
            left_out.append(LeftOut(f"row {row.number}", "no path"))
        elif not row.label:
            left_out.append(LeftOut(name, f"no label in row {row.number}"))
        elif path in seen and seen[path].label != row.label:
            raise SourceError(
                f"rows {seen[path].number} and {row.number} give {name} two labels, "
                f"{seen[path].label!r} and {row.label!r}.",
                where=where,
                mend="A photo has one label here: keep one of the rows.",
            )
        elif path in seen:
            left_out.append(LeftOut(name, f"row {row.number} lists it again"))
        else:
            seen[path] = row
            full = os.path.join(table.parent, path)
            if reason := _no_file(full):
                windows = "; write its path with /" if "\\" in path else ""
                left_out.append(LeftOut(name, reason + windows))
            else:
                items.append(Sample(full, name, printable(row.label), None, row.group))
    classes = {printable(row.label) for row in seen.values()}
    samples = _sorted(table, items, classes, left_out, passed_over)
    if not items:
        raise SourceError(
            f"none of its {len(rows):,} rows names a photo that is there{_why(samples)}.",
            where=where,
            mend="Paths are read relative to the folder of the list.",
        )
    return samples


def _no_file(path: str) -> str:
    """Why a path in a list leads to no file; empty where it does. Links are followed here."""
    try:
        return "" if stat.S_ISREG(os.stat(path).st_mode) else "not a regular file"
    except (FileNotFoundError, NotADirectoryError):
        return "no such file"
    except OSError as error:
        return f"cannot be reached ({error.strerror})"
    except ValueError:  # a NUL character
        return "no name that a file can have"


# Faults


def _refuse(value: object, option: str, where: str, why: str) -> None:
    if value is not None:
        raise OptionError(f"{option} does nothing here: {why}.", where=where, mend="Leave it out.")


def _refuse_twins(classes: Iterable[str], where: str) -> None:
    """Names that only differ in case, in outer blanks, or in how accents are encoded."""
    groups = defaultdict(list)
    for name in classes:
        composed = unicodedata.normalize("NFC", name)
        groups[unicodedata.normalize("NFC", composed.casefold()).strip()].append(name)
    for twins in groups.values():
        if len(twins) > 1:
            look_alike = len({unicodedata.normalize("NFC", name) for name in twins}) < len(twins)
            shown = " and ".join(map(ascii if look_alike else repr, sorted(twins)))
            raise SourceError(
                f"classes that can be taken for one another: {shown}.",
                where=where,
                mend="Give them one name if they are one class, else names that differ more.",
            )


def _why(samples: Samples) -> str:
    if not samples.left_out:
        return ""
    first = samples.left_out[0]
    return f" ({len(samples.left_out):,} left out; {first.name}: {first.reason})"
