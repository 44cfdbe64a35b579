import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.errors import OutputError
from headstart.store.files import (
    cache_root,
    key_of,
    new_file,
    printable,
    sha256_of_file,
    sync_folder,
    write_bytes,
    write_json,
    write_text,
)

any_time = settings(deadline=None)
file_names = st.binary().map(os.fsdecode) | st.text(st.characters(exclude_categories=()))


def test_a_file_appears_whole_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "folder" / "a.bin"
    with new_file(path) as file:
        file.write(b"first")
        file.flush()
        assert not path.exists()
        file.write(b" second")
    assert path.read_bytes() == b"first second"
    assert os.listdir(path.parent) == ["a.bin"]


def test_an_error_in_the_block_leaves_the_old_file(tmp_path):
    def write_half(file):
        file.write(b"new")
        raise ZeroDivisionError

    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), new_file(path) as file:
        write_half(file)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_an_error_in_reading_another_file_is_not_called_an_error_in_writing(tmp_path):
    with pytest.raises(FileNotFoundError), new_file(tmp_path / "copy") as file:
        file.write((tmp_path / "original").read_bytes())
    assert os.listdir(tmp_path) == []


def test_a_writer_killed_half_way_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    code = (
        "import sys, time; from pathlib import Path; from headstart.store.files import new_file\n"
        "with new_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'new' * 100_000); print('half', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "half\n"
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "a.bin"
    contents = [bytes([i]) * 100_000 for i in range(2)]
    write_bytes(path, contents[0])

    def write():
        for i in range(40):
            write_bytes(path, contents[i % 2])

    writer = threading.Thread(target=write)
    writer.start()
    seen = {path.read_bytes()}
    while writer.is_alive():
        seen.add(path.read_bytes())
    writer.join()
    assert seen <= set(contents)


def test_a_new_file_has_the_mode_that_the_umask_asks_for(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_the_longest_name_that_the_disk_allows_can_be_written(tmp_path):
    path = tmp_path / ("a" * 255)
    write_bytes(path, b"a")
    assert path.read_bytes() == b"a"


def test_fault_66_a_full_disk_is_an_error_that_names_the_bytes_needed(on_disk):
    code = """if True:
        import json, os, sys
        from pathlib import Path
        from headstart.errors import OutputError
        from headstart.store.files import new_file, write_bytes

        path = Path(sys.argv[1]) / "model"
        write_bytes(path, b"old")
        errors = []
        try:
            write_bytes(path, bytes(200_000))
        except OutputError as error:
            errors.append(str(error))
        try:
            with new_file(path) as file:
                for _ in range(200):
                    file.write(bytes(1_000))
        except OutputError as error:
            errors.append(str(error))
        print(json.dumps([str(path), errors, path.read_text(), os.listdir(sys.argv[1])]))
    """
    path, errors, content, names = json.loads(on_disk("size=64k", code))
    free = re.search(r"([\d,]+) bytes are free", errors[0])[1]
    assert 0 < int(free.replace(",", "")) < 65_536
    assert errors == [
        f"{path}: cannot be written (No space left on device; {free} bytes are free{needed}). "
        "Free space there, or name another place."
        for needed in (", 200,000 are needed", "")
    ]
    assert content == "old"
    assert names == ["model"]


def test_fault_66_a_limit_on_file_size_leaves_the_old_file(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "a"
    write_bytes(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OutputError, match="File too large"):
            write_bytes(path, bytes(20_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_fault_67_a_read_only_disk_is_an_error_with_its_mend(on_disk):
    code = """if True:
        import sys
        from pathlib import Path
        from headstart.errors import OutputError
        from headstart.store.files import write_text
        for name in "a", "new/folder/a":
            try:
                write_text(Path(sys.argv[1]) / name, "text")
            except OutputError as error:
                print(error.problem, error.mend)
    """
    expected = "cannot be written (Read-only file system). "
    expected += "Make that place writable, or name another.\n"
    assert on_disk("ro", code) == expected * 2


def test_fault_67_a_folder_that_may_not_be_written_is_an_error(open_folder, as_nobody):
    with as_nobody():
        write_text(open_folder / "a", "old")
    open_folder.chmod(0o555)
    with as_nobody():
        for name in ("a", "b", "new/folder/b"):
            with pytest.raises(OutputError, match="Permission denied") as caught:
                write_text(open_folder / name, "new")
            assert caught.value.where == str(open_folder / name)
    assert (open_folder / "a").read_text() == "old"
    assert os.listdir(open_folder) == ["a"]


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path):
    write_text(tmp_path / "a", "text")
    with pytest.raises(OutputError, match=r"Not a directory|File exists"):
        write_text(tmp_path / "a" / "b", "text")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        write_text(tmp_path / "folder", "text")
    assert sorted(os.listdir(tmp_path)) == ["a", "folder"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder without fsync")
def test_a_disk_that_cannot_flush_a_folder_is_no_error():
    sync_folder(Path("/proc"))


def test_fault_23_an_error_about_a_nasty_name_is_one_printable_line(tmp_path):
    path = tmp_path / os.fsdecode(b"a\n\xff") / "b"
    write_text(path.parent, "a file, not a folder")
    with pytest.raises(OutputError) as caught:
        write_text(path, "")
    assert caught.value.where == f"{tmp_path}/a\\n\\xff/b"


def test_json_is_readable_and_ends_with_a_newline(tmp_path):
    write_json(tmp_path / "a.json", {"name": "Müller 🐈", "n": [1, None]})
    expected = '{\n  "name": "Müller 🐈",\n  "n": [\n    1,\n    null\n  ]\n}\n'
    assert (tmp_path / "a.json").read_text("utf-8") == expected


def test_a_row_of_numbers_stands_on_one_line_and_no_text_is_changed(tmp_path):
    document = {
        "matrix": [[1, -2.5], [3e-07, 4]],
        "source": "/data/set [  1]/x",
        "none": [],
        "": {},
    }
    write_json(tmp_path / "a.json", document)
    text = (tmp_path / "a.json").read_text("utf-8")
    assert "    [1, -2.5],\n    [3e-07, 4]\n" in text
    assert json.loads(text) == document


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda value: st.lists(value) | st.dictionaries(st.text(), value),
    max_leaves=20,
)


@settings(any_time, max_examples=40)
@given(document=json_values)
def test_json_comes_back_as_it_was(document):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.json")
        write_json(path, document)
        assert json.loads(path.read_text("utf-8")) == document


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_json_that_others_could_not_read_is_refused_and_the_old_stays(tmp_path, value):
    write_json(tmp_path / "a.json", "old")
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "a.json", [value])
    assert json.loads((tmp_path / "a.json").read_text()) == "old"
    assert os.listdir(tmp_path) == ["a.json"]


@settings(any_time, max_examples=40)
@given(name=st.binary().map(os.fsdecode))
def test_fault_23_json_gives_back_any_file_name(name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.json")
        write_json(path, {name: [name]})
        assert json.loads(path.read_text("utf-8")) == {name: [name]}


def test_the_hash_of_a_file_is_that_of_its_content(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "big").write_bytes(bytes(3_000_001))
    assert sha256_of_file(tmp_path / "a") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert sha256_of_file(str(tmp_path / "big")) == hashlib.sha256(bytes(3_000_001)).hexdigest()


def test_a_key_depends_on_every_part_and_not_on_their_order():
    parts = [{"a": a, "b": b} for a in (1, "1", True, None, 1.5, "true") for b in ("x", "y")]
    parts += [{"a": 1}, {"a": 1, "c": "x"}, {"ab": 1}]
    assert len({key_of(**part) for part in parts}) == len(parts)
    assert key_of(a=1, b="x") == key_of(b="x", a=1)


def test_a_key_stays_what_it_was_so_that_caches_are_found_again():
    assert key_of(size=224, resize="squash") == (
        hashlib.sha256(b'{"resize": "squash", "size": 224}').hexdigest()
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cats/Katze 🐈 (1).jpg", "cats/Katze 🐈 (1).jpg"),
        ("👩‍👩‍👧.jpg", "👩‍👩‍👧.jpg"),
        ("-rf.jpg", "-rf.jpg"),
        ("a\nb\tc", "a\\nb\\u0009c"),
        ("C:\\a", "C:\\\\a"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("gpj.\u202ea", "gpj.\\u202ea"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9"),
        ("caf\\xe9", "caf\\\\xe9"),
    ],
)
def test_fault_23_a_name_is_shown_as_one_printable_line(name, text):
    assert printable(name) == text


def original(text: str) -> str:
    """The inverse of `printable`: that there is one proves that no two names look the same."""

    def one(match: re.Match[str]) -> str:
        if match["byte"]:
            return chr(0xDC00 + int(match["byte"], 16))
        if match["code"]:
            return chr(int(match["code"], 16))
        return {"\\\\": "\\", "\\n": "\n"}[match.group()]

    return re.sub(r"\\(?:x(?P<byte>[0-9a-f]{2})|u(?P<code>[0-9a-f]{4})|\\|n)", one, text)


@any_time
@given(name=file_names)
def test_fault_23_distinct_names_are_shown_as_distinct_lines(name):
    text = printable(name)
    assert original(text) == name
    assert len(text.encode().decode().splitlines()) <= 1


def test_the_cache_lies_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HEADSTART_CACHE_DIR", "~/mine")
    assert cache_root() == tmp_path / "home" / "mine" / "headstart-cache"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADSTART_CACHE_DIR", "relative")
    assert cache_root() == tmp_path / "relative" / "headstart-cache"
    monkeypatch.delenv("HEADSTART_CACHE_DIR")
    assert cache_root() == tmp_path / "xdg" / "headstart"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_root() == tmp_path / "home" / ".cache" / "headstart"
    assert os.listdir(tmp_path) == []
