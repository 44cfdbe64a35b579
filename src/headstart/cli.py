"""The command line: the commands, and what becomes of errors.

A command is imported when it is run, so that each waits for no more than it needs.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from cyclopts import App, CycloptsError

from headstart.errors import HeadstartError

_COMMANDS = {
    "demo": "Train on handwritten digits that the install brings, and show the result.",
    "train": "Train a classifier on labelled photos, judge it, and write a page on it.",
    "evaluate": "Judge a classifier by other photos whose labels are known.",
    "predict": "Name the class of photos.",
    "split": "Show which photos train, choose and judge; or copy them apart.",
    "inspect": "Show what is in a classifier: layers, parameters, training.",
    "report": "Write the page of a run again.",
    "backbones": "List the pretrained networks: size, parameters, speed here, weights.",
    "doctor": "Show devices, engines and versions.",
    "cache": "Show how much is kept to be fast, or remove it.",
}

app = App(
    name="headstart",
    help="Labelled data in, a classifier you can trust out.",
    help_format="plaintext",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
for _order, (_name, _help) in enumerate(_COMMANDS.items()):
    app.command(f"headstart.commands.{_name}:run", name=_name, help=_help, sort_key=_order)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 done, 1 our fault, 2 the input or the call is at fault, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that cannot show every name
            stream.reconfigure(errors="backslashreplace")
    try:
        app(arguments, exit_on_error=False, print_error=False)
        print(end="", flush=True)
        return 0
    except CycloptsError as error:
        return _fail(_sentence(error), 2)
    except HeadstartError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail(
            "Interrupted. Features that were computed are kept: the same training goes on there.",
            130,
        )
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        traceback.print_exc()
        return _fail("This is a fault of headstart's. Please report it with the lines above.", 1)


def entry() -> NoReturn:
    """`main` as a process of its own.

    It ends at once: all files are written and closed, and to take down OpenVINO, NumPy and
    matplotlib in good order costs a third of a second that nobody gains by.
    """
    code = main()
    sys.stderr.flush()
    os._exit(code)


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
