"""Run a command as a process of its own and say what it cost. POSIX only, as `os.wait4` is."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_RSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """What one process cost, from its start to its end.

    Attributes:
        seconds: on the wall.
        cpu_seconds: user and system time of all its threads and children, over all cores.
        peak_mb: peak resident memory (10^6 bytes) of the largest process among it and its
            children; those of several are not added up.
        output: what it wrote to standard output.
        said: the lines that it wrote to standard error, each with the seconds from its start.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str
    said: list[tuple[float, str]]


def run(
    command: Sequence[str | Path],
    env: Mapping[str, str | Path] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
) -> Cost:
    """Run a command to its end; if this process is stopped meanwhile, so is the command.

    Args:
        env: is added to the environment.
        stdin: what the command reads from standard input.

    Raises:
        RuntimeError: it failed; the text ends with what it said.
    """
    words = [str(word) for word in command]
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or each start compiles all that it imports
    environment.update({name: str(value) for name, value in (env or {}).items()})
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as given:
        given.write(stdin.encode())
        given.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen(
            words,
            stdin=given,
            stdout=output,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=cwd,
            start_new_session=True,  # a group of its own, so that it can be stopped as a whole
        )
        said: list[tuple[float, str]] = []

        def listen() -> None:
            assert process.stderr is not None
            with process.stderr as lines:
                for line in lines:
                    seconds = time.perf_counter() - start
                    said.append((seconds, line.decode(errors="replace").rstrip()))

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            seconds = time.perf_counter() - start
            listener.join()
        output.seek(0)
        if process.returncode != 0:
            last = "\n".join(line for _, line in said)[-1000:]
            raise RuntimeError(f"`{' '.join(words)[:200]}` ended with {process.returncode}: {last}")
        return Cost(
            seconds,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * _RSS_BYTES / 1e6,
            output.read().decode(errors="replace"),
            said,
        )
