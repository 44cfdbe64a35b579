"""OpenVINO, imported so that it cannot send anything.

On import, OpenVINO's converter starts a telemetry client that writes an identifier into the
home folder and reports over the network. `None` in `sys.modules` makes that client's import
fail, and OpenVINO then takes its own silent stand-in. Every file of ours gets OpenVINO from
here: `from headstart.backbone.quiet_openvino import openvino`.
"""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino  # noqa: E402
import openvino.opset13 as ops  # noqa: E402

__all__ = ["openvino", "ops"]
