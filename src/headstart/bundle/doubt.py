"""What a bundle does not answer, and why not."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.bundle.manifest import Threshold
from headstart.evaluation.abstention import UNKNOWN, distances

Why = Literal["unsure", "unlike the training photos"]


@dataclass(frozen=True)
class Answer:
    """What is said of one photo or row.

    Attributes:
        label: the class, or `unknown`.
        nearest: the most probable class, whether it is answered or not.
        probability: of `nearest`.
        why: why it is not answered; None: it is.
    """

    label: str
    nearest: str
    probability: float
    why: Why | None


class Doubt:
    """The thresholds of a bundle, applied.

    Args:
        threshold: None: everything is answered.
        reference: float (m, d), unit features of training samples, where distances are looked at.
    """

    def __init__(self, threshold: Threshold | None, reference: NDArray[Any] | None) -> None:
        self._threshold = threshold
        self._reference = None if reference is None else reference.astype(np.float32)

    @property
    def needs_features(self) -> bool:
        """Whether distances are looked at."""
        return self._reference is not None

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n,), how far samples of these features lie from those of training."""
        assert self._reference is not None
        return distances(features, self._reference)

    def answers(
        self,
        probabilities: NDArray[np.float32],
        far: NDArray[np.float32] | None,
        classes: tuple[str, ...],
    ) -> list[Answer]:
        """The answers for probabilities (n, n_classes) and distances (n,), if there are any."""
        best = probabilities.argmax(axis=1).tolist()
        sure = probabilities.max(axis=1).tolist()
        apart = [None] * len(best) if far is None else far.tolist()
        made = []
        for j, share, distance in zip(best, sure, apart, strict=True):
            why = self._why(share, distance)
            made.append(Answer(UNKNOWN if why else classes[j], classes[j], share, why))
        return made

    def _why(self, sure: float, distance: float | None) -> Why | None:
        if self._threshold is None:
            return None
        limit = self._threshold.distance
        if distance is not None and limit is not None and distance > limit:
            return "unlike the training photos"
        return "unsure" if sure < self._threshold.probability else None
