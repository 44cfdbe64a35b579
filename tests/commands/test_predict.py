"""`headstart predict`: formats, several classes, photos that cannot be read."""

import csv
import io
import json
from pathlib import Path

import pytest


@pytest.fixture
def photos(trained) -> list[str]:
    """Three digits."""
    return [str(path) for digit in "038" for path in sorted((trained.source / digit).iterdir())[:1]]


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A file that is no photo."""
    (tmp_path / "page.jpg").write_text("<html>")
    return str(tmp_path / "page.jpg")


def test_a_table_has_a_line_for_each_photo_with_its_class_and_probability(call, trained, photos):
    found = call("predict", trained.folder, *photos)
    expected = trained.run.bundle.predict_proba(photos)
    lines = [
        f"{path}  {row.argmax()} {row.max():.1%}"
        for path, row in zip(photos, expected, strict=True)
    ]
    assert found == (0, "\n".join(lines) + "\n", "")


def test_json_is_one_document_with_the_most_probable_classes(call, trained, photos):
    found = call("predict", trained.folder, *photos, "--json", "--top", "3")
    document = json.loads(found.out)
    assert (found.code, found.err) == (0, "")
    assert document["classes"] == [str(digit) for digit in range(10)]
    expected = trained.run.bundle.predict_proba(photos)
    for path, row, answer in zip(photos, expected, document["predictions"], strict=True):
        order = row.argsort()[::-1][:3]
        assert answer["input"] == path
        assert [each["class"] for each in answer["top"]] == [str(j) for j in order]
        assert [each["probability"] for each in answer["top"]] == pytest.approx(
            row[order].tolist(), abs=1e-6
        )
        assert (answer["class"], answer["probability"]) == tuple(answer["top"][0].values())


def test_json_lines_has_a_document_a_line(call, trained, photos, page):
    found = call("predict", trained.folder, photos[0], page, "--format", "jsonl")
    first, second = map(json.loads, found.out.splitlines())
    assert first["input"] == photos[0]
    assert len(first["top"]) == 1
    assert second == {"input": page, "error": 'not an image (starts with "<html>")'}


def test_csv_has_the_same_columns_in_every_row(call, trained, photos, page):
    found = call("predict", trained.folder, page, *photos, "--format", "csv", "--top", "2")
    bad, *good = list(csv.DictReader(io.StringIO(found.out)))
    assert list(bad) == [
        "input",
        "class_1",
        "probability_1",
        "class_2",
        "probability_2",
        "error",
    ]
    assert bad["error"].startswith("not an image")
    assert bad["class_1"] == ""
    assert [row["input"] for row in good] == photos
    assert all(float(row["probability_1"]) >= float(row["probability_2"]) for row in good)


def test_more_classes_than_there_are_means_all(call, trained, photos):
    found = call("predict", trained.folder, photos[0], "--json", "--top", "99")
    top = json.loads(found.out)["predictions"][0]["top"]
    assert len(top) == 10
    assert sum(each["probability"] for each in top) == pytest.approx(1, abs=1e-5)


def test_a_photo_that_cannot_be_read_is_named_and_the_others_are_answered(
    call, trained, photos, page
):
    found = call("predict", trained.folder, photos[0], page, photos[1])
    assert found.code == 0
    assert [line.split("  ")[0] for line in found.out.splitlines()] == photos[:2]
    assert found.err == f'{page}: not an image (starts with "<html>")\n'
    quiet = call("predict", trained.folder, photos[0], page, photos[1], "--quiet")
    assert quiet == (0, found.out, "")


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_where_none_can_be_read_that_is_an_error_with_the_first_reason(call, trained, page, form):
    found = call("predict", trained.folder, page, page, "--format", form, "--quiet")
    assert found.code == 2
    assert found.err == (
        f"headstart: No photo can be read among 2 inputs; the first, {page}: not an image (starts "
        'with "<html>"). Give JPEG, PNG, WebP, GIF, BMP or TIFF files.\n'
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "There is nothing to predict. Name photos"),
        (["x.png", "--top", "0"], "--top 0 asks for no class"),
        (["x.png", "--format", "xml"], '"table"'),
        (["x.png"], "x.png: no photo is there"),
        (["x.png", "--encoding", "cp1252"], "--encoding: would do nothing: no CSV file is"),
    ],
)
def test_a_call_that_cannot_be_answered_is_an_error(call, trained, arguments, words):
    found = call("predict", trained.folder, *arguments)
    assert (found.code, found.out) == (2, "")
    assert words in found.err


@pytest.mark.parametrize("kind", ["pickle", "h5", "nothing"])
def test_fault_47_what_is_no_bundle_is_refused_unopened(call, tmp_path, photos, kind):
    path = tmp_path / f"model.{kind}"
    contents = {"pickle": b"\x80\x04K\x01.", "h5": b"\x89HDF\r\n\x1a\n", "nothing": b""}
    path.write_bytes(contents[kind])
    found = call("predict", path, photos[0])
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"headstart: {path}: is ")
    assert "Traceback" not in found.err


def test_more_photos_than_are_taken_at_once_come_in_their_order(call, trained):
    found = call("predict", trained.folder, trained.source, "--format", "jsonl")
    names = [json.loads(line)["input"] for line in found.out.splitlines()]
    assert len(names) == 300
    assert names == sorted(names)
