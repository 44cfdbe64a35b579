"""The time that several trainings may take together."""

from collections.abc import Sequence


class Budget:
    """Shares out seconds among trainings that follow one another.

    Args:
        seconds: that their epochs may take, all in all.
        trainings: how many there will be.
    """

    def __init__(self, seconds: float, trainings: int) -> None:
        self._left, self._trainings = seconds, trainings

    def share(self) -> float:
        """Seconds for the next training: of what is left, as much as for each that follows."""
        return max(self._left, 0.0) / self._trainings

    def spend(self, history: Sequence[dict[str, float]]) -> None:
        """Count a training that is over, by the `seconds` of its epochs."""
        self._left -= sum(row["seconds"] for row in history)
        self._trainings -= 1
