"""The course of every benchmark: its parts one after another, its table, the table's place."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from figures import Row, machine, markdown, put_between_marks

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
T = TypeVar("T")


def measure(
    section: str,
    parser: argparse.ArgumentParser,
    parts: Mapping[str, Callable[[T], Iterator[Row | str]]],
    begin: Callable[[Path, argparse.Namespace], T],
    title: Callable[[argparse.Namespace], str] = lambda _: "",
    on_request: Collection[str] = (),
) -> int:
    """Run the parts that the command line names and print their table.

    A part that fails leaves a row that says so.

    Args:
        section: names the table's place in docs/benchmarks.md.
        parser: what this benchmark takes beside `--only`, `--quick` and `--write`.
        begin: makes what the parts share, in an empty folder.
        title: is added to what is said of the machine.
        on_request: the parts that are run only if they are named.

    Returns:
        The exit status: 0 if every figure is as wanted.
    """
    usual = [name for name in parts if name not in on_request]
    parser.add_argument("--only", nargs="+", choices=parts, default=usual, metavar="PART")
    parser.add_argument("--quick", action="store_true", help="very little, to try the script")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    arguments = parser.parse_args()
    if arguments.write and (arguments.quick or not set(usual) <= set(arguments.only)):
        parser.error("--write takes the whole benchmark")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    told = f"{machine()} {title(arguments)}".rstrip()
    if arguments.quick:
        told += " **Quick: too little for these figures to mean anything.**"
    rows: list[Row | str] = []
    with tempfile.TemporaryDirectory(prefix="headstart-bench-") as folder:
        bench = begin(Path(folder), arguments)
        try:
            for name in (name for name in parts if name in arguments.only):
                try:
                    rows.extend(parts[name](bench))
                except Exception as error:  # the other parts are still worth having
                    rows.append(Row(name, "a measurement", f"failed: {_in_a_cell(error)}", False))
        finally:
            print(markdown(rows, told), flush=True)
    if arguments.write:
        put_between_marks(PAGE, section, markdown(rows, told))
    return int(not all(row.good for row in rows if isinstance(row, Row)))


def _in_a_cell(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()).replace("|", "\\|")[-400:]
