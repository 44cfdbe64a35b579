"""training/plan.py"""

import sys
from typing import Any

import pytest

from headstart.backbone import catalog
from headstart.errors import MissingError, OptionError
from headstart.options import TrainOptions, options_from
from headstart.training.plan import Plan, planned


def plan(backbone: str = "efficientnet-lite0", **options: Any) -> Plan | None:
    return planned(options_from(TrainOptions, options), catalog.find(backbone))


def test_by_default_the_last_stage_is_tried_and_kept_if_it_is_better() -> None:
    found = plan()
    assert found is not None
    assert found.only_if_better
    assert found.unfreeze == catalog.find("efficientnet-lite0").thaw


def test_nothing_is_trained_by_gradient_where_all_is_frozen() -> None:
    assert plan(unfreeze="none") is None


def test_what_is_asked_for_is_kept_whatever_it_validates() -> None:
    found = plan(unfreeze=23, epochs=3, dropout=0.5)
    assert found is not None
    assert (found.only_if_better, found.unfreeze) == (False, "23")
    assert (found.recipe.epochs, found.dropout) == (3, 0.5)


def test_options_that_would_do_nothing_are_refused() -> None:
    with pytest.raises(OptionError, match="--budget would do nothing"):
        plan(unfreeze="none", budget=5)
    with pytest.raises(OptionError, match="--epochs and --learning-rate would do nothing"):
        plan(unfreeze="none", learning_rate=0.1, epochs=2)


@pytest.mark.parametrize(
    ("backbone", "epochs", "unfreeze"),
    [("simple-cnn", 10, "all"), ("vgg16", 5, "none"), ("mobilenet", 30, "23")],
)
def test_the_tutorials_recipe(backbone: str, epochs: int, unfreeze: str) -> None:
    found = plan(backbone, recipe="tutorial")
    assert found is not None
    recipe = found.recipe
    assert (recipe.optimizer, recipe.learning_rate, recipe.batch_size) == ("adam", 1e-4, 10)
    assert (recipe.epochs, found.unfreeze) == (epochs, unfreeze)
    assert recipe.schedule == "constant"
    assert not recipe.keep_best
    assert found.dropout == 0


def test_a_backbone_that_the_tutorial_does_not_train_is_refused() -> None:
    with pytest.raises(OptionError, match="simple-cnn"):
        plan("resnet50", recipe="tutorial")


def test_a_network_from_scratch_is_trained_whole() -> None:
    found = plan("simple-cnn")
    assert found is not None
    assert (found.unfreeze, found.only_if_better) == ("all", False)
    with pytest.raises(OptionError, match="all of it is trained"):
        plan("simple-cnn", unfreeze="none")


def test_what_needs_tensorflow_is_refused_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingError, match=r"headstart\[tensorflow\]"):
        plan(unfreeze="all")
    assert plan() is not None  # a tail is no more than tried
