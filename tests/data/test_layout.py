import re

import pytest

from headstart.data.layout import Place, find_layout, quoted, wanted
from headstart.data.walk import Folder, Tree
from headstart.errors import OptionError, SourceError


def tree_of(*paths: str) -> Tree:
    """The tree of these files, and of these folders where a path ends with a slash."""
    tree = Tree(folders={"": Folder()})
    for path in paths:
        parts = path.split("/")
        above = ""
        for name in parts[:-1]:
            if f"{above}{name}/" not in tree.folders:
                tree.folders[above].folders.append(name)
                tree.folders[f"{above}{name}/"] = Folder()
            above += f"{name}/"
        if parts[-1]:
            tree.folders[above].others += 1
            tree.files.append(path)
    return tree


def places(*paths: str, pattern: str | None = None) -> dict[str, Place | str]:
    tree = tree_of(*paths)
    layout = find_layout(tree, pattern, "photos")
    return {path: layout.place(path) for path in tree.files}


def test_a_photo_belongs_to_the_folder_below_the_root_at_any_depth() -> None:
    assert places("cat/1.jpg", "cat/kittens/black/2.jpg", "dog/3.jpg", "README.md") == {
        "cat/1.jpg": Place("cat", None),
        "cat/kittens/black/2.jpg": Place("cat", None),
        "dog/3.jpg": Place("dog", None),
        "README.md": "in no class folder",
    }


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "validation"),
        ("VALID", "validation"),
        ("Validation", "validation"),
        ("test", "test"),
        ("testing", "test"),
    ],
)
def test_split_folders_are_known_in_any_case(name: str, split: str) -> None:
    assert places(f"{name}/cat/1.jpg", f"{name}/dog/2.jpg", f"{name}/3.jpg", "labels.csv") == {
        f"{name}/cat/1.jpg": Place("cat", split),
        f"{name}/dog/2.jpg": Place("dog", split),
        f"{name}/3.jpg": "in no class folder",
        "labels.csv": "in no class folder",
    }


def test_a_class_may_be_missing_in_one_of_the_splits() -> None:
    tree = tree_of("train/cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg")
    layout = find_layout(tree, None, "photos")
    assert layout.classes(tree) == {"cat", "dog"}
    assert layout.place("test/cat/3.jpg") == Place("cat", "test")


@pytest.mark.parametrize("wrapping", ["archive/", "archive/archive/", "a/b/c/"])
def test_wrapping_folders_are_seen_through(wrapping: str) -> None:
    assert places(f"{wrapping}cat/1.jpg", f"{wrapping}dog/2.jpg") == {
        f"{wrapping}cat/1.jpg": Place("cat", None),
        f"{wrapping}dog/2.jpg": Place("dog", None),
    }
    assert places(f"{wrapping}train/cat/1.jpg", f"{wrapping}test/dog/2.jpg") == {
        f"{wrapping}train/cat/1.jpg": Place("cat", "train"),
        f"{wrapping}test/dog/2.jpg": Place("dog", "test"),
    }


def test_a_wrapping_folder_beside_a_file_is_seen_through() -> None:
    assert places("README", "data/cat/1.jpg", "data/dog/2.jpg") == {
        "README": "in no class folder",
        "data/cat/1.jpg": Place("cat", None),
        "data/dog/2.jpg": Place("dog", None),
    }


def test_a_class_folder_that_stands_alone_is_no_wrapping() -> None:
    assert places("cat/1.jpg") == {"cat/1.jpg": Place("cat", None)}


def test_splits_that_were_wrapped_one_by_one_are_seen_through() -> None:
    assert places("train/train/cat/1.jpg", "test/test/dog/2.jpg") == {
        "train/train/cat/1.jpg": Place("cat", "train"),
        "test/test/dog/2.jpg": Place("dog", "test"),
    }


def test_a_class_may_be_called_train() -> None:
    assert places("bus/1.jpg", "car/2.jpg", "train/3.jpg")["train/3.jpg"] == Place("train", None)


def test_classes_may_be_called_after_one_split() -> None:
    assert places("test_passed/1.jpg", "test_failed/2.jpg", "other/3.jpg") == {
        "test_passed/1.jpg": Place("test_passed", None),
        "test_failed/2.jpg": Place("test_failed", None),
        "other/3.jpg": Place("other", None),
    }
    assert places("test_passed/may/1.jpg", "test_failed/june/2.jpg") == {
        "test_passed/may/1.jpg": Place("test_passed", None),
        "test_failed/june/2.jpg": Place("test_failed", None),
    }


def test_what_a_pattern_takes_for_a_label_is_a_class_whatever_its_name() -> None:
    paths = ("train/old/1.jpg", "test_passed/2.jpg", "car/3.jpg")
    with pytest.raises(SourceError, match="look like splits") as caught:
        find_layout(tree_of(*paths), None, "photos")
    pattern = re.search("--label-pattern '(.*)'", caught.value.mend)
    assert pattern is not None
    assert places(*paths, pattern=pattern[1]) == {
        path: Place(path.split("/")[0], None) for path in paths
    }


@pytest.mark.parametrize(
    "paths",
    [
        ("train/1.jpg", "test1/2.jpg"),
        ("train_images/cat/1.jpg", "test_images/2.jpg"),
        ("train_images/1.jpg", "test_images/2.jpg"),
        ("test_passed/cat/1.jpg", "test_failed/cat/2.jpg"),
        ("test_set/cat/1.jpg", "more/2.jpg"),
        ("training_set/cat/1.jpg", "test_set/cat/2.jpg"),
        ("train/cat/1.jpg", "images to predict/2.jpg"),
        ("train2017/cat/1.jpg", "val2017/cat/2.jpg"),
    ],
)
def test_folders_that_may_be_splits_are_never_taken_for_classes(paths: tuple[str, ...]) -> None:
    with pytest.raises(SourceError, match="look like splits") as caught:
        find_layout(tree_of(*paths), None, "photos")
    assert "train, validation and test" in caught.value.mend
    assert "--ignore" in caught.value.mend


def test_two_folders_for_one_split_are_an_error() -> None:
    with pytest.raises(SourceError, match="'val' and 'validation' all mean the validation split"):
        find_layout(tree_of("val/cat/1.jpg", "validation/cat/2.jpg"), None, "photos")


def test_a_pattern_finds_the_label_in_the_path() -> None:
    assert places("cat.0.jpg", "more/dog.1.jpg", "x.txt", pattern=r"(?P<label>cat|dog)\.") == {
        "cat.0.jpg": Place("cat", None),
        "more/dog.1.jpg": Place("dog", None),
        "x.txt": "no label found by --label-pattern",
    }


def test_a_group_that_takes_no_part_is_no_label() -> None:
    pattern = r"(?P<label>cat)?\.jpg"
    assert places("x.jpg", pattern=pattern) == {"x.jpg": "no label found by --label-pattern"}


def test_split_folders_are_honoured_with_a_pattern() -> None:
    paths = ("all/train/cat.0.jpg", "all/val/sub/dog.1.jpg")
    assert places(*paths, pattern=r"(?P<label>cat|dog)\.\d") == {
        "all/train/cat.0.jpg": Place("cat", "train"),
        "all/val/sub/dog.1.jpg": Place("dog", "validation"),
    }
    assert places("train/cat.0.jpg", "cat.1.jpg", pattern="(?P<label>cat)") == {
        "train/cat.0.jpg": Place("cat", "train"),
        "cat.1.jpg": "beside the split folders",
    }
    with pytest.raises(SourceError, match="look like splits"):
        find_layout(tree_of("train/cat.0.jpg", "more/cat.1.jpg"), "(?P<label>cat)", "photos")


@pytest.mark.parametrize(
    ("pattern", "words"), [("(cat", "not a regular expression"), ("cat", "no group named label")]
)
def test_a_pattern_that_cannot_work_is_an_error_with_an_example(pattern: str, words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        find_layout(tree_of("cat.0.jpg"), pattern, "photos")
    example = re.search("'(.*)'", caught.value.mend)
    assert example is not None
    assert places("cat.0.jpg", pattern=example[1]) == {"cat.0.jpg": Place("cat", None)}


@pytest.mark.parametrize(
    "name", ["{}.{}.jpg", "{}_{}.JPG", "{}-{}.jpeg", "{} ({}).png", "{}({}).png", "{}{}.jpg"]
)
def test_fault_16_the_pattern_that_is_suggested_works(name: str) -> None:
    labels = ["cat", "great_dane", "tabby cat"]
    files = [name.format(label, number) for label in labels for number in range(7, 12)]
    suggestion = re.search("--label-pattern '(.*)'", wanted([*files, "README.md"]))
    assert suggestion is not None
    found = list(places(*files, pattern=suggestion[1]).values())
    assert found == [Place(label, None) for label in labels for _ in range(5)]


@pytest.mark.parametrize(
    "files", [["IMG_1.jpg", "IMG_2.jpg"], ["cat.1.jpg", "dog.1.jpg"], ["a.jpg", "b.jpg"], []]
)
def test_no_pattern_is_suggested_where_none_helps(files: list[str]) -> None:
    assert "--label-pattern '" not in wanted(files)


def test_fault_22_a_folder_is_a_class_or_lies_in_one() -> None:
    layout = find_layout(tree_of("train/cat/old/1.jpg", "test/dog/2.jpg"), None, "photos")
    assert layout.holds_a_class("train/")
    assert layout.holds_a_class("train/cat/")
    assert not layout.holds_a_class("train/cat/old/")


def test_names_are_listed_as_a_sentence_does() -> None:
    assert quoted(["a"]) == "'a'"
    assert quoted(["a", "b", "c"]) == "'a', 'b' and 'c'"
    assert quoted(list("abcdefg")) == "'a', 'b', 'c', 'd', 'e' and 2 more"
