"""A classifier beside simpler ones that answered the same samples."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from headstart.evaluation import metrics
from headstart.evaluation.paired import Paired
from headstart.evaluation.trust import Answers, wilson_interval


def compared(network: Answers, others: Mapping[str, Answers]) -> dict[str, Any]:
    """What `metrics.json` says of baselines beside the network, by name.

    Args:
        others: each answered the samples that the network did, in whatever order.
    """
    order = np.argsort(network.samples)
    right = (network.predicted == network.labels)[order]
    found = {}
    for name, other in others.items():
        right_there = (other.predicted == other.labels)[np.argsort(other.samples)]
        paired, hits = Paired.of(right, right_there), int(right_there.sum())
        found[name] = {
            "accuracy": hits / len(right),
            "accuracy_interval": list(wilson_interval(hits, len(right))),
            "loss": metrics.mean_surprise(other.p_label),
            "difference": paired.difference,
            "difference_interval": list(paired.interval),
            "p": paired.p,
        }
    return found
