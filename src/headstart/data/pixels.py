"""File → uint8 RGB (H, W, 3): the one decode that training, prediction and serving share.

The format is told by content, and only JPEG, PNG, WebP, GIF, BMP and TIFF are opened (HEIC
too where pillow-heif is installed). Whatever cannot be decoded whole is `Unreadable`, with a
reason in the user's words.
"""

import importlib
import io
import math
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from headstart.data import exif, headers
from headstart.errors import InputError
from headstart.options import Resize

DECODE_VERSION = 1  # part of every key under which features are kept: raise it with any change

MAX_BYTES = 256 * 1024**2
MAX_MEGAPIXELS = 64  # 8 bytes a pixel while it is decoded (animated WebP: 16), in every thread
MAX_JPEG_MEGAPIXELS = 178  # for what is decoded smaller anyway; Pillow draws its own line here

BACKGROUND = (255, 255, 255)  # behind transparent pixels: white, as most programs flatten them
PADDING = (127, 127, 127)  # beside a padded photo: mid-grey, next to nothing once normalised


class Unreadable(Exception):
    """A photo that takes no part.

    Attributes:
        reason: why, in words that fit after a colon, with no full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_image(path: str | os.PathLike[str]) -> bytes:
    """The content of a regular file of at most `MAX_BYTES`; anything else is not opened.

    Raises:
        Unreadable: it is something else, too large, or cannot be read.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # opening a FIFO would wait for a writer for ever
            raise Unreadable("not a regular file")
        if status.st_size > MAX_BYTES:
            raise Unreadable(f"larger than {MAX_BYTES // 1024**2} MiB")
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror or error})") from error
    except ValueError as error:  # a name with a NUL character
        raise Unreadable("no name that a file can have") from error


def decode(data: bytes, size: int, resize: Resize, *, reduce: bool = True) -> NDArray[np.uint8]:
    """A photo as the network receives it.

    Upright by its EXIF orientation, the first frame of an animation, transparency on white,
    16 bits a channel scaled to 8, made square by antialiased bicubic interpolation.

    Args:
        data: the content of the file.
        size: side of the square in pixels.
        resize: `squash` changes the shape, `crop` keeps the middle square, `pad` keeps the
            whole photo on a grey square.
        reduce: lets a much larger photo be decoded or averaged to fewer pixels first, never
            to less than twice the wanted size; False decodes in full.

    Returns:
        uint8 (size, size, 3), RGB.

    Raises:
        Unreadable: not an image, damaged, cut short, or too large.
    """
    with _opened(data) as photo:
        image = photo.resized(_FITS[resize](photo.size, size), reduce)
        if image.size != (size, size):
            square = Image.new("RGB", (size, size), PADDING)
            square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
            image = square
        return np.asarray(image)


def shape(data: bytes) -> tuple[int, int]:
    """Width and height of a photo in pixels as they lie in the file, from its header alone.

    Args:
        data: the content of the file.

    Raises:
        Unreadable: as `decode`, but for what shows in decoding, or in reading the whole header.
    """
    if found := headers.size(data):
        return found
    with _opened(data) as photo:
        return photo.size


def thumbnail(data: bytes, longest: int) -> bytes:
    """A small upright JPEG of a photo in its own shape, without its metadata.

    Args:
        data: the content of the file.
        longest: the longer side in pixels; a smaller photo keeps its size.

    Raises:
        Unreadable: as `decode`.
    """
    file = io.BytesIO()
    Image.fromarray(upright(data, longest)).save(file, "JPEG", quality=85)
    return file.getvalue()


def upright(data: bytes, longest: int, *, at_least: int = 1) -> NDArray[np.uint8]:
    """A small photo in its own shape: uint8 (H, W, 3), RGB.

    Args:
        data: the content of the file.
        longest: the longer side in pixels; a smaller photo keeps its size.
        at_least: a photo whose longer side has fewer pixels is enlarged to so many.

    Raises:
        Unreadable: as `decode`.
    """
    with _opened(data) as photo:
        side = max(min(longest, max(photo.size)), at_least)
        return np.asarray(photo.resized(_inside(photo.size, side), reduce=True))


class _Fit(NamedTuple):
    """What of a photo is kept, in pixels of the file (x0, y0, x1, y1), and at what size."""

    size: tuple[int, int]
    box: tuple[float, float, float, float]


def _squash(size: tuple[int, int], side: int) -> _Fit:
    return _Fit((side, side), (0, 0, *size))


def _crop(size: tuple[int, int], side: int) -> _Fit:
    width, height = size
    shorter = min(size)
    x, y = (width - shorter) / 2, (height - shorter) / 2
    return _Fit((side, side), (x, y, x + shorter, y + shorter))


def _inside(size: tuple[int, int], side: int) -> _Fit:
    width, height = (max(1, round(length * side / max(size))) for length in size)
    return _Fit((width, height), (0, 0, *size))


_FITS: dict[Resize, Callable[[tuple[int, int], int], _Fit]] = {
    "squash": _squash,
    "crop": _crop,
    "pad": _inside,
}


class _Photo:
    """An image file whose header has been read and whose pixels have not.

    Sizes and boxes are those of the file, before it is turned upright: a small picture is
    turned sooner than a large one.
    """

    def __init__(self, image: ImageFile.ImageFile, orientation: int) -> None:
        self._image = image
        self._orientation = orientation
        self.size = image.size

    def resized(self, fit: _Fit, reduce: bool) -> Image.Image:
        """The part of the photo that `fit` keeps at its size, RGB and upright."""
        (width, height), box = fit
        if reduce and isinstance(self._image, JpegImageFile):
            x_scale, y_scale = (box[2] - box[0]) / (2 * width), (box[3] - box[1]) / (2 * height)
            enough = (
                max(1, math.ceil(self.size[0] / x_scale)),
                max(1, math.ceil(self.size[1] / y_scale)),
            )
            drafted = self._image.draft(None, enough)
            if drafted is not None:  # exact: the last column may stand for a part of a pixel
                shrink = drafted[1][2] / self.size[0]
                box = (box[0] * shrink, box[1] * shrink, box[2] * shrink, box[3] * shrink)
        self._image.load()
        image = _plain(self._image)
        image = image.resize(
            fit.size, Image.Resampling.BICUBIC, box, reducing_gap=2.0 if reduce else None
        )
        if image.mode == "RGBA":
            opaque = Image.new("RGB", image.size, BACKGROUND)
            opaque.paste(image, mask=image)
            image = opaque
        elif image.mode == "L":
            image = image.convert("RGB")
        orientation = self._orientation or exif.orientation(self._image.info.get("exif", b""))
        turn = _UPRIGHT.get(orientation)
        return image if turn is None else image.transpose(turn)


_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _plain(image: Image.Image) -> Image.Image:
    """The same pixels in a mode that can be resized: L, RGB or RGBA, 8 bits a channel."""
    if image.mode.startswith("I;16"):  # the high byte, as Pillow takes it of 16-bit colour
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise Unreadable("32 bits a pixel; save it with 8 or 16")
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


@contextmanager
def _opened(data: bytes) -> Iterator[_Photo]:
    """A photo with its header read; whatever goes wrong with it inside is `Unreadable`."""
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise InputError(
            "PIL.ImageFile.LOAD_TRUNCATED_IMAGES is set in this process, so that photos cut "
            "short would pass for whole ones.",
            mend="Set it to False; headstart leaves such photos out and names them.",
        )
    kind = _kind(data)
    limit = MAX_JPEG_MEGAPIXELS if kind == "JPEG" else MAX_MEGAPIXELS
    orientation = 0
    try:
        if kind == "JPEG":
            # Pillow would parse all of the Exif block, slowly and with warnings where it is odd.
            block, data = exif.cut_from_jpeg(data)
            orientation = exif.orientation(block)
        image = _opener(kind)(io.BytesIO(data))
        width, height = image.size
        if width * height > limit * 10**6:
            raise Unreadable(f"{width:,} × {height:,} pixels, more than {limit} megapixels")
        yield _Photo(image, orientation)
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable("needs more memory than there is") from error
    except Image.DecompressionBombError as error:
        raise Unreadable(f"more than {limit} megapixels") from error
    except Exception as error:  # Pillow names no complete list of what it raises
        short = isinstance(error, EOFError) or "truncated" in str(error).lower()
        raise Unreadable(
            "cut short" if short else f"a damaged or unsupported {kind} image"
        ) from error


def _opener(kind: str) -> Callable[[io.BytesIO], ImageFile.ImageFile]:
    if kind != "HEIC":
        return _OPENERS[kind]
    try:
        opener: Callable[[io.BytesIO], ImageFile.ImageFile]
        opener = importlib.import_module("pillow_heif").HeifImageFile
    except ImportError as error:
        raise Unreadable(
            "HEIC; `pip install pillow-heif` makes it readable, or save it as JPEG"
        ) from error
    return opener


_OPENERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WebP": WebPImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
}

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WebP"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    *((4, b"ftyp" + brand, "HEIC") for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1")),
)
_OTHERS = (
    (4, b"ftypavif", "AVIF"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"%PDF", "a PDF file"),
    (0, b"SIMPLE  =", "a FITS file"),
    (0, b"PK\x03\x04", "a zip file"),
)


def _kind(data: bytes) -> str:
    """The format that the first bytes name.

    Raises:
        Unreadable: none that is read here.
    """
    if not data:
        raise Unreadable("empty")
    for at, signature, kind in _SIGNATURES:
        if data.startswith(signature, at):
            return kind
    for at, signature, kind in _OTHERS:
        if data.startswith(signature, at):
            raise Unreadable(f"{kind}, not {', '.join(_OPENERS)}")
    start = data[:10].decode("ascii", "replace").strip()
    shown = f' (starts with "{start}")' if start.isprintable() and "\ufffd" not in start else ""
    raise Unreadable(f"not an image{shown}")
