"""L-BFGS: the minimum of a smooth convex function of many variables.

J. Nocedal, Updating Quasi-Newton Matrices with Limited Storage, Mathematics of Computation
35 (1980); D. C. Liu and J. Nocedal, On the Limited Memory BFGS Method for Large Scale
Optimization, Mathematical Programming 45 (1989). SciPy has it too, and takes longer to import
than the head takes to fit: see `docs/decisions/005-own-lbfgs.md`.
"""

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Pair = tuple[Vector, Vector, float]  # a step, the change of gradient along it, their product

_MEMORY = 10  # steps that are remembered; 20 make fewer, but each takes longer
_MEMORY_BYTES = 2**27  # that they may take, though never fewer than three
_STEPS = 1000
_FLAT = 1e-6  # largest entry of the gradient at which there is nothing left to gain
_ENOUGH = 1e-4  # share of the decrease that the slope promises (Armijo's condition)
_SHORTEST = 1e-8


def minimise(
    function: Callable[[Vector], tuple[float, Vector]], start: Vector, tolerance: float
) -> Vector:
    """Where a smooth convex function is least.

    Args:
        function: value and gradient at a point, float64 (n,).
        start: where the search begins, float64 (n,).
        tolerance: it ends when a step lowers the value by less than this share of it, or of 1
            where the value is less.

    Raises:
        ArithmeticError: value or gradient at the start is not finite.
    """
    x = start
    value, gradient = function(x)
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise ArithmeticError("the function is not finite where the search begins")
    memory = min(_MEMORY, max(3, _MEMORY_BYTES // (2 * x.nbytes)))
    pairs: deque[Pair] = deque(maxlen=memory)
    for _ in range(_STEPS):
        if np.abs(gradient).max() <= _FLAT:
            break
        direction = -_inverse_hessian_times(gradient, pairs)
        slope = float(gradient @ direction)
        length = 1.0 if pairs else min(1.0, 1 / float(np.linalg.norm(gradient)))
        while True:
            there = x + length * direction
            value_there, gradient_there = function(there)
            lacking = value_there - value - length * slope
            if value_there <= value + _ENOUGH * length * slope:
                break
            if length < _SHORTEST:  # what is left to gain is below the function's own rounding
                return x
            least = -slope * length**2 / (2 * lacking)  # of the parabola through what is known
            length = float(np.clip(np.nan_to_num(least), 0.1 * length, 0.5 * length))
        step, change = there - x, gradient_there - gradient
        gained = value - value_there
        settled = bool(pairs) and gained <= tolerance * max(abs(value), 1.0)
        curvature = float(step @ change)
        if curvature > 1e-12 * (change @ change):
            pairs.append((step, change, curvature))
        x, value, gradient = there, value_there, gradient_there
        if settled:
            break
    return x


def _inverse_hessian_times(gradient: Vector, pairs: "deque[Pair]") -> Vector:
    """The two-loop recursion over the last steps and the changes of gradient along them."""
    result, part = gradient.copy(), np.empty_like(gradient)
    shares = []
    for step, change, curvature in reversed(pairs):
        share = (step @ result) / curvature
        result -= np.multiply(change, share, out=part)
        shares.append(share)
    if pairs:
        _, change, curvature = pairs[-1]
        result *= curvature / (change @ change)
    for (step, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        result += np.multiply(step, share - (change @ result) / curvature, out=part)
    return result
