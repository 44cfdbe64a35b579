"""`headstart check`: findings before anything is trained."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from photos import put_digits

Call = Callable[..., Any]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Rows of which some stand there twice, and a column that gives the answer away."""
    random = np.random.default_rng(0)
    x = random.normal(0, 1, 300)
    ill = x + random.normal(0, 1, 300) > 0
    frame = pl.DataFrame(
        {"x": x, "bed": np.where(ill, "A", "B"), "y": np.where(ill, "ill", "well")}
    )
    pl.concat([frame, frame[:3]]).write_csv(tmp_path / "rows.csv")
    return tmp_path / "rows.csv"


def test_warnings_come_first_in_lines_that_fit_a_terminal(call: Call, table: Path) -> None:
    found = call("check", table, "--target", "y")
    assert found.code == 0
    assert found.out.startswith("303 rows of 2 classes: 1 warning.")
    assert found.out.index("WARNING giveaway column (1)") < found.out.index("NOTE duplicate (3)")
    assert "  bed: 100.0% right" in found.out
    assert max(map(len, found.out.splitlines())) <= 80


def test_copies_are_said_to_be_kept_on_one_side_only_where_there_are_sides(
    call: Call, table: Path, tmp_path: Path
) -> None:
    told = " ".join(call("check", table, "--target", "y").out.split())
    assert "`headstart train` keeps the copies on one side of the split" in told
    assert "were kept" not in told
    cells = table.read_text().splitlines()
    (tmp_path / "test.csv").write_text("\n".join([cells[0], *cells[250:300]]))
    table.write_text("\n".join([*cells[:250], *cells[1:4]]))
    given = call("check", table, "--target", "y", "--test-file", tmp_path / "test.csv").out
    assert "The copies were kept on one side of the split" in " ".join(given.split())


def test_it_is_one_document_for_machines(call: Call, table: Path) -> None:
    document = json.loads(call("check", table, "--target", "y", "--json").out)
    assert [f["kind"] for f in document["findings"]] == ["duplicate", "giveaway-column"]
    assert (document["samples"], document["classes"]) == (303, ["ill", "well"])


def test_strict_makes_warnings_an_error_and_notes_none(call: Call, table: Path) -> None:
    found = call("check", table, "--target", "y", "--strict")
    assert (found.code, "1 warning about the data" in found.err) == (2, True)
    assert "giveaway" in found.out
    assert call("check", table, "--target", "y", "--ignore", "bed", "--strict").code == 0


def test_photos_are_checked_too_and_nothing_is_kept(call: Call, tmp_path: Path) -> None:
    put_digits(tmp_path / "digits", range(100))
    first, *_ = sorted((tmp_path / "digits" / "3").iterdir())
    shutil.copyfile(first, tmp_path / "digits" / "8" / "copy.png")
    (tmp_path / "digits" / "8" / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    before = sorted(tmp_path.rglob("*"))
    found = call("check", tmp_path / "digits")
    assert "101 photos of 10 classes: 1 warning." in found.out
    assert "WARNING same photo two labels (1)" in found.out
    assert "LEFT OUT" in found.out
    assert "8/broken.jpg" in found.out
    assert sorted(tmp_path.rglob("*")) == before


def test_strict_fails_for_photos_that_cannot_be_used(call: Call, tmp_path: Path) -> None:
    put_digits(tmp_path / "digits", range(100))
    assert call("check", tmp_path / "digits", "--strict").code == 0
    (tmp_path / "digits" / "8" / "empty.jpg").touch()
    found = call("check", tmp_path / "digits", "--strict")
    assert (found.code, "1 photo that cannot be used" in found.err) == (2, True)
    assert "What to do: Replace these files or delete them" in found.out
    assert call("check", tmp_path / "digits", "--strict", "--ignore", "*empty.jpg").code == 0
