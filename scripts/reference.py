"""Write `docs/command-line.md` from the commands themselves: `make docs`."""

import re
from pathlib import Path

from headstart.cli import app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "command-line.md"


def page() -> str:
    """The reference of the command line, in Markdown."""
    text = app.generate_docs(output_format="markdown").rstrip() + "\n"
    # To a usage of ours cyclopts adds the command a second time.
    return re.sub(r"^headstart (\w+) \1 ", r"headstart \1 ", text, flags=re.MULTILINE)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
