"""Photos of one picture are found, and photos that are merely alike are not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from headstart import looks
from headstart.data import neighbours, overlay
from headstart.data.near_copies import described, near_copies
from headstart.data.samples import image_files
from headstart.dataset import list_photos, parted
from headstart.features import fingerprint
from headstart.options import Division

Change = Callable[[Image.Image], Image.Image]

WAYS: dict[str, Change] = {
    "resize": lambda photo: photo.resize((photo.width * 2 // 3, photo.height * 3 // 4)),
    "crop": lambda photo: photo.crop(
        (photo.width // 40, 0, photo.width * 39 // 40, photo.height * 19 // 20)
    ),
    "mirror": ImageOps.mirror,
    "turn": lambda photo: photo.transpose(Image.Transpose.ROTATE_90),
    "all": lambda photo: ImageOps.mirror(WAYS["crop"](photo)).resize((70, 75)),
}


def copies(files: list[str], folder: Path) -> dict[str, str]:
    """A copy of each, changed in one way after another and saved as JPEG of quality 60."""
    made = {}
    for i, file in enumerate(files):
        way = [*WAYS][i % len(WAYS)]
        path = folder / f"copy-{i}-{way}.jpg"
        WAYS[way](ImageOps.exif_transpose(Image.open(file)).convert("RGB")).save(path, quality=60)
        made[file] = str(path)
    return made


def pairs_of(files: list[str]) -> set[tuple[str, str]]:
    from headstart.data.samples import Sample

    samples = [Sample(file, file, "", None) for file in files]
    keys, shapes, _ = fingerprint(samples)
    place = dict(zip(keys, files, strict=True))
    grey = looks.pictures(samples, keys).rows
    return {tuple(sorted((place[a], place[b]))) for a, b in looks.seen(keys, shapes, grey).pairs}


@pytest.mark.parametrize("which", ["cats-dogs", "sign-digits"])
def test_copies_are_found_and_nothing_else(which: str, shared: Path, tmp_path: Path) -> None:
    photos = image_files(shared / "data" / which)
    photos = photos[:: -(-len(photos) // 500)]
    made = copies(photos[::10], tmp_path)
    found = pairs_of([*photos, *made.values()])
    wanted = {tuple(sorted(pair)) for pair in made.items()}
    assert len(found & wanted) >= 0.98 * len(wanted)
    others = {tuple(Path(name).name for name in pair) for pair in found - wanted}
    assert others <= {("dog.180.jpg", "dog.74.jpg")}  # which is one photo, found here


def test_cells_find_what_comparing_all_pairs_finds(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = image_files(shared / "data" / "sign-digits")[:700]
    files = [*photos, *copies(photos[::7], tmp_path).values()]
    by_cells = pairs_of(files)
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(neighbours, "_ONE_CELL", len(files))
    by_all = pairs_of(files)
    assert len(by_all - by_cells) <= 0.02 * len(by_all)
    assert by_cells <= by_all


def test_an_orientation_of_a_description_is_that_of_the_picture() -> None:
    picture = np.random.default_rng(0).random((1, 32, 32), np.float32)
    square = neighbours.describe(picture).reshape(1, 8, 8)
    for turn in range(neighbours.ORIENTATIONS):
        expected = neighbours.describe(neighbours.oriented(picture, turn))
        np.testing.assert_allclose(neighbours._turned(square, turn), expected, atol=1e-5)


@pytest.mark.parametrize("turn", range(neighbours.ORIENTATIONS))
def test_a_pair_says_how_the_first_is_turned_to_lie_as_the_second(turn: int) -> None:
    pictures = np.random.default_rng(1).random((2, 32, 32), np.float32)
    again = np.stack([pictures[0], neighbours.oriented(pictures[:1], turn)[0], pictures[1]])
    for order in ([0, 1, 2], [1, 0, 2]):
        ((i, j, told),) = neighbours.pairs(neighbours.describe(again[order]))
        laid = neighbours.oriented(again[order][i : i + 1], int(told))
        np.testing.assert_allclose(laid[0], again[order][j], atol=1e-6)


def test_a_shift_and_a_stretch_are_undone() -> None:
    wide = overlay.blurred(np.random.default_rng(2).random((1, 80, 80), np.float32), 6)
    first = wide[:, 8:72, 8:72]
    part = Image.fromarray(wide[0]).resize((64, 64), box=(10, 7, 71, 70), resample=3)
    second = np.asarray(part)[np.newaxis]
    first, second = first / first.std(), second / second.std()
    fit = overlay.fitted(first, second, steps=8)
    before = overlay.agreement(
        first, second, fit._replace(scale=fit.scale * 0 + 1, shift=fit.shift * 0)
    )
    assert before[0] < 0.8
    assert overlay.agreement(first, second, fit)[0] > 0.99
    np.testing.assert_allclose(fit.scale[0], [63 / 64, 61 / 64], atol=0.01)


def test_blank_photos_are_no_copies() -> None:
    pictures = np.full((3, 64, 64), 200, np.uint8)
    pictures[1] += 1
    found = described(pictures, np.arange(3))
    assert found.plain.all()
    assert near_copies(pictures, found).shape == (0, 2)
    assert near_copies(pictures[:0], described(pictures[:0], np.arange(0))).shape == (0, 2)


class Counted:
    """Pictures that know how often each was read."""

    def __init__(self, pictures: np.ndarray) -> None:
        self.pictures, self.times = pictures, np.zeros(len(pictures), int)

    def __getitem__(self, numbers: np.ndarray) -> np.ndarray:
        np.add.at(self.times, numbers, 1)
        return self.pictures[numbers]


def test_one_reading_tells_copies_and_plain_photos_and_the_next_time_none() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (40, 64, 64)).astype(np.uint8)
    pictures[3], pictures[5] = 9, 200
    keys = [f"{i:064x}" for i in range(40)]
    shapes = [(100, 100)] * 40
    shapes[5] = (8, 100)  # too small to have copies, and yet plain
    read = Counted(pictures)
    found = looks.seen(keys, shapes, read)
    assert found == looks.Seen([], {keys[3], keys[5]})
    assert read.times.tolist() == [1] * 40
    assert looks.seen(keys, shapes, read) == found
    assert read.times.tolist() == [1] * 40


def test_near_copies_stay_on_one_side_whatever_their_labels(shared: Path, tmp_path: Path) -> None:
    photos = image_files(shared / "data" / "cats-dogs")[::6]
    for i, file in enumerate(photos):
        folder = tmp_path / "photos" / Path(file).name[:3]
        folder.mkdir(parents=True, exist_ok=True)
        photo = Image.open(file).convert("RGB")
        photo.save(folder / f"{i}.jpg", quality=95)
        if i % 5 == 0:
            other = tmp_path / "photos" / ("dog" if i % 10 else "cat")
            other.mkdir(exist_ok=True)
            ImageOps.mirror(photo).save(other / f"{i}-again.jpg", quality=80)
    data = parted(list_photos(tmp_path / "photos", Division()), Division())
    number = {Path(name).stem: i for i, name in enumerate(data.samples.names)}
    assert len(data.samples) > 200
    for name, i in number.items():
        if name.endswith("-again"):
            assert data.sides[i] == data.sides[number[name.removesuffix("-again")]]
    assert set(data.sides) == {"train", "validation", "test"}
    assert not data.leaked.any()


def test_two_crowds_of_copies_of_one_picture_are_joined(shared: Path, tmp_path: Path) -> None:
    photos = image_files(shared / "data" / "cats-dogs")[:40]
    photo = Image.open(photos[0]).convert("RGB")
    cropped = photo.crop((8, 6, photo.width - 8, photo.height - 6))
    made = []
    for i, quality in enumerate(range(60, 92, 4)):
        for name, picture in (("whole", photo), ("part", cropped)):
            made.append(str(tmp_path / f"{name}-{i}.jpg"))
            picture.save(made[-1], quality=quality)
    links = pairs_of([*photos, *made])
    reached, before = {photos[0]}, 0
    while len(reached) > before:
        before = len(reached)
        reached |= {name for pair in links if reached & {*pair} for name in pair}
    assert reached == {photos[0], *made}
