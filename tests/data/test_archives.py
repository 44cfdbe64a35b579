import os
import shutil
import stat
import struct
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headstart.data.archives import unpacked
from headstart.errors import OutputError, SourceError
from headstart.events import Event, Notice
from headstart.store.files import cache_root

PHOTOS = {"cat/1.jpg": b"one" * 100, "dog/2.jpg": b"two" * 100}


def zipped(path: Path, members: dict[str, bytes], **options: int) -> Path:
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def refused(archive: Path) -> str:
    """The error of a zip file that must leave nothing behind, neither in the cache nor beside."""
    before = sorted(archive.parent.iterdir())
    with pytest.raises(SourceError) as caught:
        unpacked(archive)
    assert sorted(archive.parent.iterdir()) == before
    zips = cache_root() / "zips"
    assert not zips.exists() or list(zips.iterdir()) == []
    return str(caught.value)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_unpacked_into_the_cache(compression: int, tmp_path: Path) -> None:
    folder = unpacked(zipped(tmp_path / "photos.zip", PHOTOS, compression=compression))
    assert folder.is_relative_to(cache_root())
    assert contents(folder) == PHOTOS
    assert os.listdir(tmp_path) == ["photos.zip"]


def test_a_second_run_unpacks_nothing(tmp_path: Path) -> None:
    def written(folder: Path) -> dict[Path, tuple[int, int]]:
        found = {path: path.stat() for path in folder.rglob("*")}
        return {path: (status.st_ino, status.st_mtime_ns) for path, status in found.items()}

    archive = zipped(tmp_path / "photos.zip", PHOTOS)
    before = written(unpacked(archive))
    archive.rename(tmp_path / "renamed.zip")
    assert written(unpacked(tmp_path / "renamed.zip")) == before


def test_empty_class_folders_are_kept(tmp_path: Path) -> None:
    folder = unpacked(zipped(tmp_path / "photos.zip", {**PHOTOS, "bee/": b""}))
    assert (folder / "bee").is_dir()


@pytest.mark.parametrize("name", ["./cat/3.jpg", "cat//3.jpg", "cat\\3.jpg"])
def test_paths_are_written_in_several_ways(name: str, tmp_path: Path) -> None:
    folder = unpacked(zipped(tmp_path / "photos.zip", {**PHOTOS, name: b"three"}))
    assert (folder / "cat" / "3.jpg").read_bytes() == b"three"


def test_names_that_do_not_say_so_may_be_utf8_or_not(tmp_path: Path) -> None:
    for number, (raw, name) in enumerate([("café".encode(), "café"), (b"caf\x82", "café")]):
        archive = zipped(tmp_path / f"{number}.zip", {"A" * len(raw) + "/1.jpg": b"one"})
        archive.write_bytes(archive.read_bytes().replace(b"A" * len(raw), raw))
        assert os.listdir(unpacked(archive)) == [name]


# Fault 76


@pytest.mark.parametrize("inside", ["photos.zip", "archive/photos.zip"])
def test_fault_76_the_zip_inside_a_zip_is_read(inside: str, tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", PHOTOS).read_bytes()
    outer = zipped(tmp_path / "outer.zip", {inside: inner, "__MACOSX/._x": b"junk"})
    assert contents(unpacked(outer)) == PHOTOS
    again = zipped(tmp_path / "again.zip", {"outer.zip": outer.read_bytes()})
    assert inside in contents(unpacked(again))  # one level, no more


def test_fault_76_of_a_competition_of_kaggles_the_training_zip_is_read(tmp_path: Path) -> None:
    train = zipped(tmp_path / "train.zip", PHOTOS).read_bytes()
    test = zipped(tmp_path / "test1.zip", {"test1/1.jpg": b"?"}).read_bytes()
    members = {"test1.zip": test, "train.zip": train, "sampleSubmission.csv": b"id,label"}
    heard: list[Event] = []
    assert contents(unpacked(zipped(tmp_path / "all.zip", members), heard.append)) == PHOTOS
    (notice,) = heard
    assert isinstance(notice, Notice)
    assert notice.text.endswith("train.zip in it is read, test1.zip passed over.")
    two = zipped(tmp_path / "two.zip", {"a.zip": train, "b.zip": test})
    assert sorted(contents(unpacked(two))) == ["a.zip", "b.zip"]  # which one is not for us to say
    beside = zipped(tmp_path / "beside.zip", {"train.zip": train, "cat/1.jpg": b"one"})
    assert "cat/1.jpg" in contents(unpacked(beside))


@pytest.mark.parametrize(
    "name",
    ["../evil.jpg", "cat/../../evil.jpg", "/tmp/evil.jpg", "..\\evil.jpg", "C:\\evil.jpg", ".."],
)
def test_fault_76_a_member_that_leaves_the_folder_is_an_error(name: str, tmp_path: Path) -> None:
    error = refused(zipped(tmp_path / "photos.zip", {**PHOTOS, name: b"evil"}))
    assert "leads out of the folder" in error
    assert f"'{name}'".replace("\\", "\\\\") in error


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_fault_76_a_link_or_device_is_an_error(kind: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        link = zipfile.ZipInfo("cat/link.jpg")
        link.create_system = 3
        link.external_attr = (kind | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    assert "'cat/link.jpg' is a link or a device" in refused(tmp_path / "photos.zip")


def test_fault_76_an_encrypted_member_is_an_error(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "photos.zip", {"cat/1.jpg": b"one"})
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[data.index(b"PK\x03\x04") + 6] |= 1
    archive.write_bytes(data)
    assert "'cat/1.jpg' is encrypted" in refused(archive)


def false_size(archive: Path, size: int) -> Path:
    """The first member claims to unpack to this many bytes."""
    data = bytearray(archive.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + at, size)
    archive.write_bytes(data)
    return archive


def test_fault_76_a_bomb_is_refused_by_what_it_claims(tmp_path: Path) -> None:
    bomb = {"cat/0.jpg": bytes(10**6), **PHOTOS}
    archive = zipped(tmp_path / "photos.zip", bomb, compression=zipfile.ZIP_DEFLATED)
    assert "'cat/0.jpg' and those before it unpack to more than 1.0 GB" in refused(
        false_size(archive, 2 * 10**9)
    )


@pytest.mark.parametrize("size", [299, 1, 301])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_fault_76_a_member_of_another_size_than_it_claims_is_an_error(
    size: int, compression: int, tmp_path: Path
) -> None:
    archive = zipped(tmp_path / "photos.zip", PHOTOS, compression=compression)
    assert "'cat/1.jpg' is damaged or not as long" in refused(false_size(archive, size))


def test_fault_76_members_that_share_their_bytes_are_an_error(tmp_path: Path) -> None:
    """The better zip bomb (Fifield, 2019): one kernel of data under many names."""
    archive = zipped(tmp_path / "photos.zip", {"0.jpg": os.urandom(10_000)})
    data = archive.read_bytes()
    start = data.index(b"PK\x01\x02")
    entry = data[start : data.index(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"0.jpg", b"%d.jpg" % number) for number in range(10))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 10, 10, len(entries), start, 0)
    archive.write_bytes(data[:start] + entries + end)
    assert "'1.jpg' shares its bytes with others" in refused(archive)


@pytest.mark.parametrize("zip64", [True, False])
def test_fault_76_a_million_members_are_an_error_whatever_their_number_is_said_to_be(
    zip64: bool, tmp_path: Path
) -> None:
    count = 1_000_000
    header = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, *[0] * 8, 12, *[0] * 6)
    directory = b"".join(header + b"cat/%06d.j" % number for number in range(count))
    if zip64:
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, 58 * count, 0)
        directory += record + struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1)
    counted = 0xFFFF if zip64 else count % 0x10000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, counted, counted, 58 * count, 0, 0)
    (tmp_path / "photos.zip").write_bytes(directory + end)
    assert "1,000,000 members, more than 500,000" in refused(tmp_path / "photos.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "names", [("cat/1.jpg", "cat/1.jpg"), ("cat/1.jpg", "cat\\1.jpg"), ("cat", "cat/1.jpg")]
)
def test_fault_76_two_members_of_one_name_are_an_error(
    names: tuple[str, str], tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        for name in names:
            file.writestr(name, b"one")
    error = refused(tmp_path / "photos.zip")
    assert "is there twice" in error or "has the name of another one" in error


def test_fault_76_a_name_too_long_is_an_error(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "photos.zip", {"cat/" + "x" * 300: b"one"})
    assert "has a name that no file can have here" in refused(archive)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_fault_76_rare_compressions_are_an_error(compression: int, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "photos.zip", PHOTOS, compression=compression)
    assert "'cat/1.jpg' is compressed in a way that is not read here" in refused(archive)


def test_a_damaged_member_is_an_error(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "photos.zip", PHOTOS)
    archive.write_bytes(archive.read_bytes().replace(b"twotwo", b"twttwo", 1))
    assert "'dog/2.jpg' is damaged" in refused(archive)


@pytest.mark.parametrize("kept", [0, 10, 100, 400, 700])
def test_a_zip_cut_short_is_an_error(kept: int, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "photos.zip", PHOTOS)
    archive.write_bytes(archive.read_bytes()[:kept])
    assert "not a zip file that can be read" in refused(archive)


def test_no_room_is_an_error_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=500)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free)
    with pytest.raises(OutputError, match="HEADSTART_CACHE_DIR"):
        unpacked(zipped(tmp_path / "photos.zip", PHOTOS))
    assert list((cache_root() / "zips").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="HEADSTART_CACHE_DIR"):
        unpacked(zipped(tmp_path / "photos.zip", PHOTOS))


# Interrupted and side by side


@pytest.mark.parametrize("damage", ["gone", "short", "one bit"])
def test_fault_71_what_is_damaged_in_the_cache_is_unpacked_again_and_noted(
    damage: str, tmp_path: Path
) -> None:
    heard: list[Event] = []
    archive = zipped(tmp_path / "photos.zip", PHOTOS)
    photo = unpacked(archive, heard.append) / "cat" / "1.jpg"
    assert contents(unpacked(archive, heard.append)) == PHOTOS
    assert heard == []
    content = photo.read_bytes()
    photo.unlink()
    if damage == "short":
        photo.touch()
    if damage == "one bit":
        photo.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert contents(unpacked(archive, heard.append)) == PHOTOS
    assert heard == [Notice(f"{archive} was damaged in the cache: unpacked again.")]


def test_what_is_unpacked_can_be_read_by_other_users(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        folder = unpacked(zipped(tmp_path / "photos.zip", PHOTOS))
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_fault_70_many_at_once_unpack_the_same_file(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "photos.zip", {f"cat/{n}.jpg": b"x" * n for n in range(200)})
    with ThreadPoolExecutor(6) as pool:
        folders = set(pool.map(unpacked, [archive] * 12))
    assert len(folders) == 1
    assert len(contents(folders.pop())) == 200
    assert len(list((cache_root() / "zips").iterdir())) == 1


def test_an_unpacking_that_was_killed_leaves_no_half_set(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "photos.zip", {f"cat/{n}.jpg": bytes(9_000) for n in range(1_500)})
    script = (
        "import sys; from pathlib import Path; from headstart.data.archives import unpacked\n"
        "unpacked(Path(sys.argv[1]))"
    )
    zips = cache_root() / "zips"
    with subprocess.Popen([sys.executable, "-c", script, str(archive)]) as process:
        while process.poll() is None and not any(zips.glob(".*/*/cat/*")):
            time.sleep(0.001)
        process.kill()
    assert all(path.name.startswith(".") for path in zips.iterdir())
    assert len(contents(unpacked(archive))) == 1_500
