"""What was found in the data: facts the user should know, each with its mend."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or row that takes no part, and why.

    Attributes:
        name: the sample's name, as in `split.csv`.
        reason: why, in words that fit after a colon, with no full stop.
        count: how many there are of this name.
    """

    name: str
    reason: str
    count: int = field(default=1, repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that was found, with every sample that it concerns.

    Attributes:
        kind: a short stable identifier such as `duplicate-across-splits`.
        level: `warning` where the figures may mislead, `note` where they do not.
        samples: the names concerned; groups of names where they belong together.
        why: why it matters, one or two sentences.
        mend: what to do about it, one sentence.
    """

    kind: str
    level: Literal["warning", "note"]
    samples: tuple[tuple[str, ...], ...]
    why: str
    mend: str


def findings_document(findings: list[Finding], left_out: Sequence[LeftOut]) -> dict[str, Any]:
    """The content of `findings.json`."""
    return {
        "format": 1,
        "findings": [asdict(finding) for finding in findings],
        "left_out": [asdict(item) for item in left_out],
    }
