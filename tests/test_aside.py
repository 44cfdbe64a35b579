"""Jobs in a process of their own."""

import os
import sys

import pytest

from headstart import aside


def test_each_job_is_answered_in_another_process() -> None:
    here, total = aside.done_aside([(os.getpid, ()), (sum, ([1, 2, 3],))])
    assert (here == os.getpid(), total) == (False, 6)


def test_what_is_printed_there_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    assert aside.done_aside([(print, ("noise",)), (len, ("abc",))]) == [None, 3]
    assert capfd.readouterr().out == ""


def test_an_error_is_the_one_that_it_would_be_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        aside.done_aside([(int, ("x",))])


def _process() -> int:
    return os.getpid()


def test_what_that_process_does_not_know_is_done_here() -> None:
    assert aside.done_aside([(_process, ())]) == [os.getpid()]


def test_it_is_sooner_where_the_package_is_not_here_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "cores", lambda: 2)
    monkeypatch.delitem(sys.modules, "sklearn", raising=False)
    assert aside.is_sooner("sklearn")
    assert not aside.is_sooner("pytest")
    monkeypatch.setattr(aside, "cores", lambda: 1)
    assert not aside.is_sooner("sklearn")
