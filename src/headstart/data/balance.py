"""Classes of which there are too few, or one of which there is too much."""

from collections import Counter

from headstart.data.labelled import Divided
from headstart.findings import Finding

_TIMES = 10  # as many of the most frequent class
_FEW = 10  # training samples


def imbalance(data: Divided) -> list[Finding]:
    """What to tell about classes that training saw much less of than of the most frequent one, and
    about those that it saw too little of, whatever it saw of others."""
    noun = data.samples.noun
    labels, sides = data.samples.labels, data.sides.tolist()
    pairs = zip(labels, sides, strict=True)
    count = Counter(label for label, side in pairs if side == "train")
    return [*_outweighed(count, noun), *_scarce(count, noun)] if count else []


def _outweighed(count: Counter[str], noun: str) -> list[Finding]:
    (top, most), n = count.most_common(1)[0], count.total()
    rare = sorted((times, label) for label, times in count.items() if times * _TIMES <= most)
    if not rare:
        return []
    named = tuple((f"{label}: {times:,} of {n:,}",) for times, label in rare)
    why = (
        f"Training has {most:,} {noun}s of {top!r}, and of other classes a tenth of that or less. "
        "The accuracy hardly shows how these are recognised: look at their recall, and at macro F1."
    )
    mend = f"Gather more {noun}s of them, or make them count as much with --class-weight balanced."
    return [Finding("imbalance", "warning", named, why, mend)]


def _scarce(count: Counter[str], noun: str) -> list[Finding]:
    few = sorted((times, label) for label, times in count.items() if times < _FEW)
    if not few:
        return []
    named = tuple((f"{label}: {times:,}",) for times, label in few)
    why = f"Fewer than {_FEW} {noun}s of a class are hardly enough to learn from."
    return [Finding("rare-class", "note", named, why, f"Gather more {noun}s of them.")]
