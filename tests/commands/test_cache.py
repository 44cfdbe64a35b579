"""`headstart cache`: how much is kept, and all of it removed, but nothing else."""

import json

from headstart.store.files import cache_root, write_bytes
from headstart.store.room import make_room


def fill() -> None:
    write_bytes(cache_root() / "features" / "shelf" / "a.rows", b"x" * 1000)
    write_bytes(cache_root() / "graphs" / "key" / "model.bin", b"x" * 500)
    write_bytes(cache_root() / "mine.txt", b"not ours")


def test_what_is_kept_is_counted_by_kind(call):
    fill()
    found = json.loads(call("cache", "--json").out)
    assert found["folder"] == str(cache_root())
    assert found["bytes"] == 1500
    assert found["kinds"]["features"] == {"files": 1, "bytes": 1000}
    assert found["kinds"]["zips"] == {"files": 0, "bytes": 0}
    assert call("cache", "info").out == call("cache").out


def test_clear_removes_it_and_leaves_what_is_not_ours(call):
    fill()
    assert json.loads(call("cache", "clear", "--json").out)["bytes"] == 0
    assert [path.name for path in cache_root().iterdir()] == ["mine.txt"]


def test_a_cache_in_a_folder_with_other_files_leaves_them_alone(call, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(tmp_path))
    mine = {tmp_path / "features" / "thesis" / "data.npy", tmp_path / "zips" / "mine.zip"}
    for path in mine:
        write_bytes(path, b"not ours")
    fill()
    make_room(cache_root(), limit_bytes=0)
    assert call("cache", "clear").code == 0
    assert mine <= {path for path in tmp_path.rglob("*") if path.is_file()}


def test_an_empty_cache_is_no_error(call):
    assert call("cache", "clear").code == 0
    found = call("cache")
    assert found.out.splitlines()[0] == f"{cache_root()}: 0.0 MB"


def test_all_that_a_run_keeps_is_counted(call, same_cache):
    kept = sum(path.stat().st_size for path in same_cache.rglob("*") if path.is_file())
    assert json.loads(call("cache", "--json").out)["bytes"] == kept > 0
