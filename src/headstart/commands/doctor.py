"""`headstart doctor`: devices, engines and versions, for whoever asks what runs where."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from headstart.backbone.accelerator import gpus
from headstart.backbone.engine import has_bfloat16, processor
from headstart.commands.output import Flag, print_json
from headstart.parallel import cores
from headstart.store.files import cache_root

_PACKAGES = (
    "headstart",
    "numpy",
    "pillow",
    "polars",
    "openvino",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
)


def run(*, json: Flag = False, quiet: Flag = False) -> None:
    """Show devices, engines and versions.

    Parameters
    ----------
    json
        Print them as one JSON document.
    quiet
        Print nothing but errors.
    """
    found = document()
    if json:
        print_json(found)
    elif not quiet:
        print(text(found))


def document() -> dict[str, Any]:
    """What was found, JSON-ready."""
    accelerators = gpus()
    return {
        "format": 1,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor(),
        "cores": cores(),
        "bfloat16": has_bfloat16(),
        "gpus": len(accelerators),
        "gpu_names": accelerators,
        "gpu_memory_growth": bool(accelerators),
        "engine": "keras" if accelerators else "openvino",
        "versions": {name: _version(name) for name in _PACKAGES},
        "cache": str(cache_root()),
    }


def text(found: dict[str, Any]) -> str:
    """For people."""
    gpu = ", ".join(found["gpu_names"]) + ", memory growth set" if found["gpus"] else ""
    keras = found["versions"]["tensorflow"] or found["versions"]["tensorflow-cpu"]
    rows = {
        "Python": f"{found['python']} on {found['system']}",
        "Processor": f"{found['processor']}, {found['cores']} cores"
        + (", bfloat16" if found["bfloat16"] else ", no bfloat16"),
        "GPUs": f"{found['gpus']}" + (f" ({gpu})" if gpu else ""),
        "Features by": "Keras on the GPU" if found["gpus"] else "OpenVINO on the CPU",
        "TensorFlow": keras or "not installed (pip install 'headstart[tensorflow]')",
        "Packages": ", ".join(
            f"{name} {number}"
            for name, number in found["versions"].items()
            if number and not name.startswith("tensorflow")
        ),
        "Cache": found["cache"],
    }
    return "\n".join(f"{name:<12} {value}" for name, value in rows.items())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
