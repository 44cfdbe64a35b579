"""One photo laid over another: are they one picture, whatever was cut off or scaled?

The first is shifted and stretched along both axes until it lies on the second as well as it can,
by Gauss and Newton's steps with the gradients of the second (Lucas and Kanade, IJCAI 1981; Baker
and Matthews, Lucas-Kanade 20 Years On, IJCV 2004). What they agree in is their correlation there.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.float32]

_SCALE = 1.25  # most that one is stretched
_SHIFT = 0.12  # most that it is moved, of its side


class Fit(NamedTuple):
    """Where the first of each pair was laid: it is read at `scale * x + shift`.

    Attributes:
        scale, shift: float32 (n, 2), down and across, about the middle, in shares of the side.
    """

    scale: NDArray[np.float32]
    shift: NDArray[np.float32]

    def of(self, which: NDArray[np.bool_]) -> "Fit":
        """Some of them."""
        return Fit(self.scale[which], self.shift[which])


def blurred(pictures: Pictures, times: int = 1) -> Pictures:
    """Smoothed by (1, 2, 1) / 4 along both axes, so that what a shift by a part of a pixel does
    is the same to all."""
    for _ in range(times):
        rows = np.concatenate([pictures[:, :1], pictures, pictures[:, -1:]], axis=1)
        pictures = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
        columns = np.concatenate([pictures[:, :, :1], pictures, pictures[:, :, -1:]], axis=2)
        pictures = (columns[:, :, :-2] + 2 * columns[:, :, 1:-1] + columns[:, :, 2:]) / 4
    return pictures


def fitted(first: Pictures, second: Pictures, begin: Fit | None = None, steps: int = 5) -> Fit:
    """How the first of each pair is laid over the second.

    Args:
        first, second: float32 (n, side, side).
        begin: where the search begins; None: as they are.
    """
    n, side, _ = first.shape
    fit = begin or Fit(np.ones((n, 2), np.float32), np.zeros((n, 2), np.float32))
    scale, shift = fit.scale.copy(), fit.shift * side
    x = np.arange(side, dtype=np.float32) - (side - 1) / 2
    down, across = np.gradient(second, axis=1), np.gradient(second, axis=2)
    slopes = [down * x[:, np.newaxis], across * x, down, across, second, np.ones_like(second)]
    slope = np.stack(slopes, axis=1).reshape(n, len(slopes), -1)  # the last two: contrast, light
    normal = slope @ slope.transpose(0, 2, 1)
    normal[:, range(4), range(4)] *= 1.001
    inverse = np.linalg.inv(normal + 1e-3 * np.eye(len(slopes), dtype=np.float32))
    for _ in range(steps):
        laid, seen = _laid(first, scale, shift)
        rest = ((laid - second) * seen).reshape(n, -1, 1)
        step = (inverse @ (slope @ rest))[:, :4, 0]
        scale *= 1 - np.clip(step[:, :2], -0.06, 0.06)
        shift -= np.clip(step[:, 2:], -1, 1)
        np.clip(scale, 1 / _SCALE, _SCALE, out=scale)
        np.clip(shift, -_SHIFT * side, _SHIFT * side, out=shift)
    return Fit(scale, shift / side)


def agreement(first: Pictures, second: Pictures, fit: Fit) -> NDArray[np.float32]:
    """float32 (n,): the correlation of each pair where they overlap, −1 to 1."""
    laid, seen = _laid(first, fit.scale, fit.shift * first.shape[1])
    count = seen.sum(axis=(1, 2))
    a, b = (_centred(part * seen, seen, count) for part in (laid, second))
    power = (a * a).sum(axis=(1, 2)) * (b * b).sum(axis=(1, 2))
    found: NDArray[np.float32] = (a * b).sum(axis=(1, 2)) / np.sqrt(np.maximum(power, 1e-12))
    return found


def _centred(part: Pictures, seen: Pictures, count: NDArray[np.float32]) -> Pictures:
    mean = part.sum(axis=(1, 2)) / np.maximum(count, 1)
    centred: Pictures = part - mean[:, np.newaxis, np.newaxis] * seen
    return centred


def _laid(
    first: Pictures, scale: NDArray[np.float32], shift: NDArray[np.float32]
) -> tuple[Pictures, Pictures]:
    """The pictures read at other places, and 1 where there is something to read.

    Args:
        shift: in pixels.
    """
    side = first.shape[1]
    x, middle = np.arange(side, dtype=np.float32), (side - 1) / 2
    at = scale[:, :, np.newaxis] * (x - middle) + middle + shift[:, :, np.newaxis]
    weight = np.maximum(0, 1 - np.abs(at[..., np.newaxis] - x))  # (n, 2, side, side): linear
    inside = ((at >= -0.01) & (at <= side - 0.99)).astype(np.float32)
    laid = weight[:, 0] @ first @ weight[:, 1].transpose(0, 2, 1)
    return laid, inside[:, 0, :, np.newaxis] * inside[:, 1, np.newaxis]
