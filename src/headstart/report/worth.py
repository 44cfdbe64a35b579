"""Whether a network is worth it, in plain sentences: baselines on the same samples beside it.

Every function takes the document of `metrics.json` and is pure.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from headstart.report.words import Metrics, noun, percent

_NAMES = {
    "logistic_regression": "logistic regression",
    "gradient_boosting": "gradient boosting",
}
_CHANCE = 0.05  # p-value, up to which a difference is more than chance
_ALIKE = 0.02  # accuracy: two that differ by less do as well as each other


class Rival(NamedTuple):
    """A baseline, and what the comparison says of it.

    Attributes:
        accuracy, interval, loss: its figures.
        apart: the difference is more than chance explains.
        better: it did better than the network, be it by chance.
        verdict: a sentence.
    """

    name: str
    accuracy: float
    interval: tuple[float, float]
    loss: float
    apart: bool
    better: bool
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
            found["difference"] < 0,
            _verdict(_NAMES[name], found),
        )
        for name, found in _compared(metrics).items()
    ]


def worth(metrics: Metrics) -> str:
    """One sentence: what the comparisons come to; empty if there were none."""
    comparisons = _compared(metrics)
    if not comparisons:
        return ""
    better = [_NAMES[name] for name, found in comparisons.items() if _better(found)]
    alike = [_NAMES[name] for name, found in comparisons.items() if _alike(found)]
    open_ = [_NAMES[name] for name, found in comparisons.items() if _unsettled(found)]
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
    if open_:
        return (
            f"These {noun(metrics)}s are too few to tell the network from {' and '.join(open_)}: "
            f"more of them to judge by would say whether it is worth it."
        )
    return "The network does better here than both: it is worth it."


def _compared(metrics: Metrics) -> Mapping[str, Any]:
    """The comparisons with other models of rows; see `pixels_worth` on photos."""
    found = metrics.get("comparisons", {})
    return {name: each for name, each in found.items() if name in _NAMES}


def _alike(found: Mapping[str, Any]) -> bool:
    """Whether the difference is hardly worth a thought, whichever it is within its interval."""
    low, high = found["difference_interval"]
    return bool(found["p"] > _CHANCE and low >= -_ALIKE and high <= _ALIKE)


def _unsettled(found: Mapping[str, Any]) -> bool:
    return bool(found["p"] > _CHANCE and not _alike(found))


def _better(found: Mapping[str, Any]) -> bool:
    return bool(found["p"] <= _CHANCE and found["difference"] < 0)


def _verdict(name: str, found: Mapping[str, Any]) -> str:
    points = f"{100 * abs(found['difference']):.1f} points"
    low, high = (100 * edge for edge in found["difference_interval"])
    if found["difference"] < 0:
        low, high = -high, -low
    more = "more" if found["difference"] < 0 else "less"
    edges = f"95% interval {low:.1f} to {high:.1f}".replace("-", "−")
    share = f"{name.capitalize()} names {percent(found['accuracy'])} correctly"
    told = (
        f"{share}, {points} {more} ({edges})" if found["difference"] else f"{share} too ({edges})"
    )
    if _alike(found):
        return f"{told}: as well."
    if _unsettled(found):
        return f"{told}: no more than chance explains."
    return f"{told}: more than chance explains."
