import io
import os
import random
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from headstart.data.pixels import MAX_BYTES, Unreadable, decode, read_image, thumbnail
from headstart.errors import InputError

RED, WHITE, GREY = (255, 0, 0), (255, 255, 255), (127, 127, 127)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, depth: int, colour: int, pixels: bytes) -> bytes:
    """A PNG file by hand: Pillow writes no 16-bit colour and no false headers."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    header = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(pixels)),
            chunk(b"IEND", b""),
        )
    )


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def slope(width: int, height: int) -> Image.Image:
    """Smooth, different in every corner and every channel."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = x * 255 / max(1, width - 1), y * 255 / max(1, height - 1)
    return Image.fromarray(np.stack([red, green, (red + green) / 2], -1).round().astype(np.uint8))


def reason(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        decode(data, 32, "squash")
    return caught.value.reason


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """The largest difference between two pictures, in levels."""
    return int(np.abs(one.astype(int) - other).max())


@pytest.fixture(scope="module")
def photos(shared: Path) -> list[bytes]:
    """Twenty real photos of all shapes."""
    found = sorted((shared / "data" / "cats-dogs").glob("*.jpg"))[::65]
    return [path.read_bytes() for path in found]


# What a decoded photo is


def test_full_decode_is_pillows_bicubic_resize(photos: list[bytes]) -> None:
    for data in photos:
        plain = Image.open(io.BytesIO(data)).convert("RGB").resize((224, 224), Image.BICUBIC)
        result = decode(data, 224, "squash", reduce=False)
        assert result.dtype == np.uint8
        assert result.shape == (224, 224, 3)
        assert np.array_equal(result, np.asarray(plain))


def test_crop_keeps_the_middle_square() -> None:
    image = Image.new("RGB", (300, 100), RED)
    image.paste(WHITE, (100, 0, 200, 100))
    for photo in (image, image.rotate(90, expand=True)):
        pixels = decode(saved(photo, "PNG"), 50, "crop")
        assert np.all(pixels[3:-3, 3:-3] == WHITE)
        assert pixels[:, [0, -1]].min() > 200  # what lies just outside shines through a little


def test_pad_keeps_the_whole_photo_on_grey() -> None:
    pixels = decode(saved(Image.new("RGB", (200, 100), RED), "PNG"), 50, "pad")
    assert np.all(pixels[13:37] == RED)
    assert np.all(pixels[:12] == GREY)
    assert np.all(pixels[38:] == GREY)


def test_squash_keeps_every_corner(photos: list[bytes]) -> None:
    pixels = decode(saved(slope(400, 100), "PNG"), 64, "squash", reduce=False)
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert apart(corners, np.array([(0, 0, 0), (255, 0, 127), (0, 255, 127), WHITE])) <= 6


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_a_reduced_decode_looks_like_the_full_one(resize: str, photos: list[bytes]) -> None:
    for data in photos:
        full = decode(data, 48, resize, reduce=False).astype(int)
        assert np.abs(decode(data, 48, resize) - full).mean() < 2.5


@pytest.mark.parametrize(
    ("resize", "size", "in_full"),
    [
        ("squash", (199, 900), True),
        ("squash", (200, 900), False),
        ("crop", (199, 900), True),
        ("crop", (200, 900), False),
        ("pad", (100, 199), True),
        ("pad", (100, 200), False),
    ],
)
def test_a_jpeg_is_never_decoded_to_less_than_twice_the_wanted_size(
    resize: str, size: tuple[int, int], in_full: bool
) -> None:
    jpeg = saved(noise(*size), "JPEG", quality=95)
    png_of_it = saved(Image.open(io.BytesIO(jpeg)), "PNG")
    same = np.array_equal(decode(jpeg, 50, resize), decode(png_of_it, 50, resize))
    assert same is in_full


@settings(deadline=None, max_examples=60)
@given(
    width=st.integers(150, 700),
    height=st.integers(150, 700),
    size=st.integers(16, 64),
    resize=st.sampled_from(["squash", "crop", "pad"]),
    orientation=st.integers(1, 8),
)
def test_reducing_moves_nothing(
    width: int, height: int, size: int, resize: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(slope(width, height), "JPEG", quality=100, subsampling=0, exif=exif)
    reduced = decode(data, size, resize)
    assert reduced.shape == (size, size, 3)
    assert apart(reduced, decode(data, size, resize, reduce=False)) <= 8


def test_threads_decode_the_same_as_one(photos: list[bytes]) -> None:
    alone = [decode(data, 96, "crop") for data in photos]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            together = pool.map(lambda data: decode(data, 96, "crop"), photos)
            assert all(map(np.array_equal, alone, together))


def test_nothing_global_is_changed(photos: list[bytes]) -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    decode(photos[0], 96, "crop")
    reason(photos[0][:1000])
    after = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    assert before == after


def test_a_process_that_loads_truncated_images_is_refused(
    photos: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(InputError, match="LOAD_TRUNCATED_IMAGES"):
        decode(photos[0], 96, "crop")


# What is no photo


def test_fault_01_an_empty_file_is_left_out() -> None:
    assert reason(b"") == "empty"


def test_fault_02_a_jpeg_cut_in_half_is_left_out(photos: list[bytes]) -> None:
    for data in photos:
        assert reason(data[: len(data) // 2]) == "cut short"
        assert reason(data[: len(data) - 200]) == "cut short"
        assert reason(data[:30])


@pytest.mark.parametrize("kind", ["PNG", "WebP", "GIF", "BMP", "TIFF"])
def test_fault_02_other_formats_cut_in_half_are_left_out(kind: str) -> None:
    data = saved(noise(64, 64), kind)
    assert reason(data[: len(data) // 2]) in ("cut short", f"a damaged or unsupported {kind} image")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html><body>404 Not Found", 'not an image (starts with "<html><bod")'),
        (b"no\nimage\n", "not an image"),
        (b"\0" * 500, "not an image"),
        (b"\xef\xbb\xbf\xc3\xa9t\xc3\xa9", "not an image"),
    ],
)
def test_fault_03_text_named_jpg_is_left_out(data: bytes, words: str) -> None:
    assert reason(data) == words


def test_fault_04_content_tells_the_format_not_the_name(tmp_path: Path) -> None:
    image = slope(40, 40)
    (tmp_path / "a.jpg").write_bytes(saved(image, "PNG"))
    pixels = decode(read_image(tmp_path / "a.jpg"), 40, "squash")
    assert np.array_equal(pixels, np.asarray(image))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (saved(Image.new("RGB", (8, 8)), "EPS"), "PostScript"),
        (b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 8, 8, 8, 3) + bytes(500), "Photoshop"),
        (b"SIMPLE  =                    T".ljust(2880), "FITS"),
        (saved(Image.new("RGB", (8, 8)), "PDF"), "PDF"),
        (b"PK\x03\x04" + bytes(100), "zip"),
        (saved(Image.new("RGB", (8, 8)), "ICO"), "not an image"),
        (saved(Image.new("RGB", (8, 8)), "PPM"), "not an image"),
        (saved(Image.new("RGB", (8, 8)), "TGA"), "not an image"),
    ],
)
def test_fault_05_other_formats_are_not_opened(data: bytes, name: str) -> None:
    assert name in reason(data)


def _false_jpeg(side: int) -> bytes:
    data = saved(Image.new("RGB", (8, 8)), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">2H", side, side) + data[at + 4 :]


def _false_gif(side: int) -> bytes:
    data = saved(Image.new("L", (8, 8)), "GIF")
    return data[:6] + struct.pack("<2H", side, side) + data[10:]


def _false_bmp(side: int) -> bytes:
    data = saved(Image.new("RGB", (8, 8)), "BMP")
    return data[:18] + struct.pack("<2i", side, side) + data[26:]


def _false_tiff(side: int) -> bytes:
    data = saved(Image.new("L", (8, 8)), "TIFF")
    for tag in (256, 257):
        entry = struct.pack("<HHI", tag, 4, 1)
        at = data.index(entry) + len(entry)
        data = data[:at] + struct.pack("<I", side) + data[at + 4 :]
    return data


def _false_webp(side: int) -> bytes:
    data = saved(Image.new("RGB", (8, 8)), "WEBP", lossless=True)
    at = data.index(b"VP8L") + 9
    bits = struct.pack("<I", (side - 1) | (side - 1) << 14)
    return data[:at] + bits + data[at + 4 :]


@pytest.mark.parametrize(
    "data",
    [
        png(50_000, 50_000, 8, 2, b""),
        _false_jpeg(65_000),
        _false_gif(65_535),
        _false_bmp(50_000),
        _false_tiff(50_000),
        _false_webp(16_383),
    ],
    ids=["PNG", "JPEG", "GIF", "BMP", "TIFF", "WebP"],
)
def test_fault_06_a_huge_image_is_left_out_by_its_header(data: bytes) -> None:
    limit = 178 if data.startswith(b"\xff\xd8") else 64
    assert f"more than {limit} megapixels" in reason(data)


def test_fault_06_the_reason_gives_the_size() -> None:
    words = "50,000 × 50,000 pixels, more than 64 megapixels"
    assert reason(png(50_000, 50_000, 8, 2, b"")) == words


def test_fault_06_photos_as_large_as_telephones_take_them_are_no_bombs() -> None:
    assert reason(_false_jpeg(10_400)[:-2]) == "cut short"  # 108 megapixels, past Pillow's warning
    assert reason(png(8_160, 6_144, 8, 2, b"")) == "cut short"


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(1, 65_000), (65_000, 1)])
def test_fault_07_one_pixel_by_65000_works(size: tuple[int, int], kind: str, resize: str) -> None:
    pixels = decode(saved(Image.new("RGB", size, RED), kind), 32, resize)
    assert np.abs(pixels.astype(int) - RED).max(-1).min() <= 2


UPRIGHT_TO_STORED = {  # what a camera that was held so wrote
    1: [],
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 100, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_deflate"}),
    ],
)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_fault_08_every_orientation_comes_out_upright(
    orientation: int, kind: str, options: dict[str, object], resize: str
) -> None:
    upright = slope(90, 61)
    stored = upright
    for turn in UPRIGHT_TO_STORED[orientation]:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(stored, kind, exif=exif, **options)
    assert apart(decode(data, 40, resize), decode(saved(upright, "PNG"), 40, resize)) <= 4
    assert thumbnail(data, 30) != b""
    assert Image.open(io.BytesIO(thumbnail(data, 45))).size == (45, 30)


def test_fault_08_the_orientation_of_a_large_jpeg_survives_the_smaller_decode() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = slope(900, 610).transpose(Image.Transpose.ROTATE_90)
    data = saved(stored, "JPEG", exif=exif, quality=95)
    for resize in ("squash", "crop", "pad"):
        full = decode(saved(slope(900, 610), "PNG"), 40, resize, reduce=False)
        assert apart(decode(data, 40, resize), full) <= 6


def test_fault_08_real_photos_with_exif_agree_with_pillow(shared: Path) -> None:
    for path in sorted((shared / "data" / "sign-digits" / "3").iterdir())[:20]:
        plain = ImageOps.exif_transpose(Image.open(path)).resize((64, 64), Image.BICUBIC)
        assert np.array_equal(decode(path.read_bytes(), 64, "squash"), np.asarray(plain))


def with_exif(data: bytes, block: bytes) -> bytes:
    content = b"Exif\0\0" + block
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + data[2:]


def ifd(*entries: tuple[int, int, int, int], count: int | None = None, at: int = 8) -> bytes:
    packed = b"".join(struct.pack("<HHIHH", *entry, 0) for entry in entries)
    number = len(entries) if count is None else count
    return b"II*\0" + struct.pack("<IH", at, number) + packed


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II",
        b"junk" * 30,
        ifd((0x0112, 3, 1, 0)),
        ifd((0x0112, 3, 1, 9)),
        ifd((0x0112, 2, 1, 6)),
        ifd((0x0112, 3, 7, 6)),
        ifd((0x010F, 2, 900_000, 6), count=65_535),
        ifd((0x0112, 3, 1, 6), at=2**32 - 1),
        ifd((0x0112, 3, 1, 6), at=4_000),
    ],
)
def test_fault_09_a_broken_exif_block_leaves_the_photo_as_it_is(
    block: bytes, photos: list[bytes]
) -> None:
    broken = with_exif(photos[0], block)
    assert np.array_equal(decode(broken, 64, "squash"), decode(photos[0], 64, "squash"))


def test_fault_10_cmyk_works() -> None:
    image = slope(60, 60)
    for kind in ("JPEG", "TIFF"):
        pixels = decode(saved(image.convert("CMYK"), kind), 60, "squash")
        assert np.abs(pixels.astype(int) - np.asarray(image)).mean() < 3


RAMP = np.linspace(0, 65_535, 256).astype(np.uint16).reshape(16, 16)


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.fromarray(RAMP), "PNG"),
        saved(Image.fromarray(RAMP), "TIFF"),
        saved(Image.frombytes("I;16B", (16, 16), RAMP.astype(">u2").tobytes()), "TIFF"),
        png(16, 16, 16, 2, b"".join(b"\0" + row.repeat(3).astype(">u2").tobytes() for row in RAMP)),
    ],
    ids=["grey PNG", "grey TIFF", "grey big-endian TIFF", "colour PNG"],
)
def test_fault_11_sixteen_bits_are_scaled_not_clipped(data: bytes) -> None:
    expected = np.arange(256).reshape(16, 16, 1).repeat(3, 2)
    assert apart(decode(data, 16, "squash"), expected) <= 1


def test_fault_11_thirty_two_bits_are_left_out() -> None:
    for pixels in (RAMP.astype(np.float32), RAMP.astype(np.int32)):
        assert "32 bits" in reason(saved(Image.fromarray(pixels), "TIFF"))


def _transparent_palette() -> Image.Image:
    image = Image.new("P", (20, 20), 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 20, 10))
    image.info["transparency"] = 0
    return image


def _transparent(mode: str) -> Image.Image:
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 20, 10))
    return image.convert(mode)


@pytest.mark.parametrize(
    ("data", "top"),
    [
        (saved(_transparent("RGBA"), "PNG"), RED),
        (saved(_transparent("RGBA"), "WEBP", lossless=True), RED),
        (saved(_transparent("RGBA"), "TIFF"), RED),
        (saved(_transparent("LA"), "PNG"), (76, 76, 76)),
        (saved(_transparent_palette(), "PNG", transparency=0), RED),
        (saved(_transparent_palette(), "GIF", transparency=0), RED),
        (saved(_transparent("RGB"), "PNG", transparency=(0, 0, 0)), RED),
    ],
    ids=["RGBA PNG", "WebP", "TIFF", "LA PNG", "palette PNG", "GIF", "RGB PNG with a key"],
)
def test_fault_12_transparency_stands_on_white(data: bytes, top: tuple[int, ...]) -> None:
    pixels = decode(data, 20, "squash")
    assert np.all(pixels[:9] == top)
    assert np.all(pixels[11:] == WHITE)


def test_fault_12_no_colour_bleeds_out_of_transparent_pixels() -> None:
    image = Image.new("RGBA", (100, 100), (0, 255, 0, 0))
    image.paste((*RED, 255), (0, 0, 100, 50))
    pixels = decode(saved(image, "PNG"), 10, "squash")
    assert pixels[..., 1].min() == 0
    assert np.array_equal(pixels[..., 1], pixels[..., 2])  # from red to white, green = blue


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_fault_12_other_modes_become_rgb(mode: str) -> None:
    image = slope(40, 40).convert(mode)
    expected = np.asarray(image.convert("L" if mode == "1" else "RGB").convert("RGB"))
    assert np.array_equal(decode(saved(image, "PNG"), 40, "squash"), expected)


def _many_frames(kind: str) -> tuple[bytes, bytes]:
    """Ten thousand frames, made by repeating one, and the first frame alone."""
    frames = [Image.new("L", (8, 8), shade) for shade in (200, 20, 90)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    mark = b"\x21\xf9\x04" if kind == "GIF" else b"ANMF"
    last = data.rindex(mark)
    end = len(data) - 1 if kind == "GIF" else len(data)
    data = data[:last] + data[last:end] * 10_000 + data[end:]
    if kind == "WEBP":
        data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    return data, saved(frames[0], "PNG")


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_fault_13_of_ten_thousand_frames_the_first_is_taken(kind: str) -> None:
    data, first = _many_frames(kind)
    assert apart(decode(data, 8, "squash"), decode(first, 8, "squash")) <= 2


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


def test_fault_14_heic_without_its_package_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert "pip install pillow-heif" in reason(HEIC)


def test_fault_14_heic_with_its_package_works(monkeypatch: pytest.MonkeyPatch) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    assert reason(HEIC) == "a damaged or unsupported HEIC image"
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    pillow_heif.from_pillow(slope(90, 60)).save(file, quality=95, exif=exif.tobytes())
    pixels = decode(file.getvalue(), 40, "squash")
    expected = decode(
        saved(slope(90, 60).transpose(Image.Transpose.ROTATE_270), "PNG"), 40, "squash"
    )
    assert np.abs(pixels.astype(int) - expected).mean() < 4


def test_fault_26_a_fifo_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    for path in (tmp_path / "a.jpg", Path(os.devnull), tmp_path):
        with pytest.raises(Unreadable, match="not a regular file"):
            read_image(path)


CLOSED = """
import os, sys
from headstart.data.pixels import Unreadable, read_image
if os.geteuid() == 0:  # no file is closed to root
    os.setgid(65534)
    os.setuid(65534)
try:
    read_image(sys.argv[1])
except Unreadable as error:
    print(error.reason)
"""


@pytest.mark.skipif(os.name == "nt", reason="permissions work otherwise there")
def test_fault_22_a_closed_file_is_left_out() -> None:
    with tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, 0)
        command = [sys.executable, "-c", CLOSED, file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "cannot be read (Permission denied)"


def test_a_file_that_is_gone_or_too_large_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        read_image(tmp_path / "gone.jpg")
    with open(tmp_path / "large.jpg", "wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(Unreadable, match="larger than 256 MiB"):
        read_image(tmp_path / "large.jpg")


KINDS = ["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF"]
REASONS = {
    "cut short",
    "empty",
    "32 bits a pixel; save it with 8 or 16",
    *(f"a damaged or unsupported {kind} image" for kind in KINDS),
}


@cache
def _real(shared: Path, kind: str) -> bytes:
    image = Image.open(shared / "data" / "imagenet-samples" / "lizard.jpg")
    return saved(image.resize((90, 60)), kind)


@settings(deadline=None, max_examples=400)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32),
    changes=st.integers(1, 20),
    header=st.booleans(),
    cut=st.booleans(),
)
def test_a_damaged_photo_is_decoded_or_left_out_and_nothing_else(
    shared: Path, kind: str, seed: int, changes: int, header: bool, cut: bool
) -> None:
    chance = random.Random(seed)
    data = bytearray(_real(shared, kind))
    for _ in range(changes):
        data[chance.randrange(min(200, len(data)) if header else len(data))] = chance.randrange(256)
    if cut:
        del data[chance.randrange(len(data)) :]
    try:
        outcome: object = decode(bytes(data), 24, "crop").shape
    except Unreadable as error:
        outcome = error.reason
    known = outcome in REASONS or str(outcome).startswith("not an image")
    assert outcome == (24, 24, 3) or known or "megapixels" in str(outcome)


# Thumbnails


def test_a_thumbnail_keeps_the_shape_and_not_the_metadata() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    data = saved(slope(400, 100), "JPEG", exif=exif, comment=b"my secret")
    small = thumbnail(data, 80)
    image = Image.open(io.BytesIO(small))
    assert (image.format, image.size, image.mode) == ("JPEG", (80, 20), "RGB")
    assert b"secret" not in small
    assert b"live" not in small


def test_a_small_photo_is_not_blown_up() -> None:
    small = thumbnail(saved(slope(30, 20), "PNG"), 80)
    assert Image.open(io.BytesIO(small)).size == (30, 20)


def test_a_thumbnail_of_no_photo_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        thumbnail(b"text", 80)
