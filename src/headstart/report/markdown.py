"""Templates whose text is Markdown with a head of YAML: how values enter them, harmlessly."""

import json
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from headstart.report import words
from headstart.report.compiled import Compiled

_MARKUP = re.compile(r"[\\`*_\[\]|~$]")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


class Verbatim(str):
    """Text that enters as it is."""

    __slots__ = ()


@cache
def environment() -> Environment:
    """The templates; every text that enters one is escaped for Markdown, unless it is
    `Verbatim`."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=False,  # that is for HTML
        undefined=StrictUndefined,
        bytecode_cache=Compiled("markdown"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: escaped(value) if type(value) is str else value,
    )
    found.filters |= {
        "percent": words.percent,
        "number": words.number,
        "yaml": yaml_scalar,
        "code_block": code_block,
    }
    return found


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line, within a paragraph or a cell of a table."""
    text = _MARKUP.sub(r"\\\g<0>", words.one_line(text))
    return re.sub("[&<>]", lambda found: _HTML[found[0]], text)


def yaml_scalar(value: str | float) -> Verbatim:
    """A text or number as YAML reads it back.

    JSON's strings are YAML's too (YAML 1.2, 7.3.1), but for characters that YAML calls
    unprintable; a number has no exponent, for YAML 1.1 takes `1e-05` for a text.
    """
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return Verbatim(_UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
    return Verbatim(f"{value:.6f}")


def code_block(text: str) -> Verbatim:
    """Text as a block of code; indented, so that nothing in it can end the block."""
    return Verbatim(f"    {words.one_line(text)}")
