import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from headstart.data.headers import size
from headstart.data.pixels import shape

SIZES = st.tuples(st.integers(1, 700), st.integers(1, 700))


def file_of(sides: tuple[int, int], kind: str, mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, sides).save(file, kind, **options)
    return file.getvalue()


def test_of_real_photos_it_is_what_pillow_reads(shared: Path) -> None:
    photos = [p for p in sorted((shared / "data").rglob("*.*")) if p.suffix.lower() == ".jpg"][::7]
    assert len(photos) > 300
    for path in photos:
        with Image.open(path) as image:
            assert size(path.read_bytes()) == image.size


@given(SIZES, st.sampled_from(["RGB", "L", "CMYK"]), st.booleans(), st.booleans())
def test_of_any_jpeg_file(sides, mode, progressive, long) -> None:
    comment = b"\xff\xc0\xff\xda" * 9  # what looks like a frame inside of a segment is none
    options = {"progressive": progressive, "comment": comment * (900 if long else 1)}
    assert size(file_of(sides, "JPEG", mode, **options)) == sides


@given(SIZES, st.sampled_from(["RGB", "L", "RGBA", "P", "1", "I;16"]))
def test_of_any_png_file(sides, mode) -> None:
    assert size(file_of(sides, "PNG", mode)) == sides


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WebP"])
def test_other_formats_are_left_to_pillow(kind: str) -> None:
    data = file_of((30, 20), kind)
    assert size(data) is None
    assert shape(data) == (30, 20)


@given(st.binary(max_size=300), st.sampled_from([b"\xff\xd8", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]))
@example(b"\xff\xe1\0\0" * 9, b"\xff\xd8")
@example(b"\xff\xe1\xff\xff", b"\xff\xd8")
@example(b"\xff\xc0\0\x0b\x08\0\0\0\x05\x01", b"\xff\xd8")  # its height comes after the scan
def test_of_any_bytes_it_is_two_numbers_or_none(tail: bytes, head: bytes) -> None:
    found = size(head + tail)
    assert found is None or min(found) > 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_header_cut_short_has_none(kind: str) -> None:
    whole = file_of((30, 20), kind)
    found = [size(whole[:n]) for n in range(len(whole))]
    assert set(found) == {None, (30, 20)}
    assert found == sorted(found, key=bool)
