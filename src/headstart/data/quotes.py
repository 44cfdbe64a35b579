"""Which bytes of a file of cells are quoted, and so mean nothing but themselves (RFC 4180).

A byte is quoted where an odd number of quotes stands before it in the file: a quote that belongs
to the text is doubled, and closes and opens at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_QUOTE = ord('"')


@dataclass(frozen=True)
class Piece:
    """A piece of a file.

    Attributes:
        data: its bytes, uint8 (n,).
        quoted: bool (n,), whether each is; None: none is.
        opening: where the last cell that opens with a quote in this piece does; None: none does.
    """

    data: NDArray[np.uint8]
    quoted: NDArray[np.bool_] | None
    opening: int | None

    def bare(self, byte: int) -> NDArray[np.int64]:
        """Where a byte stands that is not quoted, int64 (m,), ascending."""
        at = np.flatnonzero(self.data == byte)
        return at if self.quoted is None else at[~self.quoted[at]]


class Quotes:
    """Looks at the pieces of a file in their order.

    Attributes:
        open: whether the last piece ended within quotes.
    """

    def __init__(self) -> None:
        self.open = False
        self._after_quote = False

    def piece(self, content: bytes) -> Piece:
        """The next one, of one byte or more."""
        data = np.frombuffer(content, np.uint8)
        quotes = data == _QUOTE
        if not self.open and not quotes.any():
            self._after_quote = False
            return Piece(data, None, None)
        quoted = np.logical_xor.accumulate(quotes) ^ self.open
        doubled = np.concatenate([[self._after_quote], quotes[:-1]])
        opening = np.flatnonzero(quotes & quoted & ~doubled)
        self.open, self._after_quote = bool(quoted[-1]), bool(quotes[-1])
        return Piece(data, quoted, int(opening[-1]) if len(opening) else None)
