"""Small pictures of photos, each once in the page, however often it is shown."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import NamedTuple

from markupsafe import Markup
from PIL import Image

from headstart.data import pixels
from headstart.parallel import cores, side_by_side
from headstart.report.html import data_uri

Photos = Callable[[str], bytes | None]

_LONGEST = 160  # pixels


class Picture(NamedTuple):
    """A small picture: what it is called in the page, its content, its sides in pixels."""

    id: str
    uri: Markup
    width: int
    height: int


def album(photos: Photos, names: Iterable[str]) -> dict[str, Picture | None]:
    """Name → picture, None where the photo is gone or no longer a photo.

    Args:
        photos: gives the bytes of a photo by its name, None where it is gone.
        names: may name a photo more than once.
    """

    def shrink(name: str) -> bytes | None:
        data = photos(name)
        try:
            return pixels.thumbnail(data, _LONGEST) if data else None
        except pixels.Unreadable:
            return None

    found: dict[str, Picture | None] = {}
    for i, (name, small) in enumerate(side_by_side(shrink, dict.fromkeys(names), cores())):
        found[name] = None
        if small is not None:
            size = Image.open(BytesIO(small)).size
            found[name] = Picture(f"photo-{i}", data_uri("image/jpeg", small), *size)
    return found
