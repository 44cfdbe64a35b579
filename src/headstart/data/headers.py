"""Width and height of a photo, read by hand from the first bytes of its file.

Pillow reads them too, but takes a header apart to its last table: of a photo that is known already
that was most of what it cost to look at it again.

JPEG: ITU-T T.81, annex B; PNG: ISO/IEC 15948, section 11.2.2.
"""

_JPEG = b"\xff\xd8"
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # those three begin no frame


def size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as they lie in the file; None: of another format, or in a way
    that is not read here."""
    found = None
    if data.startswith(_PNG):
        found = _numbers(data, len(_PNG), 4)
    elif data.startswith(_JPEG):
        found = _of_jpeg(data)
    return found if found and all(found) else None


def _of_jpeg(data: bytes) -> tuple[int, int] | None:
    """What the first frame says: the segments before it are passed over."""
    at = len(_JPEG)
    while data[at : at + 1] == b"\xff" and at + 9 <= len(data):
        if data[at + 1] in _FRAMES:
            height, width = _numbers(data, at + 5, 2)
            return width, height
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2:
            return None
        at += 2 + length
    return None


def _numbers(data: bytes, at: int, width: int) -> tuple[int, int]:
    """Two numbers of so many bytes, the highest first; a file cut short gives zero."""
    first, second = data[at : at + width], data[at + width : at + 2 * width]
    return int.from_bytes(first, "big"), int.from_bytes(second, "big")
