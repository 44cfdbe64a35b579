"""Python imports this at its start in a process that `bench/watch.py` watches.

It logs, a JSON list a line: files opened for writing, network sockets, and at the end the
names of all modules that were imported.
"""

import atexit
import json
import os
import sys
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_log = os.open(os.environ["HEADSTART_WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _note(kind: str, what: Any) -> None:
    os.write(_log, (json.dumps([kind, what]) + "\n").encode())


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _mode, flags = arguments
        if not isinstance(path, int) and flags & _WRITES:
            _note("write", os.path.abspath(os.fsdecode(path)))
    elif event == "socket.__new__":
        from socket import AddressFamily

        _note("socket", AddressFamily(arguments[1]).name)
    elif event in _NAMES:
        _note("socket", f"{event} {arguments[0]}")


atexit.register(lambda: _note("modules", sorted(sys.modules)))  # the first registered runs last
sys.addaudithook(_hook)
