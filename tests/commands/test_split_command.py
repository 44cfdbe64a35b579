"""`headstart split` of photos: the split as a list, or as folders of copies."""

import csv
import io
import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from photos import put_colours, put_digits


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return put_digits(tmp_path / "photos", range(210))


def test_the_list_is_the_split_that_train_makes(call, trained):
    found = call("split", trained.source)
    assert (found.code, found.err) == (0, "")
    assert found.out == Path(trained.folder, "split.csv").read_text()


def test_photos_that_train_would_leave_out_are_left_out_and_named(call, source):
    (source / "3" / "page.png").write_text("<html>")
    found = call("split", source)
    assert "3/page.png" not in found.out
    assert found.err == '3/page.png: not an image (starts with "<html>"). Left out.\n'


def test_a_copy_on_two_given_sides_is_told(call, source, tmp_path):
    for side in ("train", "test"):
        shutil.copytree(source, tmp_path / "sides" / side)
    found = call("split", tmp_path / "sides")
    assert "better than they should be" in found.err
    assert "Found: test/0/0000.png = train/0/0000.png; " in found.err


def test_json_counts_and_lists(call, source):
    found = json.loads(call("split", source, "--json", "--per-class", "10,5,rest").out)
    assert found["samples"]["train"] == 100
    assert found["samples"]["validation"] == 50
    assert len(found["split"]) == 210
    assert found["split"][0].keys() == {"sample", "label", "split", "cluster", "sha256"}


def test_copies_lie_in_folders_by_side_and_class(call, source, tmp_path):
    out = tmp_path / "new" / "sides"
    listed = call("split", source, "--per-class", "10,3,3").out
    found = call("split", source, "--per-class", "10,3,3", "--copy-to", out)
    assert found == (0, "", "")
    rows = [row for row in csv.DictReader(io.StringIO(listed)) if row["split"] != "unused"]
    copied = {path.relative_to(out).as_posix(): path for path in out.rglob("*.png")}
    assert copied.keys() == {f"{row['split']}/{row['sample']}" for row in rows}
    for row in rows:
        content = copied[f"{row['split']}/{row['sample']}"].read_bytes()
        assert sha256(content).hexdigest() == row["sha256"]
    assert os.listdir(out.parent) == ["sides"]
    again = call("split", out)
    assert again.out.count(",train,") == 100


def test_files_of_one_name_from_several_folders_are_all_copied(call, tmp_path):
    source = tmp_path / "photos"
    for label in ("ape", "bee"):
        for folder in ("a", "b", "c"):
            put_colours(source, f"{label}/{folder}", 4)
    taken = source / "ape" / "a" / "0-8.png"  # the name that another one would be given
    shutil.copy(put_colours(tmp_path, "x", 1)[0], taken)
    call("split", source, "--validation", "0", "--test", "0", "--copy-to", tmp_path / "out")
    contents = [
        {path.read_bytes() for path in root.rglob("*.png")} for root in (source, tmp_path / "out")
    ]
    assert contents[0] == contents[1]


@pytest.mark.parametrize("label", ["..", ".", "n/a"])
def test_a_label_that_no_folder_can_have_as_its_name_is_refused(call, source, tmp_path, label):
    rows = [f"photos/0/{n:04}.png,{label}" for n in (0, 10)] + ["photos/1/0001.png,one"]
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *rows]))
    found = call(
        "split",
        *(tmp_path / "list.csv", "--image-column", "path", "--target", "label"),
        *("--copy-to", tmp_path / "out" / "sides"),
    )
    assert found.code == 2
    assert f"Labels that no folder can be named by: {label!r}" in found.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_there_or_inside_the_photos_is_refused(call, source, tmp_path):
    (tmp_path / "out").mkdir()
    for out, words in ((tmp_path / "out", "is there already"), (source / "out", "lies inside")):
        found = call("split", source, "--copy-to", out)
        assert found.code == 2
        assert words in found.err
    assert os.listdir(tmp_path / "out") == []


def test_fault_67_a_place_that_cannot_be_written_is_an_error(call, source, tmp_path):
    (tmp_path / "file").touch()
    found = call("split", source, "--copy-to", tmp_path / "file" / "out")
    assert found.code == 2
    assert "cannot be written" in found.err
