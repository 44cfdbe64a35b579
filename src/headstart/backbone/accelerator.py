"""GPUs, as TensorFlow sees them, with memory that is taken as it is needed."""

import os
from contextlib import suppress
from importlib.util import find_spec


def gpus() -> list[str]:
    """The names of the GPUs that Keras can use; memory growth is set on each.

    TensorFlow would else take all the memory of every GPU at once. It is imported only where
    there is a sign of a GPU, for that takes seconds.
    """
    if not _sign_of_a_gpu() or find_spec("tensorflow") is None:
        return []
    import headstart.backbone.quiet_keras  # noqa: F401, I001  first, for it quiets TensorFlow
    import tensorflow

    found = tensorflow.config.list_physical_devices("GPU")
    for device in found:
        with suppress(RuntimeError, ValueError):  # in use, or divided, as its user decided
            tensorflow.config.experimental.set_memory_growth(device, True)
    return [
        str(
            tensorflow.config.experimental.get_device_details(device).get(
                "device_name", device.name
            )
        )
        for device in found
    ]


def mixed_policy() -> str | None:
    """Keras' dtype policy that trains soonest on this machine's GPUs; None: plain float32.

    bfloat16 needs no scaling of the loss. GPUs before NVIDIA's Ampere (compute capability 8) have
    no fast arithmetic in it.
    """
    if not gpus():
        return None
    import tensorflow

    details = map(
        tensorflow.config.experimental.get_device_details,
        tensorflow.config.list_physical_devices("GPU"),
    )
    able = all(each.get("compute_capability", (0, 0)) >= (8, 0) for each in details)
    return "mixed_bfloat16" if able else None


def _sign_of_a_gpu() -> bool:
    return os.path.exists("/dev/nvidiactl") or os.path.exists("/dev/dxg")  # Linux, and WSL
