"""A zip file of photos, unpacked once into the cache; nothing is written anywhere else.

A folder in the cache carries the SHA-256 of the zip file whose members it holds. It is made
under another name and gets its own when it is whole, so a process that was killed leaves no
half of a data set behind, and two processes that unpack the same file do not disturb each
other.
"""

import errno
import os
import re
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from headstart.data.walk import is_junk
from headstart.errors import OutputError, SourceError
from headstart.events import Listener, Notice, nobody
from headstart.parallel import cores, side_by_side
from headstart.store.files import cache_root, printable, sha256_of_file

MAX_MEMBERS = 500_000
MAX_BYTES = 20 * 10**9
MAX_RATIO = 100  # of a whole zip file; photos hardly shrink, blank pages do a thousandfold
_NO_BOMB = 10**9  # bytes that may come out of any zip file

_END_SIZE = 22 + 0xFFFF + 76  # the end record, its comment, and what zip64 puts before it
_BESIDE = (".csv", ".txt", ".md", ".json")  # what may lie beside a zip file that has the photos
_ENCRYPTED = 0x2041  # flags: this member, strongly, or the directory
_BAD_NAME = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


def unpacked(archive: Path, listen: Listener = nobody) -> Path:
    """The folder in the cache that holds the members of a zip file of photos.

    A zip file that holds nothing but another one, and lists or notes, stands for that one; of
    several in it, for its `train.zip`, which is how Kaggle packs a competition. What was
    unpacked before is used again if every member is still there as it was.

    Args:
        listen: is told if it is not, and what is passed over.

    Raises:
        SourceError: a member that has no place in a zip of photos (it leads out of the folder,
            is a link, encrypted, damaged, a bomb or there twice), or too many of them.
        OutputError: the cache cannot be written, or has no room for the members.
    """
    folder, names = _unpacked(archive, listen)
    seen = [
        name for name in names if not name.endswith("/") and not any(map(is_junk, name.split("/")))
    ]
    inner = _inner(seen)
    if inner is not None:
        others = [printable(name) for name in seen if name != inner and _is_zip(name)]
        if others:
            name = printable(str(archive))
            listen(Notice(f"{name}: {inner} in it is read, {', '.join(others)} passed over."))
        folder, _ = _unpacked(folder / inner, listen)
    return folder


def _inner(names: list[str]) -> str | None:
    """The zip file among the members that stands for the whole, if one does."""
    zips = [name for name in names if _is_zip(name)]
    if any(not name.lower().endswith(_BESIDE) for name in names if name not in zips):
        return None
    training = [name for name in zips if name.lower().rpartition("/")[2] == "train.zip"]
    chosen = zips if len(zips) == 1 else training
    return chosen[0] if len(chosen) == 1 else None


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _unpacked(archive: Path, listen: Listener) -> tuple[Path, Iterable[str]]:
    try:
        folder = cache_root() / "zips" / sha256_of_file(archive)
        with open(archive, "rb") as file, _opened(file, archive) as opened:
            members = _checked(opened, archive)
            if not _holds(folder, members):
                if folder.exists():
                    name = printable(str(archive))
                    listen(Notice(f"{name} was damaged in the cache: unpacked again."))
                _unpack(opened, members, archive, folder)
            with suppress(OSError):  # it belongs to another user
                os.utime(folder)  # the last to go when room is needed
            return folder, members
    except OSError as error:
        raise _unreadable(archive, error.strerror or str(error)) from error


def _opened(file: BinaryIO, archive: Path) -> zipfile.ZipFile:
    members = _listed_members(file)
    if members > MAX_MEMBERS:  # before zipfile makes an object of each
        raise _too_many(archive, members)
    try:
        try:
            return zipfile.ZipFile(file, metadata_encoding="utf-8")
        except UnicodeDecodeError:  # the oldest encoding, for names that do not say theirs
            return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise _unreadable(archive, str(error)) from error


def _listed_members(file: BinaryIO) -> int:
    """How many members the directory lists, whatever it says of their number.

    0 where there is no directory; zipfile has the words for that.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_SIZE))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 16 > len(tail):
        return 0
    (length,) = struct.unpack_from("<I", tail, at + 12)
    if tail[max(0, at - 20) :].startswith(b"PK\x06\x07") and at >= 76:  # zip64
        at -= 76
        (length,) = struct.unpack_from("<Q", tail, at + 40)
    end = size - len(tail) + at
    file.seek(max(0, end - length))
    return file.read(min(length, end)).count(b"PK\x01\x02")


def _checked(file: zipfile.ZipFile, archive: Path) -> dict[str, zipfile.ZipInfo]:
    """What is in a zip file by its relative posix path, judged by what the file says of it.

    A folder's path ends with a slash.
    """
    members: dict[str, zipfile.ZipInfo] = {}
    size = archive.stat().st_size
    limit = min(MAX_BYTES, max(_NO_BOMB, MAX_RATIO * size))
    total = packed = 0
    listed = file.infolist()
    if len(listed) > MAX_MEMBERS:
        raise _too_many(archive, len(listed))
    for member in listed:
        name = member.filename.replace("\\", "/")
        path = "/".join(part for part in name.split("/") if part not in ("", "."))
        kind = stat.S_IFMT(member.external_attr >> 16)
        if name.startswith("/") or ".." in path.split("/") or re.match("[A-Za-z]:", name):
            raise _refused(archive, member, "leads out of the folder that it is unpacked to.")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refused(archive, member, "is a link or a device, not a file.")
        if name.endswith("/") or not path:
            members[path + "/"] = member
            continue
        if member.flag_bits & _ENCRYPTED:
            raise _refused(archive, member, "is encrypted.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(archive, member, "is compressed in a way that is not read here.")
        if path in members:
            raise _refused(archive, member, "is there twice.")
        members[path] = member
        packed += member.compress_size
        total += member.file_size
        if packed > size:
            raise _refused(archive, member, "shares its bytes with others.")
        if total > limit:
            raise _refused(
                archive, member, f"and those before it unpack to more than {limit / 1e9:.1f} GB."
            )
    return members


def _holds(folder: Path, members: dict[str, zipfile.ZipInfo]) -> bool:
    """Whether every member lies in the folder as it was packed: its size first, then its CRC-32."""
    files = [
        (os.path.join(folder, name), member)
        for name, member in members.items()
        if not name.endswith("/")
    ]

    def same(file: tuple[str, zipfile.ZipInfo]) -> bool:
        path, member = file
        checksum = 0
        with open(path, "rb") as content:
            while block := content.read(1024**2):
                checksum = zlib.crc32(block, checksum)
        return checksum == member.CRC

    try:
        for path, member in files:
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode) or status.st_size != member.file_size:
                return False
        return all(good for _, good in side_by_side(same, files, cores()))
    except OSError:
        return False


def _unpack(
    file: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], archive: Path, folder: Path
) -> None:
    """Unpack under another name, then take the right one."""
    needed = sum(member.file_size for member in members.values())
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder.parent).free
        if needed > free:
            raise OSError(f"{needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free")
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as under_way:
            photos = Path(under_way, "photos")  # for all users: the folder around it is not
            photos.mkdir()
            for name, member in members.items():
                _write(file, member, photos / name, archive)
            _publish(photos, folder, members)
    except OSError as error:
        raise OutputError(
            f"cannot be unpacked into ({error.strerror or error}).",
            where=printable(str(folder.parent)),
            mend="Free space there, or set HEADSTART_CACHE_DIR to another place.",
        ) from error


def _write(file: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, archive: Path) -> None:
    """One member; zipfile reads no byte beyond its declared size and checks its CRC-32."""
    try:
        if member.filename.endswith(("/", "\\")):
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with file.open(member) as packed, open(target, "xb") as copy:
            shutil.copyfileobj(packed, copy, 1024**2)
            if copy.tell() != member.file_size:
                raise EOFError
    except (FileExistsError, NotADirectoryError) as error:  # or where Cat is cat
        raise _refused(archive, member, "has the name of another one.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise _refused(archive, member, "is damaged or not as long as it says.") from error
    except OSError as error:
        if error.errno in _BAD_NAME:
            raise _refused(archive, member, "has a name that no file can have here.") from error
        raise


def _publish(made: Path, folder: Path, members: dict[str, zipfile.ZipInfo]) -> None:
    try:
        made.rename(folder)
    except OSError:  # something is there: another process was first, or it is damaged
        if not _holds(folder, members):
            shutil.rmtree(folder)
            made.rename(folder)


def _unreadable(archive: Path, reason: str) -> SourceError:
    return SourceError(
        f"not a zip file that can be read ({reason}).",
        where=printable(str(archive)),
        mend="It may be cut short: copy it again, or unpack it and name the folder.",
    )


def _refused(archive: Path, member: zipfile.ZipInfo, problem: str) -> SourceError:
    return SourceError(
        f"member '{printable(member.filename[:200])}' {problem}",
        where=printable(str(archive)),
        mend="Nothing was unpacked. Make the zip file anew from a folder of photos, "
        "or unpack it yourself and name the folder.",
    )


def _too_many(archive: Path, members: int) -> SourceError:
    return SourceError(
        f"{members:,} members, more than {MAX_MEMBERS:,}.",
        where=printable(str(archive)),
        mend="Unpack it yourself and name the folder.",
    )
