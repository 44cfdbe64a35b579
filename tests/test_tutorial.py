"""The tutorial: every section, its page, and the commands of docs/tutorial.md, run for real."""

import json
import re
import shlex
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from headstart.cli import main

PAGE = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")
OURS = re.sub(r"^<details>.*?^</details>", "", PAGE, flags=re.MULTILINE | re.DOTALL)
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```", OURS, re.MULTILINE | re.DOTALL)
"""Language and text of what the page has its readers run, without the plain Keras beside it."""

COMMANDS = re.findall(r"^headstart .+$", OURS, re.MULTILINE)
TABLE = (
    "The trial: the data",
    "The trial: scaling",
    "The trial: the network",
    "The trial: training",
    "The trial: validation, by a share",
    "The trial: validation, by a file",
    "The trial: predictions",
    "The trial: the confusion matrix",
    "The trial: saving and loading",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tutorial-cache")


@pytest.fixture(autouse=True)
def _shared_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are converted once for all of these."""
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(cache))


@pytest.fixture(scope="module")
def place(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with few photos, laid out as docs/tutorial.md has them."""
    folder = tmp_path_factory.mktemp("tutorial")
    with zipfile.ZipFile(folder / "train.zip", "w") as train:
        for label in ("cat", "dog"):
            for number in range(12):
                name = f"{label}.{number}.jpg"
                photo = sorted((shared / "data" / "cats-dogs").glob(f"{label}.*.jpg"))[number]
                train.write(photo, f"train/{name}")
    with zipfile.ZipFile(folder / "test1.zip", "w") as test:
        test.write(photo, "test1/1.jpg")
    with zipfile.ZipFile(folder / "dogs-vs-cats.zip", "w") as whole:
        for name in ("train.zip", "test1.zip"):
            whole.write(folder / name, name)
            (folder / name).unlink()
        whole.writestr("sampleSubmission.csv", "id,label\n1,0\n")
    for digit in range(10):
        (folder / "signs" / str(digit)).mkdir(parents=True)
        for source in sorted((shared / "data" / "sign-digits" / str(digit)).iterdir())[:5]:
            shutil.copy(source, folder / "signs" / str(digit))
    shutil.copytree(shared / "data" / "imagenet-samples", folder / "samples")
    return folder


def smaller(command: str) -> list[str]:
    """The same command on few photos, for one epoch, with weights that are here."""
    command = command.replace("500,100,50", "6,3,3").replace("rest,30,5", "rest,1,1")
    words = shlex.split(command)[1:]
    if words[0] == "train" and not words[1].startswith("trial"):  # that is small as it is
        words += ["--epochs", "1"]
        if "vgg16" in words or "mobilenet" in words:
            words += ["--weights", "random"]
    elif words[0] == "classify":
        at = words.index("--backbone")
        del words[at : at + 2]
    return words


def test_the_page_of_the_tutorial_has_commands_of_every_kind() -> None:
    first = {shlex.split(command)[1] for command in COMMANDS}
    assert first >= {"tutorial", "split", "train", "predict", "evaluate", "classify", "augment"}
    assert "export" in first


def test_the_commands_and_the_python_of_the_page_do_what_it_says(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    printed = ""
    for language, text in BLOCKS:
        if language == "python":
            capsys.readouterr()
            exec(text, {})
            printed += capsys.readouterr().out
            continue
        for command in text.splitlines():
            words = smaller(command)
            if words[0] != "tutorial":  # it has a test of its own
                assert main(words) == 0, (command, capsys.readouterr().err)
    made = {
        name: json.loads((place / "runs" / name / "metrics.json").read_text())
        for name in ("trial", "small", "vgg16", "mobilenet")
    }
    assert {
        name: (metrics["parameters"], metrics["trainable_parameters"])
        for name, metrics in made.items()
    } == {
        "trial": (642, 642),
        "small": (420_802, 420_802),
        "vgg16": (134_268_738, 8_194),
        "mobilenet": (3_239_114, 1_873_930),
    }
    for name in ("sets", "sheet.png", "views.png", "trial.keras", "trial.h5", "trial.json"):
        assert (place / name).exists()
    told = re.search(r"It prints (.+?)% for .+? once and (.+?)% for", PAGE)
    assert told
    measured = re.findall(r"fitted (?:once|again): ([\d.]+)% of \d+ people", printed)
    assert [float(x) for x in measured] == pytest.approx([float(x) for x in told.groups()], abs=2)


def test_every_section_that_can_be_run_is_run_and_the_others_say_why_not(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["tutorial", "--sign-digits", str(place / "signs"), "--quick", "--json"]
    assert main([*command, "--weights", "random", "--out", str(out)]) == 0
    document = json.loads(capsys.readouterr().out)
    fault = {each["title"]: each["fault"] for each in document["sections"]}
    run = [title for title, why in fault.items() if not why]
    assert run == [
        *TABLE,
        "Sign digits: the photos",
        "MobileNet with its last 23 layers trained",
        "Sign digits with no option at all",
        "Augmentation",
    ]
    assert "--cats-dogs" in fault["VGG16 with a new last layer"]
    assert "--photos" in fault["MobileNet as it comes"]
    page = (out / "tutorial.html").read_text(encoding="utf-8")
    assert "13 of 18 sections" in page
    for link in re.findall(r'href="([^"#]+\.html)"', page):
        assert (out / link).is_file()


def test_the_sections_on_a_table_need_nothing_and_come_out_as_published(
    keras: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["tutorial", "--json", "--out", str(out)]) == 0
    sections = json.loads(capsys.readouterr().out)["sections"]
    assert tuple(each["title"] for each in sections if not each["fault"]) == TABLE
    fact = {
        f"{each['title']}: {figure['what']}": (figure["published"], figure["ours"])
        for each in sections
        for figure in each["facts"]
    }
    assert fact["The trial: the network: parameters"] == ("642", "642")
    assert fact["The trial: scaling: age 65 in a test set of people of 40 to 100"] == (
        "0.417",
        "0.598",
    )
    published, ours = fact["The trial: training: training accuracy"]
    assert published == "almost 94%"
    assert 92 < float(ours.rstrip("%")) < 95.5
    once, anew = (
        float(fact[f"The trial: predictions: {what}"][1].rstrip("%"))
        for what in ("right of people of 40 to 100, scaled once", "the same, scaled anew")
    )
    assert once > anew + 8
    (matrix,) = (each for each in sections if each["title"] == "The trial: the confusion matrix")
    # As published, but that our classes are sorted by name.
    assert matrix["classes"] == ["had_side_effects", "no_side_effects"]
    assert matrix["published"] == [[200, 10], [12, 198]]
    assert all(sum(row) == 210 for row in matrix["ours"])
    page = (out / "tutorial.html").read_text(encoding="utf-8")
    for section in sections:
        assert section["title"] in page
    assert re.search(r"--to keras\nheadstart export .+ --to h5\n", page)  # a line each


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--cats-dogs", "nowhere"], "nowhere: is not there."),
        (["--photos", "nowhere"], "nowhere: is no folder."),
        (["--weights", "nowhere.h5"], "nowhere.h5 is no folder."),
        (["--out", "taken"], "taken: is there already."),
        (["--sign-digits", "taken", "--out", "taken/new"], "taken/new: lies inside the photos."),
    ],
)
def test_a_wrong_call_is_told_before_anything_is_run(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    assert main(["tutorial", *words]) == 2
    assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
