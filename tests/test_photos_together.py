"""Photos that belong together stay together; where they were parted, the figures tell."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from metrics_schema import faults
from PIL import Image, ImageOps

from headstart.data.samples import image_files
from headstart.dataset import list_photos, parted
from headstart.errors import OptionError, SourceError
from headstart.options import Division
from headstart.photo_findings import photo_findings
from headstart.pipeline import train


@pytest.fixture(scope="module")
def hands(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 260 photos of the digits 0 to 3, shown by hands of many pupils."""
    folder = tmp_path_factory.mktemp("hands") / "signs"
    for digit in "0123":
        (folder / digit).mkdir(parents=True)
        for file in image_files(shared / "data" / "sign-digits" / digit)[::3]:
            shutil.copyfile(file, folder / digit / Path(file).name)
    return folder


def sides_by_group(options: Division, source: Path) -> dict[str, set[str]]:
    data = parted(list_photos(source, options), options)
    found: dict[str, set[str]] = {}
    for file, side in zip(data.samples.files, data.sides.tolist(), strict=True):
        assert file.group is not None
        found.setdefault(file.group, set()).add(side)
    return found


def test_a_pattern_finds_groups_in_the_paths(hands: Path) -> None:
    found = sides_by_group(Division(group=r"IMG_(\d+)\d\."), hands)
    assert all(len(sides) == 1 for sides in found.values())
    assert set().union(*found.values()) == {"train", "validation", "test"}
    assert len(found) < len(image_files(hands))
    named = sides_by_group(Division(group=r"I(M)G_(?P<group>\d+)\d\."), hands)
    assert named == found


def test_a_list_has_its_groups_in_a_column(hands: Path, tmp_path: Path) -> None:
    files = image_files(hands)
    lines = [f"{file},{Path(file).parent.name},p{i // 7}" for i, file in enumerate(files)]
    table = tmp_path / "list.csv"
    table.write_text("\n".join(["path,label,pupil", *lines]))
    options = Division(image_column="path", target="label", group="pupil")
    found = sides_by_group(options, table)
    assert len(found) == -(-len(files) // 7)
    assert all(len(sides) == 1 for sides in found.values())
    table.write_text(
        "\n".join(["path,label,pupil", *lines[:-1], lines[-1].rsplit(",", 1)[0] + ","])
    )
    with pytest.raises(SourceError, match=rf"no value in 'pupil', such as row {len(files) + 1}"):
        list_photos(table, options)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [("IMG_(", "is no regular expression"), ("pupil", "finds no group in 2"), ("(x)?", "no group")],
)
def test_a_pattern_that_finds_no_groups_is_refused(hands: Path, pattern: str, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        list_photos(hands, Division(group=pattern))


@pytest.fixture(scope="module")
def leaking(hands: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """The photos in train and test folders, and the 20 of the test that train too, mirrored."""
    folder, copied = tmp_path_factory.mktemp("leaking") / "signs", set()
    for i, file in enumerate(image_files(hands)):
        digit, name = Path(file).parent.name, Path(file).name
        side = "test" if i % 4 == 0 else "train"
        (folder / side / digit).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / side / digit / name)
        if i % 12 == 0 and len(copied) < 20:
            copied.add(f"test/{digit}/{name}")
            photo = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
            (folder / "train" / digit).mkdir(exist_ok=True, parents=True)
            ImageOps.mirror(photo).save(folder / "train" / digit / f"again-{i}.jpg", quality=70)
    return folder, copied


def test_leaks_of_a_given_split_are_named_and_the_accuracy_told_without(
    leaking: tuple[Path, set[str]], tmp_path: Path
) -> None:
    source, copied = leaking
    heard: list[Any] = []
    run = train(source, tmp_path / "run", unfreeze="none", size=96, listen=heard.append)
    metrics = run.metrics
    assert faults(metrics) == []
    leaks = metrics["leaks"]
    # Validation is drawn from the training folder, and some of the copies with it.
    assert len(copied) * 0.6 <= leaks["samples"] <= len(copied)
    without = sum(map(sum, leaks["without"]["confusion_matrix"]))
    assert without == metrics["samples"]["test"] - leaks["samples"]
    found = {each["kind"]: each for each in run.findings["findings"]}
    parted_ = found["near-duplicate-across-splits"]
    assert parted_["level"] == "warning"
    assert {name for pair in parted_["samples"] for name in pair} & copied
    page = run.report().read_text(encoding="utf-8")
    assert f"{leaks['samples']} photos of these are copies, or of the groups, of photos" in page
    assert "Without them the accuracy is" in page


def test_check_names_what_is_doubtful_in_photos(call: Any, hands: Path, tmp_path: Path) -> None:
    source = tmp_path / "signs"
    shutil.copytree(hands, source)
    files = image_files(source)
    photo = Image.open(files[0]).convert("RGB")
    photo.crop((2, 2, 96, 98)).save(source / "1" / "near.jpg", quality=80)  # of a 0
    shutil.copyfile(files[1], source / "0" / "same.jpg")
    photo.resize((20, 20)).save(source / "2" / "tiny.png")
    photo.resize((400, 60)).save(source / "2" / "long.png")
    Image.new("RGB", (80, 80), "white").save(source / "3" / "blank.png")
    (source / "3" / "empty.jpg").write_bytes(b"")
    (source / "3" / "cut.jpg").write_bytes(Path(files[2]).read_bytes()[:900])
    (source / "rare").mkdir()
    for file in files[5:9]:
        Path(file).rename(source / "rare" / Path(file).name)

    found = json.loads(call("check", source, "--json").out)
    kinds = {each["kind"]: each["samples"] for each in found["findings"]}
    assert [kind for kind in ("tiny", "blank", "odd-shape") if kind in kinds] == [
        "tiny",
        "blank",
        "odd-shape",
    ]
    assert kinds["tiny"] == [["2/tiny.png"]]
    assert kinds["blank"] == [["3/blank.png"]]
    assert kinds["odd-shape"] == [["2/long.png"]]
    assert any("1/near.jpg" in group for group in kinds["near-duplicate-two-labels"])
    assert any("0/same.jpg" in group for group in kinds["duplicate"])
    assert "imbalance" in kinds
    reasons = {item["name"]: item["reason"] for item in found["left_out"]}
    assert reasons["3/empty.jpg"] == "empty"
    assert reasons["3/cut.jpg"] == "cut short"
    told = call("check", source).out
    assert "WARNING near duplicate two labels (1)" in told
    assert "NOTE tiny (1)" in told
    assert call("check", source, "--strict").code == 2


def test_a_given_split_that_parts_groups_is_told(hands: Path, tmp_path: Path) -> None:
    source = tmp_path / "signs"
    files = image_files(hands)
    for i, file in enumerate(files):
        side = "test" if i % 4 == 0 else "validation" if i % 4 == 1 else "train"
        folder = source / side / Path(file).parent.name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / Path(file).name)
    options = Division(group=r"IMG_(\d+)\d\.")
    data = parted(list_photos(source, options), options)
    found = {each.kind: each for each in photo_findings(data)}["group-across-splits"]
    assert found.level == "warning"
    assert "judged on photos of groups that it was trained on" in found.why
    told = dict(text.split(": ") for (text,) in found.samples)
    for name, here in told.items():
        of_it = [file.group == name for file in data.samples.files]
        assert here.split(", ") == [
            side for side in ("train", "validation", "test") if side in data.sides[of_it]
        ]
    assert len(told) > 1
    data = parted(list_photos(source, Division()), Division())
    assert "group-across-splits" not in {each.kind for each in photo_findings(data)}


def test_groups_are_told_apart_from_copies(hands: Path) -> None:
    options = Division(group=r"IMG_(\d+)\d\.")
    data = parted(list_photos(hands, options), options)
    assert len(set(data.together.tolist())) < len(set(data.clusters.tolist()))
    assert [each for each in photo_findings(data) if each.level == "warning"] == []
