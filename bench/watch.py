"""What a Python command touches: modules, files that it writes, network sockets.

Python's own audit events tell what Python code does. Where `strace` is installed it tells,
besides, what the libraries in C and C++ do.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from processes import run

_HOOK = Path(__file__).with_name("watched")
_STRACE = ("strace", "-ff", "--seccomp-bpf", "-y", "-e", "trace=open,openat,creat,%network")
_DEVICES = {"/dev/null", "/dev/tty"}
# openat(AT_FDCWD</tmp>, "a", O_WRONLY|O_CREAT, 0666) = 3</tmp/a>
_OPENED = re.compile(r"^(?:open|openat|creat)\(.*\) = \d+<(.*)>$")
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|^creat\(")
_SOCKET = re.compile(r"^socket\((AF_\w+)")
_LOCAL = {"AF_UNIX", "AF_LOCAL"}


@dataclass
class Touched:
    """What a command touched.

    Attributes:
        modules: all that were imported in any of its Python processes.
        writes: absolute paths of files opened for writing, those gone since too.
        sockets: the families of sockets that reach beyond this machine, and names looked up.
        watcher: how it was watched.
    """

    modules: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    sockets: set[str] = field(default_factory=set)
    watcher: str = "audit events"


def watch(command: Sequence[str | Path], env: Mapping[str, str | Path], cwd: Path) -> Touched:
    """Run a Python command and see what it touches.

    Raises:
        RuntimeError: it failed, or nothing was seen of it.
    """
    touched = Touched()
    with tempfile.TemporaryDirectory() as folder:
        log, traces = Path(folder, "events"), Path(folder, "trace")
        if _strace_works():
            command = [*_STRACE, "-o", traces, *command]
            touched.watcher = "audit events and strace"
        run(command, {**env, "PYTHONPATH": _HOOK, "HEADSTART_WATCH_LOG": log}, cwd)
        for kind, what in map(json.loads, log.read_text().splitlines()):
            if kind == "modules":
                touched.modules.update(what)
            else:
                (touched.writes if kind == "write" else touched.sockets).add(what)
        for trace in Path(folder).glob("trace.*"):
            for kind, what in _traced(trace.read_text(errors="replace").splitlines()):
                (touched.writes if kind == "write" else touched.sockets).add(what)
        touched.writes -= {str(log), *_DEVICES}
        touched.sockets -= _LOCAL
    if not touched.modules:
        raise RuntimeError("the watched command did not run Python to its end")
    return touched


def _traced(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if (opened := _OPENED.match(line)) and _WRITES.search(line):
            yield "write", opened.group(1)
        elif socket := _SOCKET.match(line):
            yield "socket", socket.group(1)


def _strace_works() -> bool:
    """Whether it is there, knows the options, and may trace here."""
    if shutil.which("strace") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            run([*_STRACE, "-o", Path(folder, "trace"), "true"])
        except RuntimeError:
            return False
    return True
