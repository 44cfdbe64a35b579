import math
import os
from pathlib import Path
from typing import Any

import pytest

from headstart.cli import app
from headstart.errors import OptionError
from headstart.options import TrainOptions, as_flags, chosen, options_from


def test_every_option_has_a_default_and_says_what_it_does():
    assert options_from(TrainOptions, {}) == TrainOptions()
    for name, field in TrainOptions.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name
        assert field.description[0].isupper() or field.description[0] == "`", name
        assert field.description.endswith((".", "'.")), name


def test_options_come_back_from_their_json():
    options = options_from(
        TrainOptions, {"per_class": (5, "rest", 5), "ignore": ("a/*", "b"), "seed": 7}
    )
    assert options_from(TrainOptions, options.model_dump(mode="json")) == options
    assert TrainOptions.model_validate_json(options.model_dump_json()) == options


def test_options_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        TrainOptions().seed = 1


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("500,100,50", "500,100,50"),
        (" 500, 100 ,50 ", "500,100,50"),
        ((500, 100, 50), "500,100,50"),
        (["rest", 30, 5], "rest,30,5"),
        ("007,rest,0", "7,rest,0"),
        (None, None),
    ],
)
def test_numbers_by_class_may_be_text_or_numbers(given, text):
    assert options_from(TrainOptions, {"per_class": given}).per_class == text


@pytest.mark.parametrize(
    "given",
    ["", "500", "500,100", "1,2,3,4", "rest,rest,5", "rest,rest,rest", "0,1,1", "00,1,1", "-1,1,1",
     "1.5,1,1", "a,b,c", (1, 2), 5, "1,,1", "1,²,1"],
)  # fmt: skip
def test_numbers_by_class_of_another_form_are_refused_with_the_form_wanted(given):
    with pytest.raises(OptionError) as caught:
        options_from(TrainOptions, {"per_class": given})
    assert str(caught.value) == (
        f"per_class={given!r}: give TRAIN,VALIDATION,TEST, three numbers or `rest` for one of "
        "them, with at least 1 to train on. `--help` lists the options."
    )


def test_paths_may_be_paths():
    options = options_from(
        TrainOptions, {"split": Path("runs/a/split.csv"), "weights": Path("w.h5")}
    )
    assert (options.split, options.weights) == (
        os.path.abspath("runs/a/split.csv"),
        os.path.abspath("w.h5"),
    )
    assert options_from(TrainOptions, {"weights": "random"}).weights == "random"
    with pytest.raises(OptionError, match="split=5"):
        options_from(TrainOptions, {"split": 5})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("validation", -0.1),
        ("validation", 0.91),
        ("test", math.nan),
        ("test", math.inf),
        ("test", "a tenth"),
        ("size", 31),
        ("size", 1025),
        ("size", 224.5),
        ("resize", "stretch"),
        ("unfreeze", "0"),
        ("class_weight", "even"),
        ("precision", "int8"),
        ("seed", -1),
        ("seed", 2**32),
        ("weights", 5),
        ("ignore", "drafts/*"),
        ("backbone", None),
    ],
)
def test_a_value_out_of_range_is_named_with_what_was_given(name, value):
    with pytest.raises(OptionError) as caught:
        options_from(TrainOptions, {name: value})
    assert caught.value.problem.startswith(f"{name}={value!r}: ")
    assert caught.value.problem.endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [("size", 32), ("size", 1024), ("test", 0), ("test", 0.9), ("seed", 2**32 - 1)],
)
def test_the_ends_of_a_range_belong_to_it(name, value):
    options = options_from(TrainOptions, {"validation": 0, name: value})
    assert getattr(options, name) == value


def test_all_faults_are_told_at_once_with_the_nearest_names():
    with pytest.raises(OptionError) as caught:
        options_from(TrainOptions, {"bakcbone": "vgg16", "zzz": 1, "size": 5, "seed": -1})
    assert caught.value.problem == (
        "seed=-1: input should be greater than or equal to 0. "
        "size=5: input should be greater than or equal to 32. "
        "There is no option 'bakcbone'; did you mean 'backbone'? "
        "There is no option 'zzz'."
    )


def test_options_that_leave_nothing_to_train_on_are_refused():
    with pytest.raises(OptionError, match=r"^Validation and test leave nothing to train on\. "):
        options_from(TrainOptions, {"validation": 0.5, "test": 0.5})
    options_from(TrainOptions, {"validation": 0.5, "test": 0.45})


def test_two_options_that_both_make_the_split_are_refused():
    with pytest.raises(OptionError, match=r"^Split and per_class both say who trains"):
        options_from(TrainOptions, {"split": "split.csv", "per_class": "5,1,1"})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"augment": "standard"},
        {"augment": "standard", "horizontal_flip": False, "rotation_range": 0},
        {"ignore": ("a*", "b"), "unfreeze": "23", "seed": 7, "views": 0},
    ],
)
def test_options_written_as_a_command_are_read_back(given: dict[str, Any]) -> None:
    options = TrainOptions(**given).model_dump(mode="json")
    words = ["train", "photos", *as_flags(chosen(options))]
    _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    read = bound.arguments.get("options", TrainOptions())
    assert read.model_dump(mode="json") == options
