"""Work that needs TensorFlow, done in a process of its own.

TensorFlow takes seconds to import and hundreds of megabytes that are never given back, and
it is needed for one answer only. So a module is run as a child: it gets one JSON document
on its standard input and gives one back on its standard output. What it prints meanwhile
is shown only if it crashes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from headstart import errors, process
from headstart.errors import HeadstartError, InputError


def run(module: str, request: dict[str, Any]) -> dict[str, Any]:
    """Run a module that calls `serve`, and return its answer.

    Raises:
        HeadstartError: what the child raised, as its own class.
        InputError: the child was killed.
        RuntimeError: it crashed; the text ends with what it printed.
    """
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",  # a graph for the CPU is compared with Keras on the CPU
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", module],  # -P: no module of the user's folder comes first
        input=json.dumps(request),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        check=False,
    )
    if done.returncode == -9:
        raise InputError(
            "The process that ran Keras was killed, most likely for want of memory.",
            mend="Close other programs, or choose a smaller --backbone.",
        )
    if done.returncode != 0 or not done.stdout:
        raise RuntimeError(f"{module} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise getattr(errors, answer.pop("error"))(**answer)
    return answer


def serve(function: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Be the child: answer the request on standard input with what `function` makes of it."""
    process.claim()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Keras prints its progress; that is no answer
    try:
        answer = function(json.load(sys.stdin))
    except HeadstartError as error:
        kind = type(error).__name__
        answer = {"error": kind, "problem": error.problem}
        answer |= {"mend": error.mend, "where": error.where}
    with answers:
        json.dump(answer, answers)
