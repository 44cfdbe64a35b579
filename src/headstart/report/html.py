"""What all pages share: where their templates lie, and how text and pictures enter them."""

import base64
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from headstart.report import words
from headstart.report.compiled import Compiled


@cache
def environment() -> Environment:
    """The templates; text of the user's is escaped and kept on one line."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        bytecode_cache=Compiled("html"),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: words.one_line(value) if type(value) is str else value,
    )
    found.filters |= {"percent": words.percent, "number": words.number, "code": code}
    return found


def code(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(words.one_line(text)))))


def data_uri(kind: str, data: bytes) -> Markup:
    """A picture that stands in the page itself.

    Args:
        kind: its media type.
    """
    return Markup(f"data:{kind};base64,{base64.b64encode(data).decode()}")
