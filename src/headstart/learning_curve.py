"""How the error of a head on frozen features falls with the number of training samples."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.labelled import Divided
from headstart.dataset import Data, views
from headstart.evaluation.extrapolation import doubled
from headstart.evaluation.trust import wilson_interval
from headstart.options import TrainOptions
from headstart.outcome import Headed
from headstart.training.head import Problem, balanced_weights, takes_long

Numbers = NDArray[np.int64]

SHARES = (1 / 8, 1 / 4, 1 / 2)  # of the training samples; what all of them bring is known

_ORDERS = 3  # in which samples are added, at most: they tell how much hangs on the choice
_WORK = 8 * 10**6  # samples x features x classes in all orders together, from which on it is 2
_LEAST = 8  # training samples a class, on average, in the smallest share


def learning_curve(data: Data, outcome: Headed, options: TrainOptions) -> dict[str, Any] | None:
    """What `metrics.json` says of training on fewer samples, and of twice as many.

    The samples are added in a few random orders, each class in like proportion and clusters whole.
    A head is fitted to each share of them; its penalty is the one that was chosen for all, which on
    fewer samples weighs more in proportion (see `training.head.select`).

    Args:
        data: with the features of all samples, float32 (n, n_features).
        outcome: the head that was fitted to all training samples, and what it says of those to
            judge by. Of these, photos that belong together with one of training (`Divided.leaked`)
            are left out: the more photos train, the more of them were as good as seen, so that the
            errors would fall for that alone.

    Returns:
        None where there are too few samples for shares of them, or none to judge by, or so many
        that it takes long; where a cross-validation judges; and where more than the samples
        themselves was trained on, or more than the head trained.
    """
    train, n_classes = data.on("train"), len(data.classes)
    width, head, network = data.features.shape[1], outcome.head, outcome.answers[-1]
    if outcome.tuned or views(options) or network.name == "cross-validation":
        return None
    network = network.where(~data.leaked[network.samples])
    if not len(network.samples) or takes_long(len(train), width, n_classes):
        return None
    balanced = options.class_weight == "balanced"
    orders = _ORDERS if _ORDERS * len(train) * width * n_classes <= _WORK else 2
    taken = [list(_shares(data, train, options.seed + order)) for order in range(orders)]
    by_share = list(zip(*taken, strict=True))
    sizes = [round(float(np.mean([len(each) for each in share]))) for share in by_share]
    if sizes[0] < _LEAST * n_classes:
        return None

    def wrong(samples: Numbers) -> NDArray[np.float64]:
        """Which judged samples a head is wrong on that was fitted to these."""
        weight = balanced_weights(data.labels[samples], n_classes) if balanced else None
        problem = Problem(data.features, data.labels, n_classes, weight, samples, once=True)
        fitted = problem.solve(head.strength * len(train) / len(samples))
        called = fitted.logits(data.features[network.samples]).argmax(axis=1)
        missed: NDArray[np.float64] = (called != network.labels).astype(np.float64)
        return missed

    found = [np.array([wrong(samples) for samples in share]) for share in by_share]
    found.append((network.predicted != network.labels).astype(np.float64)[None])
    sizes.append(len(train))
    errors, n = [float(each.mean()) for each in found], len(network.samples)
    return {
        "samples": sizes,
        "judged": n,
        "error": errors,
        "error_interval": [list(wilson_interval(error * n, n)) for error in errors],
        "twice": asdict(doubled(sizes, found)),
    }


def _shares(data: Divided, train: Numbers, seed: int) -> Iterator[Numbers]:
    """The samples of each of `SHARES`, each holding those of the smaller ones.

    A cluster belongs to the class of its first sample.
    """
    random = np.random.default_rng(seed)
    of_class: dict[int, dict[int, list[int]]] = defaultdict(dict)
    home: dict[int, int] = {}
    clusters, labels = data.together[train].tolist(), data.labels[train].tolist()
    for i, cluster, label in zip(train.tolist(), clusters, labels, strict=True):
        of_class[home.setdefault(cluster, label)].setdefault(cluster, []).append(i)
    ordered: list[tuple[list[int], float]] = []  # a cluster, and the share of its class before it
    for groups in of_class.values():
        listed = list(groups.values())
        before, total = 0, sum(map(len, listed))
        for place in random.permutation(len(listed)):
            ordered.append((listed[place], before / total))
            before += len(listed[place])
    for share in SHARES:
        yield np.sort([i for group, before in ordered if before < share for i in group])
