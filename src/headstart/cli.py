"""The command line: the commands, and what becomes of errors.

A command is imported when it is run, so that each waits for no more than it needs.
"""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

from cyclopts import App, CycloptsError, Parameter

from headstart import process
from headstart.errors import HeadstartError
from headstart.store.files import cache_root

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions

_COMMANDS = {
    "demo": "Train on digits, or a table, that the install brings, and show the result.",
    "tutorial": "Run the sections of a Keras tutorial, each beside what it published.",
    "train": "Train a classifier on labelled photos or rows, judge it, and write a page.",
    "evaluate": "Judge a classifier by other photos or rows whose labels are known.",
    "compare": "Tell which of two runs is better, and whether chance explains it.",
    "predict": "Name the class of photos or rows.",
    "classify": "Name what is on photos: ImageNet's 1,000 classes, no training.",
    "check": "Tell what is doubtful in labelled photos or rows, without training.",
    "relabel": "Train a run on photos again, with labels mended as a list decides.",
    "split": "Show which photos or rows train, choose and judge; or copy them apart.",
    "augment": "Show random views of photos, or save them; preset `standard` unless told.",
    "inspect": "Show what is in a classifier: layers, parameters, training.",
    "export": "Write a classifier as a Keras model, its weights, or its architecture.",
    "report": "Write the page of a run again.",
    "backbones": "List the pretrained networks: size, parameters, speed here, weights.",
    "doctor": "Show devices, engines and versions.",
    "cache": "Show how much is kept to be fast, or remove it.",
}

_ARGUMENTS = {"predict": "MODEL INPUTS...", "classify": "IMAGES...", "cache": "[ACTION]"}
"""Of the commands whose usage cyclopts would write as `[ARGS...]`."""

_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What can go wrong with standard output; of a file of ours the error would carry the name."""


def _told(default: object) -> str | None:
    """What the help says of a default: nothing where it is to do without."""
    return None if default is None or default is False or default == () else str(default)


def _in_sections(console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
    from headstart.commands.sections import in_sections  # options take pydantic: for help alone

    in_sections(console, options, panel)


app = App(
    name="headstart",
    help="Labelled data in, a classifier you can trust out.",
    help_format="plaintext",
    help_formatter=_in_sections,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    # no --empty-ignore
    default_parameter=Parameter(negative_iterable=(), show_default=_told),
)
for _order, (_name, _help) in enumerate(_COMMANDS.items()):
    app.command(
        f"headstart.commands.{_name}:run",
        name=_name,
        help=_help,
        sort_key=_order,
        usage=f"headstart {_name} [OPTIONS] {_ARGUMENTS[_name]}" if _name in _ARGUMENTS else None,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 done, 1 our fault, 2 the input or the call is at fault, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that cannot show every name
            stream.reconfigure(errors="backslashreplace")
    code = _run(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.stdout.flush()  # whatever went wrong: what was answered before counts
    except OSError as error:
        return _cannot_print(error) or code
    return code


def _run(arguments: Sequence[str]) -> int:
    try:
        app(arguments, exit_on_error=False, print_error=False)
        return 0
    except CycloptsError as error:
        return _fail(_sentence(error), 2)
    except HeadstartError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        kept = " Features that were computed are kept: the same training goes on there."
        return _fail("Interrupted." + kept * (arguments[:1] in (["train"], ["demo"])), 130)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT:
            return _cannot_print(error)
        traceback.print_exc()
        return _fail("This is a fault of headstart's. Please report it with the lines above.", 1)


def entry() -> NoReturn:
    """`main` as a process of its own.

    It ends at once: all files are written and closed, and to take down OpenVINO, NumPy and
    matplotlib in good order costs a third of a second that nobody gains by.
    """
    settle()
    code = main()
    sys.stderr.flush()
    os._exit(code)


def settle() -> None:
    """What only a process of our own may decide: it belongs to a script that imports us."""
    # matplotlib would write its list of fonts into the user's home
    os.environ.setdefault("MPLCONFIGDIR", str(cache_root() / "matplotlib"))
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for some takes 0.03 s
    # OpenBLAS' threads wait for more work by turning round and round, here for 2**16 cycles: with
    # its 2**26 they took a seventh of all processor time of a short training from other threads.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "16")
    process.claim()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what is done is kept


def _cannot_print(error: OSError) -> int:
    """The exit code where standard output takes no more; nothing is written to it from here on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        return 0
    return _fail(
        f"Standard output cannot be written to ({error.strerror}). Send it elsewhere, or free "
        "space there.",
        2,
    )


def _fail(message: str, code: int) -> int:
    print(f"headstart: {message}", file=sys.stderr)
    return code


def _sentence(error: CycloptsError) -> str:
    """What cyclopts or pydantic found wrong, in one line."""
    if error.__cause__ is not None:  # only options can be refused by their model
        from pydantic import ValidationError

        from headstart.options import TrainOptions, option_error

        if isinstance(error.__cause__, ValidationError):
            return str(option_error(TrainOptions, error.__cause__))
    command = " ".join(("headstart", *(error.command_chain or ())))
    return f"{str(error).strip()} `{command} --help` shows what there is."
