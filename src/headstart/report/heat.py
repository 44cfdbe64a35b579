"""The heat maps of the page: where the network saw what misled it, on the worst mistakes."""

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from headstart.bundle.classifier import Classifier
from headstart.bundle.save import TOLERANCE
from headstart.data.pixels import upright
from headstart.errors import HeadstartError
from headstart.evaluation.explain import Explanation, Method
from headstart.options import Resize
from headstart.parallel import cores, side_by_side
from headstart.report.html import data_uri
from headstart.report.overlay import RAMP, overlay, strongest
from headstart.report.predictions import Prediction

COLOURS = ", ".join("rgb({} {} {})".format(*colour) for colour in RAMP)
"""From little evidence to most, for a legend in CSS."""

_SIDE = 200  # longest side in pixels
_COVERED = 3
"""Photos that are covered part by part, where a map takes that: a page is written after every
training, and each is 50 runs of the network."""

_LARGE = 50_000_000  # parameters, from which on even that would take many seconds


class Heat(NamedTuple):
    """The photo of a mistake twice, as data URIs.

    Attributes:
        called: with what speaks for the class that it was called.
        labelled: with what speaks for that of its label, in colours of the same scale.
    """

    called: Markup
    labelled: Markup
    method: Method


def heat_maps(
    model: str | Classifier,
    mistakes: Sequence[Prediction],
    photos: Callable[[str], bytes | None],
    covered: int = _COVERED,
) -> dict[str, Heat]:
    """Maps of those mistakes whose photo is there, by its name.

    There is none where the classifier is gone, or is no longer the one that made the mistake;
    where parts must be covered for it, and the network is large, or these are not the first few.

    Args:
        model: the bundle, or its run folder; or the classifier, where it is open already.
        photos: gives the bytes of a photo by its name, None where it is gone.
        covered: of how many at most parts are covered, where a map takes that; the surest mistakes
            come first.
    """
    found = [(row, data) for row in mistakes if (data := photos(row.sample)) is not None]
    if not found:
        return {}
    try:
        classifier = model if isinstance(model, Classifier) else Classifier.open(model)
        wanted = [(row.predicted, row.label) for row, _ in found]
        if classifier.manifest.parameters >= _LARGE:
            covered = 0
        answers = [*classifier.try_explain([data for _, data in found], wanted, covered)]
    except HeadstartError:
        return {}
    near = TOLERANCE[classifier.manifest.precision]
    told = [
        (row.sample, data, answer)
        for (row, data), answer in zip(found, answers, strict=False)  # the last may be left out
        if not isinstance(answer, str) and abs(answer[0].probability - row.p_predicted) <= near
    ]
    draw = partial(_drawn, resize=classifier.manifest.image.resize)
    return {item[0]: heat for item, heat in side_by_side(draw, told, cores())}


def _drawn(told: tuple[str, bytes, list[Explanation]], *, resize: Resize) -> Heat:
    _, data, (called, labelled) = told
    photo, most = upright(data, _SIDE, at_least=_SIDE), strongest([called, labelled])
    one, other = (_jpeg(overlay(photo, each.map, resize, most)) for each in (called, labelled))
    return Heat(one, other, called.method)


def _jpeg(picture: NDArray[np.uint8]) -> Markup:
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=80)
    return data_uri("image/jpeg", file.getvalue())
