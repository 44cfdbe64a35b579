"""What was found in data, as plain text for a terminal of 80 columns."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.cells import cell_len

from headstart.findings import Finding, LeftOut
from headstart.report.text import WIDTH, filled
from headstart.report.views import reasons
from headstart.report.words import number, one_line

_NAMED = 5


def doubts(
    findings: Sequence[Finding], left_out: Sequence[LeftOut], samples: str, mend: str
) -> str:
    """All findings, warnings first, and what takes no part.

    Args:
        samples: what was looked at, such as `1,300 photos of 2 classes`.
        mend: what to do about what takes no part; empty: nothing.

    Returns:
        Lines of at most 80 cells but for longer names, without a last newline.
    """
    warnings = sum(finding.level == "warning" for finding in findings)
    parts = [filled(f"{samples}: {number(warnings, 'warning')}.")]
    for finding in sorted(findings, key=lambda finding: finding.level == "note"):
        head = f"{finding.level.upper()} {finding.kind.replace('-', ' ')}"
        head += f" ({len(finding.samples):,})"
        groups = [_group(list(map(one_line, group))) for group in finding.samples]
        told = [filled(finding.why), filled(f"What to do: {finding.mend}"), _listed(groups)]
        parts.append("\n".join([head, *told]))
    for reason in reasons(asdict(item) for item in left_out):
        names = [one_line(name) for (name,) in reason.samples]
        told = [filled(f"What to do: {mend}")] if mend else []
        head = f"LEFT OUT {reason.reason} ({reason.files:,})"
        parts.append("\n".join([head, *told, _listed(names)]))
    if max([len(found.samples) for found in findings] + [len(left_out)], default=0) > _NAMED:
        parts.append("All of them: the same command with --json.")
    return "\n\n".join(parts)


def _group(names: Sequence[str]) -> str:
    """Names that belong together; a line ends between two of them where it would be too long."""
    lines, last = list[str](), names[0]
    for name in names[1:]:
        if cell_len(f"  {last} = {name} =") <= WIDTH:
            last = f"{last} = {name}"
        else:
            lines.append(f"{last} =")
            last = f"  {name}"
    return "\n  ".join([*lines, last])


def _listed(names: Sequence[str]) -> str:
    shown = [f"  {name}" for name in names[:_NAMED]]
    more = len(names) - len(shown)
    return "\n".join([*shown, *([f"  and {more:,} more"] if more else [])])
