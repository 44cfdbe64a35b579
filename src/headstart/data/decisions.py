"""What was decided about doubtful labels: kept as lists, never done to the files.

A list is a CSV file with a `decision` for each photo: `relabel`, `leave out` or `keep`; without
one nothing is decided yet. `suspects.csv` of a run is such a list once it is filled in.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from headstart.errors import SourceError
from headstart.store.cells import escaped, plain
from headstart.store.files import printable, write_text

What = Literal["relabel", "leave out", "keep"]
WHATS: tuple[What, ...] = get_args(What)

HEADER = ("sample", "sha256", "decision", "new_label")


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
        found: the decision on each, by the SHA-256 of its file.
        idle: how many decisions fit no photo.
    """

    found: Mapping[str, Decision] = field(default_factory=dict)
    idle: int = 0

    def what(self, key: str) -> What | None:
        """What is to be done with a file, if that was decided."""
        made = self.found.get(key)
        return made.what if made else None

    def count(self, what: What) -> int:
        """How many files that is to be done with."""
        return sum(each.what == what for each in self.found.values())

    def digest(self) -> str:
        """SHA-256 of what was decided."""
        listed = (f"{key} {each.what} {each.label}" for key, each in sorted(self.found.items()))
        return sha256("\n".join(listed).encode()).hexdigest()


def read(path: Path) -> list[Decision]:
    """The decisions of a list.

    Raises:
        SourceError: the file cannot be read, or a row says nothing that can be done; all such rows
            are named.
    """
    where = printable(str(path))
    wanted = f"Its columns are sample or sha256, and decision: {', '.join(WHATS)}, or nothing."
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets put a mark first
            rows = csv.DictReader(file, strict=True)
            table = [{k: plain(v or "").strip() for k, v in row.items() if k} for row in rows]
            names = set(rows.fieldnames or ())
    except OSError as error:
        raise SourceError(
            f"cannot be read ({error.strerror}).", where=where, mend="Give a list of decisions."
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(
            f"is not a CSV file in UTF-8 ({error}).", where=where, mend=wanted
        ) from None
    if "decision" not in names or not names & {"sample", "sha256"}:
        raise SourceError("is no list of decisions.", where=where, mend=wanted)
    found, faults = [], []
    for number, row in enumerate(table, 2):  # row 1 is the header
        what = row["decision"].casefold().replace("-", " ").replace("_", " ")
        label = row.get("new_label") or row.get("likely") or ""
        if not what:
            continue
        if what not in WHATS:
            faults.append(f"row {number} has decision {row['decision']!r}{_near(what, WHATS)}")
        elif what == "relabel" and not label:
            faults.append(f"row {number} names no new_label")
        elif not (row.get("sample") or row.get("sha256")):
            faults.append(f"row {number} names no sample")
        else:
            new = label if what == "relabel" else ""
            key = row.get("sha256", "")
            found.append(Decision(row.get("sample", ""), key, what, new, number))
    if faults:
        raise SourceError(f"{'; '.join(faults)}.", where=where, mend=wanted)
    return found


def decided(
    files: Sequence[str], names: Sequence[str], keys: Sequence[str], classes: Sequence[str]
) -> Decided:
    """What lists say of the photos of a source; of two decisions on one photo the later counts.

    Args:
        files: the lists, in their order.
        names, keys: of each photo what it is called, and the SHA-256 of its file.
        classes: those there are.

    Raises:
        SourceError: as `read`; or a new label is none of the classes.
    """
    key_of, name_of = (dict(zip(*pair, strict=True)) for pair in ((names, keys), (keys, names)))
    idle = 0
    found: dict[str, Decision] = {}
    for file in files:
        faults = []
        for each in read(Path(file)):
            key = each.key or key_of.get(each.sample, "")
            if key not in name_of:
                idle += 1
                continue
            if each.what == "relabel" and each.label not in classes:
                faults.append(f"row {each.row}: {each.label!r}{_near(each.label, classes)}")
            found[key] = replace(each, key=key, sample=name_of[key])
        if faults:
            raise SourceError(
                f"New labels that are none of the classes: {'; '.join(faults)}.",
                where=printable(file),
                mend=f"The classes are {', '.join(classes)}.",
            )
    return Decided(found, idle)


def save(path: Path, made: Decided) -> None:
    """Write decisions as one list."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for each in sorted(made.found.values(), key=lambda each: (each.sample, each.key)):
        writer.writerow([escaped(each.sample), each.key, each.what, escaped(each.label)])
    write_text(path, text.getvalue())


def _near(word: str, words: Sequence[str]) -> str:
    near = get_close_matches(word, words, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
