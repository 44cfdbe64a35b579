"""What stands before the pixels of a photo, read by hand: width and height, and JPEG's segments.

Pillow reads the sizes too, but takes a header apart to its last table: of a photo that is known
already that was most of what it cost to look at it again.

JPEG: ITU-T T.81, annex B; PNG: ISO/IEC 15948, section 11.2.2.
"""

import struct
from collections.abc import Iterator

_JPEG = b"\xff\xd8"
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # those three begin no frame
_START_OF_SCAN = 0xDA


def size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as they lie in the file; None: of another format, cut short, or
    written in a way that is not read here."""
    width = height = 0
    try:
        if data.startswith(_PNG):
            width, height = struct.unpack_from(">II", data, len(_PNG))
        elif data.startswith(_JPEG):
            frame = next((at for marker, at, _ in segments(data) if marker in _FRAMES), len(data))
            height, width = struct.unpack_from(">HH", data, frame + 5)
    except struct.error:
        return None
    return (width, height) if width and height else None


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment of a JPEG file before its pixels; it ends early where
    they are not as they should be."""
    at = len(_JPEG)
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        marker = data[at + 1]
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _START_OF_SCAN or end < at + 4:
            return
        yield marker, at, end
        at = end
