"""How much a file of columns says that it holds, told before any of it is unpacked.

A compressed page of a few bytes may become gigabytes, and a library that unpacks it takes what the
file asks for; where there is not that much memory the process is killed.
"""

from typing import NamedTuple


class Declared(NamedTuple):
    """What a file takes in memory.

    Attributes:
        rows: how many it has.
        size: bytes of all of its columns.
        longest: rows of the longest piece that can only be unpacked whole.
    """

    rows: int
    size: int
    longest: int


class Malformed(ValueError):
    """The file is not of its format; the message says why, with no full stop."""
