"""`headstart check`: what is doubtful in labelled data, before anything is trained."""

from typing import Annotated

from headstart.checking import check
from headstart.commands.output import Flag, Flat, print_json
from headstart.commands.progress import listening
from headstart.dataset import BY_DECISION
from headstart.errors import SourceError
from headstart.findings import findings_document
from headstart.options import Division
from headstart.report.doubts import doubts
from headstart.report.words import number

_DEFAULTS = Division()
_MEND = "Replace these files or delete them, or pass them over with --ignore."


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
        End with exit code 2 where there is a warning, or a photo that cannot be used.
    json
        Print the findings as one JSON document.
    quiet
        Print nothing but errors.
    """
    with listening(quiet) as listen:
        data, findings = check(source, options, listen)
    samples = data.samples
    warnings = sum(finding.level == "warning" for finding in findings)
    out = [item for item in samples.left_out if item.reason != BY_DECISION]
    broken = sum(item.count for item in out) if samples.noun == "photo" else 0
    if json:
        found = findings_document(findings, samples.left_out)
        print_json(found | {"samples": len(samples), "classes": list(samples.classes)})
    elif not quiet:
        classes = number(len(samples.classes), "class")
        looked_at = f"{number(len(samples), samples.noun)} of {classes}"
        print(doubts(findings, samples.left_out, looked_at, _MEND if broken else ""))
    if strict and (warnings or broken):
        told = [f"{number(warnings, 'warning')} about the data"] if warnings else []
        told += [f"{number(broken, 'photo')} that cannot be used"] if broken else []
        raise SourceError(
            f"{', and '.join(told)}.",
            where=source,
            mend="Mend what they say, or leave --strict out.",
        )
