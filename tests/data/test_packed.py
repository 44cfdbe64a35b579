"""data/packed.py: fault 43, Parquet and Arrow files that are damaged, forged or swollen."""

import os
import random
import re
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from headstart.data import packed, parquet_footer, table
from headstart.data.equal_rows import clusters
from headstart.errors import HeadstartError, SourceError
from headstart.tabular import of_table

GIB = 1 << 30
SMALL = 300


def frame() -> pl.DataFrame:
    draw = np.random.default_rng(0)
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 10, 26), eager=True)
    return pl.DataFrame(
        {
            "whole": draw.integers(0, 100, SMALL),
            "share": draw.random(SMALL),
            "label": draw.choice(["red", "green"], SMALL),
            "name": [f"id{i}" for i in range(SMALL)],
            "day": days[:SMALL],
            "true": draw.random(SMALL) < 0.5,
            "some": [None if i % 3 else i for i in range(SMALL)],
            "kind": pl.Series(draw.choice(["x", "y"], SMALL), dtype=pl.Categorical),
        }
    )


def write(path: Path, compression: Any, rows: int = 120) -> bytes:
    if path.suffix == ".parquet":
        frame().write_parquet(path, compression=compression, row_group_size=rows)
    else:
        frame().write_ipc(path, compression=compression, record_batch_size=rows)
    return path.read_bytes()


FORMS = [
    *(("rows.parquet", packing) for packing in ("uncompressed", "zstd", "snappy", "gzip")),
    *(("rows.arrow", packing) for packing in ("uncompressed", "zstd", "lz4")),
]


@pytest.mark.parametrize(("name", "packing"), FORMS)
def test_what_a_file_declares_is_what_it_holds(name: str, packing: str, tmp_path: Path) -> None:
    write(tmp_path / name, packing)
    found = packed.declared(tmp_path / name)
    size = frame().estimated_size()
    assert found.rows == SMALL
    assert size <= found.size < 4 * size + 20_000  # little files have much beside their columns
    assert table.read(tmp_path / name).frame["name"].to_list() == frame()["name"].to_list()


@pytest.mark.parametrize(("name", "packing"), FORMS)
def test_fault_43_flipped_bits_and_cut_ends_are_errors_or_harmless(
    name: str, packing: str, tmp_path: Path, capfd: Any
) -> None:
    path = tmp_path / name
    data = write(path, packing)
    found: Counter[str] = Counter()
    for seed in range(150):
        draw, forged = random.Random(seed), bytearray(data)
        if seed % 3 == 0:
            forged = forged[: draw.randrange(len(data))]
        else:
            places = len(data) if seed % 3 == 1 else min(3000, len(data))  # the footer more often
            forged[len(data) - 1 - draw.randrange(places)] ^= 1 << draw.randrange(8)
        path.unlink()  # not cut short: a read that failed may still have it mapped
        path.write_bytes(forged)
        try:
            rows = of_table(table.read(path), "label", drop_unlabelled=True)
            clusters(rows.frame, rows.given)
        except HeadstartError as error:
            found["refused"] += 1
            found["lines"] += str(error).count("\n")
    assert found["refused"] >= 50  # all that were cut, at least
    assert found["lines"] == 0
    assert capfd.readouterr().err == ""


def in_little_memory(path: Path) -> subprocess.CompletedProcess[str]:
    """Read a table in a process that may take 1.5 GiB of addresses, half of them its own."""
    code = "import sys; from headstart.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, "split", str(path), "--target", "y"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29)),
        env={**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a few hundred kB that unpack to gigabytes."""
    folder, n = tmp_path_factory.mktemp("bombs"), 30_000_000
    columns = {f"x{i}": pl.repeat(0, n, dtype=pl.Int64) for i in range(3)}
    swollen = pl.select(**columns, y=pl.repeat("a", n))
    swollen.write_parquet(folder / "zstd.parquet", compression="zstd")
    swollen.write_ipc(folder / "zstd.arrow", compression="zstd")
    one = "x" * 30_000_000
    pl.DataFrame({"a": [one] * 100, "y": ["p", "q"] * 50}).write_parquet(folder / "one.parquet")
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS bounds memory on Linux")
@pytest.mark.parametrize("name", ["zstd.parquet", "zstd.arrow", "one.parquet"])
def test_fault_43_a_bomb_is_refused_before_memory_is_taken(name: str, bombs: Path) -> None:
    size = (bombs / name).stat().st_size
    assert size < 1_000_000
    done = in_little_memory(bombs / name)
    assert done.returncode == 2, done.stderr[-500:]
    assert f"{name}: its {size:,} bytes would take" in done.stderr
    assert "GB of memory" in done.stderr


def test_fault_43_a_footer_that_hides_what_its_pages_unpack_to_is_seen_through(
    bombs: Path, tmp_path: Path
) -> None:
    data = (bombs / "zstd.parquet").read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = data[start:-8]
    # A field of type i64 with a number of four bytes or more becomes a 0 of as many.
    forged = re.sub(rb"(?<=\x16)[\x80-\xff]{3,8}[\x00-\x7f]", lambda n: _zero(n[0]), footer)
    assert forged != footer
    (tmp_path / "forged.parquet").write_bytes(data[:start] + forged + data[-8:])
    assert parquet_footer.declared(tmp_path / "forged.parquet").size > GIB
    with pytest.raises(SourceError, match="GB of memory"):
        packed.read(tmp_path / "forged.parquet")


def _zero(number: bytes) -> bytes:
    return b"\x80" * (len(number) - 1) + b"\0"


def test_what_does_not_begin_or_end_right_is_told_in_words(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.parquet", b"PAR1", "it is too short"),
        ("a.parquet", b"x" * 40, "it does not end as a Parquet file does"),
        ("a.parquet", b"PAR1" + b"x" * 20 + b"\xff\xff\xff\x7fPAR1", "its footer is cut off"),
        ("a.arrow", b"x" * 40, "it does not begin and end as an Arrow file does"),
        ("a.arrow", b"ARROW1" + b"\xff" * 30 + b"ARROW1", "its footer is cut off"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match=f"cannot be read as a table \\({said}\\)"):
            packed.read(tmp_path / name)


@pytest.mark.parametrize("days", [10**8, -(10**7)])
def test_dates_that_no_calendar_has_are_an_error(days: int, tmp_path: Path) -> None:
    column = pl.Series("day", [0, days], pl.Int32).cast(pl.Date)
    pl.DataFrame([column]).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="not of the years 1 to 9999: 'day'"):
        table.read(tmp_path / "a.parquet")
