"""OpenVINO, imported so that it cannot send anything.

On import, OpenVINO's converter starts a telemetry client that writes an identifier into the
home folder and reports over the network. `None` in `sys.modules` makes that client's import
fail, and OpenVINO then takes its own silent stand-in. Every file of ours gets OpenVINO from
here: `from headstart.backbone.quiet_openvino import openvino`.
"""

import sys
from typing import Any

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
# The converter is half of what OpenVINO takes to import, and only `convert` uses it.
sys.modules["openvino.tools.ovc"] = None  # type: ignore[assignment]

import numpy as np  # noqa: E402
import openvino  # noqa: E402
import openvino.opset13 as ops  # noqa: E402

del sys.modules["openvino.tools.ovc"]

# OpenVINO's binding looks NumPy up at its first tensor, under a lock that it takes while it
# holds the interpreter's: two threads that make their first tensors at once wait for each
# other for ever. So the first is made here, by one.
_ = openvino.Tensor(np.zeros(1, np.uint8), shared_memory=True).data


def converter() -> Any:
    """`openvino.convert_model`, which turns networks of other frameworks into graphs."""
    from openvino.tools.ovc import convert_model

    return convert_model


__all__ = ["converter", "openvino", "ops"]
