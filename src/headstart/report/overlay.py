"""A heat map in colour over its photo, in the photo's own shape. Drawn by Pillow alone."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from headstart.data.pixels import upright
from headstart.evaluation.explain import Explanation
from headstart.options import Resize
from headstart.report.words import one_line, percent

RAMP = (
    (87, 16, 110),
    (111, 25, 110),
    (135, 33, 107),
    (160, 42, 99),
    (183, 53, 87),
    (204, 66, 72),
    (224, 85, 54),
    (238, 106, 36),
    (247, 132, 16),
    (252, 161, 8),
    (251, 190, 35),
    (245, 219, 76),
    (243, 246, 138),
)
"""From little evidence to most: matplotlib's `inferno` (S. van der Walt and N. Smith, 2015) from a
quarter of its length on. Lightness rises evenly, also for the colour-blind and in print."""

_LEAST = {"class activation": 0.0, "occlusion": 1.0}
"""What gets the strongest colour at least: odds that fall to a third are worth it, less is not."""

_GREY = 0.8  # how much of the photo's own colour goes, so that it is not taken for the map's
_OPAQUE = 0.62  # of the strongest colour
_UNSEEN = 0.4  # how bright the photo stays where the network does not look
_SHORTEST, _LONGEST = 320, 1024  # of a picture's longer side, in pixels

_STRIP, _FONT, _BAR, _MARGIN = 30, 14, 88, 8  # the line under a picture, in pixels
_NARROWEST = 360
_INK, _SOFT, _PAPER = (38, 38, 38), (112, 112, 112), (255, 255, 255)


def picture(content: bytes, explained: Explanation, resize: Resize) -> bytes:
    """A PNG file: the photo with its map, and a line that says what the colours mean.

    Args:
        content: of the photo's file.
        resize: how the photo became the square that the map lies over.

    Raises:
        Unreadable: it is no photo.
    """
    photo = upright(content, _LONGEST, at_least=_SHORTEST)
    drawn = overlay(photo, explained.map, resize, strongest([explained]))
    file = BytesIO()
    _captioned(drawn, explained).save(file, "PNG")
    return file.getvalue()


def strongest(explained: Sequence[Explanation]) -> float:
    """The number that gets the strongest colour where several maps are to be compared."""
    return max(max(_LEAST[each.method], float(np.abs(each.map).max())) for each in explained)


def overlay(
    photo: NDArray[np.uint8], values: NDArray[np.float32], resize: Resize, most: float
) -> NDArray[np.uint8]:
    """A photo with what speaks for the class in colour over it.

    Args:
        photo: uint8 (H, W, 3), upright, in its own shape.
        values: float32 (h, w), a map over the square that the network receives.
        most: the number that gets the strongest colour; from 0 down there is none.

    Returns:
        uint8 (H, W, 3). What the network does not see is dark.
    """
    spread = laid_over(values, photo.shape[:2], resize)
    seen = ~np.isnan(spread)
    share = np.clip(np.nan_to_num(spread) / (most or 1.0), 0, 1)[..., np.newaxis]
    grey = photo @ np.array([0.299, 0.587, 0.114])
    pale = _GREY * grey[..., np.newaxis] + (1 - _GREY) * photo
    stops = np.linspace(0, 1, len(RAMP))
    colours = np.concatenate(
        [np.interp(share, stops, part) for part in zip(*RAMP, strict=True)], axis=2
    )
    opacity = _OPAQUE * share
    mixed = pale * (1 - opacity) + colours * opacity
    mixed *= np.where(seen, 1, _UNSEEN)[..., np.newaxis]
    drawn: NDArray[np.uint8] = mixed.round().astype(np.uint8)
    return drawn


def laid_over(
    values: NDArray[np.float32], shape: tuple[int, ...], resize: Resize
) -> NDArray[np.float32]:
    """A map of the network's square as a map of the photo, smoothly interpolated.

    Args:
        values: float32 (h, w).
        shape: height and width of the photo in pixels.

    Returns:
        float32 (height, width); NaN where the square does not reach.
    """
    height, width = shape
    image = Image.fromarray(values.astype(np.float32))  # mode F, one number a pixel
    box = (0.0, 0.0, float(image.width), float(image.height))
    side = (width, height)
    if resize == "pad":  # the photo lies in the middle of the square
        longer = max(side)
        x, y = ((1 - part / longer) / 2 for part in side)
        box = (x * box[2], y * box[3], (1 - x) * box[2], (1 - y) * box[3])
    elif resize == "crop":  # the square is the middle of the photo
        side = (min(side), min(side))
    drawn = np.asarray(image.resize(side, Image.Resampling.BICUBIC, box))
    if drawn.shape == (height, width):
        return drawn
    whole = np.full((height, width), np.nan, np.float32)
    y, x = (height - side[1]) // 2, (width - side[0]) // 2
    whole[y : y + side[1], x : x + side[0]] = drawn
    return whole


def _captioned(drawn: NDArray[np.uint8], explained: Explanation) -> Image.Image:
    """The picture over a line with the class and a bar of the colours."""
    height, width = drawn.shape[:2]
    sheet = Image.new("RGB", (max(width, _NARROWEST), height + _STRIP), _PAPER)
    sheet.paste(Image.fromarray(drawn), ((sheet.width - width) // 2, 0))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT)
    middle, x = height + _STRIP // 2, sheet.width - _MARGIN
    draw.text((x, middle), "most", _SOFT, font, anchor="rm")
    x -= round(draw.textlength("most", font)) + _MARGIN + _BAR
    bar = Image.fromarray(np.array([RAMP], np.uint8)).resize((_BAR, 10))
    sheet.paste(bar, (x, middle - 5))
    x -= _MARGIN
    draw.text((x, middle), "none", _SOFT, font, anchor="rm")
    room = x - round(draw.textlength("none", font)) - 3 * _MARGIN
    name, share = one_line(explained.class_name), percent(explained.probability)
    for end in range(len(name), 0, -1):
        text = f"for {name[:end]}{'…' if end < len(name) else ''} ({share})"
        if draw.textlength(text, font) <= room:
            break
    draw.text((_MARGIN, middle), text, _INK, font, anchor="lm")
    return sheet
