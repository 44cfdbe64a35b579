"""Whether a network is worth it, in plain sentences: baselines on the same samples beside it.

Every function takes the document of `metrics.json` and is pure.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from headstart.report.words import Metrics, percent

_NAMES = {
    "logistic_regression": "logistic regression",
    "gradient_boosting": "gradient boosting",
}
_CHANCE = 0.05


class Rival(NamedTuple):
    """A baseline, and what the comparison says of it.

    Attributes:
        accuracy, interval, loss: its figures.
        apart: the difference is more than chance explains.
        verdict: a sentence.
    """

    name: str
    accuracy: float
    interval: tuple[float, float]
    loss: float
    apart: bool
    verdict: str


def rivals(metrics: Metrics) -> list[Rival]:
    """Every baseline that was compared with the network sample by sample."""
    return [
        Rival(
            _NAMES[name].capitalize(),
            found["accuracy"],
            tuple(found["accuracy_interval"]),
            found["loss"],
            found["p"] <= _CHANCE,
            _verdict(_NAMES[name], found),
        )
        for name, found in metrics.get("comparisons", {}).items()
    ]


def worth(metrics: Metrics) -> str:
    """One sentence: what the comparisons come to; empty if there were none."""
    comparisons: Mapping[str, Any] = metrics.get("comparisons", {})
    if not comparisons:
        return ""
    better = [_NAMES[name] for name, found in comparisons.items() if _better(found)]
    alike = [_NAMES[name] for name, found in comparisons.items() if found["p"] > _CHANCE]
    if better:
        one = " and ".join(better)
        return (
            f"{one.capitalize()} {'does' if len(better) == 1 else 'do'} better here than the "
            "network: for the best figures take it, or look for what the network lacks."
        )
    if alike:
        one = " and ".join(alike)
        return (
            f"{one.capitalize()} {'does' if len(alike) == 1 else 'do'} as well here: for the "
            "accuracy alone no network is needed."
        )
    return "The network does better here than both: it is worth it."


def _better(found: Mapping[str, Any]) -> bool:
    return bool(found["p"] <= _CHANCE and found["difference"] < 0)


def _verdict(name: str, found: Mapping[str, Any]) -> str:
    points = f"{100 * abs(found['difference']):.1f} points"
    low, high = (100 * edge for edge in found["difference_interval"])
    if found["p"] > _CHANCE:
        if not found["difference"]:
            return f"{name.capitalize()} does as well."
        return f"{name.capitalize()} does as well; the difference, {points}, is within chance."
    if found["difference"] < 0:
        low, high = -high, -low
    more = "more" if found["difference"] < 0 else "less"
    return (
        f"{name.capitalize()} names {percent(found['accuracy'])} correctly, {points} {more} "
        f"(95% interval {low:.1f} to {high:.1f}): more than chance explains."
    )
