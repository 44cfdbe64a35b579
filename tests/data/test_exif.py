import io
from pathlib import Path

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from headstart.data.exif import cut_from_jpeg, orientation


@given(st.binary(max_size=200), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_any_bytes_give_an_orientation(tail: bytes, head: bytes) -> None:
    assert orientation(head + tail) in range(1, 9)


@given(st.integers(1, 8), st.text("abc", max_size=9), st.booleans())
def test_what_pillow_writes_is_read(value: int, camera: str, prefix: bool) -> None:
    exif = Image.Exif()
    exif[0x010F] = camera
    exif[0x0112] = value
    block = exif.tobytes()
    assert block.startswith(b"Exif\0\0")
    assert orientation(block if prefix else block[6:]) == value


def test_a_big_endian_block_is_read() -> None:
    entry = bytes.fromhex("0112 0003 00000001 0006 0000")
    assert orientation(b"MM\0*\0\0\0\x08\0\x01" + entry) == 6


@given(st.binary(max_size=300))
@example(b"\xff\xe1\x00\x00" + b"Exif\0\0" * 9)
@example(b"\xff\xe1\xff\xffExif\0\0")
def test_cutting_any_bytes_ends_and_drops_only_exif(tail: bytes) -> None:
    block, rest = cut_from_jpeg(b"\xff\xd8" + tail)
    assert rest.startswith(b"\xff\xd8")
    assert len(rest) + len(block) <= 2 + len(tail)
    if not block:
        assert rest == b"\xff\xd8" + tail


def test_the_picture_is_the_same_without_its_exif(shared: Path) -> None:
    for path in sorted((shared / "data" / "sign-digits" / "5").iterdir())[:20]:
        data = path.read_bytes()
        block, rest = cut_from_jpeg(data)
        assert block.startswith(b"Exif\0\0")
        assert len(rest) == len(data) - len(block) - 4
        assert "exif" not in Image.open(io.BytesIO(rest)).info
        with Image.open(path) as whole, Image.open(io.BytesIO(rest)) as without:
            assert np.array_equal(np.asarray(whole), np.asarray(without))


def test_every_exif_block_is_cut_and_the_first_one_counts() -> None:
    one = b"\xff\xe1\x00\x0bExif\0\0one"
    two = b"\xff\xe1\x00\x0bExif\0\0two"
    other = b"\xff\xe1\x00\x06http"
    block, rest = cut_from_jpeg(b"\xff\xd8" + one + other + two + b"\xff\xda" + one)
    assert block == b"Exif\0\0one"
    assert rest == b"\xff\xd8" + other + b"\xff\xda" + one
