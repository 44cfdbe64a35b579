"""What the user may mean by a model, and what only looks like one."""

import os
import pickle
import zipfile

import joblib
import numpy as np
import pytest

from headstart.bundle import archive
from headstart.bundle.locate import locate
from headstart.errors import ModelError


class Explosive:
    """Whoever loads it deletes the file named here."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.remove, (self.target,)


@pytest.fixture
def victim(tmp_path):
    path = tmp_path / "victim"
    path.write_bytes(b"")
    return path


def test_a_run_folder_means_the_bundle_in_it(bundle):
    assert locate(bundle.parent) == bundle
    assert locate(str(bundle.parent)) == bundle
    assert locate(bundle) == bundle


def test_a_path_that_is_not_there_names_its_neighbours(bundle):
    with pytest.raises(ModelError, match=r"no such file.*Did you mean .*model\.headstart\?"):
        locate(bundle.parent / "modle.headstart")
    with pytest.raises(ModelError, match=r"no such file.*Give a bundle"):
        locate(bundle.parent / "zzz")
    with pytest.raises(ModelError, match=r"folder .*nowhere is not there either"):
        locate(bundle.parent / "nowhere" / "model.headstart")


def test_a_run_without_a_bundle_has_not_finished(tmp_path):
    (tmp_path / "options.json").write_text("{}")
    with pytest.raises(ModelError, match="has not finished"):
        locate(tmp_path)


def test_a_folder_of_runs_or_bundles_names_them(bundle, tmp_path):
    run = tmp_path / "runs" / "cats-1"
    run.mkdir(parents=True)
    bundle.rename(run / "model.headstart")
    with pytest.raises(ModelError, match=r"In it: cats-1\. Give one"):
        locate(run.parent)
    (run / "model.headstart").rename(run / "cats.headstart")
    with pytest.raises(ModelError, match=r"In it: cats\.headstart"):
        locate(run)


def test_an_empty_folder_says_what_to_give(tmp_path):
    with pytest.raises(ModelError, match=r"folder without model\.headstart\. headstart opens"):
        locate(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_may_not_be_entered_is_an_error(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(ModelError, match="cannot be opened"):
        locate(tmp_path / "closed" / "model.headstart")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_fault_47_a_pickle_is_refused_unopened(tmp_path, victim, protocol):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Explosive(victim), protocol))
    _refused(path, "is a pickle.* not opened.*runs? whatever code")
    if protocol >= 2:  # such a pickle is told by its content
        _refused(path.rename(tmp_path / "model.headstart"), "is a pickle")
    assert victim.exists()


@pytest.mark.parametrize("compress", [0, 3])
def test_fault_47_a_joblib_file_is_refused_unopened(tmp_path, victim, compress):
    path = tmp_path / "model.joblib"
    joblib.dump(Explosive(victim), path, compress=compress)
    _refused(path, "pickle.* not opened")
    assert victim.exists()


def test_fault_47_an_h5_file_is_refused_unopened(tmp_path):
    h5py = pytest.importorskip("h5py", reason="comes with Keras")
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)
    _refused(path, r"HDF5.*not opened.*headstart opens its own bundles only")
    _refused(path.rename(tmp_path / "model.headstart"), "HDF5")


def test_fault_47_a_keras_file_is_refused_unopened(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as file:  # the three members of Keras' own format
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            file.writestr(name, "{}")
    _refused(path, r"Keras model.*not opened.*headstart opens its own bundles only")
    _refused(path.rename(tmp_path / "model.headstart"), "Keras model")


def test_fault_47_a_savedmodel_folder_is_refused_unopened(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(ModelError, match=r"SavedModel.*not opened"):
        locate(tmp_path)


def test_fault_47_a_file_of_another_kind_shows_how_it_starts(tmp_path):
    path = tmp_path / "model.headstart"
    path.write_bytes(b"<html>\n<body>")
    _refused(path, r"it starts with '<html>\\n<'")


def _refused(path, words):
    with pytest.raises(ModelError, match=words) as caught:
        archive.read(locate(path))
    assert caught.value.where == str(path)
