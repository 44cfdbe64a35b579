"""Whether a classifier can be used as it is, and what to do next, in plain sentences.

`metrics` is the document of `metrics.json`, and a finding one of those in `findings.json`.
Every function is pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from headstart.evaluation.trust import wilson_interval
from headstart.report import coverage, worth
from headstart.report.words import Metrics, judged, noun, number, percent, quoted, was_trained

Found = Mapping[str, Any]

# What makes the figure better than it should be comes first, then what is wrong with labels.
_GRAVEST = ("trained-on", "across-splits", "leak", "giveaway")
_GRAVE = ("two-labels", "suspect", "not-scored", "drift")
_APART = ("id-column", "nearly-numbers")  # columns that the network was not given


class Step(NamedTuple):
    """One thing to do: a sentence, and where in the page more of it stands.

    Attributes:
        place: an anchor, and `link` the words that lead there.
    """

    told: str
    place: str
    link: str


def gravity(finding: Found) -> tuple[bool, int]:
    """By which findings are sorted, the gravest first."""
    kind = finding["kind"]
    ranks = [n for n, words in enumerate((_GRAVEST, _GRAVE)) if any(w in kind for w in words)]
    return finding["level"] == "note", 3 if kind in _APART else (*ranks, 2)[0]


def misleading(findings: Sequence[Found]) -> list[Found]:
    """The warnings that make the figures doubtful, in their order."""
    return [f for f in findings if f["level"] == "warning" and f["kind"] not in _APART]


def answer(metrics: Metrics, findings: Sequence[Found]) -> str:
    """Whether it can be used, one or two sentences."""
    key, scores = judged(metrics)
    ones = f"{noun(metrics)}s"
    low, _ = scores["accuracy_interval"]
    warnings = len(misleading(findings))
    if key == "train":
        return f"That cannot be told: no {ones} were kept from training to judge it by."
    if low <= metrics["baselines"]["majority"]:
        return "No: these figures do not show that it learned anything."
    errors = f"{_expected(scores['accuracy'])}{_worst(low)}"
    if warnings:
        these = "the warning" if warnings == 1 else "the warnings"
        return f"Not before you have settled {these} below. As it stands, {errors}."
    better = [rival.name for rival in worth.rivals(metrics) if rival.apart and rival.better]
    if better:
        do = "does" if len(better) == 1 else "do"
        return f"You can, but {' and '.join(better).lower()} {do} better here: {errors}."
    told = f"Yes, for {ones} like these, if you can live with its mistakes: {errors}."
    return f"{told} {coverage.told(metrics)}".strip()


def steps(metrics: Metrics, findings: Sequence[Found], wrong: int) -> list[Step]:
    """What to do next, a few steps, the most useful first.

    Args:
        findings: sorted by `gravity`.
        wrong: how many of the judged samples were named wrongly.
    """
    key, scores = judged(metrics)
    one, found = noun(metrics), []
    if doubtful := misleading(findings):
        found.append(Step(doubtful[0]["mend"], "finding-1", "See the warning"))
    if key == "train":
        found.append(
            Step(f"Keep some {one}s for validation and test.", "making", "See what was used")
        )
    elif wrong:
        these = f"the {number(wrong, one)}" if wrong > 1 else f"the {one}"
        told = f"Look at {these} that it named wrongly: now and then the label is wrong."
        found.append(Step(told, "mistakes", "See the mistakes"))
    if key != "train" and (weak := _weakest(scores)):
        name, recall = weak
        told = (
            f"Gather more {one}s of {quoted(name)}: only {percent(recall)} of them were found, "
            "fewer than chance explains."
        )
        found.append(Step(told, "classes", "See the classes"))
    elif key != "train" and _wide(scores):
        told = f"Gather more {one}s: so few to judge by leave much to chance."
        found.append(Step(told, "belief", "See how wide"))
    if any(rival.apart and rival.better for rival in worth.rivals(metrics)):
        found.append(Step(worth.worth(metrics), "worth", "See the comparison"))
    if was_trained(metrics):
        told = f"Try it on {one}s of your own that it has never seen."
        found.append(Step(told, "use", "See how"))
    return found


def _expected(accuracy: float) -> str:
    if accuracy == 1:
        return "none of these was named wrongly"
    return f"expect about 1 in {_one_in(1 - accuracy)} to be named wrongly"


def _worst(low: float) -> str:
    return f" (1 in {_one_in(1 - low)} at the low end of the interval)"


def _one_in(share: float) -> str:
    """`3` for a third; with one decimal where a whole number would say something else."""
    times = 1 / share
    return f"{times:,.0f}" if times >= 5 else f"{times:.1f}".removesuffix(".0")


def _wide(scores: Mapping[str, Any]) -> bool:
    low, high = scores["accuracy_interval"]
    return bool(high - low > 0.05)


def _weakest(scores: Mapping[str, Any]) -> tuple[str, float] | None:
    """The class whose recall lies furthest below the accuracy, if by more than chance: its 95%
    interval ends below it."""
    weak = []
    for i, (name, figures) in enumerate(scores["per_class"].items()):
        if figures["support"]:
            right = scores["confusion_matrix"][i][i]
            _, high = wilson_interval(right, figures["support"])
            if high < scores["accuracy"]:
                weak.append((figures["recall"], name))
    if not weak:
        return None
    recall, name = min(weak)
    return name, recall
