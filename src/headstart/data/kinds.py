"""Which files hold rows, told by the ends of their names."""

from pathlib import Path

TEXTS = (".csv", ".tsv")
SUFFIXES = (*TEXTS, ".parquet", ".arrow", ".feather", ".ipc")


def is_text(source: Path) -> bool:
    """Whether a file is one of cells in text."""
    return source.suffix.lower() in TEXTS
