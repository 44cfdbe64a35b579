"""The command line: argument → call. Each command imports what it needs when it runs."""

import json as json_module
import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter
from pydantic import ValidationError

from headstart.errors import HeadstartError
from headstart.options import Division, Layout, TrainOptions, option_error

Flag = Annotated[bool, Parameter(negative="")]
Flat = Parameter(name="*")
_TRAIN, _DIVISION, _LAYOUT = TrainOptions(), Division(), Layout()

app = App(
    name="headstart",
    help="Labelled data in, a classifier you can trust out.",
    help_format="plaintext",
    result_action="return_value",
)


@app.command
def train(
    source: str,
    /,
    *,
    out: Path | None = None,
    force: Flag = False,
    options: Annotated[TrainOptions, Flat] = _TRAIN,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Train a classifier on labelled photos, judge it, and write a page that says how good it is.

    Parameters
    ----------
    source
        A folder with one folder a class; or with train, validation and test folders; or of
        photos with the label in their names; a zip of these; or a CSV or Parquet list.
    out
        Folder for the results. [default: runs/NAME-N]
    force
        Replace the run that is in --out.
    json
        Print the figures as one JSON document.
    quiet
        Print nothing but errors.
    """
    from headstart.commands.progress import listening
    from headstart.pipeline import train_with

    with listening(quiet) as listen:
        run = train_with(options, source, out, force=force, listen=listen)
    if json:
        _print_json({**run.metrics, "run": str(run.folder)})
    elif not quiet:
        from headstart.report.terminal import summary

        print(summary(run.metrics, run.report()))


@app.command
def demo(
    *, out: Path | None = None, force: Flag = False, json: Flag = False, quiet: Flag = False
) -> None:
    """Train on 1,797 handwritten digits that the install brings, and show the result.

    Parameters
    ----------
    out
        Folder for the results. [default: runs/digits-N]
    force
        Replace the run that is in --out.
    json
        Print the figures as one JSON document.
    quiet
        Print nothing but errors.
    """
    from headstart.commands.demo import OPTIONS, write_digits

    train(str(write_digits()), out=out, force=force, options=OPTIONS, json=json, quiet=quiet)


@app.command
def evaluate(
    model: Path,
    source: str,
    /,
    *,
    layout: Annotated[Layout, Flat] = _LAYOUT,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Judge a classifier by other photos whose labels are known.

    Parameters
    ----------
    model
        A bundle or a run folder.
    source
        Labelled photos, in any layout that `train` takes.
    json
        Print the figures as one JSON document, the scores under "test".
    quiet
        Print nothing but errors.
    """
    from headstart.commands.progress import listening
    from headstart.pipeline import evaluate

    with listening(quiet) as listen:
        metrics = evaluate(model, source, layout, listen)
    if json:
        _print_json(metrics)
    elif not quiet:
        from headstart.report.terminal import summary

        print(summary(metrics))


@app.command
def predict(
    model: Path,
    /,
    *inputs: Annotated[str, Parameter(allow_leading_hyphen=True)],
    format: Literal["table", "json", "jsonl", "csv"] = "table",
    top: int = 1,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Name the class of photos.

    Parameters
    ----------
    model
        A bundle or a run folder.
    inputs
        Files, folders, patterns in quotes, or - for paths on standard input, one a line.
    format
        How the answers are written; all but json are written as they come.
    top
        How many classes to give for each photo, the most probable first.
    json
        The same as --format json.
    quiet
        Do not name photos that cannot be read on standard error.
    """
    from headstart.commands.predict import predict

    predict(model, inputs, top, "json" if json else format, quiet)


@app.command
def split(
    source: str,
    /,
    *,
    copy_to: Path | None = None,
    options: Annotated[Division, Flat] = _DIVISION,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Show which photos train, which choose and which judge; or copy them apart.

    Parameters
    ----------
    source
        Labelled photos, in any layout that `train` takes.
    copy_to
        Make this folder, with train, validation and test folders of copies in it.
    json
        Print the list as one JSON document instead of CSV.
    quiet
        Print nothing but errors.
    """
    from headstart.commands import split
    from headstart.commands.progress import listening

    with listening(quiet) as listen:
        rows = split.division(source, options, listen)
        if copy_to is not None:
            split.copy_apart(rows, copy_to, Path(source))
    if json:
        _print_json(split.document(rows))
    elif not quiet and copy_to is None:
        split.print_rows(rows)


@app.command
def inspect(model: Path, /, *, json: Flag = False) -> None:
    """Show what is in a classifier: layers, parameters, training, manifest.

    Parameters
    ----------
    model
        A bundle or a run folder.
    json
        Print the manifest and the layers as one JSON document.
    """
    from headstart.commands.inspect import document, text

    found = document(model)
    _print_json(found) if json else print(text(found))


@app.command
def backbones(*, json: Flag = False) -> None:
    """List the pretrained networks: size, parameters, speed here, weights.

    Parameters
    ----------
    json
        Print the list as one JSON document.
    """
    from headstart.commands.backbones import document, text

    found = document()
    _print_json(found) if json else print(text(found))


@app.command
def report(run: Path, /, *, json: Flag = False, quiet: Flag = False) -> None:
    """Write the page of a run again.

    Parameters
    ----------
    run
        The run folder.
    json
        Print the run's figures as one JSON document.
    quiet
        Print nothing but errors.
    """
    from headstart.pipeline import report
    from headstart.report.terminal import summary
    from headstart.run import Run

    page = report(run)
    metrics = Run.open(run).metrics
    if json:
        _print_json({**metrics, "report": str(page)})
    elif not quiet:
        print(summary(metrics, page))


@app.command
def doctor(*, json: Flag = False) -> None:
    """Show devices, engines and versions.

    Parameters
    ----------
    json
        Print them as one JSON document.
    """
    from headstart.commands.doctor import document, text

    found = document()
    _print_json(found) if json else print(text(found))


@app.command
def cache(action: Literal["info", "clear"] = "info", /, *, json: Flag = False) -> None:
    """Show how much is kept, or remove all of it; it is computed again when needed.

    Parameters
    ----------
    action
        `info` or `clear`.
    json
        Print the sizes as one JSON document.
    """
    from headstart.commands import cache

    found = cache.clear() if action == "clear" else cache.info()
    _print_json(found) if json else print(cache.text(found))


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


def _fail(message: str, code: int) -> int:
    print(f"headstart: {message}", file=sys.stderr)
    return code


def _sentence(error: CycloptsError) -> str:
    """What cyclopts or pydantic found wrong, in one line."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return str(option_error(TrainOptions, cause))
    command = " ".join(("headstart", *(error.command_chain or ())))
    return f"{str(error).strip()} `{command} --help` shows what there is."


def _print_json(document: Any) -> None:
    """One document in ASCII: whatever the terminal, and whatever is in a path."""
    print(json_module.dumps(document, indent=2, allow_nan=False))
