"""`headstart augment`: the contact sheet, and views as files."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from photos import put_colours, put_digits
from PIL import Image

from headstart.augmentation import Augmentation
from headstart.data.augment import view, view_seed
from headstart.data.pixels import decode
from headstart.store.files import sha256_of_file


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with no photos in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return put_digits(tmp_path / "photos", range(20))


@pytest.fixture
def photo(folder: Path) -> Path:
    return folder / "3" / "0003.png"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def as_array(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_sheet_shows_the_original_first_and_then_views(call, photo, here):
    found = call("augment", photo, "--resize", "pad")
    assert found == (0, "Sheet: augment-0003.png\n", "")
    assert os.listdir(here) == ["augment-0003.png"]
    sheet = as_array(here / "augment-0003.png")
    data = photo.read_bytes()
    original = decode(data, 224, "pad")
    seed = view_seed(0, sha256_of_file(photo), 0)
    first = view(original, Augmentation(augment="standard"), seed)
    (y,) = {y for y in range(120) if (sheet[y : y + 224, 12:236] == original).all()}
    assert (sheet[y : y + 224, 248:472] == first).all()
    mark = sheet[y - 2, 120]
    assert mark[2] > mark[0] + 100  # a blue frame
    assert (sheet[y - 2, 360] == 255).all()  # and none around a view


def test_a_sheet_of_a_folder_shows_photos_from_all_over_it(call, folder):
    found = json.loads(call("augment", folder, "--json", "--count", "2").out)
    assert [Path(name).parent.name for name in found["photos"]] == ["0", "2", "5", "7"]
    assert found["sheet"] == "augment-photos.png"
    assert found["augmentation"]["rotation_range"] == 10
    assert found["left_out"] == []


def test_a_photo_that_cannot_be_read_is_named_and_another_takes_its_place(call, folder):
    put = folder / "0" / "0000.png"
    put.write_text("<html>")
    found = call("augment", folder, "--json")
    assert found.err == '0/0000.png: not an image (starts with "<html>"). Left out.\n'
    document = json.loads(found.out)
    assert len(document["photos"]) == 4
    assert document["left_out"] == [
        {"name": "0/0000.png", "reason": 'not an image (starts with "<html>")', "count": 1}
    ]


def test_views_are_saved_with_prefix_number_and_format(call, photo, tmp_path):
    out = tmp_path / "views"
    arguments = ("augment", photo, "--save-to", out, "--count", "3", "--prefix", "seen")
    assert call(*arguments) == (0, f"3 views of 1 photo: {out}\n", "")
    assert files(out) == [f"seen_0003_{i:04}.jpeg" for i in (1, 2, 3)]
    with Image.open(out / "seen_0003_0001.jpeg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (224, 224))


def test_saved_views_are_those_that_training_with_the_same_seed_would_see(call, photo, tmp_path):
    out = tmp_path / "views"
    options = ("--format", "png", "--seed", "5", "--size", "64", "--augment", "strong")
    call("augment", photo, "--save-to", out, "--count", "2", *options)
    pixels = decode(photo.read_bytes(), 64, "squash")
    for i in range(2):
        seed = view_seed(5, sha256_of_file(photo), i)
        expected = view(pixels, Augmentation(augment="strong"), seed)
        assert (as_array(out / f"view_0003_{i + 1:04}.png") == expected).all()


def test_views_of_a_folder_lie_in_the_folders_of_their_photos(call, folder, tmp_path):
    (folder / "9" / "page.png").write_text("<html>")
    found = call("augment", folder, "--save-to", tmp_path / "views", "--count", "2", "--json")
    saved = [Path(path) for path in json.loads(found.out)["saved"]]
    assert len(saved) == 40
    assert sorted(saved) == sorted((tmp_path / "views").rglob("*.*"))
    assert tmp_path / "views" / "3" / "view_0003_0001.jpeg" in saved
    assert found.err == '9/page.png: not an image (starts with "<html>"). Left out.\n'


def test_photos_whose_names_differ_in_their_ending_alone_do_not_share_files(call, tmp_path):
    (first, second) = put_colours(tmp_path, "photos", 2)
    second.rename(first.with_suffix(".PNG2"))
    call("augment", tmp_path / "photos", "--save-to", tmp_path / "views", "--count", "1")
    assert files(tmp_path / "views") == ["view_0.PNG2_0001.jpeg", "view_0.png_0001.jpeg"]


def test_a_range_alone_leaves_everything_else_as_it_is(call, photo, tmp_path):
    out = tmp_path / "views"
    call("augment", photo, "--horizontal-flip", "--save-to", out, "--format", "png")
    original = decode(photo.read_bytes(), 224, "squash")
    for path in out.iterdir():
        found = as_array(path)
        assert (found == original).all() or (found == original[:, ::-1]).all()


def test_files_that_are_there_stay_unless_force_is_given(call, photo, here, tmp_path):
    call("augment", photo)
    before = (here / "augment-0003.png").read_bytes()
    found = call("augment", photo, "--seed", "1")
    assert found == (
        2,
        "",
        "headstart: augment-0003.png: is there already. Name another place, or give --force.\n",
    )
    assert (here / "augment-0003.png").read_bytes() == before
    assert call("augment", photo, "--seed", "1", "--force").code == 0
    assert (here / "augment-0003.png").read_bytes() != before

    out = tmp_path / "views"
    save = ("augment", photo, "--save-to", out, "--count")
    call(*save, "1")
    kept = files(out)
    assert call(*save, "2").code == 2
    assert files(out) == kept
    assert call(*save, "2", "--force").code == 0
    assert len(files(out)) == 2


def test_fault_28_nothing_is_put_among_the_photos(call, folder, photo, monkeypatch):
    before = files(folder)
    for place in (("--save-to", folder / "views"), ("--out", folder / "sheet.png")):
        found = call("augment", folder, *place)
        assert found.code == 2
        assert "lies inside the photos" in found.err
    monkeypatch.chdir(photo.parent)
    found = call("augment", photo.name)
    assert found.code == 2
    assert "would lie beside your photo. Say so with --out" in found.err
    assert files(folder) == before
    assert call("augment", photo.name, "--out", "sheet.png").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--augment", "none"], "Nothing about a photo is to change. Give `--augment light`"),
        (["--rotation-range", "200"], "rotation_range='200': input should be less than"),
        (["--augment", "fierce"], "fierce"),
        (["--count", "0"], "--count 0 is out of range. Give 1 to 1,000."),
        (["--size", "31"], "--size 31 is out of range. Give 32 to 1,024."),
        (["--seed", "-1"], "--seed -1 is out of range."),
        (["--prefix", "a"], "--prefix does something only with --save-to."),
        (["--format", "png"], "--format does something only with --save-to."),
        (["--save-to", "views", "--out", "a.png"], "--out does something only without --save-to."),
        (["--save-to", "views", "--prefix", "a/b"], "--prefix 'a/b' cannot begin the name"),
        (["--out", "sheet.jpg"], "--out sheet.jpg is no PNG file."),
        (["--out", "."], "--out . is no PNG file."),
    ],
)
def test_a_call_that_cannot_be_done_is_refused_with_the_mend(call, photo, here, arguments, words):
    found = call("augment", photo, *arguments)
    assert (found.code, found.out) == (2, "")
    assert words in found.err
    assert os.listdir(here) == []


def test_fault_16_a_place_without_photos_is_an_error(call, here, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "page.png").write_text("<html>")
    for place, words in (
        (tmp_path / "empty", "no photo is there"),
        (tmp_path / "nowhere", "is not there"),
        (tmp_path / "page.png", 'the first, page.png: not an image (starts with "<html>").'),
    ):
        for options in ((), ("--save-to", here / "views")):
            found = call("augment", place, *options, "--quiet")
            assert found.code == 2
            assert words in found.err
    assert os.listdir(here) == []


def test_fault_23_odd_names_are_escaped_on_the_screen_and_kept_on_disk(call, photo, tmp_path):
    odd = tmp_path / "odd" / "-a\n\u202eb.png"
    odd.parent.mkdir()
    shutil.copy(photo, odd)
    found = call("augment", odd, "--out", "sheet.png", "--json")
    assert json.loads(found.out)["photos"] == ["-a\\n\\u202eb.png"]
    call("augment", odd, "--save-to", tmp_path / "views", "--count", "1")
    assert os.listdir(tmp_path / "views") == ["view_-a\n\u202eb_0001.jpeg"]


def test_fault_67_a_place_that_cannot_be_written_is_an_error(call, photo, here):
    (here / "file").touch()
    for options in (("--out", "file/sheet.png"), ("--save-to", "file/views")):
        found = call("augment", photo, *options)
        assert found.code == 2
        assert "cannot be written" in found.err
    assert os.listdir(here) == ["file"]
