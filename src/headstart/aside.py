"""Work done in a process of its own, for what takes long to import: two imports in one process wait
for each other, on whatever number of cores.

What is done has to be a function of a module, and what it takes and gives has to be picklable. The
pickles never leave the two processes.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from headstart import process
from headstart.parallel import cores

Job = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and what it is called with."""


def is_sooner(package: str) -> bool:
    """Whether a process of its own gains something for jobs that need a package."""
    return package not in sys.modules and cores() > 1 and bool(sys.executable)


def done_here(jobs: Sequence[Job]) -> list[Any]:
    """What the functions return."""
    return [function(*given) for function, given in jobs]


def done_aside(jobs: Sequence[Job]) -> list[Any]:
    """`done_here` in a process of its own; where that fails, here after all, so that an error is
    what it would be without."""
    found = subprocess.run(
        [sys.executable, "-P", "-m", __name__],  # -P: no module of the user's folder comes first
        input=pickle.dumps(jobs, pickle.HIGHEST_PROTOCOL),
        capture_output=True,
        check=False,
    )
    if found.returncode != 0:  # it raised, or was killed for its memory
        return done_here(jobs)
    answers: list[Any] = pickle.loads(found.stdout)
    return answers


def _serve() -> None:
    """Be that process."""
    process.claim()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits for us is told
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what a package prints is no answer
        answers.write(pickle.dumps(done_here(pickle.load(sys.stdin.buffer))))


if __name__ == "__main__":
    _serve()
