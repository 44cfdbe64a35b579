"""Whether a network ends in a linear layer on pooled maps, told from its graph alone.

    maps → mean over height and width → (steps that move no number) → × kernel → + bias = logits

Then the evidence for a class can be read off the maps, exactly.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.quiet_openvino import ops

if TYPE_CHECKING:
    from openvino import Model, Node, Output

MAPS = "headstart/maps"
"""The output of the maps: no layer of a user's network is called so."""

_LAYOUT = ("Reshape", "Squeeze", "Unsqueeze")


@dataclass(frozen=True)
class Pooled:
    """A network that ends so.

    Attributes:
        model: a copy of it, whose output `MAPS` gives the maps too.
        channels_last: whether the maps are (n, height, width, d) or (n, d, height, width).
        kernel: float32 (d, n_classes).
        bias: float32 (n_classes,).
    """

    model: "Model"
    channels_last: bool
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def sides(self) -> list[int]:
        """Height and width of the maps."""
        sides = _sides(self.model.output(MAPS)) or []
        return sides[:2] if self.channels_last else sides[1:]

    def maps(self, made: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (height, width, d) of what the output `MAPS` gives for one photo."""
        return made[0] if self.channels_last else np.moveaxis(made[0], 0, -1)


def pooled(model: "Model") -> Pooled | None:
    """How a network comes from its last maps to `logits`; None: not by a mean and a linear layer.

    Args:
        model: with an output `logits`, float32 (n, n_classes). It stays as it is.
    """
    copy = model.clone()
    logits = copy.output("logits")
    n_classes = logits.get_partial_shape()[1].get_length()
    end = _before_layout(logits.get_node().input_value(0), n_classes)
    bias: NDArray[np.float32] | None = np.zeros(n_classes, np.float32)
    if end.get_node().get_type_name() == "Add":
        end, bias = _with_constant(end.get_node())
    product = end.get_node()
    if product.get_type_name() != "MatMul" or bias is None or bias.shape[-1:] != (n_classes,):
        return None
    kernel, turned = _constant(product.input_value(1)), product.get_attributes()
    if kernel is None or kernel.ndim != 2 or turned["transpose_a"]:
        return None
    kernel = kernel.T if turned["transpose_b"] else kernel
    if kernel.shape[1] != n_classes:
        return None
    mean = _before_layout(product.input_value(0), len(kernel)).get_node()
    channels_last = _pools(mean, len(kernel))
    if channels_last is None:
        return None
    maps = mean.input_value(0)
    maps.get_tensor().add_names({MAPS})
    copy.add_results([ops.result(maps, name="maps_output")])
    return Pooled(copy, channels_last, np.ascontiguousarray(kernel), bias.reshape(-1))


def _before_layout(end: "Output", width: int) -> "Output":
    """What a vector was before steps that only change how it is written: (n, d), (n, 1, 1, d), …

    With no more than one side of the sample longer than 1, none of them can move a number.
    """
    while end.get_node().get_type_name() in _LAYOUT:
        source = end.get_node().input_value(0)
        if not (_is_vector(end, width) and _is_vector(source, width)):
            break
        end = source
    return end


def _is_vector(output: "Output", width: int) -> bool:
    """Whether a tensor is (n, …) with one side of that length, and all others 1."""
    sides = _sides(output)
    return sides is not None and sorted(sides) == [*[1] * (len(sides) - 1), width]


def _sides(output: "Output") -> list[int] | None:
    """The shape of a sample; None where the batch is not the first side, or one is not fixed."""
    batch, *sample = output.get_partial_shape()
    if batch.is_static or any(side.is_dynamic for side in sample):
        return None
    return [side.get_length() for side in sample]


def _pools(node: "Node", width: int) -> bool | None:
    """Whether a node is the mean over height and width of maps whose channels come last.

    Returns:
        False where the channels come first, None where it is no such mean.
    """
    if node.get_type_name() != "ReduceMean" or not _is_vector(node.output(0), width):
        return None
    sides, axes = _sides(node.input_value(0)), _constant(node.input_value(1))
    if sides is None or len(sides) != 3 or axes is None:
        return None
    pooled_over = sorted(int(axis) % 4 for axis in axes.reshape(-1))
    if pooled_over == [1, 2] and sides[2] == width:
        return True
    if pooled_over == [2, 3] and sides[0] == width:
        return False
    return None


def _with_constant(node: "Node") -> "tuple[Output, NDArray[np.float32] | None]":
    """The two inputs of an addition, what is computed and what is constant."""
    for i in (1, 0):
        constant = _constant(node.input_value(i))
        if constant is not None:
            return node.input_value(1 - i), constant
    return node.input_value(0), None


def _constant(output: "Output") -> NDArray[Any] | None:
    """The value of a constant, kept in fewer bytes or not; None: it is computed."""
    node = output.get_node()
    if node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    if node.get_type_name() != "Constant":
        return None
    value = np.array(node.data)
    return value if value.dtype.kind in "iu" else value.astype(np.float32)
