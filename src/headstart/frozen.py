"""The backbone frozen, and a logistic head on its features: from data to outcome."""

import numpy as np
from numpy.typing import NDArray

from headstart import features
from headstart.data import split
from headstart.dataset import Data, Network, views
from headstart.errors import SourceError
from headstart.evaluation.metrics import Labels
from headstart.evaluation.trust import Answers, answered
from headstart.events import Listener
from headstart.options import TrainOptions
from headstart.outcome import Headed
from headstart.sets import SIDES
from headstart.store.files import printable
from headstart.training.head import (
    Head,
    Problem,
    balanced_weights,
    cross_validate,
    select,
    select_by_folds,
)

Features = NDArray[np.float32]


def fit_head(
    data: Data,
    network: Network,
    options: TrainOptions,
    listen: Listener,
) -> Headed:
    """A head fitted to the training samples, its penalty chosen on samples kept from it.

    Those are the validation samples, or, where there are none, the training samples in turn.
    Cross-validation is part of the answers only if there is no test set to judge by.

    Raises:
        SourceError: there is nothing to judge by.
    """
    assert network.engine is not None
    assert network.graph is not None
    number = {side: data.on(side) for side in SIDES}
    rows, labels, train = _with_views(data, number["train"], network, options, listen)
    crossed: list[Answers] = []
    if len(number["validation"]):
        n_classes = len(data.classes)
        balanced = options.class_weight == "balanced"
        weight = balanced_weights(labels[train], n_classes) if balanced else None
        problem = Problem(rows, labels, n_classes, weight, train)
        head = select(problem, data.features, data.labels, number["validation"])
    else:
        judged = not len(number["test"])
        head, crossed = _by_folds(data, rows, labels, train, number["train"], options, judged)
    answers = [
        answered(side, samples, data.labels[samples], head.pieces(data.features, samples))
        for side, samples in number.items()
        if len(samples)
    ]
    trained = head.weights.size + head.bias.size
    return Headed(
        [*answers, *crossed],
        lambda samples: head.probabilities(data.features[samples]),
        network.graph.read,
        network.engine.name,
        network.engine.precision,
        network.backbone.parameters + trained,
        trained,
        head,
    )


def _with_views(
    data: Data,
    train: NDArray[np.int64],
    network: Network,
    options: TrainOptions,
    listen: Listener,
) -> tuple[Features, Labels, NDArray[np.int64]]:
    """Features and labels, those of random views behind the others, and what of it trains."""
    seen = views(options)
    if not seen:
        return data.features, data.labels, train
    assert network.engine is not None
    photos = [data.samples.files[i] for i in train]
    keys = [data.samples.keys[i] for i in train]
    more = [
        features.compute(
            photos, keys, network.engine, network.size, network.resize, listen, view=view
        ).rows
        for view in seen
    ]
    labels = np.concatenate([data.labels, *[data.labels[train]] * len(seen)])
    behind = np.arange(len(data.labels), len(labels))
    return np.concatenate([data.features, *more]), labels, np.concatenate([train, behind])


def _by_folds(
    data: Data,
    rows: Features,
    labels: Labels,
    used: NDArray[np.int64],
    train: NDArray[np.int64],
    options: TrainOptions,
    judged: bool,
) -> tuple[Head, list[Answers]]:
    """A head whose penalty the training samples chose in turn; and, if it is to be judged by
    them, what heads that had not seen them say.

    Args:
        used: numbers of the rows that train, the views of a photo in the order of `train`.
        train: numbers of the training samples.
    """
    n_classes = len(data.classes)
    balanced = options.class_weight == "balanced"
    keys = [data.samples.keys[i] for i in train]
    names = [data.samples.labels[i] for i in train]
    fold = split.folds(names, data.together[train], keys, split.FOLDS, options.seed)
    folds = np.tile(fold, len(used) // len(train))  # a photo's views are in its fold
    x, y = rows[used], labels[used]
    head = select_by_folds(x, y, folds, n_classes, balanced=balanced)
    if not judged:
        return head, []
    scored = fold >= 0
    if not scored.any():
        raise SourceError(
            "No class has two different photos: nothing could be judged.",
            where=printable(data.samples.source),
            mend="Give every class several photos.",
        )
    kept_out = cross_validate(x, y, folds, n_classes, balanced=balanced)[: len(train)]
    true = data.labels[train][scored]
    return head, [answered("cross-validation", train[scored], true, [kept_out[scored]])]
