"""training/checkpoint.py"""

from pathlib import Path

import numpy as np
import pytest

from headstart.errors import ModelError
from headstart.training import checkpoint
from headstart.training.checkpoint import Checkpoint, differences

ABOUT = {"options": {"epochs": 8, "seed": 0}, "versions": {"keras": "3.15"}}


def saved(path: Path) -> Checkpoint:
    arrays = {"last/00000.kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}
    arrays["last/00001.iteration"] = np.array(7, np.int64)
    made = Checkpoint(ABOUT, {"history": [{"epoch": 1, "loss": 0.5}], "kept": 1}, arrays)
    checkpoint.write(path, made)
    return made


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    made = saved(tmp_path / "last")
    found = checkpoint.read(tmp_path / "last", ABOUT)
    assert found is not None
    assert (found.about, found.state) == (made.about, made.state)
    for name, array in made.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert np.array_equal(found.arrays[name], array)


def test_where_none_is_there_is_none(tmp_path: Path) -> None:
    assert checkpoint.read(tmp_path / "last", ABOUT) is None


def test_fault_73_another_training_is_refused_with_the_differences(tmp_path: Path) -> None:
    saved(tmp_path / "last")
    now = {"options": {"epochs": 4, "seed": 0}, "versions": {"keras": "3.16"}}
    with pytest.raises(ModelError) as error:
        checkpoint.read(tmp_path / "last", now)
    assert "options.epochs was 8, is 4; versions.keras was" in error.value.problem
    assert "--resume" in error.value.mend


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: str) -> None:
    saved(tmp_path / "last")
    data = (tmp_path / "last").read_bytes()
    (tmp_path / "last").write_bytes(data[:-5] if damage == "cut" else b"[]" * 50)
    with pytest.raises(ModelError, match="no checkpoint"):
        checkpoint.read(tmp_path / "last", ABOUT)


def test_what_only_one_of_two_documents_has_is_a_difference() -> None:
    assert list(differences({"a": 1}, {"a": 1, "b": [2]})) == ["b was null, is [2]"]
    assert list(differences({"a": {"b": 1}}, {"a": 3})) == ['a was {"b": 1}, is 3']
    assert list(differences(ABOUT, ABOUT)) == []
