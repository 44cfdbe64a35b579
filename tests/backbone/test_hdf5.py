import os

import numpy as np
import pytest

from headstart.backbone import hdf5
from headstart.errors import ModelError

h5py = pytest.importorskip("h5py", reason="h5py comes with Keras (extra `tensorflow`)")


def test_keras_own_file_is_counted(mobilenet_file):
    held = hdf5.inspect(mobilenet_file)

    assert held == hdf5.WeightFile(mobilenet_file, arrays=135, numbers=218_544, legacy=True)


def write(path, fill):
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 2), np.float32)
        fill(file)
    return path


def external_link(file):
    file["layers/other"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file):
    file["layers/again"] = h5py.SoftLink("/layers/dense")


def external_storage(file):
    file.create_dataset("layers/x", (8,), "f4", external=[("/etc/passwd", 0, 32)])


def virtual_dataset(file):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", (3,))
    file.create_virtual_dataset("layers/x", layout)


def a_terabyte_that_is_not_there(file):
    file.create_dataset("layers/x", (2**38,), "f4", chunks=(2**20,))


def compressed_zeros(file):
    file.create_dataset("layers/x", data=np.zeros(2**20, np.float32), compression="gzip")


def text(file):
    file["layers/x"] = "words"


def a_named_type(file):
    file["layers/x"] = np.dtype("f8")


@pytest.mark.parametrize(
    ("fill", "why"),
    [
        (external_link, "a link in it"),
        (soft_link, "a link in it"),
        (external_storage, "lies in another file"),
        (virtual_dataset, "lies in another file"),
        (a_terabyte_that_is_not_there, "has fewer"),
        (compressed_zeros, "has fewer"),
        (text, "holds no numbers"),
        (a_named_type, "is not an array"),
    ],
)
def test_anything_but_plain_arrays_is_refused(tmp_path, fill, why):
    with pytest.raises(ModelError, match=why):
        hdf5.inspect(write(tmp_path / "w.weights.h5", fill))


def test_a_group_that_contains_itself_ends(tmp_path):
    def fill(file):
        file["layers/dense/all"] = file["layers"]

    assert hdf5.inspect(write(tmp_path / "w.weights.h5", fill)).arrays == 1


def test_optimizer_state_is_not_counted(tmp_path):
    def fill(file):
        file["optimizer/vars/0"] = np.ones(5, np.float32)
        file["layers/dropout/seed"] = np.ones(2, np.uint32)

    path = write(tmp_path / "w.weights.h5", fill)

    assert hdf5.inspect(path) == hdf5.WeightFile(path, arrays=1, numbers=6, legacy=False)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_file_cut_short_is_refused(tmp_path, mobilenet_file, share):
    short = tmp_path / "short.h5"
    short.write_bytes(mobilenet_file.read_bytes()[: int(os.path.getsize(mobilenet_file) * share)])

    with pytest.raises(ModelError, match=r"short\.h5: is not a weight file"):
        hdf5.inspect(short)
