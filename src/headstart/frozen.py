"""The backbone frozen, and a logistic head on its features: from data to outcome."""

import numpy as np
from numpy.typing import NDArray

from headstart import features
from headstart.data import split
from headstart.dataset import Data, Network, views
from headstart.errors import SourceError
from headstart.evaluation.metrics import Labels
from headstart.evaluation.trust import answered
from headstart.events import Listener
from headstart.options import TrainOptions
from headstart.outcome import Headed, HeldOut
from headstart.sets import SIDES
from headstart.store.files import printable
from headstart.training.folds import OtherFolds, cross_validate, select_by_folds
from headstart.training.head import Problem, balanced_weights, select

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
    n_classes = len(data.classes)
    balanced = options.class_weight == "balanced"
    fold = _folds(data, number["train"], options)
    folds = np.tile(fold, len(train) // len(fold))  # a photo's views are in its fold
    crossed = not len(number["validation"]) and not len(number["test"])
    found: NDArray[np.float64] | None = None
    if len(number["validation"]):
        weight = balanced_weights(labels[train], n_classes) if balanced else None
        problem = Problem(rows, labels, n_classes, weight, train)
        head = select(problem, data.features, data.labels, number["validation"])
        del problem  # its memory is wanted
    else:
        if crossed and (fold < 0).all():
            raise SourceError(
                "No class has two different photos: nothing could be judged.",
                where=printable(data.samples.source),
                mend="Give every class several photos.",
            )
        work = rows[train], labels[train], folds, n_classes
        head = select_by_folds(*work, balanced=balanced)
        if crossed:
            found = cross_validate(*work, balanced=balanced)
    if found is None:
        heads = OtherFolds(rows, labels, train, folds, n_classes, head.strength, balanced=balanced)
        found = heads.held_out()
    judged = np.flatnonzero(fold >= 0)
    kept_out = None
    if found is not None and len(judged):
        kept_out = HeldOut(number["train"][judged], found[judged])
    answers = [
        answered(side, samples, data.labels[samples], head.pieces(data.features, samples))
        for side, samples in number.items()
        if len(samples)
    ]
    if crossed:
        assert kept_out is not None
        true = data.labels[kept_out.samples]
        answers.append(
            answered("cross-validation", kept_out.samples, true, [kept_out.probabilities])
        )
    trained = head.weights.size + head.bias.size
    return Headed(
        answers,
        lambda samples: head.probabilities(data.features[samples]),
        network.graph.read,
        network.engine.name,
        network.engine.precision,
        network.backbone.parameters + trained,
        trained,
        head,
        held_out=kept_out,
        features=lambda samples: data.features[samples],
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


def _folds(data: Data, train: NDArray[np.int64], options: TrainOptions) -> NDArray[np.int64]:
    """int64 (m,): the fold of each of m training samples, copies of a photo in one."""
    keys = [data.samples.keys[i] for i in train]
    names = [data.samples.labels[i] for i in train]
    return split.folds(names, data.together[train], keys, split.FOLDS, options.seed)
