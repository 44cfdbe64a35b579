"""What plain pixels tell of a network on photos, in one plain sentence: whether it sees more."""

from collections.abc import Mapping
from typing import Any

from headstart.report.words import Metrics, percent

_CHANCE = 0.05  # p-value, up to which a difference is more than chance
_MOST = 0.5  # of what the network gains over always giving the same answer


def pixels_worth(metrics: Metrics) -> str:
    """The sentence; empty where plain pixels were not compared with the network.

    Args:
        metrics: the document of `metrics.json`.
    """
    found = metrics.get("comparisons", {}).get("plain_pixels")
    if not found:
        return ""
    told = (
        "A logistic regression on 8 × 8 plain pixels, no network, names "
        f"{percent(found['accuracy'])} of the same photos correctly"
    )
    low, high = (100 * edge for edge in found["difference_interval"])
    points = f"{100 * abs(found['difference']):.1f} points"
    apart = found["p"] <= _CHANCE
    if apart and found["difference"] < 0:
        return (
            f"{told}, {points} more than the network (95% interval {-high:.1f} to {-low:.1f}): "
            "background, light or framing give the classes away, or the network is none for them."
        )
    if not apart and _gained(metrics, found) <= _MOST:
        return f"{told}: these photos are too few to tell whether the network sees more."
    if not apart:
        return (
            f"{told}, as well as the network as far as these can tell: either so few pixels show "
            "all it takes, or background, light or framing give the classes away. See that the "
            "photos of all classes were taken under like conditions."
        )
    share = f"{told}, {points} fewer (95% interval {low:.1f} to {high:.1f})"
    if _gained(metrics, found) > _MOST:
        return f"{share}: even so few pixels give much of the classes away, the network sees more."
    return f"{share}: the network goes by what is on the photos, not by their colours or light."


def _gained(metrics: Metrics, found: Mapping[str, Any]) -> float:
    """How much plain pixels gain over the same answer for all, in shares of the network's gain."""
    least = metrics["baselines"]["majority"]
    network = found["accuracy"] + found["difference"] - least
    return float((found["accuracy"] - least) / network) if network > 0 else 1.0
