import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from headstart.store.arrays import Shelf


def key(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


def keys(n: int) -> list[str]:
    return [key(i) for i in range(n)]


def some_rows(n: int, *shape: int, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(n).normal(size=(n, *shape)).astype(dtype)


def segments(folder) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name.endswith(".rows"))


def one_segment(folder, rows, names=None):
    """A shelf of one segment; its path."""
    Shelf(folder, rows.shape[1:], str(rows.dtype)).append(names or keys(len(rows)), rows)
    (name,) = segments(folder)
    return folder / name


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("shape", [(), (5,), (3, 3, 2)])
def test_rows_come_back_as_they_were_also_from_a_shelf_opened_anew(tmp_path, shape, dtype):
    rows = some_rows(4, *shape, dtype=dtype)
    shelf = Shelf(tmp_path / "shelf", shape, dtype)
    shelf.append(keys(4)[:3], rows[:3])
    shelf.append(keys(4)[3:], rows[3:])
    for opened in (shelf, Shelf(tmp_path / "shelf", shape, dtype)):
        for name, row in zip(keys(4), rows, strict=True):
            read = opened.read(name)
            assert read.dtype == row.dtype
            np.testing.assert_array_equal(read, row)
        assert opened.read(key("absent")) is None
        assert opened.damaged == 0


def test_an_empty_shelf_reads_nothing_and_makes_no_folder(tmp_path):
    shelf = Shelf(tmp_path / "shelf", (5,))
    assert shelf.read(key(0)) is None
    assert not (tmp_path / "shelf").exists()


def test_rows_of_any_memory_layout_are_kept_right(tmp_path):
    square = some_rows(6, 6)
    for i, rows in enumerate((square.T, square[:, ::-1], np.asfortranarray(square))):
        shelf = Shelf(tmp_path / str(i), (6,))
        shelf.append(keys(6), rows)
        np.testing.assert_array_equal([shelf.read(name) for name in keys(6)], rows)


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (keys(2), some_rows(2, 5)),
        (keys(2), some_rows(2, 4, 1)),
        (keys(2), some_rows(2, 4, dtype="float64")),
        (keys(2), some_rows(2, 4, dtype="float16")),
        (keys(2), some_rows(2, 4, dtype=">f4")),
        (keys(2), some_rows(3, 4)),
        ([key(0)[:-2]] * 2, some_rows(2, 4)),
        (["not hexadecimal"] * 2, some_rows(2, 4)),
    ],
    ids=["width", "rank", "float64", "float16", "big-endian", "count", "short key", "key"],
)
def test_rows_that_do_not_belong_are_refused(tmp_path, names, rows):
    with pytest.raises(ValueError):  # noqa: PT011 (three sources, one meaning)
        Shelf(tmp_path / "shelf", (4,)).append(names, rows)
    assert not (tmp_path / "shelf").exists()


def test_fault_71_any_damaged_byte_is_noticed_and_never_gives_a_wrong_row(tmp_path):
    rows = some_rows(3, 4)
    whole = one_segment(tmp_path, rows).read_bytes()
    path = tmp_path / "damaged" / "a.rows"
    path.parent.mkdir()
    for place in range(len(whole)):
        for flip in (0x01, 0x20, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            path.write_bytes(damaged)
            shelf = Shelf(path.parent, (4,))
            read = [shelf.read(name) for name in keys(3)]
            assert any(row is None for row in read), (place, flip)
            for row, right in zip(read, rows, strict=True):
                assert row is None or row.tobytes() == right.tobytes(), (place, flip)


def test_fault_71_a_damaged_row_costs_that_row_alone(tmp_path):
    rows = some_rows(3, 4)
    path = one_segment(tmp_path, rows)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(rows[1].tobytes())] ^= 1
    path.write_bytes(damaged)
    shelf = Shelf(tmp_path, (4,))
    assert [shelf.read(name) is None for name in keys(3)] == [False, True, False]
    assert shelf.damaged == 1
    assert shelf.read(keys(3)[1]) is None
    assert shelf.damaged == 1


def test_fault_71_rows_under_each_others_keys_are_noticed(tmp_path):
    path = one_segment(tmp_path, some_rows(2, 4))
    whole = path.read_bytes()
    first, second = (bytes.fromhex(name) for name in keys(2))
    path.write_bytes(whole.replace(first + second, second + first))
    shelf = Shelf(tmp_path, (4,))
    assert [shelf.read(name) for name in keys(2)] == [None, None]
    assert shelf.damaged == 2


@pytest.mark.parametrize("order", [("0.rows", "1.rows"), ("1.rows", "0.rows")])
def test_fault_71_a_row_that_was_computed_again_is_found_in_whatever_order(tmp_path, order):
    rows = some_rows(3, 4)
    path = one_segment(tmp_path, rows)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(rows[1].tobytes())] ^= 1
    path.unlink()
    again = one_segment(tmp_path, rows[1:2], keys(3)[1:2])
    again.rename(tmp_path / order[0])
    (tmp_path / order[1]).write_bytes(damaged)
    shelf = Shelf(tmp_path, (4,))
    np.testing.assert_array_equal([shelf.read(name) for name in keys(3)], rows)
    assert shelf.damaged == 0


def test_fault_71_a_segment_cut_short_or_too_long_is_removed(tmp_path):
    rows = some_rows(3, 4)
    whole = one_segment(tmp_path, rows).read_bytes()
    path = tmp_path / "damaged" / "a.rows"
    path.parent.mkdir()
    for content in [whole[:n] for n in range(len(whole))] + [whole + b"\0", whole * 2]:
        path.write_bytes(content)
        shelf = Shelf(path.parent, (4,))
        assert [shelf.read(name) for name in keys(3)] == [None] * 3
        assert shelf.damaged == 1
        assert not path.exists()


@pytest.mark.parametrize("other", [some_rows(2, 5), some_rows(2, 4, dtype="float16")])
def test_fault_71_rows_of_another_kind_on_the_shelf_are_not_read(tmp_path, other):
    one_segment(tmp_path, other)
    shelf = Shelf(tmp_path, (4,))
    assert shelf.read(key(0)) is None
    assert shelf.damaged == 1


def test_what_is_no_segment_is_left_alone(tmp_path):
    (tmp_path / "folder.rows").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    shelf = Shelf(tmp_path, (4,))
    assert shelf.damaged == 0
    assert sorted(os.listdir(tmp_path)) == ["folder.rows", "notes.txt"]


def test_fault_70_a_segment_that_vanishes_while_the_shelf_is_opened_is_absent(tmp_path):
    rows = some_rows(2, 4)
    one_segment(tmp_path, rows)
    (tmp_path / "0.rows").symlink_to(tmp_path / "vanished")  # listed, and not there when opened
    shelf = Shelf(tmp_path, (4,))
    assert shelf.damaged == 0
    np.testing.assert_array_equal([shelf.read(name) for name in keys(2)], rows)


def test_fault_70_rows_of_a_file_that_another_process_removed_are_absent_and_not_damaged(tmp_path):
    path = one_segment(tmp_path, some_rows(2, 4))
    shelf = Shelf(tmp_path, (4,))
    path.unlink()
    assert [shelf.read(name) for name in keys(2)] == [None, None]
    assert shelf.damaged == 0


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="needs Linux to see what is mapped"
)
def test_fault_20_one_file_at_a_time_is_mapped_and_every_row_still_found(tmp_path):
    rows = some_rows(12, 4)
    names = keys(12)
    shelf = Shelf(tmp_path, (4,))
    for i in range(0, 12, 2):
        shelf.append(names[i : i + 2], rows[i : i + 2])
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()
    order = np.random.default_rng(0).permutation(12)
    np.testing.assert_array_equal([shelf.read(names[i]) for i in order], rows[order])
    assert Path("/proc/self/maps").read_text().count(str(tmp_path)) == 1


def test_a_cache_of_another_user_can_be_read(open_folder, as_nobody):
    rows = some_rows(2, 4)
    readable = one_segment(open_folder, rows)
    secret = open_folder / "secret.rows"
    secret.write_bytes(readable.read_bytes())
    readable.chmod(0o444)
    secret.chmod(0)
    open_folder.chmod(0o555)
    with as_nobody():
        shelf = Shelf(open_folder, (4,))
        np.testing.assert_array_equal([shelf.read(name) for name in keys(2)], rows)
    assert shelf.damaged == 0
    assert len(segments(open_folder)) == 2


WRITER = """if True:
    import hashlib, sys
    from pathlib import Path
    import numpy as np
    from headstart.store.arrays import Shelf

    folder, first, last, width = Path(sys.argv[1]), *map(int, sys.argv[2:])
    shelf = Shelf(folder, (width,))
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(first, last):
        numbers = [i * 10 + j for j in range(15)]  # neighbours overlap
        names = [hashlib.sha256(str(n).encode()).hexdigest() for n in numbers]
        shelf.append(names, np.repeat(np.float32(numbers)[:, None], width, axis=1))
        for name, n in zip(names, numbers, strict=True):
            assert (shelf.read(name) == n).all()
        assert shelf.damaged == 0
        print(i, flush=True)
"""


def writer(folder, first: int, last: int, width: int) -> subprocess.Popen:
    """A process that appends segments first to last; it starts on the next line of its stdin."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, folder, str(first), str(last), str(width)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    return child


def start(child: subprocess.Popen) -> None:
    child.stdin.write("go\n")
    child.stdin.flush()


def test_fault_70_two_processes_write_one_shelf_at_once(tmp_path):
    children = [writer(tmp_path, first, first + 30, 8) for first in (0, 15)]
    for child in children:
        start(child)
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    shelf = Shelf(tmp_path, (8,))
    for n in range(455):
        np.testing.assert_array_equal(shelf.read(key(n)), np.full(8, n, np.float32))
    assert shelf.damaged == 0
    assert len(segments(tmp_path)) == 60


def test_fault_65_kill_9_during_an_append_leaves_a_whole_shelf(tmp_path):
    delays = random.Random(0)
    width = 50_000  # 3 MB a segment: most of the time passes in writing
    written = 0
    for round_ in range(5):
        child = writer(tmp_path, round_ * 100, round_ * 100 + 100, width)
        start(child)
        child.stdout.readline()
        time.sleep(delays.uniform(0, 0.05))
        child.kill()
        written += 1 + len(child.communicate()[0].splitlines())
        assert child.returncode == -signal.SIGKILL
        shelf = Shelf(tmp_path, (width,))
        for j in range(15):
            row = shelf.read(key(round_ * 1000 + j))
            assert (row == round_ * 1000 + j).all()
        assert shelf.damaged == 0
    assert written <= len(segments(tmp_path)) <= written + 5


def test_fault_66_a_full_disk_is_an_error_and_the_shelf_stays_whole(on_disk):
    code = """if True:
        import sys
        from pathlib import Path
        import numpy as np
        from headstart.errors import OutputError
        from headstart.store.arrays import Shelf

        folder = Path(sys.argv[1]) / "shelf"
        shelf = Shelf(folder, (1000,))
        shelf.append(["00" * 32], np.ones((1, 1000), np.float32))
        try:
            shelf.append([f"{i:064x}" for i in range(1, 100)], np.ones((99, 1000), np.float32))
        except OutputError as error:
            print(error.problem)
        for opened in (shelf, Shelf(folder, (1000,))):
            assert (opened.read("00" * 32) == 1).all() and opened.read(f"{1:064x}") is None
            assert opened.damaged == 0
        print(len(list(folder.iterdir())))
    """
    problem, files = on_disk("size=256k", code).splitlines()
    assert problem.startswith("cannot be written (No space left on device; ")
    assert problem.endswith(" are needed).")
    assert files == "1"
