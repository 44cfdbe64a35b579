"""The one thing that is wanted of a photo's Exif block: which way up it is.

Read by hand, because Pillow parses the whole block on opening a JPEG and warns, in a way
that no thread can silence for itself, wherever it is odd. What cannot be read is upright.

Exif 2.32 (CIPA DC-008), sections 4.5.4 and 4.6.
"""

import struct

from headstart.data.headers import segments

_APP1 = 0xE1
_PREFIX = b"Exif\0\0"
_ORIENTATION = 0x0112
_SHORT = 3
_UPRIGHT = 1


def orientation(block: bytes) -> int:
    """1 to 8 as Exif counts them; 1 (upright) where the block does not say or is broken."""
    block = block.removeprefix(_PREFIX)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return _UPRIGHT
    try:
        (at,) = struct.unpack_from(order + "I", block, 4)
        (entries,) = struct.unpack_from(order + "H", block, at)
        for entry in range(entries):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", block, at + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return value if (kind, count) == (_SHORT, 1) and 1 <= value <= 8 else _UPRIGHT
    except struct.error:  # it points outside itself
        pass
    return _UPRIGHT


def cut_from_jpeg(data: bytes) -> tuple[bytes, bytes]:
    """The Exif block of a JPEG file (empty where it has none), and the file without it."""
    blocks, kept = [], []
    start = 2
    for marker, at, end in segments(data):
        if marker == _APP1 and data[at + 4 : end].startswith(_PREFIX):
            blocks.append(data[at + 4 : end])
            kept.append(data[start:at])
            start = end
    if not blocks:
        return b"", data
    return blocks[0], b"".join((data[:2], *kept, data[start:]))
