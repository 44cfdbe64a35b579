"""The backbone trained too, its frozen part run once: from data to outcome.

Importing this file costs little; Keras is imported when a training begins.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart import features
from headstart.backbone import convert
from headstart.backbone.accelerator import gpus
from headstart.backbone.engine import Engine, KerasEngine, OpenVinoEngine
from headstart.bundle.save import with_head
from headstart.dataset import Data, Network, views
from headstart.errors import SourceError
from headstart.evaluation.abstention import WIDEST
from headstart.evaluation.metrics import mean_surprise, softmax
from headstart.evaluation.trust import Answers, answered
from headstart.events import Listener, Notice
from headstart.features import PixelRows, View
from headstart.options import TrainOptions
from headstart.outcome import Headed, Tuned
from headstart.sets import SIDES, Side
from headstart.store.files import key_of, printable
from headstart.store.rows import Joined
from headstart.training import loop
from headstart.training.examples import Examples, Rows
from headstart.training.head import balanced_weights
from headstart.training.loop import Trained
from headstart.training.plan import Plan, record

if TYPE_CHECKING:
    from headstart.training.tail import Tail

_ROOM = 6
"""Errors on the validation samples from which on a tail is tried: of fewer, not even a tail that
makes none could be told from chance (one-sided sign test, p < 0.05 needs five more right)."""

_PHOTO_S = 0.012
"""What one photo costs an epoch of the default backbone's tail, on two cores."""

_PIECE = 4096  # samples

_WITHOUT = (
    "The head alone was trained. The last layers might do better; to have them tried, run: "
    "pip install 'headstart[tensorflow]'"
)


def promising(plan: Plan, answers: Sequence[Answers], photos: int, listen: Listener) -> bool:
    """Whether a tail may do better than the head alone, and an epoch of it end in time.

    It tells before TensorFlow is imported, which takes 0.7 GB.

    Args:
        answers: those of the head alone.
        photos: how many an epoch has, views included.
    """
    missed = sum((a.labels != a.predicted).sum() for a in answers if a.name == "validation")
    if missed < _ROOM:
        return False
    seconds = photos * _PHOTO_S
    if seconds <= plan.budget or gpus():
        return True
    listen(
        Notice(
            f"The head alone was trained: an epoch of the last layers on {photos:,} photos would "
            f"take about {seconds / 60:.0f} minutes. To have them tried, give --epochs, or more "
            f"than {seconds:.0f} seconds by --budget."
        )
    )
    return False


def tune(
    plan: Plan,
    data: Data,
    network: Network,
    options: TrainOptions,
    alone: Headed | None,
    tail: "Tail | None",
    *,
    place: Path,
    resume: bool,
    listen: Listener,
) -> Headed:
    """Train the end of the backbone, and a new top, on what the frozen part makes of the photos.

    Args:
        alone: what a head on the frozen backbone makes of the data, where the plan leaves the
            choice: it is returned if it validates better.
        tail: what is trained; None: it is built here.
        place: where the checkpoint goes.
        resume: go on from the checkpoint there.

    Raises:
        MissingError: TensorFlow is not installed, and the plan leaves no choice.
        SourceError: there is nothing to judge by.
        HeadstartError: as `loop.train`.
    """
    if alone and find_spec("tensorflow") is None:
        listen(Notice(_WITHOUT))
        return alone
    number = {side: data.on(side) for side in SIDES}
    if not len(number["validation"]) and not len(number["test"]):
        raise SourceError(
            "There are too few photos to keep some from a training by gradient to judge it by.",
            where=printable(data.samples.source),
            mend="Add photos, keep some with --validation and --test, or give --unfreeze none.",
        )
    n_classes = len(data.classes)
    tail = tail or built(plan, network, n_classes, options.seed)
    entering = _Entering(data, network, tail, listen)
    train, seen = number["train"], [None, *views(options)]
    labels = np.tile(data.labels[train], len(seen))
    balanced = options.class_weight == "balanced"
    training = Examples(
        Joined([entering.rows(train, view) for view in seen]),
        labels,
        balanced_weights(labels, n_classes) if balanced else None,
    )
    kept = number["validation"]
    validation = Examples(entering.rows(kept), data.labels[kept]) if len(kept) else None
    trained = loop.train(
        tail.network,
        plan.recipe,
        training,
        validation,
        seed=options.seed,
        place=place,
        about=_about(data, tail, network, options),
        resume=resume,
        budget=plan.budget,
        listen=listen,
    )
    to_abstain = options.abstain_at is not None and network.backbone.features <= WIDEST
    tuned = _outcome(plan, data, number, network, tail, trained, to_abstain, listen)
    return _chosen(alone, tuned) if alone else tuned


def built(plan: Plan, network: Network, n_classes: int, seed: int) -> "Tail":
    """What the plan has trained, as it begins.

    Raises:
        OptionError: the backbone has no layer that the plan names.
    """
    from headstart.training import tail as tails

    return tails.build(
        network.backbone,
        network.weights,
        network.size,
        n_classes,
        unfreeze=plan.unfreeze,
        dropout=plan.dropout,
        momentum=plan.momentum,
        seed=seed,
    )


class _Entering:
    """What enters the tail."""

    def __init__(self, data: Data, network: Network, tail: "Tail", listen: Listener) -> None:
        self._data, self._network, self._tail, self._listen = data, network, tail, listen
        self._engine = None if tail.cut is None else self._frozen_part()

    def rows(self, samples: NDArray[np.int64], view: View | None = None) -> Rows:
        """The maps, or the pixels, of the numbered samples, or of views of them."""
        data, network = self._data, self._network
        photos = [data.samples.files[i] for i in samples]
        keys = [data.samples.keys[i] for i in samples]
        decoded = network.size, network.resize
        if self._engine is None:
            return PixelRows(photos, keys, *decoded, view)
        vector = len(self._engine.shape) == 1
        if vector and view is None:
            return data.features[samples]
        run = partial(
            features.compute, photos, keys, self._engine, *decoded, self._listen, view=view
        )
        rows: Rows
        try:
            rows = run(maps=None if vector else "float16").rows
        except OverflowError:
            rows = run(maps="float32").rows
        return rows

    def _frozen_part(self) -> Engine:
        network, cut = self._network, self._tail.cut
        assert network.engine is not None
        if network.engine.name == "keras":
            digest = key_of(network=network.engine.key, cut=cut.position if cut else None)
            return KerasEngine(self._tail.frozen, digest)
        if len(self._tail.shape) == 1:
            return network.engine
        graph = convert.graph(
            network.backbone, network.weights, network.size, self._listen, cut=cut
        )
        return OpenVinoEngine(graph.read(), graph.digest, network.engine.precision)


def _about(data: Data, tail: "Tail", network: Network, options: TrainOptions) -> dict[str, Any]:
    """What a checkpoint must agree with for the training to go on."""
    packages = ("headstart", "numpy", "openvino")
    return {
        "samples": data.digest(),
        "options": options.model_dump(mode="json", exclude={"budget"}),
        "weights": network.weights.digest,
        "engine": network.engine.key if network.engine else None,
        "cut": tail.cut.name if tail.cut else None,
        "versions": {name: version(name) for name in packages} | tail.versions(),
    }


def _outcome(
    plan: Plan,
    data: Data,
    number: dict[Side, NDArray[np.int64]],
    network: Network,
    tail: "Tail",
    trained: Trained,
    to_abstain: bool,
    listen: Listener,
) -> Headed:
    """The trained network, judged as the one graph that is saved.

    Args:
        to_abstain: its features are wanted too.
    """
    head, tensors = tail.head(), tail.tensors()
    entering: Any = None  # what the head takes, and what it gives
    leaving: Any = None
    judge = network.engine
    if not tensors and network.graph and judge:  # the features are there
        graph, name, precision = network.graph.read(), judge.name, judge.precision

        entering = data.features
        place = np.arange(len(data.labels))

    else:
        graph = convert.of_model(network.backbone, tail.backbone)
        digest = sha256(b"".join(each.tobytes() for each in (*tensors.values(), head.weights)))
        key = key_of(weights=network.weights.digest, trained=digest.hexdigest())
        output = "features" if to_abstain else "logits"
        engine = OpenVinoEngine(with_head(graph, head), key, output=output)
        name, precision = engine.name, engine.precision
        used = np.concatenate([*number.values()])
        work = [data.samples.files[i] for i in used], [data.samples.keys[i] for i in used]
        place = np.zeros(len(data.labels), np.int64)
        place[used] = np.arange(len(used))
        rows = features.compute(  # in a file: 100,000 photos of 1,000 classes make 400 MB
            *work, engine, network.size, network.resize, listen, maps="float32"
        ).rows
        entering, leaving = (rows, None) if to_abstain else (None, rows)

    def features_of(samples: NDArray[np.int64]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = entering[place[samples]]
        return found

    def probabilities(samples: NDArray[np.int64]) -> NDArray[np.float64]:
        if leaving is None:
            return head.probabilities(features_of(samples))
        return softmax(leaving[place[samples]])

    answers = [
        answered(side, samples, data.labels[samples], _in_pieces(probabilities, samples))
        for side, samples in number.items()
        if len(samples)
    ]
    return Headed(
        answers,
        probabilities,
        lambda: graph,
        name,
        precision,
        tail.parameters,
        tail.trained,
        head,
        Tuned(
            tail.first,
            tensors,
            loop.optimizer_record(tail.network),
            loop.optimizer_state(tail.network),
            plan.dropout,
            plan.momentum,
            plan.recipe.label_smoothing,
        ),
        history=trained.history,
        training=record(plan, tail.first, trained),
        features=None if entering is None else features_of,
    )


def _in_pieces(
    probabilities: Callable[[NDArray[np.int64]], NDArray[np.float64]], samples: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """The probabilities of a few samples at a time: those of many classes take much memory."""
    for i in range(0, len(samples), _PIECE):
        yield probabilities(samples[i : i + _PIECE])


def _chosen(alone: Headed, tuned: Headed) -> Headed:
    """What validates better, more right or as many and surer of it; both are recorded."""
    figures = [_validated(each) for each in (alone, tuned)]
    ranks = [(each["accuracy"], -each["loss"]) for each in figures]
    used = ranks[1] > ranks[0]
    candidates = dict(zip(("head", "tail"), figures, strict=True))
    training = {**(tuned.training or {}), "candidates": candidates, "used": used}
    chosen = replace(tuned, held_out=alone.held_out) if used else alone
    return replace(chosen, history=tuned.history, training=training)


def _validated(outcome: Headed) -> dict[str, float]:
    answers = next(each for each in outcome.answers if each.name == "validation")
    right = answers.labels == answers.predicted
    return {"accuracy": float(right.mean()), "loss": mean_surprise(answers.p_label)}
