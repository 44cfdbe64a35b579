"""The benchmark's watcher is not blind, and its children's costs are their own."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the benchmark is POSIX only")

MEDDLER = """
import socket, sys, wave
from pathlib import Path
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
Path(sys.argv[1]).write_text("here")
Path(sys.argv[1]).unlink()
"""


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "bench"))


def test_the_watcher_sees_an_import_a_file_that_is_gone_again_and_a_socket(tmp_path: Path) -> None:
    from watch import watch

    seen = watch([sys.executable, "-c", MEDDLER, "left.txt"], {}, tmp_path)

    assert "wave" in seen.modules
    assert seen.writes == {str(tmp_path / "left.txt")}
    assert seen.sockets == {"AF_INET"}


def test_the_watcher_sees_nothing_where_nothing_is_done(tmp_path: Path) -> None:
    from watch import watch

    seen = watch([sys.executable, "-c", "open('/dev/null', 'w').close()"], {}, tmp_path)

    assert (seen.writes, seen.sockets) == (set(), set())


def test_the_cost_of_a_process_is_measured() -> None:
    from processes import run

    cost = run([sys.executable, "-c", "print(len(b'x' * 200_000_000))"])

    assert cost.output == "200000000\n"
    assert 200 < cost.peak_mb < 400
    assert 0 < cost.cpu_seconds < 60


def test_a_process_that_fails_says_why() -> None:
    from processes import run

    with pytest.raises(RuntimeError, match=r"ended with 1: .*no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_the_table_is_put_between_its_marks(tmp_path: Path) -> None:
    from table import Row, markdown, put_between_marks

    page = tmp_path / "page.md"
    page.write_text("before\n<!-- measured -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    text = markdown([Row("speed", "≥ 5", "4.1", good=False), "A note."], "A machine.")

    put_between_marks(page, text)
    put_between_marks(page, text)

    assert page.read_text(encoding="utf-8") == (
        "before\n<!-- measured -->\nA machine.\n\n| what | wanted | measured | |\n"
        "|---|---|---|---|\n| speed | ≥ 5 | 4.1 | **no** |\n\n- A note.\n<!-- end -->\nafter\n"
    )
