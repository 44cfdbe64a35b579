"""What an OpenVINO graph must satisfy once OpenVINO has read it, before it computes anything.

`graph_check` looks at what the file says of its own shapes. OpenVINO does not believe it and
infers them anew; so these are compared with the manifest here, and bounded: a `Pad` of a few
bytes can ask for any amount of memory.
"""

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING

from headstart.bundle.graph_check import Port, compare
from headstart.bundle.refusal import Refused

if TYPE_CHECKING:
    from openvino import Model, Output

NUMBERS_LIMIT = 4096
"""How many numbers a network may compute for each pixel of its input, in all layers together.
The backbones of the catalog compute 200 (MobileNetV3) to 1,600 (ConvNeXt-Tiny)."""

ROW_LIMIT = 1 << 20
"""The same for a whole row of a table: its widest network computes some 800,000."""


def check_shapes(model: "Model", inputs: Mapping[str, Port], outputs: Mapping[str, Port]) -> None:
    """Check the shapes that OpenVINO infers.

    Args:
        model: as read; it gets its batch back as it was.
        inputs, outputs: what the manifest says of them, by name; one input, of photos or rows.

    Raises:
        Refused: an input or output has another shape, a layer has a shape that depends on the
            photo, or the layers are too large.
    """
    compare("input", {port.any_name: _port(port) for port in model.inputs}, inputs)
    compare("output", {port.any_name: _port(port) for port in model.outputs}, outputs)
    ((batch, *sample),) = (port.shape for port in inputs.values())
    model.reshape([1, *sample])
    numbers = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Constant":  # its bytes are in the file
            continue
        for output in node.outputs():
            shape = _port(output).shape
            if -1 in shape:
                raise Refused(
                    f"the shape of layer {node.get_friendly_name()[:100]!r} depends on the sample."
                )
            numbers += prod(shape)
    limit = NUMBERS_LIMIT * prod(sample[:2]) if len(sample) == 3 else ROW_LIMIT
    if numbers > limit:
        size = " × ".join(map(str, sample))
        raise Refused(
            f"its layers compute {numbers:,} numbers for a sample of {size}, more than {limit:,}."
        )
    model.reshape([batch, *sample])


def _port(output: "Output") -> Port:
    sides = output.get_partial_shape()
    shape = tuple(-1 if side.is_dynamic else side.get_length() for side in sides)
    return Port(output.get_element_type().get_type_name(), shape)
