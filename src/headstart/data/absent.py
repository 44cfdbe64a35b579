"""A source that is not there."""

import os
from difflib import get_close_matches
from pathlib import Path

from headstart.errors import SourceError
from headstart.store.files import printable


def absent(source: str | Path) -> SourceError:
    """What to raise for it: it names what lies there under nearly the same name."""
    path = Path(source)
    try:
        near = get_close_matches(path.name, os.listdir(path.parent), n=1)
    except OSError:
        near = []
    mend = f"Did you mean {printable(near[0])}?" if near else "Check the spelling of its path."
    return SourceError("does not exist.", where=printable(os.fspath(path)), mend=mend)
