"""The samples behind the numbers of a confusion matrix."""

from collections import defaultdict
from collections.abc import Container, Sequence
from typing import NamedTuple

from headstart.report.predictions import Prediction

Place = tuple[int, int]  # true class, predicted class


class Behind(NamedTuple):
    """The samples of one cell.

    Attributes:
        true, predicted: the names of its classes.
        times: how many samples there are.
        shown: some of them; the wrong ones surest first, the right ones least sure first.
        named: some more, of which only the name is told.
    """

    true: str
    predicted: str
    times: int
    shown: list[Prediction]
    named: list[Prediction]

    @property
    def right(self) -> bool:
        """Whether it lies on the diagonal."""
        return self.true == self.predicted

    @property
    def more(self) -> int:
        """How many are neither shown nor named."""
        return self.times - len(self.shown) - len(self.named)


def behind(
    predictions: Sequence[Prediction],
    classes: Sequence[str],
    most: int,
    room: int,
    only: Container[Place] | None = None,
) -> dict[Place, Behind]:
    """What lies behind each cell that is not empty, in the order of the matrix.

    Args:
        most: so many of a cell are shown at most.
        room: so many of all cells together. The wrong ones get three quarters of it, dealt as
            evenly as they allow; the right ones what is left.
        only: the cells that are wanted (default: all).
    """
    number = {name: j for j, name in enumerate(classes)}
    found: dict[Place, list[Prediction]] = defaultdict(list)
    for row in predictions:
        place = number[row.label], number[row.predicted]
        if only is None or place in only:
            found[place].append(row)
    for (i, j), rows in found.items():
        rows.sort(key=lambda row: row.p_predicted, reverse=i != j)
    wrong = {place: len(rows) for place, rows in found.items() if place[0] != place[1]}
    right = {place: len(rows) for place, rows in found.items() if place[0] == place[1]}
    shown = dealt(wrong, most, room * 3 // 4)
    shown |= dealt(right, most, room - sum(shown.values()))
    return {
        (i, j): Behind(
            classes[i],
            classes[j],
            len(rows),
            rows[: shown[i, j]],
            rows[shown[i, j] : most],
        )
        for (i, j), rows in sorted(found.items())
    }


def dealt(counts: dict[Place, int], most: int, room: int) -> dict[Place, int]:
    """How many of each are shown: `most` at most, `room` in all, the large ones no more than
    one ahead of the small."""
    level = max(
        n for n in range(most + 1) if sum(min(count, n) for count in counts.values()) <= room
    )
    shown = {place: min(count, level) for place, count in counts.items()}
    left = room - sum(shown.values())
    for place in sorted(counts, key=lambda place: -counts[place]):
        if left and shown[place] < min(counts[place], most):
            shown[place] += 1
            left -= 1
    return shown
