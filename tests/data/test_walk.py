import os
import stat
import sys
from pathlib import Path

import pytest

from headstart.data.walk import Ignored, walk


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")


def test_every_file_and_folder_is_met_once(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", "cat/kittens/2.jpg", "dog/3", "README")
    (tmp_path / "empty").mkdir()
    tree = walk(str(tmp_path), Ignored())
    assert sorted(tree.files) == ["README", "cat/1.jpg", "cat/kittens/2.jpg", "dog/3"]
    assert sorted(tree.folders) == ["", "cat/", "cat/kittens/", "dog/", "empty/"]
    assert tree.folders["cat/"].folders == ["kittens"]
    assert tree.folders["cat/"].others == 1
    assert (tree.left_out, tree.denied, tree.ignored) == ([], {}, 0)


def test_fault_25_junk_is_ignored_and_counted(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", "cat/Thumbs.db", "cat/.DS_Store", "cat/desktop.ini", "cat/._1.jpg")
    put(tmp_path, "__MACOSX/cat/._1.jpg", "__MACOSX/cat/._2.jpg", ".git/a/b/c", "@eaDir/1.jpg")
    tree = walk(str(tmp_path), Ignored())
    assert tree.files == ["cat/1.jpg"]
    assert tree.ignored == 8
    assert tree.folders[""].folders == ["cat"]


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("*.txt", ["a.jpg", "cat/drafts/1.jpg", "cat/drafts/old/2.jpg", "drafts/3.jpg"]),
        ("drafts", ["a.jpg", "cat/notes.txt"]),
        ("drafts/", ["a.jpg", "cat/notes.txt"]),
        ("drafts/*", ["a.jpg", "cat/drafts/1.jpg", "cat/drafts/old/2.jpg", "cat/notes.txt"]),
        ("./drafts/3.jpg", ["a.jpg", "cat/drafts/1.jpg", "cat/drafts/old/2.jpg", "cat/notes.txt"]),
        ("cat/*/old", ["a.jpg", "cat/drafts/1.jpg", "cat/notes.txt", "drafts/3.jpg"]),
        ("cat/*.jpg", ["a.jpg", "cat/notes.txt", "drafts/3.jpg"]),
        ("[ab].jp?", ["cat/drafts/1.jpg", "cat/drafts/old/2.jpg", "cat/notes.txt", "drafts/3.jpg"]),
    ],
)
def test_what_a_pattern_matches_is_ignored_and_counted(
    pattern: str, kept: list[str], tmp_path: Path
) -> None:
    put(tmp_path, "a.jpg", "cat/notes.txt", "cat/drafts/1.jpg", "cat/drafts/old/2.jpg")
    put(tmp_path, "drafts/3.jpg")
    tree = walk(str(tmp_path), Ignored([pattern]))
    assert sorted(tree.files) == kept
    assert tree.ignored == 5 - len(kept)
    listed = ["a.jpg", "cat/drafts/1.jpg", "cat/drafts/old/2.jpg", "cat/notes.txt", "drafts/3.jpg"]
    assert [path for path in listed if not Ignored([pattern]).listed(path)] == kept


def test_a_list_may_name_hidden_files() -> None:
    assert not Ignored().listed("/home/me/.cache/cat/.1.jpg")


def test_fault_21_no_link_is_followed(tmp_path: Path) -> None:
    put(tmp_path / "outside", "secret.jpg")
    root = tmp_path / "root"
    put(root, "cat/1.jpg")
    (root / "cat" / "loop").symlink_to(root)
    (root / "cat" / "away").symlink_to(tmp_path / "outside")
    (root / "cat" / "away.jpg").symlink_to(tmp_path / "outside" / "secret.jpg")
    (root / "cat" / "inside.jpg").symlink_to(root / "cat" / "1.jpg")
    (root / "cat" / "broken.jpg").symlink_to("nowhere")
    tree = walk(str(root), Ignored())
    assert tree.files == ["cat/1.jpg"]
    names = ["cat/away", "cat/away.jpg", "cat/broken.jpg", "cat/inside.jpg", "cat/loop"]
    assert sorted(item.name for item in tree.left_out) == names
    assert {item.reason for item in tree.left_out} == {"a symbolic link; links are not followed"}


def test_fault_21_a_root_that_is_a_link_is_the_users_own_choice(tmp_path: Path) -> None:
    put(tmp_path / "root", "cat/1.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "root")
    assert walk(str(tmp_path / "link"), Ignored()).files == ["cat/1.jpg"]


def test_fault_26_a_fifo_named_jpg_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    tree = walk(str(tmp_path), Ignored())
    assert tree.files == []
    assert [(item.name, item.reason) for item in tree.left_out] == [("a.jpg", "not a regular file")]


def test_fault_26_a_device_named_jpg_is_left_out(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "a.jpg", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")
    assert [item.name for item in walk(str(tmp_path), Ignored()).left_out] == ["a.jpg"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_fault_23_names_that_are_no_utf8_are_walked(tmp_path: Path) -> None:
    folder = os.path.join(os.fsencode(tmp_path), b"caf\xe9")
    os.mkdir(folder)
    with open(os.path.join(folder, b"-\n\xff.jpg"), "wb") as file:
        file.write(b"x")
    (path,) = walk(str(tmp_path), Ignored()).files
    assert os.fsencode(path) == b"caf\xe9/-\n\xff.jpg"
    assert os.path.isfile(os.path.join(tmp_path, path))


def test_a_root_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        walk(str(tmp_path / "gone"), Ignored())
