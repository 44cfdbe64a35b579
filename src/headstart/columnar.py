"""A dense network on columns: from rows to outcome.

Importing this file costs little; Keras is imported when a training begins.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone import dense
from headstart.backbone.dense import Shape
from headstart.backbone.engine import OpenVinoEngine
from headstart.data import columns, grouped, split
from headstart.errors import SourceError
from headstart.evaluation.metrics import softmax
from headstart.evaluation.trust import Answers, answered
from headstart.events import Listener, nobody
from headstart.options import TrainOptions
from headstart.outcome import Columnar, Tuned
from headstart.sets import SIDES
from headstart.store.files import printable
from headstart.tabular import Data
from headstart.training import loop
from headstart.training.examples import Examples
from headstart.training.head import balanced_weights
from headstart.training.plan import TUTORIAL_HIDDEN, Plan, for_columns, record

_ROWS = 8192  # judged at once


def shape_of(data: Data, options: TrainOptions) -> Shape:
    """What the network for these columns is."""
    width, embedded = columns.width(data.columns), columns.embedded(data.columns)
    n_classes = len(data.classes)
    if options.hidden is not None:
        hidden = tuple(int(units) for units in options.hidden.split(","))
    elif options.recipe is not None:
        hidden = TUTORIAL_HIDDEN
    else:
        hidden = dense.sized(len(data.on("train")), n_classes)
    return Shape(width, embedded, hidden, n_classes)


def fit_dense(
    data: Data, options: TrainOptions, *, place: Path, resume: bool, listen: Listener
) -> Columnar:
    """Train a network on the training rows, as `training.loop` does, and judge it.

    Where nothing is kept to judge by, networks that are trained on four fifths of the rows in turn
    judge the fifth.

    Args:
        place: where the checkpoint goes.
        resume: go on from the checkpoint there.

    Raises:
        MissingError: TensorFlow is not installed.
        SourceError: there is nothing to judge by.
        HeadstartError: as `loop.train`.
    """
    number = {side: data.on(side) for side in SIDES}
    shape, plan = shape_of(data, options), for_columns(options, len(number["train"]))
    crossed: list[Answers] = []
    if not len(number["validation"]) and not len(number["test"]):
        crossed = _crossed(data, shape, plan, options, place)
    network = dense.keras_model(shape, plan.dropout, options.seed)
    kept = number["validation"]
    trained = loop.train(
        network,
        plan.recipe,
        examples(data, number["train"], options),
        Examples(data.matrix[kept], data.labels[kept]) if len(kept) else None,
        seed=options.seed,
        place=place,
        about=_about(data, options),
        resume=resume,
        budget=plan.budget,
        listen=listen,
    )
    tensors = dense.weights_of(network)
    graph = dense.openvino_model(shape, tensors)
    digest = sha256(b"".join(tensor.tobytes() for tensor in tensors.values())).hexdigest()
    engine = OpenVinoEngine(graph, digest, output="logits")

    def probabilities(samples: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.concatenate([*_in_pieces(engine, data.matrix, samples)])

    answers = [
        answered(side, rows, data.labels[rows], _in_pieces(engine, data.matrix, rows))
        for side, rows in number.items()
        if len(rows)
    ]
    return Columnar(
        [*answers, *crossed],
        probabilities,
        lambda: graph,
        engine.name,
        engine.precision,
        shape.parameters(),
        shape.parameters(),
        shape,
        Tuned(
            next(iter(tensors)).partition("/")[0],
            tensors,
            loop.optimizer_record(network),
            loop.optimizer_state(network),
            plan.dropout,
            None,
            plan.recipe.label_smoothing,
        ),
        history=trained.history,
        training=record(plan, next(iter(tensors)).partition("/")[0], trained),
    )


def examples(data: Data, rows: NDArray[np.int64], options: TrainOptions) -> Examples:
    """What some rows are to learn from: the weights of rows and of classes, of mean 1."""
    labels, weights = data.labels[rows], None
    if options.class_weight == "balanced":
        weights = balanced_weights(labels, len(data.classes))
    if data.weights is not None:
        own = data.weights[rows]
        weights = own if weights is None else own * weights
    if weights is not None:
        weights = weights / (weights.mean() or 1)  # else they would set the length of the steps too
    return Examples(data.matrix[rows], labels, weights)


def _in_pieces(
    engine: OpenVinoEngine, matrix: NDArray[np.float32], rows: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    for i in range(0, len(rows), _ROWS):
        yield softmax(engine.run(matrix[rows[i : i + _ROWS]]))


def _crossed(
    data: Data, shape: Shape, plan: Plan, options: TrainOptions, place: Path
) -> list[Answers]:
    """What networks that had not seen them say of the training rows."""
    train = data.on("train")
    labels = [data.samples.labels[i] for i in train]
    keys = [data.samples.keys[i] for i in train]
    deal = split.folds if options.group is None else grouped.folds
    fold = deal(labels, data.together[train], keys, split.FOLDS, options.seed)
    scored = fold >= 0
    if not scored.any():
        raise SourceError(
            "No class has two different rows: nothing could be judged."
            if options.group is None
            else f"No class stands in two groups of {options.group!r}: nothing could be judged.",
            where=printable(data.samples.source),
            mend="Give every class several rows, in several groups where there are any.",
        )
    recipe = replace(plan.recipe, patience=None, keep_best=False)
    found = np.zeros((len(train), shape.n_classes))
    for k in np.unique(fold[scored]).tolist():
        network = dense.keras_model(shape, plan.dropout, options.seed)
        training = examples(data, train[fold != k], options)
        loop.train(
            network,
            recipe,
            training,
            None,
            seed=options.seed,
            place=place.with_name(f"fold-{k}"),
            about={},
            listen=nobody,
        )
        judged = train[fold == k]
        found[fold == k] = softmax(np.asarray(network(data.matrix[judged], training=False)))
    return [
        answered("cross-validation", train[scored], data.labels[train][scored], [found[scored]])
    ]


def _about(data: Data, options: TrainOptions) -> dict[str, Any]:
    """What a checkpoint must agree with for the training to go on."""
    from headstart.training.tail import Tail

    listed = "\n".join(
        f"{key} {label} {side}"
        for key, label, side in zip(data.samples.keys, data.labels, data.sides, strict=True)
    )
    packages = ("headstart", "numpy", "polars")
    return {
        "samples": sha256(listed.encode()).hexdigest(),
        "columns": [column.model_dump(mode="json") for column in data.columns],
        "options": options.model_dump(mode="json", exclude={"budget"}),
        "versions": {name: version(name) for name in packages} | Tail.versions(),
    }
