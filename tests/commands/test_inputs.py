"""What `predict` and `classify` are given: files, folders, patterns, standard input."""

import io
import os
import sys
from pathlib import Path

import pytest
from photos import put_digits

from headstart.commands.inputs import photos
from headstart.errors import SourceError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test works in a folder with a few digits, junk among them."""
    put_digits(tmp_path, range(4), "in/{number}.png")
    put_digits(tmp_path, range(4, 6), "in/below/{number}.jpg")
    (tmp_path / "in" / ".hidden.png").touch()
    (tmp_path / "in" / "Thumbs.db").touch()
    monkeypatch.chdir(tmp_path)


def standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_files_are_taken_as_they_are_in_the_order_given():
    assert list(photos(["in/2.png", "in/0.png", "in/2.png"])) == [
        "in/2.png",
        "in/0.png",
        "in/2.png",
    ]


def test_a_folder_gives_all_that_lies_below_it_but_junk():
    assert list(photos(["in"])) == [
        "in/0.png",
        "in/1.png",
        "in/2.png",
        "in/3.png",
        "in/below/4.jpg",
        "in/below/5.jpg",
    ]


def test_a_pattern_gives_what_fits_it():
    assert list(photos(["in/[01].png", "in/**/*.jpg"])) == [
        "in/0.png",
        "in/1.png",
        "in/below/4.jpg",
        "in/below/5.jpg",
    ]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file():
    Path("in/[01].png").write_bytes(Path("in/2.png").read_bytes())
    assert list(photos(["in/[01].png"])) == ["in/[01].png"]


def test_a_dash_reads_paths_from_standard_input(monkeypatch):
    standard_input(monkeypatch, b"in/0.png\nin/my photo.png\r\n\n\xff.png")
    assert list(photos(["-"])) == ["in/0.png", "in/my photo.png", os.fsdecode(b"\xff.png")]


def test_an_empty_standard_input_gives_no_photo(monkeypatch):
    standard_input(monkeypatch, b"")
    assert list(photos(["-"])) == []


def test_a_name_with_a_leading_dash_is_a_file_if_it_is_there():
    Path("in/0.png").rename("--0.png")
    assert list(photos(["--0.png"])) == ["--0.png"]


def test_a_link_to_nowhere_is_taken_and_reported_with_the_photos():
    Path("link.png").symlink_to("gone.png")
    assert list(photos(["link.png"])) == ["link.png"]


@pytest.mark.parametrize("item", ["gone.png", "in/*.gif", "empty"])
def test_where_nothing_is_that_is_an_error_that_says_what_can_be_given(item):
    Path("empty").mkdir()
    with pytest.raises(SourceError, match=r"no photo is there\. Give files, folders, patterns"):
        list(photos([item]))


def test_an_option_that_there_is_not_is_told_from_a_file():
    with pytest.raises(SourceError, match=r"^--topp: .* If an option was meant: `--help"):
        list(photos(["--topp"]))


def test_fault_22_a_folder_that_cannot_be_opened_is_an_error(open_folder, as_nobody):
    (open_folder / "closed").mkdir(mode=0o700)
    with as_nobody(), pytest.raises(SourceError, match=r"closed: cannot be opened \(Permission"):
        list(photos([str(open_folder / "closed")]))
