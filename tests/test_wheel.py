"""What `pip install` puts in place is all that lies in the source."""

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    (built,) = wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        held = {name for name in archive.namelist() if name.startswith("headstart/")}
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.glob("headstart/**/*")
        if path.is_file() and not any(part.startswith((".", "__pyc")) for part in path.parts)
    }
    assert held == wanted
    assert {"headstart/backbone/imagenet.tsv", "headstart/report/templates/page.html"} <= held
