"""report/compiled.py: templates are compiled once, and never from what others or faults wrote."""

import os
import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from headstart.report.compiled import Compiled

TEMPLATE = {"page.html": "{{ name }} was here"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(tmp_path))
    return tmp_path / "headstart-cache"


class Counting(Environment):
    """Counts what it compiles."""

    compiled = 0

    def compile(self, *arguments, **more):  # type: ignore[no-untyped-def]
        self.compiled += 1
        return super().compile(*arguments, **more)


def compiled(kind: str = "html", source: dict[str, str] = TEMPLATE) -> int:
    """How many templates a new environment had to compile for one page."""
    found = Counting(loader=DictLoader(source), bytecode_cache=Compiled(kind))
    text = found.get_template("page.html").render(name="Ada")
    assert text == source["page.html"].replace("{{ name }}", "Ada")
    return found.compiled


def test_a_template_is_compiled_once(root: Path) -> None:
    assert [compiled(), compiled()] == [1, 0]


def test_another_text_or_kind_is_compiled_anew(root: Path) -> None:
    compiled()
    assert compiled(source={"page.html": "now {{ name }} is here"}) == 1
    assert compiled("markdown") == 1


def test_what_is_damaged_is_compiled_anew(root: Path) -> None:
    compiled()
    (kept,) = (path for path in root.rglob("*") if path.is_file())
    whole = kept.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        kept.write_bytes(damaged)
        assert compiled() == 1
    kept.write_bytes(whole[:-3])
    assert [compiled(), compiled()] == [1, 0]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
def test_code_that_others_could_have_written_is_not_run(root: Path) -> None:
    compiled()
    (folder,) = (root / "templates").iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    folder.chmod(0o770)
    assert compiled() == 1


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root writes anywhere")
def test_a_cache_that_cannot_be_written_to_costs_time_only(root: Path) -> None:
    root.mkdir(mode=0o500)
    assert [compiled(), compiled()] == [1, 1]


def test_a_cache_that_is_a_file_costs_time_only(root: Path) -> None:
    root.write_text("")
    assert [compiled(), compiled()] == [1, 1]
