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
        whys = self.reasons(probabilities, far)
        return [
            Answer(UNKNOWN if why else classes[j], classes[j], share, why)
            for j, share, why in zip(best, sure, whys, strict=True)
        ]

    def reasons(
        self, probabilities: NDArray[np.float32], far: NDArray[np.float32] | None
    ) -> list[Why | None]:
        """Why each sample is not answered; None: it is. Arrays as for `answers`."""
        found = np.full(len(probabilities), None, np.object_)
        if self._threshold is not None:
            sure = probabilities.max(axis=1).astype(np.float64)  # as the threshold is
            found[sure < self._threshold.probability] = "unsure"
            if far is not None and self._threshold.distance is not None:
                odd = far.astype(np.float64) > self._threshold.distance
                found[odd] = "unlike the training photos"
        reasons: list[Why | None] = found.tolist()
        return reasons
