"""The graph of a backbone: built here for EfficientNet-Lite0, converted from Keras for others.

The conversion runs as a child process, once for each backbone, weights and size, and is
kept only if OpenVINO then computes what Keras computes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbone import catalog, child, graphs, lite0
from headstart.backbone.catalog import Backbone
from headstart.backbone.graphs import Graph
from headstart.backbone.weights import Weights
from headstart.errors import HeadstartError
from headstart.events import Listener, Notice, nobody
from headstart.store.files import key_of

if TYPE_CHECKING:
    from openvino import Model

TOLERANCE = 1e-3
"""How far an output may lie from Keras', as a part of the largest.

Rounding makes 2e-6 in a trained network, and up to 1.4e-4 in one with random weights; a mean
that is wrong by one of 255 makes 3e-3, and channels in the wrong order 4e-2 or more.
"""


@dataclass(frozen=True)
class Cut:
    """Where inside a backbone a graph ends.

    Attributes:
        name: of the layer. Keras makes up some by counting, so that it may differ elsewhere.
        position: among the operations of the Keras model.
    """

    name: str
    position: int


_VERSION = 2  # of what is built here; raise it when the same inputs give other numbers


def graph(
    backbone: Backbone,
    weights: Weights,
    size: int,
    listen: Listener = nobody,
    *,
    top: bool = False,
    cut: Cut | None = None,
) -> Graph:
    """The network from uint8 pixels to features, for OpenVINO.

    Args:
        size: height and width of the photos, in pixels.
        listen: is told when something is converted, because that takes a while.
        top: end with the probabilities of ImageNet's 1,000 classes instead of the features.
        cut: end there instead; the maps are called `features` too, (n, height, width, channels).

    Raises:
        OptionError: the backbone does not take that size.
        ModelError: the weight file does not fit the backbone, or lacks a top that is wanted.
        MissingError: a conversion needs TensorFlow, which is not installed.
    """
    catalog.check_size(backbone, size)

    def build(folder: Path) -> None:
        tensors, end = lite0.load_tensors(weights.seed), cut.name if cut else None
        graphs.serialize(lite0.openvino_model(tensors, size, top=top, cut=end), folder)

    def in_child(folder: Path) -> None:
        listen(Notice(f"Converting {backbone.name} once."))
        request = {"backbone": backbone.name, "digest": weights.digest, "size": size, "top": top}
        request |= {"path": weights.path and str(weights.path), "folder": str(folder)}
        request |= {"cut": cut and cut.position}
        child.run("headstart.backbone.convert", request)

    make = build if backbone.packaged else in_child
    return graphs.kept(_digest(backbone, weights, size, top, cut), make)


def ready(backbone: Backbone, weights: Weights, size: int) -> bool:
    """Whether `graph` answers at once, without a conversion."""
    return backbone.packaged or graphs.is_kept(_digest(backbone, weights, size))


def _digest(
    backbone: Backbone, weights: Weights, size: int, top: bool = False, cut: Cut | None = None
) -> str:
    network = f"{backbone.name} with top" if top else backbone.name
    if cut is not None:  # positions are those of one version of Keras
        end = cut.name if backbone.packaged else f"{cut.position} {version('keras')}"
        network = f"{backbone.name} to {end}"
    return key_of(network=network, weights=weights.digest, size=size, version=_VERSION)


def convert(request: dict[str, Any]) -> dict[str, Any]:
    """Convert in this process, and prove the result; see `graph`."""
    from headstart.backbone import networks

    backbone = catalog.find(request["backbone"])
    path = Path(request["path"]) if request["path"] else None
    weights, top = Weights(path, request["digest"]), request["top"]
    model = networks.keras_model(backbone, weights, request["size"], top=top)
    if request["cut"] is not None:
        model = networks.ending_at(model, request["cut"])
    folder = Path(request["folder"])
    graphs.serialize(traced(model, "probabilities" if top else "features"), folder)
    prove(Graph(folder, digest="").read(), model)
    return {}


def of_model(backbone: Backbone, model: Any) -> "Model":
    """The graph of a backbone's Keras model with the weights that it has now.

    Raises:
        HeadstartError: OpenVINO does not compute what Keras computes.
    """
    if backbone.packaged:
        return lite0.openvino_model(lite0.tensors_of(model), model.input_shape[1])
    converted = traced(model)
    prove(converted, model)
    return converted


def traced(model: Any, output: str = "features") -> "Model":
    """A Keras model as an OpenVINO graph with one output, of the name given."""
    import tensorflow

    pixels = tensorflow.TensorSpec((None, *model.input_shape[1:]), tensorflow.uint8, name="pixels")

    def run(pixels: Any) -> list[Any]:
        return [model(tensorflow.cast(pixels, "float32"), training=False)]

    return as_graph(run, [pixels], [output], model.name)


def as_graph(
    function: Callable[..., list[Any]], inputs: list[Any], outputs: list[str], name: str
) -> "Model":
    """A function of TensorFlow tensors as an OpenVINO graph.

    Args:
        function: takes a tensor for each of `inputs`, gives one for each of `outputs`.
        inputs: `TensorSpec`s; the graph's inputs have their names and order.
        outputs: the names of the graph's outputs, in order.
    """
    import tensorflow

    from headstart.backbone.quiet_openvino import converter, openvino

    traced = tensorflow.function(function, autograph=False).get_concrete_function(*inputs)
    converted = converter()(traced)
    # `Identity`, `Identity_1`, … are what the function returns. There may be more: Keras' swish
    # has a gradient of its own, which leaves outputs behind.
    ends = ["Identity", *(f"Identity_{i}" for i in range(1, len(outputs)))]
    results = [converted.output(f"{end}:0").node for end in ends]
    for result, output in zip(results, outputs, strict=True):
        result.input_value(0).tensor.set_names({output})
    parameters = [converted.input(spec.name).node for spec in inputs]
    for parameter, spec in zip(parameters, inputs, strict=True):
        parameter.output(0).tensor.set_names({spec.name})
    return openvino.Model(results, parameters, name)


def prove(converted: "Model", model: Any) -> None:
    """Compare a graph with the Keras model that it came from, on random pixels.

    Raises:
        HeadstartError: an output differs by more than `TOLERANCE`.
    """
    from headstart.backbone.quiet_openvino import openvino

    pixels = np.random.default_rng(0).integers(0, 256, (2, *model.input_shape[1:]), np.uint8)
    expected = np.asarray(model(pixels, training=False))
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    found = openvino.Core().compile_model(converted, "CPU", settings)(pixels)[0]
    difference = float(np.abs(found - expected).max() / np.abs(expected).max())
    if not difference <= TOLERANCE:
        raise HeadstartError(
            f"OpenVINO's outputs of {model.name} differ from Keras' by {difference:.2g} of the "
            f"largest, and {TOLERANCE:g} is allowed.",
            mend="Choose another --backbone, and please report this.",
        )


if __name__ == "__main__":
    child.serve(convert)
