import os
import pickle

import numpy as np
import pytest

from headstart.backbone import packaged
from headstart.errors import ModelError


def test_the_packaged_file_gives_every_tensor_by_name():
    tensors = packaged.read_tensors(packaged.weights_file())

    assert len(tensors) == 49 * 5 + 2  # 49 convolutions, each normalized, and the top
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.float32)}


def test_kernels_that_are_stored_with_their_axes_in_another_order_are_read_right():
    kernel = packaged.read_tensors(packaged.weights_file())["_conv_stem.weight"]

    assert kernel.shape == (32, 3, 3, 3)
    assert kernel.strides == (4, 128, 1152, 384)  # bytes; the file has height, width, in, out
    # A kernel read with the wrong strides is noise; a real one is smooth from pixel to pixel.
    rough = np.abs(np.diff(kernel, axis=3)).mean() / np.abs(kernel).mean()
    shuffled = np.random.default_rng(0).permuted(kernel.reshape(-1)).reshape(kernel.shape)
    assert rough < 0.7 * np.abs(np.diff(shuffled, axis=3)).mean() / np.abs(kernel).mean()


def test_a_weight_file_that_differs_in_one_bit_is_refused_before_it_is_unpickled(tmp_path):
    data = bytearray(packaged.weights_file().read_bytes())
    data[-1] ^= 1
    changed = tmp_path / "changed.pth"
    changed.write_bytes(data)

    with pytest.raises(ModelError, match=r"changed\.pth: not the weights"):
        packaged.read_tensors(changed)


def test_a_pickle_that_would_run_a_command_runs_nothing(tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was here"),)

    with pytest.raises(pickle.UnpicklingError, match="mkdir is no part of a tensor"):
        packaged.parse(pickle.dumps(Hostile(), protocol=2))
    assert not any(tmp_path.iterdir())
