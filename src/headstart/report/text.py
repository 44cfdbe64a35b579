"""Plain text for a terminal of 80 columns: sentences in lines, tables, names cut to fit."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from headstart.report.words import one_line

WIDTH = 80


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]], gap: int = 2) -> str:
    """Columns as wide as they need: the first to the left, the rest to the right."""
    widths = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]
    lines = []
    for cells in (heads, *rows):
        first = set_cell_size(cells[0], widths[0])
        rest = [
            " " * (width - cell_len(cell)) + cell
            for cell, width in zip(cells[1:], widths[1:], strict=True)
        ]
        lines.append((" " * gap).join([first, *rest]).rstrip())
    return "\n".join(lines)


def cut(name: str, longest: int = 20) -> str:
    """A name on one line, shortened in its middle: ends tell `species 1` and `2` apart."""
    name = one_line(name)
    if cell_len(name) <= longest:
        return name
    start = set_cell_size(name, longest // 2)
    end = set_cell_size(name[::-1], longest - longest // 2 - 1)[::-1]
    return f"{start.rstrip()}…{end.lstrip()}"


def filled(sentence: str) -> str:
    """A sentence in lines; `textwrap` would take a wide character for one cell."""
    lines = [""]
    for word in sentence.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if cell_len(longer) <= WIDTH:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)
