"""`headstart check`: what is doubtful in labelled data, before anything is trained."""

from typing import Annotated

from headstart.checking import check
from headstart.commands.output import Flag, Flat, print_json
from headstart.commands.progress import listening
from headstart.errors import SourceError
from headstart.findings import findings_document
from headstart.options import Division
from headstart.report.doubts import doubts
from headstart.report.words import number

_DEFAULTS = Division()


def run(
    source: str,
    /,
    *,
    strict: Flag = False,
    options: Annotated[Division, Flat] = _DEFAULTS,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Tell what is doubtful in labelled photos or rows, without training.

    Parameters
    ----------
    source
        Labelled photos or rows, in any layout that `train` takes.
    strict
        End with exit code 2 where there is a warning.
    json
        Print the findings as one JSON document.
    quiet
        Print nothing but errors.
    """
    with listening(quiet) as listen:
        data, findings = check(source, options, listen)
    samples = data.samples
    warnings = sum(finding.level == "warning" for finding in findings)
    if json:
        found = findings_document(findings, samples.left_out)
        print_json(found | {"samples": len(samples), "classes": list(samples.classes)})
    elif not quiet:
        classes = number(len(samples.classes), "class")
        looked_at = f"{number(len(samples), samples.noun)} of {classes}"
        print(doubts(findings, samples.left_out, looked_at))
    if strict and warnings:
        raise SourceError(
            f"{number(warnings, 'warning')} about the data.",
            where=source,
            mend="Mend what they say, or leave --strict out.",
        )
