"""OpenVINO, imported so that it cannot send anything.

On import, OpenVINO's converter starts a telemetry client that writes an identifier into the
home folder and reports over the network. `None` in `sys.modules` makes that client's import
fail, and OpenVINO then takes its own silent stand-in. Every file of ours gets OpenVINO from
here: `from headstart.backbone.quiet_openvino import openvino`.
"""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import numpy as np  # noqa: E402
import openvino  # noqa: E402
import openvino.opset13 as ops  # noqa: E402

# OpenVINO's binding looks NumPy up at its first tensor, under a lock that it takes while it
# holds the interpreter's: two threads that make their first tensors at once wait for each
# other for ever. So the first is made here, by one.
_ = openvino.Tensor(np.zeros(1, np.uint8), shared_memory=True).data

__all__ = ["openvino", "ops"]
