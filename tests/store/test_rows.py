"""store/rows.py"""

from pathlib import Path

import numpy as np
import pytest

from headstart.errors import OutputError
from headstart.store.rows import Joined, RowFile


@pytest.mark.parametrize("dtype", ["float16", "float32", "uint8"])
def test_rows_come_back_as_they_were_put(tmp_path: Path, dtype: str) -> None:
    given = np.random.default_rng(0).integers(0, 200, (5, 2, 3)).astype(dtype)
    rows = RowFile(tmp_path / "new", 5, (2, 3), dtype)
    for i in range(5):
        rows[i] = given[i]
    found = rows[np.array([3, 0, 3])]
    assert found.dtype == dtype
    assert np.array_equal(found, given[[3, 0, 3]])
    assert len(rows) == 5


def test_one_row_goes_to_several_places_and_the_rest_is_zero(tmp_path: Path) -> None:
    rows = RowFile(tmp_path, 4, (2,), "float32")
    rows[[1, 3]] = np.array([1, 2])
    assert rows[np.arange(4)].tolist() == [[0, 0], [1, 2], [0, 0], [1, 2]]


def test_nothing_stays_in_the_folder(tmp_path: Path) -> None:
    RowFile(tmp_path, 10, (100,), "float32")[3] = np.ones(100)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file"):
        RowFile(tmp_path / "file", 1, (1,), "uint8")


def test_joined_rows_are_numbered_on() -> None:
    joined = Joined([np.arange(3) * 10, np.arange(2) * 100, np.arange(1)])
    assert len(joined) == 6
    assert joined[np.array([4, 0, 2, 3, 5, 1])].tolist() == [100, 0, 20, 0, 0, 10]
