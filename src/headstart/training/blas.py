"""Linear algebra in one thread, for as long as someone wants it so."""

from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController


class _OneThread:
    """`with one_thread:` On a small problem more threads cost more than they bring, above all on
    a busy machine, and the result does not depend on the number of cores.

    The number of threads belongs to the process. So whoever comes first sets it and whoever goes
    last sets it back; if each did so for itself, two that overlap would leave it at one.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._controller: ThreadpoolController | None = None
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._controller = self._controller or ThreadpoolController()
                self._limit = self._controller.limit(limits=1)
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limit.restore_original_limits()


one_thread = _OneThread()
