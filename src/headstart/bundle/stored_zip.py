"""A zip file in one canonical form: stored members, nothing left to choice.

For given names and contents there is one right sequence of bytes. So a reader need not
judge what a field may hold: it takes names, sizes and checksums from the directory, builds
the headers that the writer would have made, and compares. What a zip file can hide (links,
compression, encryption, comments, gaps, overlaps, two directories that differ) differs in
some byte. Any zip program can read the result; none writes it by accident.

Format: PKWARE APPNOTE.TXT, version 1.0 features. Contents start at multiples of 64 bytes,
so that arrays in them can be used where they lie; the padding is the extra field that
Android's zipalign uses for it.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from headstart.bundle.refusal import Refused
from headstart.store.files import printable

ALIGNMENT = 64
MEMBERS_LIMIT = 64
BYTES_LIMIT = 0xFFFF_FFFF  # beyond it a zip file needs other headers

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION = 10
_UNIX = 3 << 8
_DATE = (0, 1 << 5 | 1)  # midnight, 1 January 1980: the first that the format can write
_REGULAR_FILE = 0o100644 << 16
_PADDING = 0xD935


@dataclass(frozen=True, slots=True)
class Member:
    """A member's name (ASCII), its size in bytes, and the CRC-32 of its content."""

    name: str
    size: int
    crc: int


def headers(members: Sequence[Member]) -> tuple[list[bytes], bytes]:
    """What stands before each member's content, and what stands after the last one.

    Raises:
        ValueError: the file would have 4 GiB or more.
    """
    before = []
    directory = b""
    offset = 0
    for member in members:
        name = member.name.encode("ascii")
        common = (0, 0, *_DATE, member.crc, member.size, member.size, len(name))
        bare = _LOCAL.size + len(name) + 6
        padding = struct.pack("<3H", _PADDING, 2 + -(offset + bare) % ALIGNMENT, ALIGNMENT)
        padding += bytes(-(offset + bare) % ALIGNMENT)
        if offset + bare + ALIGNMENT + member.size > BYTES_LIMIT:
            raise ValueError(f"{member.name}: a bundle holds less than 4 GiB")
        local = _LOCAL.pack(b"PK\x03\x04", _VERSION, *common, len(padding))
        before.append(local + name + padding)
        directory += _CENTRAL.pack(
            b"PK\x01\x02", _UNIX | _VERSION, _VERSION, *common, 0, 0, 0, 0, _REGULAR_FILE, offset
        )
        directory += name
        offset += len(before[-1]) + member.size
    count = len(members)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), offset, 0)
    return before, directory + end


def read(data: memoryview, names: Sequence[str]) -> dict[Member, memoryview]:
    """The members of a canonical zip file and views of their contents, unverified.

    Args:
        data: the whole file.
        names: the names that are allowed, in the order in which they stand.

    Raises:
        Refused: the file is not what `headers` would have made for its members.
    """
    members = _directory(data, names)
    try:
        before, after = headers(members)
    except ValueError as error:
        raise Refused("the sizes of its members do not fit into the file.") from error
    contents = {}
    offset = 0
    for member, header in zip(members, before, strict=True):
        start = offset + len(header)
        offset = start + member.size
        if data[start - len(header) : start] != header:
            raise Refused(f"the header before {member.name} is not as headstart writes it.")
        contents[member] = data[start:offset]
    if data[offset:] != after:
        raise Refused("the zip directory at its end is not as headstart writes it.")
    return contents


def _directory(data: memoryview, names: Sequence[str]) -> list[Member]:
    """Names, sizes and checksums as the directory gives them, with the plain lies refused."""
    if len(data) < _END.size or bytes(data[-_END.size :][:4]) != b"PK\x05\x06":
        raise Refused("it does not end as a bundle ends: it is cut short, or something was added.")
    _, _, _, _, count, size, offset, _ = _END.unpack(data[-_END.size :])
    if count > MEMBERS_LIMIT:
        raise Refused(f"it has {count:,} members, more than the {MEMBERS_LIMIT} allowed.")
    if offset + size + _END.size != len(data):
        raise Refused("its zip directory is not where it says.")
    members: list[Member] = []
    rest = data[offset : offset + size]
    for _ in range(count):
        member, rest = _record(rest)
        taken = [other.name for other in members]
        if member.name in taken:
            raise Refused(f"it has two members named {member.name}.")
        if member.name not in names:
            raise Refused(f"its member {_shown(member.name)} has no place in a bundle.")
        if any(names.index(member.name) < names.index(name) for name in taken):
            raise Refused("its members are not in the order in which headstart writes them.")
        members.append(member)
    return members


def _record(rest: memoryview) -> tuple[Member, memoryview]:
    """The member that the directory names next, and what follows it there."""
    if len(rest) < _CENTRAL.size:
        raise Refused("its zip directory is cut short.")
    fields = _CENTRAL.unpack(rest[: _CENTRAL.size])
    _, _, _, flags, method, _, _, crc, packed, size, name_length, *_, attributes, _ = fields
    end = _CENTRAL.size + name_length
    name = bytes(rest[_CENTRAL.size : end]).decode("ascii", "surrogateescape")
    if flags & 1:
        raise Refused(f"its member {_shown(name)} is encrypted.")
    if method != 0 or packed != size:
        raise Refused(
            f"its member {_shown(name)} is compressed.",
            mend="A bundle that was unpacked and zipped again is none: "
            "use the file as headstart wrote it.",
        )
    if attributes >> 16 & 0o170000 == 0o120000:
        raise Refused(f"its member {_shown(name)} is a link.")
    return Member(name, size, crc), rest[end:]


def _shown(name: str) -> str:
    return f"'{printable(name[:100])}'"
