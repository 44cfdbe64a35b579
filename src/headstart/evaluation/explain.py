"""Where on a photo the evidence for a class lies: numbers on a grid over the network's input.

Two methods, both of forward runs alone:

    class activation   exact where a linear layer stands on pooled maps
                       (Zhou et al., Learning Deep Features for Discriminative Localization,
                       CVPR 2016)
    occlusion          for any network: grey patches, and how far the log-odds fall
                       (Zeiler and Fergus, Visualizing and Understanding Convolutional
                       Networks, ECCV 2014, who took the probability)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["class activation", "occlusion"]
Rows = NDArray[np.float32]

CELLS = 8
"""Cells of an occlusion map along each side; a patch covers two by two of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Where on a photo the evidence for a class lies.

    The map lies over the square that the network receives: the whole photo where it is squashed,
    its middle where it is cropped, the photo on its grey square where it is padded.

    Attributes:
        class_name: the class that is explained.
        probability: what the classifier gives it, 0 to 1.
        method: `class activation`: each number is what its place adds to the logit of the class,
            so that the mean of the map plus `bias` is the logit; `occlusion`: how far the
            log-odds of the class, ln(p / (1 − p)), fall where that place is covered in grey.
        map: float32 (height, width), the top row first.
        bias: of the class in the last layer; 0 of an occlusion.
    """

    class_name: str
    probability: float
    method: Method
    map: Rows
    bias: float


def class_activation(maps: Rows, kernel: Rows) -> Rows:
    """What each place adds to the logit of each class.

    Args:
        maps: float32 (height, width, d), the maps whose means are the features.
        kernel: float32 (d, n_classes), the linear layer on the features.

    Returns:
        float32 (height, width, n_classes); the mean over the places, plus the layer's bias, is
        the logit.
    """
    return maps @ kernel


def occluded(pixels: NDArray[np.uint8], grey: int) -> Iterator[NDArray[np.uint8]]:
    """The photo with one part of it covered, for all parts in turn, row by row.

    Args:
        pixels: uint8 (side, side, 3).
        grey: the value of what covers it.

    Yields:
        (CELLS − 1)² photos, uint8 (side, side, 3).
    """
    edges = np.linspace(0, len(pixels), CELLS + 1).round().astype(int)
    for i in range(CELLS - 1):
        for j in range(CELLS - 1):
            covered = pixels.copy()
            covered[edges[i] : edges[i + 2], edges[j] : edges[j + 2]] = grey
            yield covered


def log_odds(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """ln(p / (1 − p)) of each class, where p is its probability, also where p is next to 1.

    Args:
        logits: (n, n_classes), two classes or more.

    Returns:
        float64 (n, n_classes).
    """
    rows, best = np.arange(len(logits)), logits.argmax(axis=1)
    z = logits.astype(np.float64)
    z -= z[rows, best][:, np.newaxis]
    shares = np.exp(z)
    others = shares.sum(axis=1, keepdims=True) - shares
    shares[rows, best] = 0  # summed without it: 1 + 1e-20 − 1 would be 0
    others[rows, best] = np.maximum(shares.sum(axis=1), np.finfo(np.float64).tiny)
    return np.asarray(z - np.log(others))


def occlusion(before: NDArray[np.floating], after: NDArray[np.floating]) -> Rows:
    """How far the log-odds of each class fall where a place is covered.

    The probability itself would hide what is sure: 0.99999 falls little wherever a patch lies.

    Args:
        before: (n_classes,), the log-odds of the photo as it is.
        after: ((CELLS − 1)², n_classes), those of the photos of `occluded`.

    Returns:
        float32 (CELLS, CELLS, n_classes), for each cell the mean over the patches that cover it.
    """
    n = CELLS - 1
    fall = (before - after).reshape(n, n, len(before))
    total, patches = np.zeros((CELLS, CELLS, len(before))), np.zeros((CELLS, CELLS, 1))
    for i in (0, 1):
        for j in (0, 1):
            total[i : i + n, j : j + n] += fall
            patches[i : i + n, j : j + n] += 1
    return (total / patches).astype(np.float32)
