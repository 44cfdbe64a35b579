"""Templates compiled once and kept: to compile them anew takes a tenth of a whole training.

What is kept is code, so it is used only from a folder that nobody else can write to, and only
whole: damaged code can take the interpreter down.
"""

import hashlib
import os
import stat
from contextlib import suppress
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from headstart.errors import OutputError
from headstart.store.files import cache_root, key_of, write_bytes

_DIGEST = 32


class Compiled(BytecodeCache):
    """Where Jinja finds the code of its templates, and leaves it.

    Args:
        kind: of the templates: two kinds may treat one text differently.
    """

    def __init__(self, kind: str) -> None:
        versions = {name: version(name) for name in ("headstart", "jinja2")}
        self._key = key_of(kind=kind, **versions)

    @property
    def _folder(self) -> Path:
        return cache_root() / "templates" / self._key

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            if _is_ours_alone(self._folder):
                kept = (self._folder / bucket.key).read_bytes()
                if hashlib.sha256(kept[_DIGEST:]).digest() == kept[:_DIGEST]:
                    bucket.load_bytecode(BytesIO(kept[_DIGEST:]))

    def dump_bytecode(self, bucket: Bucket) -> None:
        code = bucket.bytecode_to_string()
        with suppress(OSError, OutputError):  # without it, they are compiled again next time
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_ours_alone(self._folder):
                write_bytes(self._folder / bucket.key, hashlib.sha256(code).digest() + code)


def _is_ours_alone(folder: Path) -> bool:
    """Whether only this user can write to a folder. On Windows, the user's own lies so."""
    if os.name == "nt":
        return True
    found = folder.stat()
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
