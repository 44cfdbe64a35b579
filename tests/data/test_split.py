"""What decides the split, and the file that keeps it."""

import csv
import hashlib
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import divided, labelled

from headstart.data.labelled import Labelled
from headstart.data.split import FEW, SIDES, divide, not_scored
from headstart.data.split_file import load, save
from headstart.errors import OptionError, SourceError
from headstart.options import Division
from headstart.store.cells import plain
from headstart.store.files import printable


def key(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


names = st.lists(st.binary(min_size=1).map(os.fsdecode).map(printable), unique=True, min_size=1)


@settings(deadline=None, max_examples=40)
@given(names, st.data())
def test_fault_23_a_saved_split_comes_back_whatever_the_names(names, data):
    n = len(names)
    sides = data.draw(st.lists(st.sampled_from((*SIDES, "unused")), min_size=n, max_size=n))
    keys = [key(i) for i in range(n)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "split.csv")
        save(path, divided(labelled(names, names[::-1], None, keys), sides, range(n)))
        assert load(path, names, keys) == sides
        assert load(path, names[::-1], keys[::-1]) == sides[::-1]
        with path.open(newline="", encoding="utf-8") as file:
            cells = [row["label"] for row in csv.DictReader(file)]
            assert not [cell for cell in cells if cell[0] in "=@"]  # fault 46
            assert [plain(cell) for cell in cells] == [
                label for _, label in sorted(zip(names, names[::-1], strict=True))
            ]


@pytest.fixture
def saved(tmp_path) -> Path:
    names, labels = ["dog/b.jpg", "cat/a, b.jpg", "cat/é.jpg"], ["dog", "cat", "cat"]
    samples = labelled(names, labels, keys=["k1", "k2", "k2"])
    save(tmp_path / "split.csv", divided(samples, ["test", "train", "unused"], [0, 1, 1]))
    return tmp_path / "split.csv"


def test_the_file_is_sorted_by_sample_and_the_same_whatever_the_order(saved, tmp_path):
    assert saved.read_bytes().decode() == (
        "sample,label,split,cluster,sha256\n"
        '"cat/a, b.jpg",cat,train,1,k2\n'
        "cat/é.jpg,cat,unused,1,k2\n"
        "dog/b.jpg,dog,test,0,k1\n"
    )


def test_a_split_for_other_samples_is_refused_with_how_many_differ(saved):
    names, keys = ["cat/a, b.jpg", "cat/é.jpg", "dog/b.jpg"], ["k2", "k2", "k1"]
    assert load(saved, names, keys) == ["train", "unused", "test"]
    with pytest.raises(SourceError) as caught:
        load(saved, ["new1", "dog/b.jpg", "new2", "new3"], ["k", "other", "k", "k"])
    assert str(caught.value) == (
        f"{saved}: does not fit the source (samples not in it: 3, such as new1; "
        "its samples not in the source: 2, such as cat/a, b.jpg; "
        "samples with other content now: 1, such as dog/b.jpg). "
        "Take the split of a run on the same samples, or leave out --split."
    )


def test_a_list_made_by_hand_may_leave_contents_empty_and_carry_a_byte_order_mark(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "\ufeffsample,label,split,cluster,sha256,note\r\na,cat,test,,,mine\r\n", encoding="utf-8"
    )
    assert load(path, ["a"], ["k"]) == ["test"]


HEADER = "sample,label,split,cluster,sha256\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not a split: its columns must be sample, label, split, cluster, sha256"),
        (HEADER, "is not a split"),
        ("sample,split\na,train\n", "is not a split"),
        (HEADER + "a,cat,train,0,k\nb,cat\n", "row 3 has more or fewer cells"),
        (HEADER + "a,cat,train,0,k,more\n", "row 2 has more or fewer cells"),
        (HEADER + "a,cat,train,0,k\na,cat,test,0,k\n", "row 3 names a a second time"),
        (HEADER + "a,cat,valid,0,k\n", "row 2 has split 'valid', not train, validation, test or"),
        (HEADER + 'a,cat,train,0,"k\n', "is not a CSV file in UTF-8"),
        (HEADER + "caf\xe9,cat,train,0,k\n", "is not a CSV file in UTF-8"),
    ],
)
def test_what_is_no_split_is_refused_with_its_fault(tmp_path, content, problem):
    path = tmp_path / "split.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(SourceError, match=problem) as caught:
        load(path, ["a"], ["k"])
    assert caught.value.where == str(path)
    assert caught.value.mend == "Give the split.csv of a run."


def test_a_split_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"cannot be read \(No such file or directory\)"):
        load(tmp_path / "absent.csv", ["a"], ["k"])
    with pytest.raises(SourceError, match=r"cannot be read \(Is a directory\)"):
        load(tmp_path, ["a"], ["k"])


class Sample(NamedTuple):
    name: str
    label: str
    side: str | None


def photos(counts: dict[str, int], side: str | None = None) -> list[Sample]:
    return [
        Sample(f"{side}/{label}/{i}", label, side) for label, n in counts.items() for i in range(n)
    ]


def listed(samples: list[Sample]) -> Labelled:
    names, labels, given = (list(column) for column in zip(*samples, strict=True))
    return labelled(names, labels, given, [key(name) for name in names])


def drawn(samples: list[Sample], **options) -> list[str]:
    return divide(listed(samples), np.arange(len(samples)), Division(**options)).tolist()


def test_few_samples_all_train_unless_shares_are_asked_for():
    few, enough = photos({"cat": 99, "dog": 100}), photos({"cat": 100, "dog": 100})
    assert len(few) == FEW - 1
    assert set(drawn(few)) == {"train"}
    assert Counter(drawn(enough)) == {"train": 140, "validation": 30, "test": 30}
    assert Counter(drawn(few, test=0.1)) == {"train": 149, "validation": 30, "test": 20}
    kept = Division().model_dump(mode="json")  # as options.json holds it
    assert set(drawn(few, **kept)) == {"train"}


def test_a_share_that_is_given_counts_whatever_its_value():
    few = photos({"cat": 30, "dog": 30})
    counts = {"train": 44, "validation": 8, "test": 8}
    assert Counter(drawn(few, validation=0.15, test=0.15)) == counts
    assert Counter(drawn(few, test=0.15)) == counts
    with pytest.raises(OptionError, match="--test would do nothing: by --per-class"):
        drawn(few, per_class="5,1,2", test=0.15)


def test_a_class_that_is_not_judged_is_mended_where_the_split_is_made():
    unparted, foldered = photos({"cat": 3}), photos({"cat": 3}, "test")

    def said(judged_by: str, samples: list[Sample], **options) -> tuple[str, str]:
        found = not_scored(["emu"], judged_by, listed(samples), Division(**options))
        assert (found.kind, found.level, found.samples) == ("not-scored", "warning", (("emu",),))
        return found.why, found.mend

    ending = ": nothing says how well they are recognised."
    assert said("test", foldered) == (
        f"The test set has no sample of these classes{ending}",
        "Put some of their samples into the test folder.",
    )
    mine = Path("mine.csv").absolute()
    assert said("test", unparted, split=mine) == (
        f"The test set has no sample of these classes{ending}",
        f"Write test for some of them in {mine}.",
    )
    few = "These classes have so few samples that all of them were trained on"
    assert said("test", unparted) == (few + ending, "Add samples to them.")
    assert said("cross-validation", unparted, split=mine) == (
        few + ending,
        "Add samples to them.",
    )


def test_numbers_by_class_are_drawn_even_from_few_samples():
    assert Counter(drawn(photos({"cat": 10, "dog": 9}), per_class="5,1,2")) == {
        "train": 10,
        "validation": 2,
        "test": 4,
        "unused": 3,
    }


def test_folders_of_the_source_are_honoured_and_a_missing_side_is_drawn_from_training():
    train, test = photos({"cat": 100, "dog": 50}, "train"), photos({"cat": 5, "dog": 3}, "test")
    sides = drawn([*test, *train])
    assert sides[:8] == ["test"] * 8
    sides_of = dict(zip(train, sides[8:], strict=True))
    assert Counter((sample.label, side) for sample, side in sides_of.items()) == {
        ("cat", "train"): 85,
        ("cat", "validation"): 15,
        ("dog", "train"): 42,
        ("dog", "validation"): 8,
    }
    every = [*train, *test, *photos({"cat": 2, "dog": 2}, "validation")]
    assert drawn(every) == [sample.side for sample in every]


def test_a_training_folder_alone_divides_nothing():
    samples = photos({"cat": 10, "dog": 10}, "train")
    assert sorted(drawn(samples, per_class="5,3,2")) == sorted(
        ["train"] * 10 + ["validation"] * 6 + ["test"] * 4
    )
    assert drawn(samples) == ["train"] * 20  # as few of them as without the folder


def test_a_split_file_decides_for_every_sample(tmp_path):
    samples = photos({"cat": 3, "dog": 2})
    sides = ["train", "test", "unused", "validation", "train"]
    save(tmp_path / "split.csv", divided(listed(samples), sides, range(5)))
    assert drawn(samples, split=tmp_path / "split.csv") == sides


@pytest.mark.parametrize(
    ("folder", "options", "idle"),
    [
        ("test", {"per_class": "1,1,1"}, "--per-class"),
        ("test", {"test": 0.2, "validation": 0.2}, "--test"),
        (None, {"split": "split.csv", "test": 0.2}, "--test"),
        (None, {"split": "split.csv", "test": 0.2, "validation": 0}, "--test and --validation"),
        (None, {"per_class": "1,1,1", "validation": 0.2}, "--validation"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(folder, options, idle):
    with pytest.raises(OptionError, match=f"^{idle} would do nothing: "):
        drawn(photos({"cat": 10, "dog": 10}, folder), **options)


def test_options_read_back_from_a_run_divide_as_before():
    samples = photos({"cat": 10, "dog": 10})
    options = Division(per_class="5,1,2")
    again = Division.model_validate_json(options.model_dump_json())  # every field is set now
    clusters = np.arange(20)
    np.testing.assert_array_equal(
        divide(listed(samples), clusters, options), divide(listed(samples), clusters, again)
    )


def test_a_class_that_no_photo_trains_is_refused():
    samples = [*photos({"cat": 5, "dog": 5}, "train"), *photos({"cat": 2, "eel": 2}, "test")]
    with pytest.raises(SourceError, match="Classes without a training sample: eel"):
        drawn(samples)
