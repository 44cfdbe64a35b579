"""What can be wrong with photos, and what goes wrong meanwhile, through the whole of `train`."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from photos import put_colours, put_digits
from PIL import Image
from sklearn.datasets import load_digits

from headstart.dataset import list_photos
from headstart.errors import OptionError, OutputError, SourceError
from headstart.events import Event, Notice, Progress
from headstart.options import TrainOptions
from headstart.pipeline import report, train
from headstart.plain_pixels import thumbnails
from headstart.run import Run
from headstart.store.files import cache_root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return put_digits(tmp_path / "photos", range(60))


def small(source: Path, listen=lambda _event: None, **options: object) -> Run:
    """A run on small photos, with shares that are drawn: cross-validation would take longer."""
    options = {"size": 32, "unfreeze": "none", "validation": 0.2, "test": 0.2} | options
    return train(source, source.parent / "run", listen=listen, **options)


def nothing_is_left(source: Path) -> bool:
    return not (source.parent / "run").exists()


def test_faults_01_to_03_unreadable_photos_are_counted_named_and_explained(source):
    (source / "3" / "empty.jpg").touch()
    (source / "4" / "page.jpg").write_text("<html>")
    whole = next((source / "5").iterdir()).read_bytes()
    (source / "5" / "cut.png").write_bytes(whole[: len(whole) // 2])
    heard: list[Event] = []
    run = small(source, heard.append)
    assert run.metrics["left_out"] == 3
    left_out = {item["name"]: item["reason"] for item in run.findings["left_out"]}
    assert left_out.keys() == {"3/empty.jpg", "4/page.jpg", "5/cut.png"}
    assert Notice("3 left out; the report names each and says why.") in heard
    assert len(run.split) == 60
    page = run.report().read_text()
    assert all(name in page for name in left_out)


def test_fault_15_the_same_photo_in_two_classes_works_and_the_pair_is_listed(source):
    shutil.copy(source / "0" / "0000.png", source / "1" / "again.png")
    heard: list[Event] = []
    run = small(source, heard.append)
    (found,) = [each for each in run.findings["findings"] if each["level"] == "warning"]
    assert found["kind"] == "same-photo-two-labels"
    assert found["samples"] == [["0/0000.png", "1/again.png"]]
    assert any("more than one label" in event.text for event in heard if isinstance(event, Notice))
    assert "1/again.png" in run.report().read_text()


def test_fault_19_a_class_without_a_readable_photo_is_an_error_that_leaves_no_run(source):
    for path in (source / "4").iterdir():
        path.write_bytes(b"not a photo")
    with pytest.raises(SourceError, match=r"No photo that can be read in '4' \(4/0004\.png: "):
        small(source)
    assert nothing_is_left(source)


MANY = """
import json, re, sys
from headstart.cli import main
arguments = ["--size", "32", "--unfreeze", "none", "--quiet"]
arguments += ["--per-class", "10,5,rest"]  # few to train on: sooner
code = main(["train", sys.argv[1], "--out", sys.argv[2], *arguments])
status = open("/proc/self/status").read()  # ru_maxrss counts the test process it came from too
print(json.dumps({"code": code, "peak_mb": int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is asked for otherwise there")
def test_fault_20_thousands_of_files_in_a_hundred_classes_work_in_bounded_memory(tmp_path):
    digits = load_digits()
    for digit in range(10):  # in ten tints each
        images = digits.images[digits.target == digit][:6] * (255 / 16)
        for tint in range(10):
            folder = tmp_path / "photos" / f"{digit}-{tint}"
            folder.mkdir(parents=True)
            colour = np.array([tint % 2, tint // 2 % 2, tint / 10]) / 2 + 0.5
            for i, image in enumerate(images):
                coloured = (image[..., None] * colour).astype(np.uint8)
                Image.fromarray(coloured).save(folder / f"{i}.png")
                for copy in range(4):  # which cost no pass through the network
                    shutil.copy(folder / f"{i}.png", folder / f"{i}-{copy}.png")
    child = subprocess.run(
        [sys.executable, "-c", MANY, tmp_path / "photos", tmp_path / "run"],
        capture_output=True,
        text=True,
        check=True,
    )
    measured = json.loads(child.stdout)
    assert measured["code"] == 0, child.stderr
    assert measured["peak_mb"] < 1200
    metrics = Run(tmp_path / "run").metrics
    assert sum(metrics["samples"].values()) == 3000
    assert len(metrics["classes"]) == 100
    assert metrics["test"]["accuracy"] > 0.1  # chance: 0.01


NASTY = [
    "new\nline",
    "-rf",
    "ünï\N{PILE OF POO}",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
]


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
def test_fault_23_nasty_names_go_through_to_every_file(tmp_path):
    source = tmp_path / "photos"
    labels = [*NASTY, os.fsdecode(b"not-utf-8-\xff")]
    for label in labels:
        for path in put_colours(source, label, 6):
            path.rename(path.with_name(f"{label.replace('/', '')}{path.name}"))
    run = small(source)

    assert len(run.metrics["classes"]) == len(labels)
    assert "new\\nline" in run.metrics["classes"]
    assert "not-utf-8-\\xff" in run.metrics["classes"]
    for name in ("metrics.json", "findings.json", "split.csv", "predictions.csv", "report.html"):
        (run.folder / name).read_bytes().decode()  # UTF-8 without a lone surrogate
    assert len((run.folder / "split.csv").read_text().splitlines()) == 1 + len(run.split) == 37
    assert "<script>" not in run.report().read_text()
    for name in ("split.csv", "predictions.csv"):  # fault 46
        with (run.folder / name).open(newline="", encoding="utf-8") as file:
            assert not [cell for row in csv.reader(file) for cell in row if cell[:1] in {*"=-+@"}]
    assert {row["label"] for row in run.split} == set(run.metrics["classes"])
    assert run.bundle.classes == tuple(run.metrics["classes"])
    assert run.bundle.predict([source / labels[0] / f"{labels[0]}0.png"])[0] in run.bundle.classes


def test_fault_27_a_photo_that_changes_meanwhile_is_an_error_that_leaves_no_run(source):
    victim = source / "7" / "0007.png"

    def overwrite(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 0:
            shutil.copy(source / "8" / "0008.png", victim)

    with pytest.raises(SourceError, match=r"^7/0007\.png: changed .* Start again when"):
        small(source, overwrite)
    assert nothing_is_left(source)
    assert sum(small(source).metrics["samples"].values()) == 60


def test_fault_27_photos_that_change_before_the_bundle_is_proved_are_no_fault_of_ours(source):
    options = TrainOptions(size=32, unfreeze="none")
    photos = list_photos(source, options, to_train=True)
    thumbnails(photos.files, photos.keys)  # so the baseline has read them before they change

    def overwrite(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "features" and event.done == event.total:
            for photo in source.rglob("*.png"):
                Image.effect_noise((8, 8), 200).save(photo)

    with pytest.raises(SourceError, match=r"png: changed .* Start again when"):
        small(source, overwrite)
    assert nothing_is_left(source)


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("per_class", "9,1,1", OptionError),
        ("split", "nowhere.csv", SourceError),
        ("split", __file__, SourceError),
    ],
)
def test_a_division_that_cannot_be_is_refused_before_the_photos_are_worked_on(
    source, option, value, error
):
    heard: list[Event] = []
    with pytest.raises(error, match=r"asks for more|cannot be read|not a split|not a CSV"):
        train(source, source.parent / "run", listen=heard.append, size=32, **{option: value})
    assert heard == []
    assert nothing_is_left(source)


def test_fault_28_a_run_inside_the_photos_is_refused_before_anything_is_read(source):
    heard: list[Event] = []
    with pytest.raises(OutputError, match="lies inside the photos"):
        train(source, source / "run", listen=heard.append, size=32)
    assert heard == []
    assert sorted(path.name for path in source.iterdir()) == [str(digit) for digit in range(10)]


def test_fault_67_a_read_only_place_is_refused_before_anything_is_read(
    source, open_folder, as_nobody
):
    open_folder.chmod(0o555)
    heard: list[Event] = []
    with as_nobody(), pytest.raises(OutputError, match="cannot be written to"):
        train(source, open_folder / "run", listen=heard.append, size=32)
    assert heard == []
    assert os.listdir(open_folder) == []


@pytest.mark.parametrize(
    ("free", "needed"), [(8_192, r"split\.csv: .* [5-9],\d{3}"), (8_000_000, r"1\d,\d{3},\d{3}")]
)
def test_fault_66_a_disk_too_full_for_the_run_is_an_error_with_the_bytes_needed(
    source, on_disk, free, needed
):
    code = f"""if True:
        import os, sys
        from headstart.cli import main
        disk = sys.argv[1]
        sys.stderr = sys.stdout
        with open(f"{{disk}}/filled", "wb") as file:
            file.write(bytes(10 * 2**20 - {free}))
        few = ["--size", "32", "--test", "0.2", "--unfreeze", "none"]
        print(main(["train", {str(source)!r}, "--out", f"{{disk}}/run", *few]))
        print(os.listdir(disk))
    """
    *told, rc, left = on_disk("size=10m", code).splitlines()
    assert re.fullmatch(rf"headstart: .*{needed}.* are needed.* Free space there.*", told[-1])
    assert (rc, left) == ("2", "['filled']")
    assert len(told) == 1


def test_a_page_that_cannot_be_written_is_a_notice_and_costs_no_run(source):
    heard: list[Event] = []

    def put_in_the_way(event: Event) -> None:
        heard.append(event)
        if isinstance(event, Progress):
            Path(source.parent, ".run.part", "report.html").mkdir(exist_ok=True)

    run = small(source, put_in_the_way)
    (notice,) = [event.text for event in heard if isinstance(event, Notice)]
    assert "report.html: cannot be written (Is a directory)" in notice
    assert notice.endswith(f"`headstart report {run.folder}` writes it.")
    assert run.bundle.classes == tuple(run.metrics["classes"])
    shutil.rmtree(run.report())
    assert report(run.folder) == run.report()
    assert run.report().is_file()


@pytest.mark.parametrize("what", ["features", "graphs"])
def test_fault_71_a_damaged_cache_gives_the_same_run_and_what_was_lost_is_told(
    trained, same_cache, tmp_path, what
):
    for path in (cache_root() / what).rglob("*.rows" if what == "features" else "model.bin"):
        content = bytearray(path.read_bytes())
        for place in range(len(content) // 2, len(content), len(content) // 7):
            content[place] ^= 0x01
        path.write_bytes(content)
    heard: list[Event] = []
    again = train(trained.source, tmp_path / "run", size=32, unfreeze="none", listen=heard.append)
    notices = [event.text for event in heard if isinstance(event, Notice)]
    assert any("of the cache: computed again" in text for text in notices) == (what == "features")
    for name in ("predictions.csv", "model.headstart"):
        assert (again.folder / name).read_bytes() == (trained.run.folder / name).read_bytes()


def test_a_run_that_fails_after_it_was_begun_leaves_no_folder(source):
    with pytest.raises(SourceError, match=r"split\.csv"):
        train(
            source,
            source.parent / "run",
            size=32,
            unfreeze="none",
            split=source.parent / "split.csv",
        )
    assert nothing_is_left(source)


def test_a_frame_is_no_source_and_is_told_where_it_is_taken() -> None:
    with pytest.raises(SourceError, match=r"DataFrame is no path\. .*TableClassifier"):
        train(pl.DataFrame({"a": [1], "y": ["x"]}), target="y")
