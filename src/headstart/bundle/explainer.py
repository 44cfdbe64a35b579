"""Why a classifier of photos answers as it does: its graph, run forward only.

Where the graph ends in a linear layer on pooled maps, the evidence is read off the maps; else
parts of the photo are covered. The manifest says nothing of either: `pooled` tells from the graph.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.engine import OpenVinoEngine, Pixels
from headstart.bundle.manifest import Manifest
from headstart.bundle.pooled import MAPS, pooled
from headstart.data.pixels import PADDING, Unreadable, decode
from headstart.errors import OptionError
from headstart.evaluation.explain import (
    Explanation,
    Method,
    class_activation,
    log_odds,
    occluded,
    occlusion,
)
from headstart.parallel import side_by_side

if TYPE_CHECKING:
    from openvino import Model

TOLERANCE = {"float32": 1e-4, "bfloat16": 2e-2}
"""By precision, how far mean and bias may lie from the logit, as a part of all that is added up."""

_LEAST = 3  # places along a side: two by two say too little of where something is

Wanted = Sequence[str] | None
Answer = list[Explanation] | str


class _Evidence(NamedTuple):
    """What `Explanation` tells of one class, for all: (n_classes,), (h, w, n_classes)."""

    probabilities: NDArray[np.float32]
    method: Method
    maps: NDArray[np.float32]
    bias: NDArray[np.float32]


class Explainer:
    """Explains the answers of a classifier of photos.

    Args:
        manifest: of its bundle.
        model: its graph, from `pixels` to `logits`.
        probabilities: makes them, float32 (n, n_classes), of logits.

    Attributes:
        engine: what runs the graph, with all its outputs.
    """

    def __init__(
        self,
        manifest: Manifest,
        model: "Model",
        probabilities: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> None:
        found = pooled(model)
        if found is not None and min(found.sides) < _LEAST:
            found = None
        self._manifest, self._probabilities = manifest, probabilities
        self._pooled = found
        graph = found.model if found else model
        self.engine = OpenVinoEngine(graph, "", manifest.precision, "logits")

    def each(
        self,
        photos: Sequence[Callable[[], bytes]],
        classes: Sequence[Wanted],
        covered: int | None = None,
    ) -> Iterator[Answer]:
        """The explanations of each photo in turn, or why it cannot be read.

        Args:
            photos: what gives the content of each file, or raises `Unreadable`.
            classes: those to explain of each; None: the most probable one.
            covered: covering parts takes many runs: end after so many photos where it is done.

        Raises:
            OptionError: one is none of the classes.
        """
        known = self._manifest.classes
        unknown = sorted({name for names in classes for name in names or ()} - {*known})
        if unknown:
            raise OptionError(
                f"No class of this classifier: {', '.join(unknown)}.",
                mend=f"It knows {', '.join(known)}.",
            )

        def explained(i: int) -> Answer:
            try:
                return self._explained(photos[i](), classes[i])
            except Unreadable as fault:
                return fault.reason

        n, workers = len(photos), self.engine.parallel
        if not self._pooled:
            workers = 1  # an occlusion takes all cores by itself
            n = n if covered is None else min(n, covered)
        return (answer for _, answer in side_by_side(explained, range(n), workers))

    def _explained(self, content: bytes, classes: Wanted) -> list[Explanation]:
        image, known = self._manifest.image, self._manifest.classes
        pixels = decode(content, image.size, image.resize)
        found = self._read_off(pixels) or self._covered(pixels)
        best = known[int(found.probabilities.argmax())]
        return [
            Explanation(
                name,
                float(found.probabilities[j]),
                found.method,
                np.ascontiguousarray(found.maps[:, :, j]),
                float(found.bias[j]),
            )
            for name in ([best] if classes is None else classes)
            for j in [known.index(name)]
        ]

    def _read_off(self, pixels: Pixels) -> _Evidence | None:
        """The class activation; None where there is none, or the logits are not its means."""
        if self._pooled is None:
            return None
        logits, made = self.engine.run_for(pixels[np.newaxis], "logits", MAPS)
        maps, kernel, bias = self._pooled.maps(made), self._pooled.kernel, self._pooled.bias
        found = class_activation(maps, kernel)
        added = np.abs(maps).mean(axis=(0, 1)) @ np.abs(kernel) + np.abs(bias)
        off = np.abs(found.mean(axis=(0, 1)) + bias - logits[0])
        if not (off <= TOLERANCE[self.engine.precision] * added).all():
            return None
        return _Evidence(self._probabilities(logits)[0], "class activation", found, bias)

    def _covered(self, pixels: Pixels) -> _Evidence:
        engine = self.engine
        photos = (photo[np.newaxis] for photo in (pixels, *occluded(pixels, PADDING[0])))
        made = [row for _, row in side_by_side(engine.run, photos, engine.parallel)]
        logits = np.concatenate(made)
        odds = log_odds(logits / (self._manifest.temperature or 1.0))
        found = occlusion(odds[0], odds[1:])
        answer = self._probabilities(logits[:1])[0]
        return _Evidence(answer, "occlusion", found, np.zeros_like(answer))
