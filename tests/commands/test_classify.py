"""`headstart classify`: the table, the document, the sheet, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from photos import put_digits
from PIL import Image

PHOTOS = {
    "espresso": (967, "n07920052", "espresso"),
    "lizard": (40, "n01682714", "American chameleon"),
    "strawberry": (949, "n07745940", "strawberry"),
}


@pytest.fixture
def samples(shared: Path) -> Path:
    """The folder of the three photos."""
    return shared / "data" / "imagenet-samples"


@pytest.fixture
def digit(tmp_path: Path) -> Path:
    """A photo that is there wherever the tests are."""
    return put_digits(tmp_path, [0], "digit.png") / "digit.png"


def test_a_photo_gets_five_lines_of_probability_name_and_wordnet_id(call, samples):
    found = call("classify", samples / "lizard.jpg")
    photo, first, *others = found.out.splitlines()
    assert (found.code, found.err, photo) == (0, "", str(samples / "lizard.jpg"))
    assert first == "       76.3%  American chameleon              n01682714"
    assert len(others) == 4
    assert others[0].split("  ")[-1].strip() == "n01693334"
    assert max(map(len, [first, *others])) <= 80


def test_the_document_tells_the_three_photos_and_what_told_them(call, samples):
    found = call("classify", samples, "--json", "--top", "3")
    document = json.loads(found.out)
    assert (found.code, found.err) == (0, "")
    assert (document["format"], document["backbone"]) == (1, "efficientnet-lite0")
    assert len(document["weights"]) == 64
    answers = {Path(answer["input"]).stem: answer for answer in document["predictions"]}
    assert list(answers) == list(PHOTOS)
    for name, expected in PHOTOS.items():
        answer = answers[name]
        assert (answer["index"], answer["wnid"], answer["name"]) == expected
        assert answer["top"][0].items() <= answer.items()
        shares = [each["probability"] for each in answer["top"]]
        assert len(shares) == 3
        assert shares == sorted(shares, reverse=True)
    assert answers["lizard"]["probability"] == pytest.approx(0.7626, abs=0.001)


def test_the_sheet_has_a_row_for_each_photo(call, samples, tmp_path):
    sheet = tmp_path / "sheet.png"
    found = call("classify", samples, "--top", "1", "--sheet", sheet)
    assert (found.code, found.err) == (0, "")
    with Image.open(sheet) as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("RGB"))
    bars = np.all(pixels == (46, 112, 194), axis=2).sum(axis=1)  # how much blue in each line
    starts = np.flatnonzero((bars[1:] > 100) & (bars[:-1] <= 100))
    assert len(starts) == 3
    assert bars[starts + 5].argsort().tolist() == [1, 0, 2]  # the lizard is the least certain


def test_a_sheet_that_is_there_is_replaced_only_by_force(call, digit, tmp_path):
    sheet = tmp_path / "sheet.png"
    sheet.write_bytes(b"mine")
    found = call("classify", digit, "--sheet", sheet)
    assert (found.code, found.out) == (2, "")
    assert "is there already. Name another place, or give --force." in found.err
    assert sheet.read_bytes() == b"mine"
    assert call("classify", digit, "--sheet", sheet, "--force").code == 0
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_more_photos_than_a_sheet_takes_are_refused_before_any_is_looked_at(call, tmp_path):
    folder = put_digits(tmp_path / "many", range(51), "{number}.png")
    found = call("classify", folder, "--sheet", tmp_path / "sheet.png")
    assert (found.code, found.out) == (2, "")
    assert "--sheet has room for 50 photos, and there are more" in found.err


def test_a_photo_that_cannot_be_read_is_named_and_the_others_are_answered(call, digit, tmp_path):
    page, sheet = tmp_path / "page.jpg", tmp_path / "sheet.png"
    page.write_text("<html>")
    found = call("classify", page, digit, "--top", "1", "--sheet", sheet)
    assert (found.code, found.out.count("\n")) == (0, 2)
    assert found.err == f'{page}: not an image (starts with "<html>")\n'
    assert sheet.exists()
    document = json.loads(call("classify", page, digit, "--json").out)
    assert document["predictions"][0] == {
        "input": str(page),
        "error": 'not an image (starts with "<html>")',
    }


def test_where_none_can_be_read_that_is_an_error_and_there_is_no_sheet(call, tmp_path):
    page, sheet = tmp_path / "page.jpg", tmp_path / "sheet.png"
    page.write_text("<html>")
    found = call("classify", page, "--quiet", "--sheet", sheet)
    assert found.code == 2
    assert f"No photo can be read among 1 input; the first, {page}: not an image" in found.err
    assert not sheet.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "There is nothing to classify. Name photos"),
        (["x.png", "--top", "0"], "--top 0 asks for no class"),
        (["gone.jpg"], "gone.jpg: no photo is there"),
        (["x.png", "--sheet", "sheet.jpg"], "sheet.jpg: is not the name of a PNG file"),
        (["x.png", "--sheet", "."], "is not the name of a PNG file"),
        (["x.png", "--weights", "random"], "--weights: random weights tell no classes apart"),
        (["x.png", "--weights", "x.h5"], "brings its own weights and takes no file"),
        (["x.png", "--backbone", "resnet"], "Did you mean resnet50"),
        (["x.png", "--backbone", "mobilenet-0.4"], "No weights of mobilenet-0.4 are published"),
    ],
)
def test_a_call_that_cannot_be_answered_is_an_error(
    call, digit, monkeypatch, tmp_path, arguments, words
):
    monkeypatch.chdir(tmp_path)
    digit.rename("x.png")
    found = call("classify", *arguments)
    assert (found.code, found.out) == (2, "")
    assert words in found.err
