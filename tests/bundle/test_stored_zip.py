"""Zip files that other programs make, and that nobody should."""

import io
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.bundle import archive, stored_zip
from headstart.bundle.refusal import Refused
from headstart.errors import ModelError

NAMES = ("manifest.json", "model.xml", "model.bin")


def rezipped(bundle_bytes: bytes, change=None, compression=zipfile.ZIP_STORED) -> bytes:
    """The bundle as Python's zipfile writes it, with each member's record changed or dropped."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle_bytes)) as old,
        zipfile.ZipFile(result, "w", compression) as new,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there twice
        for info in old.infolist():
            content = old.read(info)
            info.compress_type = compression
            for member in change(info) if change else [info]:
                new.writestr(member, content)
    return result.getvalue()


def named(name: str, instead_of: str):
    def change(info: zipfile.ZipInfo) -> list[zipfile.ZipInfo]:
        if info.filename == instead_of:
            info.filename = name
        return [info]

    return change


def twice(info: zipfile.ZipInfo) -> list[zipfile.ZipInfo]:
    return [info, info] if info.filename == "model.bin" else [info]


def linked(info: zipfile.ZipInfo) -> list[zipfile.ZipInfo]:
    info.external_attr = 0o120777 << 16
    return [info]


def encrypted(bundle_bytes: bytes) -> bytes:
    data = bytearray(rezipped(bundle_bytes))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature)
        data[at + place] |= 1
    return bytes(data)


def added(name: str):
    def change(info: zipfile.ZipInfo) -> list[zipfile.ZipInfo]:
        return [info, zipfile.ZipInfo(name)] if info.filename == "model.xml" else [info]

    return change


def many(info: zipfile.ZipInfo) -> list[zipfile.ZipInfo]:
    return [info, *(zipfile.ZipInfo(f"{info.filename}/{i}") for i in range(20))]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (named("../model.bin", instead_of="model.bin"), "'../model.bin' has no place"),
        (named("/model.bin", instead_of="model.bin"), "'/model.bin' has no place"),
        (named("a\nb", instead_of="model.bin"), r"'a\\nb' has no place"),
        (added("run.py"), "'run.py' has no place"),
        (twice, "two members named model.bin"),
        (linked, "'manifest.json' is a link"),
        (many, "84 members, more than the 64 allowed"),
        (None, "the header before manifest.json is not as headstart writes it"),
    ],
)
def test_fault_52_members_that_do_not_belong_are_refused(bundle, bundle_bytes, change, words):
    bundle.write_bytes(rezipped(bundle_bytes, change))
    _refused(bundle, words)


def test_fault_52_a_bundle_zipped_again_by_hand_says_so(bundle, bundle_bytes):
    bundle.write_bytes(rezipped(bundle_bytes, compression=zipfile.ZIP_DEFLATED))
    _refused(bundle, "is compressed. A bundle that was unpacked and zipped again is none")


def test_fault_52_a_bomb_is_not_unpacked(bundle):
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", bytes(5_000_000))
    _refused(bundle, "'manifest.json' is compressed")


def test_fault_52_an_encrypted_member_is_refused(bundle, bundle_bytes):
    bundle.write_bytes(encrypted(bundle_bytes))
    _refused(bundle, "'manifest.json' is encrypted")


def test_fault_52_members_in_another_order_are_refused(bundle, members):
    contents = dict(reversed({"manifest.json": b"{}", **members}.items()))
    bundle.write_bytes(_canonical(contents))
    _refused(bundle, "not in the order")


def test_fault_52_bytes_hidden_between_members_are_refused(bundle, bundle_bytes):
    """Every offset after the gap is mended, so that other programs read the file gladly."""
    at = bundle_bytes.index(b"PK\x03\x04", 1)
    hidden = b"!" * 64
    data = bytearray(bundle_bytes[:at] + hidden + bundle_bytes[at:])
    end = len(data) - 22
    (directory,) = struct.unpack_from("<I", data, end + 16)
    struct.pack_into("<I", data, end + 16, directory + len(hidden))
    place = directory + len(hidden)
    while place < end:
        (name,) = struct.unpack_from("<H", data, place + 28)
        (offset,) = struct.unpack_from("<I", data, place + 42)
        struct.pack_into("<I", data, place + 42, offset + len(hidden) * (offset >= at))
        place += 46 + name
    bundle.write_bytes(data)
    with zipfile.ZipFile(bundle) as file:
        assert file.testzip() is None
    _refused(bundle, "not as headstart writes it")


def test_fault_52_members_that_overlap_are_refused(bundle):
    """Both records of the directory lead to one place, as in a bomb of overlapping members."""
    data = bytearray(_canonical({"manifest.json": b"{}", "model.xml": b"{}"}))
    second = data.rindex(b"PK\x01\x02")
    assert struct.unpack_from("<I", data, second + 42) != (0,)
    struct.pack_into("<I", data, second + 42, 0)
    bundle.write_bytes(data)
    _refused(bundle, "the zip directory at its end is not as headstart writes it")


def test_fault_50_a_size_beyond_the_file_is_refused_before_it_is_used():
    before, after = stored_zip.headers([stored_zip.Member("manifest.json", 0xFFF0_0000, 0)])
    tail = bytearray(after)
    struct.pack_into("<I", tail, len(after) - 6, len(before[0]))
    with pytest.raises(Refused, match="not as headstart writes it"):
        stored_zip.read(memoryview(before[0] + tail), NAMES)


def test_a_file_of_four_gibibytes_is_not_begun():
    half = 0x8000_0000
    with pytest.raises(ValueError, match="4 GiB"):
        stored_zip.headers([stored_zip.Member(name, half, 0) for name in ("a", "b")])


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_and_nothing_worse(data):
    with pytest.raises(Refused):
        stored_zip.read(memoryview(data), NAMES)


@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=300), min_size=1))
def test_every_canonical_file_is_read_back_and_is_a_zip_file(given_contents):
    contents = {name: given_contents[name] for name in NAMES if name in given_contents}
    data = _canonical(contents)
    found = stored_zip.read(memoryview(data), NAMES)
    assert {member.name: bytes(content) for member, content in found.items()} == contents
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert {name: file.read(name) for name in file.namelist()} == contents


@given(st.data())
def test_no_other_file_is_taken_for_the_canonical_one(data):
    """What `read` accepts, `headers` makes: a change is refused or is another right file."""
    whole = bytearray(_canonical({"manifest.json": b"{}", "model.xml": b"<net/>"}))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    try:
        found = stored_zip.read(memoryview(whole), NAMES)
    except Refused:
        return
    before, after = stored_zip.headers(list(found))
    parts = [part for pair in zip(before, found.values(), strict=True) for part in pair]
    assert b"".join([*parts, after]) == whole


def _canonical(contents: dict[str, bytes]) -> bytes:
    from zlib import crc32

    before, after = stored_zip.headers(
        [stored_zip.Member(name, len(data), crc32(data)) for name, data in contents.items()]
    )
    parts = [part for pair in zip(before, contents.values(), strict=True) for part in pair]
    return b"".join([*parts, after])


def _refused(bundle: Path, words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        archive.read(bundle)
    assert caught.value.where == str(bundle)
    assert caught.value.mend
    assert list(bundle.parent.iterdir()) == [bundle]  # nothing was unpacked
