"""`headstart predict --explain`: a heat map for each photo, and nothing of the user's touched."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(trained) -> list[str]:
    """Three digits."""
    return [str(path) for digit in "038" for path in sorted((trained.source / digit).iterdir())[:1]]


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A file that is no photo."""
    (tmp_path / "page.jpg").write_text("<html>")
    return str(tmp_path / "page.jpg")


def picture(path: Path) -> np.ndarray:
    """The pixels of a PNG file, (H, W, 3)."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"), int)


def test_each_answer_names_the_map_of_its_photo(call, trained, photos, tmp_path) -> None:
    maps = tmp_path / "new" / "maps"
    found = call("predict", trained.folder, *photos, "--explain", maps, "--json")
    assert (found.code, found.err) == (0, "")
    answers = json.loads(found.out)["predictions"]
    assert [answer["map"] for answer in answers] == [
        str(maps / f"{Path(photo).stem}.png") for photo in photos
    ]
    drawn = [picture(Path(answer["map"])) for answer in answers]
    assert {each.shape for each in drawn} == {(350, 360, 3)}
    pictures = [each[:320, 20:340] for each in drawn]
    assert not (pictures[0] == pictures[1]).all()
    for each in pictures:  # the photo is grey, so what has colour is the map
        assert np.ptp(each, axis=2).max() > 60
    plain = call("predict", trained.folder, *photos, "--json")
    for answer in answers:
        del answer["map"]
    assert json.loads(plain.out)["predictions"] == answers


def test_what_cannot_be_read_has_no_map_and_keeps_none_from_the_others(
    call, trained, photos, page, tmp_path
) -> None:
    maps = tmp_path / "maps"
    given = [photos[0], page, photos[1]]
    found = call("predict", trained.folder, *given, "--explain", maps, "--format", "jsonl")
    first, bad, second = map(json.loads, found.out.splitlines())
    assert "map" not in bad
    assert bad["error"].startswith("not an image")
    assert sorted(map(str, maps.iterdir())) == sorted([first["map"], second["map"]])


def test_csv_has_a_column_for_it_and_the_table_stays_as_it_was(
    call, trained, photos, page, tmp_path
) -> None:
    found = call(
        *("predict", trained.folder, photos[0], page, "--explain", tmp_path / "a"),
        *("--format", "csv", "--quiet"),
    )
    good, bad = csv.DictReader(io.StringIO(found.out))
    assert list(good) == ["input", "class_1", "probability_1", "map", "error"]
    assert (good["map"], good["error"]) == (str(tmp_path / "a" / f"{Path(photos[0]).stem}.png"), "")
    assert (bad["map"], bad["error"][:12]) == ("", "not an image")
    found = call("predict", trained.folder, photos[0], "--explain", tmp_path / "b")
    assert found.out == call("predict", trained.folder, photos[0]).out


def test_photos_of_one_name_get_maps_of_their_own(call, trained, photos, tmp_path) -> None:
    for folder, name in (("one", "A.png"), ("two", "a.png"), ("two", "a.PNG.png")):
        (tmp_path / folder).mkdir(exist_ok=True)
        shutil.copy(photos[0], tmp_path / folder / name)
    given = [tmp_path / "one", tmp_path / "two"]
    found = call("predict", trained.folder, *given, "--explain", tmp_path / "maps", "--json")
    maps = [Path(answer["map"]).name for answer in json.loads(found.out)["predictions"]]
    assert len({name.casefold() for name in maps}) == 3
    assert set(maps) == {path.name for path in (tmp_path / "maps").iterdir()}


def test_a_folder_with_files_is_spared_unless_forced(call, trained, photos, tmp_path) -> None:
    maps = tmp_path / "maps"
    maps.mkdir()
    assert call("predict", trained.folder, photos[0], "--explain", maps).code == 0
    (drawn,) = maps.iterdir()
    drawn.write_text("mine")
    (maps / "other.txt").write_text("mine")
    found = call("predict", trained.folder, photos[0], "--explain", maps)
    assert (found.code, found.out, drawn.read_text()) == (2, "", "mine")
    assert f"{maps}: holds files. Name another folder with --explain, or give --force" in found.err
    assert call("predict", trained.folder, photos[0], "--explain", maps, "--force").code == 0
    assert picture(drawn).shape == (350, 360, 3)
    assert (maps / "other.txt").read_text() == "mine"


def test_no_map_is_ever_drawn_over_or_among_the_photos(call, trained, photos, tmp_path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    photo = Path(shutil.copy(photos[0], mine / "photo.png"))
    before = photo.read_bytes()
    for given, folder in ((photo, mine), (mine, mine / "maps"), (mine, mine)):
        found = call("predict", trained.folder, given, "--explain", folder, "--force")
        assert (found.code, found.out) == (2, "")
        assert f"{folder}: lies among the photos. Name another folder" in found.err
    assert photo.read_bytes() == before
    assert [*mine.iterdir()] == [photo]


def test_a_place_that_cannot_be_a_folder_is_an_error(call, trained, photos, page) -> None:
    found = call("predict", trained.folder, photos[0], "--explain", page, "--force")
    assert (found.code, found.out) == (2, "")
    assert f"{page}: cannot be written" in found.err


def test_force_alone_does_nothing(call, trained, photos) -> None:
    found = call("predict", trained.folder, photos[0], "--force")
    assert found.code == 2
    assert "--force does something only with --explain" in found.err


def test_rows_have_no_heat_map(call, keras, tmp_path) -> None:
    import headstart

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    x, y = np.random.default_rng(0).random((8, 2), np.float32), [0, 1] * 4
    out = tmp_path / "rows.headstart"
    made = headstart.package(model, ["a", "b"], None, (x, y), columns=["one", "two"], out=out)
    (tmp_path / "rows.csv").write_text("one,two\n1,2\n")
    found = call("predict", out, tmp_path / "rows.csv", "--explain", tmp_path / "maps")
    assert (found.code, found.out) == (2, "")
    assert "this classifier takes rows" in found.err
    assert "headstart report RUN" in found.err
    assert not (tmp_path / "maps").exists()
    with pytest.raises(headstart.HeadstartError, match="this classifier takes rows"):
        made.explain([b"photo"])
