import os
import re
import subprocess
import sys
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.samples import Sample, Samples, image_files, refuse_one_class, scan
from headstart.errors import InputError, OptionError, SourceError
from headstart.findings import LeftOut


def put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")
    return root


def reasons(samples: Samples) -> dict[str, str]:
    return {item.name: item.reason for item in samples.left_out}


# Folders


def test_class_folders_become_sorted_samples(tmp_path: Path) -> None:
    put(tmp_path, "dog/2.jpg", "cat/old/10.jpg", "cat/9.JPG", "notes.txt", "cat/.DS_Store")
    assert scan(tmp_path) == Samples(
        source=str(tmp_path),
        items=(
            Sample(str(tmp_path / "cat/9.JPG"), "cat/9.JPG", "cat", None),
            Sample(str(tmp_path / "cat/old/10.jpg"), "cat/old/10.jpg", "cat", None),
            Sample(str(tmp_path / "dog/2.jpg"), "dog/2.jpg", "dog", None),
        ),
        classes=("cat", "dog"),
        left_out=(LeftOut("notes.txt", "in no class folder"),),
        ignored=1,
    )


def test_real_class_folders(shared: Path) -> None:
    samples = scan(shared / "data" / "sign-digits")
    assert samples.classes == tuple("0123456789")
    assert len(samples.items) == 2062
    assert reasons(samples) == {"LICENSE": "in no class folder"}


def test_a_real_flat_folder_with_the_pattern_that_its_error_suggests(shared: Path) -> None:
    with pytest.raises(SourceError, match="no class folders in it") as caught:
        scan(shared / "data" / "cats-dogs")
    pattern = re.search("--label-pattern '(.*)'", caught.value.mend)
    assert pattern is not None
    samples = scan(shared / "data" / "cats-dogs", label_pattern=pattern[1])
    assert samples.classes == ("cat", "dog")
    assert [sample.label for sample in samples.items] == ["cat"] * 650 + ["dog"] * 650
    assert samples.left_out == ()


def test_the_source_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "photos/cat/1.jpg", "photos/dog/2.jpg")
    monkeypatch.chdir(tmp_path)
    samples = scan("photos")
    assert samples.source == str(tmp_path / "photos")
    assert samples.items[0].name == "cat/1.jpg"
    assert os.path.isfile(samples.items[0].path)


def test_split_folders_are_kept(tmp_path: Path) -> None:
    put(tmp_path, "data/Train/cat/1.jpg", "data/Train/dog/2.jpg", "data/VAL/cat/3.jpg")
    samples = scan(tmp_path)
    assert [(sample.label, sample.split) for sample in samples.items] == [
        ("cat", "train"),
        ("dog", "train"),
        ("cat", "validation"),
    ]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["10", "9", "b"], ("10", "9", "b")),
        (["02", "1", "002"], ("1", "002", "02")),
        (["9" * 30, "1"], ("1", "9" * 30)),
    ],
)
def test_classes_are_in_numeric_order_where_all_are_numbers(
    labels: list[str], classes: tuple[str, ...], tmp_path: Path
) -> None:
    put(tmp_path, *(f"{label}/1.jpg" for label in labels))
    assert scan(tmp_path).classes == classes


def test_any_file_in_a_class_folder_is_a_sample_until_it_is_opened(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.JPeG", "cat/notes.txt", "dog/no_extension")
    assert [sample.name for sample in scan(tmp_path).items] == [
        "cat/1.JPeG",
        "cat/notes.txt",
        "dog/no_extension",
    ]


@pytest.mark.parametrize("paths", [(), ("1.jpg", "2.jpg"), ("cat/.hidden.jpg", "dog/Thumbs.db")])
def test_fault_16_no_class_folders_is_an_error_that_shows_the_layout(
    paths: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as caught:
        scan(put(tmp_path, *paths))
    assert "├── cat/" in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}: no ")


def test_fault_16_a_folder_of_links_alone_says_so(tmp_path: Path) -> None:
    put(tmp_path / "store", "1.jpg")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat").symlink_to(tmp_path / "store")
    with pytest.raises(SourceError, match="1 left out; cat: a symbolic link"):
        scan(tmp_path / "photos")


def test_fault_17_one_class_is_scanned_and_refused_where_two_are_needed(tmp_path: Path) -> None:
    for pattern in (None, "(?P<label>cat)"):
        samples = scan(put(tmp_path, "cat/1.jpg", "cat/2.jpg"), label_pattern=pattern)
        assert samples.classes == ("cat",)
        with pytest.raises(SourceError, match="one class only, 'cat'; a classifier") as caught:
            refuse_one_class(samples)
        assert "├── cat/" in caught.value.mend
    refuse_one_class(scan(put(tmp_path, "dog/1.jpg")))


def test_fault_18_a_class_with_one_file_is_a_class(tmp_path: Path) -> None:
    samples = scan(put(tmp_path, "cat/1.jpg", "cat/2.jpg", "dog/1.jpg"))
    assert samples.classes == ("cat", "dog")


def test_fault_19_a_class_without_photos_keeps_its_place(tmp_path: Path) -> None:
    put(tmp_path, "ape/1.jpg", "dog/2.jpg", "cat/Thumbs.db")
    (tmp_path / "bee").mkdir()
    assert scan(tmp_path).classes == ("ape", "bee", "cat", "dog")


def test_fault_20_a_scan_holds_little_more_than_the_paths(tmp_path: Path) -> None:
    put(tmp_path, *(f"class-{n % 100:04}/IMG_{n:05}.jpg" for n in range(3_000)))
    scan(tmp_path)
    tracemalloc.start()
    samples = scan(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(samples.items) == 3_000
    assert peak / 3_000 < 800  # bytes: 80 MB for 100,000 photos


UNREADABLE = """
import os, sys
from headstart.data.samples import scan
from headstart.errors import SourceError
if os.geteuid() == 0:  # no folder is closed to root
    os.setgid(65534)
    os.setuid(65534)
try:
    samples = scan(sys.argv[1])
except SourceError as error:
    print("error:", error)
else:
    print([sample.name for sample in samples.items], samples.left_out)
"""


@pytest.mark.skipif(os.name == "nt", reason="permissions work otherwise there")
@pytest.mark.parametrize(
    ("closed", "words"),
    [
        (
            "cat/old",
            "['cat/1.jpg', 'dog/2.jpg'] (LeftOut(name='cat/old', "
            "reason='a folder that cannot be opened (Permission denied)'),)",
        ),
        (
            "cat",
            "error: FOLDER: the folder 'cat/' cannot be opened (Permission denied). "
            "Make it readable, or pass it over with --ignore.",
        ),
        (".", "error: FOLDER: cannot be opened (Permission denied). Make it readable."),
    ],
)
def test_fault_22_a_closed_folder_is_left_out_a_closed_class_is_an_error(
    closed: str, words: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = put(Path(name), "cat/1.jpg", "cat/old/3.jpg", "dog/2.jpg")
        folder.chmod(0o755)
        (folder / closed).chmod(0o311 if closed == "." else 0)
        done = subprocess.run(
            [sys.executable, "-c", UNREADABLE, name], capture_output=True, text=True, check=False
        )
        (folder / closed).chmod(0o700)
        assert done.stdout.strip() == words.replace("FOLDER", name), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_fault_23_nasty_names_are_escaped_and_their_files_found(tmp_path: Path) -> None:
    names = [b"-rf.jpg", b"a\nb.jpg", b"caf\xe9.jpg", "\U0001f408.jpg".encode(), b"a\\nb.jpg"]
    for label in (b"c\xe4t", b"dog\n"):
        folder = os.path.join(os.fsencode(tmp_path), label)
        os.mkdir(folder)
        for name in names:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(name)
    samples = scan(tmp_path)
    assert samples.classes == ("c\\xe4t", "dog\\n")
    assert len({sample.name for sample in samples.items}) == 10
    for sample in samples.items:
        assert sample.name.encode().isascii() or "\U0001f408" in sample.name
        assert "\n" not in sample.name
        with open(sample.path, "rb") as file:
            assert file.read() == os.path.basename(os.fsencode(sample.path))


@pytest.mark.parametrize(
    ("twins", "shown"),
    [
        (("Cat", "cat"), "'Cat' and 'cat'"),
        (("caf\u00e9", "cafe\u0301"), r"'cafe\u0301' and 'caf\xe9'"),
        (("Stra\u00dfe", "STRASSE"), "'STRASSE' and 'Stra\u00dfe'"),
        (("cat", "cat "), "'cat' and 'cat '"),
    ],
)
def test_fault_24_classes_that_look_the_same_are_an_error_that_lists_both(
    twins: tuple[str, str], shown: str, tmp_path: Path
) -> None:
    put(tmp_path, f"train/{twins[0]}/1.jpg", f"test/{twins[1]}/1.jpg", "train/dog/1.jpg")
    with pytest.raises(SourceError) as caught:
        scan(tmp_path)
    assert shown in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fotos", "does not exist. Did you mean photos?"),
        ("nothing like it", "does not exist. Check the spelling"),
        ("photos/cat/1.jpg", "neither a folder nor a zip file"),
        ("photos\0", "does not exist"),
    ],
)
def test_a_source_that_is_none_is_an_error(name: str, words: str, tmp_path: Path) -> None:
    put(tmp_path, "photos/cat/1.jpg")
    with pytest.raises(SourceError) as caught:
        scan(tmp_path / name)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"image_column": "path"}, {"target": "label"}, {"encoding": "latin-1"}]
)
def test_options_of_lists_are_refused_for_folders(options: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="does nothing here"):
        scan(put(tmp_path, "cat/1.jpg", "dog/1.jpg"), **options)


def test_a_pattern_that_finds_nothing_is_an_error_that_shows_a_path(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"in none of 2 paths, such as 'cat/1\.jpg'"):
        scan(put(tmp_path, "cat/1.jpg", "dog/1.jpg"), label_pattern="(?P<label>horse)")


def test_image_files_lists_what_a_walk_meets(tmp_path: Path) -> None:
    put(tmp_path, "b/1.jpg", "a.jpg", ".hidden.jpg", "b/Thumbs.db")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    assert image_files(tmp_path) == [str(tmp_path / "a.jpg"), str(tmp_path / "b" / "1.jpg")]


@st.composite
def trees(draw: st.DrawFn) -> set[str]:
    """Paths of files: layouts of every kind, with and without what does not belong there."""
    top = draw(st.sampled_from(["", "all/", "all/deep/"]))
    split = st.sampled_from(draw(st.sampled_from([[""], ["train/", "VAL/"], ["test/"]])))
    label = st.sampled_from(["cat/", "dog/", "7/"])
    inner = st.sampled_from(["", "", "old/", "old/er/", ".git/", "__MACOSX/"])
    file = st.sampled_from(["1.jpg", "2.jpg", "cat.0.jpg", "dog_1.png", "Thumbs.db", "notes"])
    found = draw(
        st.sets(st.tuples(st.just(top), split, label, inner, file), min_size=5, max_size=20)
    )
    strays = ["README", "all/README", "train/cat.5.jpg", "cat.6.jpg", "Cat/1.jpg", "new/1.jpg"]
    return {"".join(parts) for parts in found} | draw(st.sets(st.sampled_from(strays), max_size=1))


@settings(deadline=None, max_examples=80)
@given(
    paths=trees(),
    pattern=st.sampled_from([None, None, r"(?P<label>cat|dog|\d)", r"(?P<label>\w+)\.\d+"]),
    ignore=st.sampled_from([(), ("dog",), ("cat/*", "*.jpg")]),
)
def test_every_file_is_a_sample_or_left_out_or_ignored(
    paths: set[str], pattern: str | None, ignore: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        put(Path(name), *paths)
        try:
            samples = scan(name, label_pattern=pattern, ignore=ignore)
        except InputError:
            return
    assert len(samples.items) + len(samples.left_out) + samples.ignored == len(paths)
    names = [item.name for item in (*samples.items, *samples.left_out)]
    assert len(set(names)) == len(names)
    assert len(samples.classes) >= 1
    assert {sample.label for sample in samples.items} <= set(samples.classes)
    if pattern is None:
        assert all(sample.label in sample.name.split("/")[:-1] for sample in samples.items)


# Lists


def listed(tmp_path: Path, text: str, **options: str) -> Samples:
    (tmp_path / "photos.csv").write_text(text, encoding=options.get("encoding", "utf-8"))
    return scan(tmp_path / "photos.csv", image_column="path", target="label", **options)


def test_a_list_names_photos_relative_to_itself(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", "cat/2.jpg", "dog/3.jpg", ".hidden.jpg")
    away = put(tmp_path / "away", "4.jpg") / "4.jpg"
    samples = listed(
        tmp_path,
        f"id,path,label\n1,cat/1.jpg,cat\n2,./cat//2.jpg,cat\n3,{away},dog\n4,.hidden.jpg,dog\n",
    )
    assert [(sample.name, sample.label) for sample in samples.items] == [
        (".hidden.jpg", "dog"),
        (str(away), "dog"),
        ("cat/1.jpg", "cat"),
        ("cat/2.jpg", "cat"),
    ]
    assert all(os.path.isfile(sample.path) for sample in samples.items)
    assert samples.classes == ("cat", "dog")


def test_rows_without_a_photo_or_a_label_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    (tmp_path / "folder").mkdir()
    samples = listed(
        tmp_path,
        "path,label\n1.jpg,cat\ngone.jpg,cat\n,dog\n3.jpg,\n2.jpg,dog\n./1.jpg,cat\n"
        "folder,dog\n1.jpg/x,dog\n3.jpg, \n",
    )
    assert [sample.name for sample in samples.items] == ["1.jpg", "2.jpg"]
    assert sorted((item.name, item.reason) for item in samples.left_out) == [
        ("1.jpg", "row 7 lists it again"),
        ("1.jpg/x", "no such file"),
        ("3.jpg", "no label in row 10"),
        ("3.jpg", "no label in row 5"),
        ("folder", "not a regular file"),
        ("gone.jpg", "no such file"),
        ("row 4", "no path"),
    ]


@pytest.mark.skipif(os.name == "nt", reason="a backslash parts folders there")
def test_a_list_written_on_windows_gets_a_word_on_its_backslashes(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg")
    with pytest.raises(SourceError, match="no such file; write its path with /"):
        listed(tmp_path, "path,label\ncat\\1.jpg,cat\n")


def test_two_labels_for_one_photo_are_an_error(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    with pytest.raises(SourceError, match=r"rows 2 and 4 give 1\.jpg two labels, 'cat' and 'dog'"):
        listed(tmp_path, "path,label\n1.jpg,cat\n2.jpg,dog\n./1.jpg,dog\n")


def test_ignored_rows_are_counted(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg", "drafts/3.jpg")
    (tmp_path / "photos.csv").write_text("path,label\n1.jpg,a\n2.jpg,b\ndrafts/3.jpg,b\n")
    samples = scan(tmp_path / "photos.csv", image_column="path", target="label", ignore=["drafts"])
    assert (len(samples.items), samples.ignored) == (2, 1)


def test_a_list_of_nothing_that_is_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none of its 2 rows .*1\.jpg: no such file") as caught:
        listed(tmp_path, "path,label\n1.jpg,cat\n2.jpg,dog\n")
    assert "relative to the folder of the list" in caught.value.mend


def test_fault_17_a_list_of_one_class_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    samples = listed(tmp_path, "path,label\n1.jpg,cat\n")
    with pytest.raises(SourceError, match="every photo has the label 'cat'"):
        refuse_one_class(samples)


def test_fault_24_twins_in_a_list_are_an_error(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg")
    with pytest.raises(SourceError, match="'Cat' and 'cat'"):
        listed(tmp_path, "path,label\n1.jpg,cat\n2.jpg,Cat\n")


def test_a_label_pattern_is_refused_for_a_list(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--label-pattern does nothing here"):
        listed(tmp_path, "path,label\n", label_pattern="(?P<label>cat)")


# Zip files


def test_a_zip_of_class_folders_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        file.writestr("photos/cat/1.jpg", b"one")
        file.writestr("photos/dog/2.jpg", b"two")
        file.writestr("__MACOSX/photos/cat/._1.jpg", b"junk")
    samples = scan(tmp_path / "photos.zip")
    assert samples.source == str(tmp_path / "photos.zip")
    assert [(sample.name, sample.label) for sample in samples.items] == [
        ("photos/cat/1.jpg", "cat"),
        ("photos/dog/2.jpg", "dog"),
    ]
    assert Path(samples.items[0].path).read_bytes() == b"one"
    assert samples.ignored == 1
    assert os.listdir(tmp_path) == ["photos.zip"]
