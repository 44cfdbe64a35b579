"""Whose this process is: the command's own may do what a script that imports us would suffer by."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

_own = Event()
_OBJECTS = 200_000  # made and still there, at which garbage is looked for; Python's own 700


def claim() -> None:
    """Say that the process is our own, from start to end.

    The collector of garbage is called some hundred times less often: what a command imports stays,
    and to look at it again and again took a seventh of the time until one row was predicted. At a
    third of this it is still called once amid the imports of `train`, for 0.05 s.
    """
    _own.set()
    gc.set_threshold(_OBJECTS)


def is_own() -> bool:
    return _own.is_set()


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Let imports of packages fail that are not imported yet, for those that have no need of them
    but try; they can be imported afterwards."""
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: there is none
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextmanager
def collecting_no_garbage() -> Iterator[None]:
    """For imports: they make hundreds of thousands of objects that stay, and the collector looks at
    all of them again and again, a fifth of the time that TensorFlow's import takes.

    In a process of our own it need not look at them later either.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_own():
            gc.freeze()
        if was_on:
            gc.enable()
