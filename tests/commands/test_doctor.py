"""`headstart doctor`: what runs where."""

import json
from importlib.metadata import version

from headstart.backbone.engine import has_bfloat16, processor
from headstart.parallel import cores
from headstart.store.files import cache_root


def test_devices_engines_and_versions_are_told(call):
    found = json.loads(call("doctor", "--json").out)
    assert found["processor"] == processor()
    assert (found["cores"], found["bfloat16"]) == (cores(), has_bfloat16())
    assert found["gpus"] == len(found["gpu_names"])
    assert found["gpu_memory_growth"] == (found["gpus"] > 0)
    assert found["engine"] == ("keras" if found["gpus"] else "openvino")
    assert found["versions"]["openvino"] == version("openvino")
    assert found["cache"] == str(cache_root())


def test_people_are_told_the_same(call):
    found = call("doctor")
    assert (found.code, found.err) == (0, "")
    assert f"{cores()} cores" in found.out
    assert "GPUs" in found.out
    assert f"openvino {version('openvino')}" in found.out
