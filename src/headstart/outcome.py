"""What training makes of data: a classifier that is ready to be judged, described and saved."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.dense import Shape
from headstart.backbone.engine import Floats
from headstart.evaluation.abstention import Abstention
from headstart.evaluation.calibration import Calibration
from headstart.evaluation.importance import Predict
from headstart.evaluation.trust import Answers
from headstart.training.head import Head

if TYPE_CHECKING:
    from openvino import Model

    from headstart.tabular import Data  # polars takes 0.15 s


@dataclass(frozen=True)
class Tuned:
    """What training by gradient leaves beside the head.

    Attributes:
        first: the first layer of the backbone that was trained; `logits`: none was.
        tensors: the weights of those layers, by `layer/weight`.
        optimizer: Keras' class name and configuration of the optimizer.
        state: its variables, by number and name, in its own order.
        dropout, momentum, label_smoothing: what else a training that goes on must know; see
            `training.tail.build` and `training.loop.Recipe`.
    """

    first: str
    tensors: dict[str, NDArray[np.float32]]
    optimizer: dict[str, Any]
    state: dict[str, NDArray[Any]]
    dropout: float
    momentum: float | None
    label_smoothing: float


@dataclass(frozen=True)
class Outcome:
    """A trained classifier.

    Attributes:
        answers: what it says of the samples, one for each set; the last is that to judge by.
        probabilities: float64 (m, n_classes) for the samples of m numbers.
        graph: makes the network to save, without a head where there is one apart.
        engine, precision: what computed the answers.
        parameters, trained: how many numbers there are, and how many were trained.
        history: a row for each epoch of a training by gradient, kept or not.
        training: what `metrics.json` says of that training.
        calibration: the temperature that answers and probabilities were made with; None: as the
            network gives them.
        abstention: what is not answered; None: everything is.
    """

    answers: list[Answers]
    probabilities: Callable[[NDArray[np.int64]], NDArray[np.float64]]
    graph: "Callable[[], Model]"
    engine: str
    precision: Floats
    parameters: int
    trained: int
    history: list[dict[str, float]] = field(default_factory=list, kw_only=True)
    training: dict[str, Any] | None = field(default=None, kw_only=True)
    calibration: Calibration | None = field(default=None, kw_only=True)
    abstention: Abstention | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class HeldOut:
    """What heads on features of the frozen backbone say of training samples that each of them was
    not fitted to, copies of a photo being held together.

    Attributes:
        samples: int64 (m,), numbers of training samples; those of a class of one photo are not
            among them.
        probabilities: float64 (m, n_classes), rows sum to one; not calibrated.
    """

    samples: NDArray[np.int64]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True)
class Headed(Outcome):
    """A head on a backbone; `graph` makes the backbone as it is now, uint8 pixels to features.

    Attributes:
        head: the layer from features to logits.
        tuned: None: only the head was trained, and not by gradient.
        held_out: of the training samples. Also where more than a head was trained afterwards it
            is that of heads on frozen features: it tells of the labels, not of this classifier.
            None: there was no frozen backbone, or it would have been too much work.
        features: float32 (m, n_features), what the head takes of the samples of m numbers; None:
            nobody asked for them where the backbone was trained too.
    """

    head: Head
    tuned: Tuned | None = None
    held_out: HeldOut | None = None
    features: Callable[[NDArray[np.int64]], NDArray[np.float32]] | None = None


@dataclass(frozen=True)
class Part:
    """Rows that one network is judged by.

    Attributes:
        rows: int64 (m,), their numbers; none of them trains it.
        data: all rows, told as this network is told them.
    """

    rows: NDArray[np.int64]
    data: "Data"


@dataclass(frozen=True)
class Judge(Part):
    """A network and the rows that it is judged by.

    Attributes:
        predict: rows as the network takes them, float32 (n, width), to probabilities.
    """

    predict: Predict


@dataclass(frozen=True)
class Columnar(Outcome):
    """A dense network on columns; `graph` makes it whole, columns to logits.

    Attributes:
        shape: what the network is.
        tuned: what training it left; `first` is its first layer.
        predict: it, as of a `Judge`.
        judges: whose answers are the last of `answers`: the network itself, or those of a
            cross-validation.
    """

    shape: Shape
    tuned: Tuned
    predict: Predict = field(kw_only=True)
    judges: list[Judge] = field(kw_only=True)
