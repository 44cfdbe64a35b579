"""Progress and notices: on standard error, a bar only where someone watches."""

import io
import sys

import pytest

from headstart.commands.progress import listening
from headstart.events import Notice, Progress


class Terminal(io.StringIO):
    """A standard error that someone watches."""

    def isatty(self) -> bool:
        return True


def tell(quiet: bool) -> None:
    with listening(quiet) as listen:
        listen(Progress("features", 0, 20))
        listen(Notice("[bold]3 left out[/bold]; look at them."))
        listen(Progress("features", 20, 20))


@pytest.mark.parametrize("quiet", [False, True])
def test_without_a_terminal_notices_are_lines_and_progress_is_silent(capsys, quiet):
    tell(quiet)
    expected = "" if quiet else "[bold]3 left out[/bold]; look at them.\n"
    assert capsys.readouterr() == ("", expected)


def test_a_terminal_gets_a_bar_and_notices_as_they_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    tell(quiet=False)
    shown = sys.stderr.getvalue()
    assert "features" in shown
    assert "20/20" in shown
    assert "[bold]3 left out[/bold]; look at them." in shown
    assert capsys.readouterr().out == ""


def test_a_terminal_stays_empty_if_quiet_is_wanted(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    tell(quiet=True)
    assert sys.stderr.getvalue() == ""
