"""What was decided about doubtful labels: kept as lists, never done to the files.

A list is a CSV file with a `decision` for each photo: `relabel`, `leave out` or `keep`; without
one nothing is decided yet. `suspects.csv` of a run is such a list once it is filled in.
"""

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from headstart.errors import SourceError, few
from headstart.store.cells import escaped, plain
from headstart.store.files import printable, write_text

What = Literal["relabel", "leave out", "keep"]
WHATS: tuple[What, ...] = get_args(What)

HEADER = ("sample", "sha256", "decision", "new_label")

_KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Decision:
    """What is to be done with one photo.

    Attributes:
        sample: its name; `key`: SHA-256 of its file, empty where only the name was given.
        label: of `relabel`, the right one; else empty.
        row: of the list, as a spreadsheet counts.
    """

    sample: str
    key: str
    what: What
    label: str
    row: int = field(compare=False)


@dataclass(frozen=True)
class Decided:
    """Decisions that fit photos of a source.

    Attributes:
        found: the decision on each, by its name.
        idle: where the decisions stand that fit no photo, and what they are on.
    """

    found: Mapping[str, Decision] = field(default_factory=dict)
    idle: Sequence[str] = ()

    def what(self, name: str) -> What | None:
        """What is to be done with a photo, if that was decided."""
        made = self.found.get(name)
        return made.what if made else None

    def count(self, what: What) -> int:
        """How many photos that is to be done with."""
        return sum(each.what == what for each in self.found.values())

    def digest(self) -> str:
        """SHA-256 of what was decided."""
        listed = (
            f"{each.key} {each.sample} {each.what} {each.label}"
            for _, each in sorted(self.found.items())
        )
        return sha256("\n".join(listed).encode()).hexdigest()


def read(path: Path) -> list[Decision]:
    """The decisions of a list.

    Raises:
        SourceError: the file cannot be read, a column is mistyped, or a row says nothing that can
            be done; all such rows are named.
    """
    where = printable(str(path))
    columns = "Such a list has the columns sample or sha256, and decision"
    wanted = f"{columns}: {', '.join(WHATS)}, or nothing."
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets put a mark first
            first = file.readline()
            file.seek(0)
            # In many countries a spreadsheet writes semicolons.
            mark = ";" if ";" in first and "," not in first else ","
            rows = csv.DictReader(file, strict=True, delimiter=mark)
            table = [
                (rows.line_num, {k: plain(v or "") for k, v in row.items() if k}) for row in rows
            ]
            names = {(name or "").lstrip("\ufeff") for name in rows.fieldnames or ()}
    except OSError as error:
        raise SourceError(
            f"cannot be read ({error.strerror}).", where=where, mend="Give a list of decisions."
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(
            f"is not a CSV file in UTF-8 ({error}).", where=where, mend=wanted
        ) from None
    hints = _mistyped(names)
    lacks = "decision" not in names or not names & {"sample", "sha256"}
    if lacks or "new_label" in hints:  # without a new label the likely one would be taken
        told = "; ".join(f"no column {name!r}{hint}" for name, hint in hints.items())
        problem = "is no list of decisions" if lacks else "is a list of decisions with a slip"
        raise SourceError(f"{problem}{told and f': {told}'}.", where=where, mend=wanted)
    found, faults = [], []
    for number, row in table:
        what = row["decision"].strip().casefold().replace("-", " ").replace("_", " ")
        label = row.get("new_label") or row.get("likely") or ""
        key = row.get("sha256", "").strip().lower()
        if not what:
            continue
        if what not in WHATS:
            faults.append(f"row {number} has decision {row['decision']!r}{_near(what, WHATS)}")
        elif what == "relabel" and not label:
            faults.append(f"row {number} names no new_label")
        elif not (row.get("sample") or key):
            faults.append(f"row {number} names no sample")
        elif key and not _KEY.fullmatch(key):
            faults.append(f"row {number} has a sha256 that is none: clear it, or copy it again")
        else:
            new = label if what == "relabel" else ""
            found.append(Decision(row.get("sample", ""), key, what, new, number))
    if faults:
        raise SourceError(f"{'; '.join(faults)}.", where=where, mend=wanted)
    return found


def decided(
    files: Sequence[str], names: Sequence[str], keys: Sequence[str], classes: Sequence[str]
) -> Decided:
    """What lists say of the photos of a source; of two lists on one photo the later counts.

    A decision is on the photo of that name and content. Where no photo is called so, it may have
    been renamed: then it is on all of that content.

    Args:
        files: the lists, in their order.
        names, keys: of each photo what it is called, and the SHA-256 of its file.
        classes: those there are.

    Raises:
        SourceError: as `read`; a new label is none of the classes, a list says two things of one
            photo, or the last list fits none.
    """
    key_of = dict(zip(names, keys, strict=True))
    called: dict[str, list[str]] = {}
    for name, key in key_of.items():
        called.setdefault(key, []).append(name)
    known = {label.strip(): label for label in classes}
    idle = list[str]()
    found: dict[str, Decision] = {}
    for file in files:
        faults, gone, here = [], list[str](), dict[str, Decision]()
        for each in read(Path(file)):
            label = each.label if each.label in classes else known.get(each.label.strip())
            if each.what == "relabel" and label is None:
                faults.append(
                    f"row {each.row}: no class {each.label!r}{_near(each.label, classes)}"
                )
                continue
            here_called = key_of.get(each.sample) in ((each.key,) if each.key else (*called,))
            photos = [each.sample] if here_called else called.get(each.key, [])
            if not photos:
                gone.append(f"row {each.row}: {each.sample or each.key}{_near(each.sample, names)}")
            for name in photos:
                made = replace(each, key=key_of[name], sample=name, label=label or "")
                other = here.setdefault(name, made)
                if (other.what, other.label) != (made.what, made.label):
                    faults.append(f"rows {other.row} and {made.row} say two things of {name}")
        if faults:
            raise SourceError(
                f"cannot be done: {'; '.join(faults)}.",
                where=printable(file),
                mend=f"The classes are {', '.join(classes)}.",
            )
        if gone and not here and file == files[-1]:  # photos of earlier lists may be deleted
            named = few([*map(printable, gone)])
            raise SourceError(
                f"none of its decisions fits a photo that is there ({named}).",
                where=printable(file),
                mend="Give the list that was made for these photos.",
            )
        found |= here
        idle += gone
    return Decided(found, idle)


def save(path: Path, made: Decided) -> None:
    """Write decisions as one list."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for each in sorted(made.found.values(), key=lambda each: (each.sample, each.key)):
        writer.writerow([escaped(each.sample), each.key, each.what, escaped(each.label)])
    write_text(path, text.getvalue())


def _mistyped(names: Collection[str]) -> dict[str, str]:
    """The columns that are not there but for a slip, each with what may be meant by it."""
    others = [name for name in names if name not in HEADER]
    found = {name: _near(name, others, 0.75) for name in HEADER if name not in names}
    return {name: hint for name, hint in found.items() if hint}


def _near(word: str, words: Sequence[str], likeness: float = 0.6) -> str:
    near = get_close_matches(word, words, n=1, cutoff=likeness)
    return f" (did you mean {near[0]!r}?)" if near else ""
