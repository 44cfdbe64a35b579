"""The benchmark's watcher is not blind, and its children's costs are their own."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the benchmark is POSIX only")

MEDDLER = """
import socket, sys, wave
from pathlib import Path
from typing import Any
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
Path(sys.argv[1]).write_text("here")
Path(sys.argv[1]).unlink()
"""


NO_CACHE = {"PYTHONDONTWRITEBYTECODE": "1"}  # else Python keeps what it compiles of the watcher
BENCH = str(Path(__file__).parents[1] / "bench")


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)


def test_the_watcher_sees_an_import_a_file_that_is_gone_again_and_a_socket(tmp_path: Path) -> None:
    from watch import watch

    seen = watch([sys.executable, "-c", MEDDLER, "left.txt"], NO_CACHE, tmp_path)

    assert "wave" in seen.modules
    assert seen.writes == {str(tmp_path / "left.txt")}
    assert seen.sockets == {"AF_INET"}


def test_the_watcher_sees_nothing_where_nothing_is_done(tmp_path: Path) -> None:
    from watch import watch

    seen = watch([sys.executable, "-c", "open('/dev/null', 'w').close()"], NO_CACHE, tmp_path)

    assert (seen.writes, seen.sockets) == (set(), set())


MEASURER = """
import sys
sys.path.insert(0, sys.argv[1])
from processes import run
cost = run([sys.executable, "-c", "print(len(b'x' * 200_000_000))"])
print(cost.output.strip(), cost.peak_mb, cost.cpu_seconds)
"""


def test_the_cost_of_a_process_is_measured() -> None:
    # From a small process, as the benchmark is one: the kernel counts what a child was forked
    # from towards its peak.
    told = subprocess.run(
        [sys.executable, "-c", MEASURER, BENCH], capture_output=True, text=True, check=True
    )
    output, peak_mb, cpu_seconds = told.stdout.split()
    assert output == "200000000"
    assert 200 < float(peak_mb) < 400
    assert 0 < float(cpu_seconds) < 60


def test_a_process_that_fails_says_why() -> None:
    from processes import run

    with pytest.raises(RuntimeError, match=r"ended with 1: .*no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_the_table_is_put_between_its_marks(tmp_path: Path) -> None:
    from figures import Row, markdown, put_between_marks

    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- measured: frozen -->\nold\n<!-- end -->\nafter\n", encoding="utf-8"
    )
    text = markdown([Row("speed", "≥ 5", "4.1", good=False), "A note."], "A machine.")

    put_between_marks(page, "frozen", text)
    put_between_marks(page, "frozen", text)

    assert page.read_text(encoding="utf-8") == (
        "before\n<!-- measured: frozen -->\nA machine.\n\n| what | wanted | measured | |\n"
        "|---|---|---|---|\n| speed | ≥ 5 | 4.1 | **no** |\n\n- A note.\n<!-- end -->\nafter\n"
    )


def test_whether_less_often_right_is_more_than_chance() -> None:
    from mcnemar import not_below

    assert not_below("Keras", [True, False] * 8, [False, True] * 8).good  # as often right
    worse = not_below("Keras", [False] * 6 + [True] * 4, [True] * 10)
    assert not worse.good
    assert worse.measured.endswith("p = 0.02")  # 1/64
    assert not_below("Keras", [True] * 10, [False] * 6 + [True] * 4).good


def test_the_bench_of_tables_runs_in_small(keras: Any) -> None:
    command = [sys.executable, f"{BENCH}/table.py", "--quick", "--only", "trial", "huge"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "failed" not in done.stdout
    rows = re.findall(r"^\| (.+?) \| .+? \| (.+?) \|", done.stdout, re.MULTILINE)
    measured = dict(rows)
    assert measured["the trial by the tutorial's recipe: parameters, and of plain Keras"] == "642"
    assert any(what.startswith("a CSV of 0.004 GB") for what in measured)


@pytest.mark.parametrize("peer", ["mlp", "boosting"])
def test_other_libraries_learn_from_the_same_files(peer: str, tmp_path: Path) -> None:
    import table_data
    import table_peers

    table_data.large(tmp_path, 500)
    rows = table_peers.read(tmp_path / "train.parquet", tmp_path / "test.parquet", "kind")
    assert rows["train"].shape == (400, 27 + 4 + 12 + 40)
    found = table_peers.PEERS[peer][0](rows, 0, 50)["found"]
    assert (found == rows["test_labels"]).mean() > 0.45  # of three classes


def test_every_row_of_a_table_is_in_one_fold(tmp_path: Path) -> None:
    import polars as pl
    import table_data

    table_data.folds("wine", tmp_path)
    tests = [pl.read_csv(path) for path in sorted(tmp_path.glob("test-*.csv"))]
    assert (len(tests), len(pl.concat(tests).unique())) == (5, 178)
    train = pl.read_csv(tmp_path / "train-0.csv")
    assert len(train.join(tests[0], on=train.columns, how="inner")) == 0
