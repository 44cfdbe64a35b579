"""A dense network on columns: from rows to outcome.

Importing this file costs little; Keras is imported when a training begins.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import to_builtins
from numpy.typing import NDArray

from headstart.backbone import dense
from headstart.backbone.dense import Shape
from headstart.backbone.engine import OpenVinoEngine
from headstart.by_rows import by_rows
from headstart.data import columns, grouped, split
from headstart.errors import SourceError
from headstart.evaluation.metrics import softmax
from headstart.evaluation.trust import Answers, answered
from headstart.events import Listener, Notice
from headstart.options import TrainOptions
from headstart.outcome import Columnar, Judge, Part, Tuned
from headstart.sets import SIDES
from headstart.store.files import printable
from headstart.tabular import Data, fitted_to
from headstart.training import loop
from headstart.training.budget import Budget
from headstart.training.examples import Examples
from headstart.training.head import balanced_weights
from headstart.training.networks import Networks
from headstart.training.plan import TUTORIAL_HIDDEN, Plan, for_columns, record

if TYPE_CHECKING:
    from openvino import Model


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


def parts(data: Data, options: TrainOptions) -> list[Part]:
    """The rows that judge: the test rows, else those of validation; where neither are kept, the
    training rows in five parts, for as many networks that each train on the others and have not
    seen the columns of these.

    Raises:
        SourceError: there is nothing to judge by.
    """
    for side in ("test", "validation"):
        if len(kept := data.on(side)):
            return [Part(kept, data)]
    train = data.on("train")
    labels = [data.samples.labels[i] for i in train]
    keys = [data.samples.keys[i] for i in train]
    deal = split.folds if options.group is None else grouped.folds
    fold = deal(labels, data.together[train], keys, split.FOLDS, options.seed)
    if not (fold >= 0).any():
        raise SourceError(
            "No class has two different rows: nothing could be judged."
            if options.group is None
            else f"No class stands in two groups of {options.group!r}: nothing could be judged.",
            where=printable(data.samples.source),
            mend="Give every class several rows, in several groups where there are any.",
        )
    return [
        Part(train[fold == k], fitted_to(data, train[fold != k], options))
        for k in np.unique(fold[fold >= 0]).tolist()
    ]


def fit_dense(
    data: Data,
    judged: Sequence[Part],
    options: TrainOptions,
    *,
    place: Path,
    resume: bool,
    listen: Listener,
) -> Columnar:
    """Train a network on the training rows, as `training.loop` does, and judge it.

    In a cross-validation each part is judged by a network of its own. The budget is then for all of
    them: as much for each as for the one that stays.

    Args:
        judged: `parts` of the data.
        place: where the checkpoint goes.
        resume: go on from the checkpoint there.

    Raises:
        MissingError: TensorFlow is not installed.
        HeadstartError: as `loop.train`.
    """
    number = {side: data.on(side) for side in SIDES}
    shape, plan = shape_of(data, options), for_columns(options, len(number["train"]))
    networks, judges, seconds = Networks(), list[Judge](), plan.budget
    if not len(number["validation"]) and not len(number["test"]):
        judges, seconds = _crossed(data, judged, plan, options, networks, listen)
    kept = number["validation"]
    with networks.lent(shape, plan, options.seed, len(number["train"])) as network:
        trained = loop.train(
            network,
            plan.recipe,
            examples(data, number["train"], options),
            Examples(data.matrix[kept], data.labels[kept]) if len(kept) else None,
            seed=options.seed,
            place=place,
            about=_about(data, options),
            resume=resume,
            budget=seconds,
            listen=listen,
        )
        tensors = dense.weights_of(network)
        optimizer, state = loop.optimizer_record(network), loop.optimizer_state(network)
    graph = dense.openvino_model(shape, tensors)
    engine = _engine(graph, tensors)
    predict = partial(_predict, engine)
    answers = [
        answered(side, rows, data.labels[rows], [predict(data.matrix[rows])])
        for side, rows in number.items()
        if len(rows)
    ]
    if judges:
        answers.append(_cross_validated(data, judges))
    else:
        judges = [Judge(part.rows, part.data, predict) for part in judged]
    return Columnar(
        answers,
        lambda samples: predict(data.matrix[samples]),
        lambda: graph,
        engine.name,
        engine.precision,
        shape.parameters(),
        shape.parameters(),
        shape,
        Tuned(
            next(iter(tensors)).partition("/")[0],
            tensors,
            optimizer,
            state,
            plan.dropout,
            None,
            plan.recipe.label_smoothing,
        ),
        history=trained.history,
        training=record(plan, next(iter(tensors)).partition("/")[0], trained),
        predict=predict,
        judges=judges,
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


def _engine(graph: "Model", tensors: dense.Tensors) -> OpenVinoEngine:
    digest = sha256(b"".join(tensor.tobytes() for tensor in tensors.values())).hexdigest()
    return OpenVinoEngine(graph, digest, output="logits")


def _predict(engine: OpenVinoEngine, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    return by_rows(lambda rows: softmax(engine.run(rows)), matrix, engine.parallel)


def _crossed(
    data: Data,
    judged: Sequence[Part],
    plan: Plan,
    options: TrainOptions,
    networks: Networks,
    listen: Listener,
) -> tuple[list[Judge], float]:
    """A network for each part of the training rows, trained on the others; and the seconds that
    they leave of the budget."""
    train = data.on("train")
    recipe = replace(plan.recipe, patience=None, keep_best=False)
    budget, judges, cut = Budget(plan.budget, len(judged) + 1), list[Judge](), list[int]()
    for part in judged:
        others = train[~np.isin(train, part.rows)]
        shape, training = shape_of(part.data, options), examples(part.data, others, options)
        with networks.lent(shape, plan, options.seed, len(training.labels)) as network:
            done = loop.train(
                network, recipe, training, None, seed=options.seed, budget=budget.share()
            )
            tensors = dense.weights_of(network)
        budget.spend(done.history)
        if done.stopped == "budget":
            cut.append(len(done.history))
        engine = _engine(dense.openvino_model(shape, tensors), tensors)
        judges.append(Judge(part.rows, part.data, partial(_predict, engine)))
    if cut:
        listen(
            Notice(
                f"The time budget ended {len(cut)} of the {len(judged)} trainings that judge, the "
                f"first after {cut[0]:,} of {recipe.epochs:,} epochs."
            )
        )
    return judges, budget.share()


def _cross_validated(data: Data, judges: list[Judge]) -> Answers:
    """What networks say of the rows that each had not seen, in the order of the rows."""
    rows = np.concatenate([judge.rows for judge in judges])
    found = np.concatenate([judge.predict(judge.data.matrix[judge.rows]) for judge in judges])
    order = np.argsort(rows)
    rows = rows[order]
    return answered("cross-validation", rows, data.labels[rows], [found[order]])


def _about(data: Data, options: TrainOptions) -> dict[str, Any]:
    """What a checkpoint must agree with for the training to go on."""
    from headstart.training.tail import Tail

    packages = ("headstart", "numpy", "polars")
    return {
        "samples": data.digest(),
        "columns": to_builtins(data.columns),
        "options": options.model_dump(mode="json", exclude={"budget"}),
        "versions": {name: version(name) for name in packages} | Tail.versions(),
    }
