"""The table that a benchmark prints, and its place in a document."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("headstart", "numpy", "pillow", "openvino", "keras", "tensorflow-cpu", "tensorflow")
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Row:
    """One figure: what was wanted, what was measured, whether that will do."""

    what: str
    wanted: str
    measured: str
    good: bool


def markdown(rows: Sequence[Row | str], title: str) -> str:
    """A heading-free piece of Markdown: the machine, a table of the rows, the notes as a list."""
    table = [
        f"| {row.what} | {row.wanted} | {row.measured} | {'yes' if row.good else '**no**'} |"
        for row in rows
        if isinstance(row, Row)
    ]
    notes = [f"- {note}" for note in rows if isinstance(note, str)]
    head = ["| what | wanted | measured | |", "|---|---|---|---|"]
    return "\n".join([title, "", *head, *table, "", *notes]).rstrip() + "\n"


def machine() -> str:
    """Cores, processor, memory, how busy it is, and versions, in a line."""
    processor, flags = _processor()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores of {processor} ({' '.join(flags) or platform.machine()}), "
        f"{memory:.0f} GB, {platform.system()}, load {os.getloadavg()[0]:.1f} at the start; "
        f"Python {platform.python_version()}, {', '.join(_versions())}."
    )


def put_between_marks(page: Path, section: str, text: str) -> None:
    """Replace what stands in a page between `<!-- measured: SECTION -->` and `<!-- end -->`."""
    old = page.read_text(encoding="utf-8")
    marks = rf"(<!-- measured: {section} -->\n).*?(<!-- end -->)"
    new, count = re.subn(marks, lambda m: m[1] + text + m[2], old, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"{page} has no place for the table of {section}")
    page.write_text(new, encoding="utf-8")


def _processor() -> tuple[str, list[str]]:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor(), []
    facts = dict(re.findall(r"^([^\t:\n]+)\t*: (.*)$", text, re.MULTILINE))
    has = facts.get("flags", "").split()
    return facts.get("model name", platform.machine()), [flag for flag in _FLAGS if flag in has]


def _versions() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except ImportError:  # either build of TensorFlow will do
            continue
    return found
