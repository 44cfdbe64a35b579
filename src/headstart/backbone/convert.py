"""The graph of a backbone: built here for EfficientNet-Lite0, converted from Keras for others.

The conversion runs as a child process, once for each backbone, weights and size, and is
kept only if OpenVINO then computes what Keras computes.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbone import catalog, child, graphs, lite0
from headstart.backbone.catalog import Backbone
from headstart.backbone.graphs import BIN, XML, Graph
from headstart.backbone.weights import Weights
from headstart.errors import HeadstartError
from headstart.events import Listener, Notice, nobody
from headstart.store.files import key_of

if TYPE_CHECKING:
    from openvino import Model

TOLERANCE = 1e-3
"""How far a feature may lie from Keras', as a part of the largest feature.

Rounding makes 2e-6 in a trained network, and up to 1.4e-4 in one with random weights; a mean
that is wrong by one of 255 makes 3e-3, and channels in the wrong order 4e-2 or more.
"""

_VERSION = 1  # of what is built here; raise it when the same inputs give other numbers


def graph(backbone: Backbone, weights: Weights, size: int, listen: Listener = nobody) -> Graph:
    """The network from uint8 pixels to features, for OpenVINO.

    Args:
        size: height and width of the photos, in pixels.
        listen: is told when something is converted, because that takes a while.

    Raises:
        OptionError: the backbone does not take that size.
        ModelError: the weight file does not fit the backbone.
        MissingError: a conversion needs TensorFlow, which is not installed.
    """
    catalog.check_size(backbone, size)

    def build(folder: Path) -> None:
        _serialize(lite0.openvino_model(lite0.load_tensors(weights.seed), size), folder)

    def in_child(folder: Path) -> None:
        listen(Notice(f"Converting {backbone.name} once."))
        request = {"backbone": backbone.name, "digest": weights.digest, "size": size}
        request |= {"path": weights.path and str(weights.path), "folder": str(folder)}
        child.run("headstart.backbone.convert", request)

    make = build if backbone.application is None else in_child
    return graphs.kept(_digest(backbone, weights, size), make)


def ready(backbone: Backbone, weights: Weights, size: int) -> bool:
    """Whether `graph` answers at once, without a conversion."""
    return backbone.application is None or graphs.is_kept(_digest(backbone, weights, size))


def _digest(backbone: Backbone, weights: Weights, size: int) -> str:
    return key_of(network=backbone.name, weights=weights.digest, size=size, version=_VERSION)


def convert(request: dict[str, Any]) -> dict[str, Any]:
    """Convert in this process, and prove the result; see `graph`."""
    from headstart.backbone import networks

    backbone = catalog.find(request["backbone"])
    path = Path(request["path"]) if request["path"] else None
    model = networks.keras_model(backbone, Weights(path, request["digest"]), request["size"])
    folder = Path(request["folder"])
    _serialize(traced(model), folder)
    prove(Graph(folder, digest="").read(), model)
    return {}


def traced(model: Any) -> "Model":
    """A Keras model as an OpenVINO graph with one output, `features`."""
    import tensorflow

    from headstart.backbone.quiet_openvino import converter, openvino

    spec = tensorflow.TensorSpec((None, *model.input_shape[1:]), tensorflow.uint8, name="pixels")
    function = tensorflow.function(
        lambda pixels: model(tensorflow.cast(pixels, "float32"), training=False)
    )
    converted = converter()(function.get_concrete_function(spec))
    # `Identity` is what the function returns. There may be more: Keras' swish has a gradient
    # of its own, which leaves outputs behind.
    features = converted.output("Identity:0").node
    pixels = converted.input(0).node
    pixels.output(0).tensor.set_names({"pixels"})
    features.input_value(0).tensor.set_names({"features"})
    return openvino.Model([features], [pixels], model.name)


def prove(converted: "Model", model: Any) -> None:
    """Compare a graph with the Keras model that it came from, on random pixels.

    Raises:
        HeadstartError: a feature differs by more than `TOLERANCE`.
    """
    from headstart.backbone.quiet_openvino import openvino

    pixels = np.random.default_rng(0).integers(0, 256, (2, *model.input_shape[1:]), np.uint8)
    expected = np.asarray(model(pixels, training=False))
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    features = openvino.Core().compile_model(converted, "CPU", settings)(pixels)["features"]
    difference = float(np.abs(features - expected).max() / np.abs(expected).max())
    if not difference <= TOLERANCE:
        raise HeadstartError(
            f"OpenVINO's features of {model.name} differ from Keras' by {difference:.2g} of the "
            f"largest, and {TOLERANCE:g} is allowed.",
            mend="Choose another --backbone, and please report this.",
        )


def _serialize(model: "Model", folder: Path) -> None:
    from headstart.backbone.quiet_openvino import openvino

    openvino.serialize(model, folder / XML, folder / BIN)


if __name__ == "__main__":
    child.serve(convert)
