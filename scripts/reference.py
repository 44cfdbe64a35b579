"""Write `docs/command-line.md` from the commands themselves: `make docs`."""

from pathlib import Path

from headstart.cli import app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "command-line.md"


def page() -> str:
    """The reference of the command line, in Markdown."""
    return app.generate_docs(output_format="markdown").rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
