"""The memory of one step kept for the next, where the C library is glibc.

A step of training frees buffers of many megabytes and asks for them again at once. glibc gives
such buffers back to the system each time, which must clear every page before it hands them out
anew: up to a third of the time of a step.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of mallopt(3)


def keep_freed_memory() -> None:
    """From now on the process keeps what it frees, until it ends; elsewhere nothing happens."""
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # musl
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_TOP_PAD, 64 * 2**20)
