"""Engine: run a frozen network over batches of photos.

Engine (protocol)
├── OpenVinoEngine     a graph on the CPU, many times faster than Keras there
└── KerasEngine        a Keras model on whatever device TensorFlow has
"""

import threading
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.quiet_openvino import openvino
from headstart.parallel import cores
from headstart.store.files import key_of

if TYPE_CHECKING:
    import keras
    from openvino import CompiledModel, Model

Floats = Literal["float32", "bfloat16"]
Pixels = NDArray[np.uint8]


class Engine(Protocol):
    """A network that is run, never trained.

    Attributes:
        name: `openvino` or `keras`.
        precision: of the arithmetic inside; what comes out is float32.
        key: SHA-256 over all that its numbers depend on: network, engine and version,
            processor, precision.
        shape: of the output for one photo.
        batch: how many photos are best given at once.
        parallel: how many threads may call `run` at once with profit.
    """

    @property
    def name(self) -> str: ...
    @property
    def precision(self) -> Floats: ...
    @property
    def key(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def batch(self) -> int: ...
    @property
    def parallel(self) -> int: ...

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """float32 (n, *shape) from uint8 (n, H, W, 3), RGB; may be called from any thread."""
        ...


class OpenVinoEngine:
    """A graph compiled for the CPU, one stream a core: the cores never wait for each other.

    Args:
        model: an `openvino.Model`, uint8 (n, H, W, 3) in.
        digest: SHA-256 that stands for the network and its weights in `key`.
        precision: of the arithmetic inside. Outputs are float32 always.
        output: the name of the output that `run` returns.
    """

    name = "openvino"
    batch = 1  # the maps of one photo stay in the core's cache: a fifth sooner than with eight

    def __init__(
        self,
        model: "Model",
        digest: str,
        precision: Floats = "float32",
        output: str = "features",
    ) -> None:
        self.precision = precision
        self.parallel = cores()
        _, *shape = model.output(output).partial_shape
        self.shape = tuple(each.get_length() for each in shape)
        self.key = key_of(
            engine=self.name,
            version=openvino.get_version(),
            processor=f"{processor()} {' '.join(sorted(_abilities()))}",
            precision=precision,
            network=digest,
            output=output,
        )
        self._model = model
        self._output = output
        self._compiling = threading.Lock()
        self._local = threading.local()

    @cached_property
    def _compiled(self) -> "CompiledModel":
        """Compiled when it is first run: where all features are kept already, it never is."""
        return openvino.Core().compile_model(
            self._model,
            "CPU",
            {
                # OpenVINO's own default is bfloat16 wherever the processor has it
                "INFERENCE_PRECISION_HINT": "bf16" if self.precision == "bfloat16" else "f32",
                "NUM_STREAMS": str(self.parallel),
                "INFERENCE_NUM_THREADS": str(self.parallel),
            },
        )

    def run(self, pixels: Pixels | NDArray[np.float32]) -> NDArray[np.float32]:
        return self.run_for(pixels, self._output)[0]

    def run_for(
        self, pixels: Pixels | NDArray[np.float32], *outputs: str
    ) -> list[NDArray[np.float32]]:
        """Several outputs of one run, by name."""
        request = getattr(self._local, "request", None)
        if request is None:
            with self._compiling:
                request = self._local.request = self._compiled.create_infer_request()
        request.infer([pixels], share_inputs=True)
        return [np.array(request.get_tensor(output).data) for output in outputs]


class KerasEngine:
    """A Keras model, on the accelerator if TensorFlow has one."""

    name = "keras"
    batch = 64
    parallel = 1

    def __init__(self, model: "keras.Model", digest: str):
        from headstart.backbone.quiet_keras import keras  # isort: skip
        import tensorflow

        tensorflow.config.experimental.enable_tensor_float_32_execution(False)
        self.precision: Floats = "float32"
        self._model = model
        self.shape = tuple(model.output_shape[1:])
        devices = [device.device_type for device in tensorflow.config.list_logical_devices()]
        self.key = key_of(
            engine=self.name,
            version=f"{keras.__version__} {tensorflow.__version__}",
            processor=" ".join(sorted(devices)),
            precision=self.precision,
            network=digest,
        )

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        return np.asarray(self._model.predict_on_batch(pixels), np.float32)


@cache  # OpenVINO asks the processor anew each time, 0.005 s
def processor() -> str:
    """The name of the processor."""
    return str(openvino.Core().get_property("CPU", "FULL_DEVICE_NAME")).strip()


@cache
def _abilities() -> list[str]:
    """What the processor computes in by itself, as `BF16`."""
    return list(openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def has_bfloat16() -> bool:
    """Whether the processor computes in bfloat16 by itself."""
    return "BF16" in _abilities()
