"""Room in the cache: what goes first, what stays whatever happens."""

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest

from headstart.store.arrays import Shelf
from headstart.store.room import make_room

HOUR, DAY = 3600, 86_400


def key(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


def age(path: Path, seconds: float) -> None:
    """As if it had been used so long ago."""
    used = time.time() - seconds
    os.utime(path, (used, used))


def segments(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.rows")}


def shelf_of_ages(folder: Path, n: int, seconds: int = 1000) -> int:
    """A shelf of n segments of one row, the first not used for longest; bytes of a segment."""
    shelf = Shelf(folder, (100,))
    for i in range(n):
        before = segments(folder)
        shelf.append([key(i)], np.full((1, 100), i, np.float32))
        (new,) = segments(folder) - before
        age(folder / new, seconds - i)
    return (folder / new).stat().st_size


def folder_of(path: Path, size: int, seconds: float) -> Path:
    """A graph or the photos of a zip file: a folder of two files, one of them deeper."""
    (path / "cat").mkdir(parents=True)
    (path / "a").write_bytes(bytes(size // 2))
    (path / "cat" / "b").write_bytes(bytes(size - size // 2))
    age(path, seconds)
    return path


def test_room_is_made_by_removing_what_was_not_used_for_longest(tmp_path):
    folder = tmp_path / "features" / "shelf"
    size = shelf_of_ages(folder, 4)
    assert Shelf(folder, (100,)).read(key(0)) is not None  # now used last
    assert make_room(tmp_path, limit_bytes=2 * size) == 2 * size
    shelf = Shelf(folder, (100,))
    assert [shelf.read(key(i)) is not None for i in range(4)] == [True, False, False, True]


def test_opening_a_shelf_does_not_count_as_using_it(tmp_path):
    old, new = tmp_path / "features" / "old", tmp_path / "features" / "new" / "float16"
    size = shelf_of_ages(old, 1, seconds=2000)
    shelf_of_ages(new, 1)
    Shelf(old, (100,))
    make_room(tmp_path, limit_bytes=size)
    assert (len(segments(old)), len(segments(new))) == (0, 1)


@pytest.mark.parametrize("limit_in_segments", [0, 0.5, 1, 2.5, 4, 6])
def test_room_is_made_to_the_limit_and_no_further(tmp_path, limit_in_segments):
    folders = [tmp_path / "features" / name for name in "ab"]
    for folder in folders:
        size = shelf_of_ages(folder, 3)
    freed = make_room(tmp_path, limit_bytes=int(limit_in_segments * size))
    left = sum(len(segments(folder)) for folder in folders)
    assert left == int(limit_in_segments)
    assert freed == (6 - left) * size


def test_graphs_and_zips_are_under_the_same_limit_and_go_as_a_whole(tmp_path):
    size = shelf_of_ages(tmp_path / "features" / "shelf", 1, seconds=2 * DAY)
    graphs = [
        folder_of(tmp_path / "graphs" / name, 100, days * DAY)
        for name, days in (("old", 4), ("new", 1))
    ]
    photos = [
        folder_of(tmp_path / "zips" / name, 1000, days * DAY)
        for name, days in (("old", 5), ("new", 3))
    ]
    assert make_room(tmp_path, limit_bytes=size + 1200) == 1000
    assert make_room(tmp_path, limit_bytes=size + 1100) == 100
    assert not any(path.exists() for path in (photos[0], graphs[0]))
    assert make_room(tmp_path, limit_bytes=size + 100) == 1000
    assert make_room(tmp_path, limit_bytes=100) == size
    assert (os.listdir(tmp_path / "zips"), os.listdir(tmp_path / "graphs")) == ([], ["new"])
    assert make_room(tmp_path, limit_bytes=0) == 100


def test_photos_that_a_run_may_still_read_stay(tmp_path):
    read = folder_of(tmp_path / "zips" / "key", 1000, HOUR)
    assert make_room(tmp_path, limit_bytes=0) == 0
    assert read.exists()


def test_what_a_killed_process_left_half_written_goes_after_a_day(tmp_path):
    for kind in "zips", "graphs":
        folder_of(tmp_path / kind / ".new-old", 10, 2 * DAY)
        folder_of(tmp_path / kind / ".new-under-way", 10, HOUR)
    shelf = tmp_path / "features" / "shelf"
    shelf.mkdir(parents=True)
    for name, seconds in ((".old.part", 2 * DAY), (".under-way.part", HOUR)):
        (shelf / name).write_bytes(b"half")
        age(shelf / name, seconds)
    assert make_room(tmp_path) == 24
    assert make_room(tmp_path, limit_bytes=0) == 0
    assert os.listdir(shelf) == [".under-way.part"]
    for kind in "zips", "graphs":
        assert os.listdir(tmp_path / kind) == [".new-under-way"]


def test_files_of_another_kind_are_not_touched(tmp_path):
    mine = [tmp_path / "thesis.tex", tmp_path / "features" / "thesis" / "data.npy"]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1000))
        age(path, 9 * DAY)
    assert make_room(tmp_path, limit_bytes=0) == 0
    assert all(path.exists() for path in mine)


def test_what_belongs_to_another_user_stays(open_folder, as_nobody):
    shelf_of_ages(open_folder / "features" / "shelf", 2)
    folder_of(open_folder / "graphs" / "key", 10, DAY)
    for folder in (open_folder / "features" / "shelf", open_folder / "graphs"):
        folder.chmod(0o555)
    with as_nobody():
        assert make_room(open_folder, limit_bytes=0) == 0
    assert len(segments(open_folder / "features" / "shelf")) == 2
    assert (open_folder / "graphs" / "key" / "cat" / "b").exists()


def test_there_is_room_where_there_is_nothing(tmp_path):
    assert make_room(tmp_path / "absent", limit_bytes=0) == 0
    (tmp_path / "file").touch()
    assert make_room(tmp_path / "file", limit_bytes=0) == 0
