"""ImageNet's 1,000 classes, and the networks that tell them apart.

O. Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015,
arXiv:1409.0575. Every class is a synset of WordNet 3.0.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.backbone import convert
from headstart.backbone.catalog import Backbone
from headstart.backbone.engine import OpenVinoEngine
from headstart.backbone.weights import Weights
from headstart.events import Listener, nobody


class Synset(NamedTuple):
    """One class.

    Attributes:
        wnid: WordNet's id, `n` and eight digits. It alone is unique: two classes are called
            crane, a bird and a machine, and two maillot.
        name: the one that Keras gives it, with spaces for underscores.
    """

    wnid: str
    name: str


@dataclass(frozen=True, slots=True)
class Guess:
    """A class, by its place among the 1,000, its WordNet id and its name; how probable it is."""

    index: int
    wnid: str
    name: str
    probability: float


@cache
def classes() -> tuple[Synset, ...]:
    """The 1,000 classes; column i of what a network gives belongs to `classes()[i]`."""
    lines = (files(__package__) / "imagenet.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return tuple(Synset(wnid, name.replace("_", " ")) for wnid, name in rows)


def best(probabilities: NDArray[np.float32], k: int) -> list[Guess]:
    """The `k` most probable classes of one photo, the most probable first.

    Args:
        probabilities: float32 (1000,).
    """
    order = (-probabilities).argsort(kind="stable")[:k]
    return [
        Guess(int(i), classes()[i].wnid, classes()[i].name, float(probabilities[i])) for i in order
    ]


def network(backbone: Backbone, weights: Weights, listen: Listener = nobody) -> OpenVinoEngine:
    """The network of a row with its top, in float32, at the size it was trained with.

    Returns:
        An engine whose rows are the probabilities of the classes, float32 (n, 1000).

    Raises:
        ModelError: the weight file does not fit the backbone, or lacks the top.
        MissingError: a conversion needs TensorFlow, which is not installed.
    """
    graph = convert.graph(backbone, weights, backbone.size, listen, top=True)
    return OpenVinoEngine(graph.read(), graph.digest, output="probabilities")
