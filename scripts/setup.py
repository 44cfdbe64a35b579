"""Make `.venv` and run headstart or its tests in it, with nothing but Python.

    python3 scripts/setup.py            set up
    python3 scripts/setup.py demo       set up, then `headstart demo` and `headstart demo --table`
    python3 scripts/setup.py demo …     set up, then `headstart demo …`
    python3 scripts/setup.py test …     set up, then `pytest …`

The environment holds what `requirements/dev.txt` pins, and headstart itself in editable
mode. Its stamp tells what it was made from; while that stands, set-up takes milliseconds.
A set-up that was interrupted left no such stamp and is done again.

Python 3.6 must still be able to read this file, so that it can say that it is too old.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUPPORTED = ((3, 11), (3, 12), (3, 13))  # `requires-python` in pyproject.toml
VIRTUALENV = "virtualenv==21.15.8"

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
VENV = ROOT / ".venv"
STAMP = VENV / "headstart-setup.txt"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
SPREAD = [
    "--numprocesses=2",
    "--dist=loadfile",  # a file in one process: it shares runs
    "--no-loadscope-reorder",  # tests/conftest.py says which begin
    "--max-worker-restart=0",  # one that dies ends it all: with another in its place, it waits on
]
COMMANDS = {
    "demo": [[BIN / "headstart", "demo"], [BIN / "headstart", "demo", "--table"]],
    "test": [[PYTHON, "-m", "pytest", *SPREAD]],
}

if sys.version_info[:2] not in SUPPORTED:
    sys.exit(
        "headstart needs Python 3.11, 3.12 or 3.13, and this is {}.{}: run it with one of them, as "
        "in `make demo PYTHON=python3.12` or `python3.12 scripts/setup.py demo`.".format(
            *sys.version_info[:2]
        )
    )


def main(arguments: list[str]) -> None:
    if arguments and arguments[0] not in COMMANDS:
        sys.exit(f"usage: {sys.argv[0]} [{'|'.join(COMMANDS)} [argument ...]]")
    # Nothing is compiled at set-up, so what is imported must be kept, or each start would compile
    # all of TensorFlow anew. `.venv` and the checkout are ours to keep it in.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not is_ready():
        try:
            set_up()
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"Set-up failed: {error}\nMend that and run the same command again.")
        except KeyboardInterrupt:
            sys.exit("\nSet-up interrupted. Run the same command again.")
    if arguments:
        name, *rest = arguments
        *first, last = COMMANDS[name] if not rest else [[*COMMANDS[name][0], *rest]]
        for command in first:
            try:
                subprocess.run([str(part) for part in command], cwd=ROOT, check=True)
            except subprocess.CalledProcessError as error:
                sys.exit(error.returncode)
            except KeyboardInterrupt:
                sys.exit(130)
        run_in_place_of_this(*last)


def is_ready() -> bool:
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()


def fingerprint() -> str:
    """One digest over all that the environment is made from."""
    import tomllib  # new in Python 3.11

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = [os.fsencode(ROOT), sys.version.encode(), repr(project).encode(), LOCK.read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def set_up() -> None:
    """Make the environment from nothing."""
    if VENV.exists() and not STAMP.exists() and any(VENV.iterdir()):
        sys.exit(f"{VENV} was not made by this script: move or remove it, then try again.")
    started = time.monotonic()
    print("Setting up .venv (once, a minute or two) ...", flush=True)
    VENV.mkdir(exist_ok=True)
    STAMP.write_text("unfinished")  # first, and never removed: it tells that the folder is ours
    for old in VENV.iterdir():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        elif old != STAMP:
            old.unlink()
    make_empty_environment()
    # Compiling all of TensorFlow takes longer than unpacking it; imports compile what they use.
    pip("--no-compile", "--require-hashes", "--requirement", LOCK)
    pip("--no-deps", "--no-build-isolation", "--editable", ROOT)
    STAMP.write_text(fingerprint())
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


def make_empty_environment() -> None:
    """By venv, or by virtualenv where the system's Python comes without ensurepip."""
    python = sys._base_executable  # not that of `.venv`, should this run in there
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        run(python, "-m", "venv", VENV)
        return
    if not importlib.util.find_spec("pip"):
        sys.exit(
            "This Python has neither venv nor pip: install one of them "
            "(Debian, Ubuntu: `apt install python3-venv`), then try again."
        )
    # A folder of its own (--target) is allowed where the system's packages are not ours to
    # touch (PEP 668), and leaves nothing behind.
    with tempfile.TemporaryDirectory() as folder:
        run(python, "-m", "pip", "install", *QUIET, "--target", folder, VIRTUALENV)
        run(
            *(python, "-m", "virtualenv", "--quiet", VENV),
            PYTHONPATH=folder,
            VIRTUALENV_OVERRIDE_APP_DATA=folder,
        )


QUIET = ("--quiet", "--quiet", "--no-input", "--disable-pip-version-check")


def pip(*arguments: str | Path) -> None:
    """`pip install` in the environment, deaf to PYTHONPATH and the user's own packages (-I)."""
    run(PYTHON, "-I", "-m", "pip", "install", *QUIET, *arguments)


def run(*command: str | Path, **environment: str) -> None:
    subprocess.run([str(part) for part in command], env={**os.environ, **environment}, check=True)


def run_in_place_of_this(*command: str | Path) -> None:
    """Hand over to a command in the project's folder: its signals and its exit code."""
    os.chdir(ROOT)
    words = [str(part) for part in command]
    if os.name == "nt":  # where exec would return to the shell at once
        sys.exit(subprocess.call(words))
    os.execv(words[0], words)


if __name__ == "__main__":
    main(sys.argv[1:])
