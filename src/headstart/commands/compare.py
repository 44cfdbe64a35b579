"""`headstart compare`: which of two runs is better, by the samples that both were judged by."""

from pathlib import Path

from headstart.commands.output import Flag, print_json
from headstart.comparing import compare
from headstart.report.contest import lines


def run(a: Path, b: Path, /, *, json: Flag = False, quiet: Flag = False) -> None:
    """Tell which of two runs is better, and whether chance explains it.

    They are compared sample by sample, by those that both were judged by and neither is known to
    have been trained on. To have the same ones, train the second with --split and the split.csv of
    the first.

    Parameters
    ----------
    a
        A run folder, or one that `evaluate --out` made.
    b
        Another.
    json
        Print the comparison as one JSON document, with every sample that one alone named correctly.
    quiet
        Print nothing but errors.
    """
    found = compare(a, b)
    if json:
        print_json(found)
    elif not quiet:
        print(lines(found))
