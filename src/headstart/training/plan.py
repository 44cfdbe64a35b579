"""From options to a plan: what of a network is trained by gradient, and how."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from typing import Any

from headstart.augmentation import Augmentation
from headstart.backbone.catalog import BACKBONES, SCRATCH, Backbone
from headstart.errors import MissingError, OptionError
from headstart.options import Layout, TrainOptions, chosen
from headstart.training.loop import Recipe, Trained

_RECIPE = Recipe(epochs=6, batch_size=32, learning_rate=2e-3, patience=3)
_SCRATCH = Recipe(epochs=20, batch_size=32, learning_rate=1e-3, patience=5)
_DROPOUT = 0.2
_BUDGET_S = 300  # where nobody asked for a training by gradient, let alone for so many epochs
_MOMENTUM = 0.9  # Keras' own 0.99 follows the batches over more steps than there are
_TUTORIAL = Recipe(
    epochs=0,  # as many as the row has
    batch_size=10,
    learning_rate=1e-4,
    optimizer="adam",
    schedule="constant",
    keep_best=False,
)
TUTORIAL_HIDDEN = (16, 32)
_TUTORIAL_EPOCHS = 30  # of the network for columns
_ROW_EPOCHS, _ROW_PATIENCE = 80, 15
_ONLY_BY_GRADIENT = (
    "epochs",
    "batch_size",
    "learning_rate",
    "dropout",
    "label_smoothing",
    "patience",
)
_FOR_TABLES = (
    *("hidden", "scaling", "drop_unlabelled", "validation_file", "test_file"),
    *("time", "sample_weight", "most_rows"),
)
_FOR_PHOTOS = (
    *Augmentation.model_fields,
    *("backbone", "weights", "size", "resize", "unfreeze", "views", "precision"),
    *("label_pattern", "decisions"),
)


@dataclass(frozen=True)
class Plan:
    """A training by gradient.

    Attributes:
        unfreeze: `none`, `all`, a number of layers, or the first layer that is trained.
        recipe: how.
        dropout: share of the features left out at random.
        momentum: of thawed batch normalizations; None: as the backbone has it.
        only_if_better: it is tried, and kept where it validates better than the head alone.
        budget: seconds that it may take.
    """

    unfreeze: str
    recipe: Recipe
    dropout: float
    momentum: float | None
    only_if_better: bool
    budget: float = math.inf


def record(plan: Plan, first: str, trained: Trained) -> dict[str, Any]:
    """What `metrics.json` says of a training that was made by a plan.

    Args:
        first: the first layer that was trained.
    """
    return {
        "unfreeze": plan.unfreeze,
        "first": first,
        "recipe": asdict(plan.recipe),
        "dropout": plan.dropout,
        "policy": trained.policy,
        "epochs": len(trained.history),
        "kept": trained.kept,
        "stopped": trained.stopped,
        "candidates": None,
        "used": True,
    }


def planned(options: TrainOptions, row: Backbone) -> Plan | None:
    """What the options ask for; None: the logistic head is all that is trained.

    Raises:
        MissingError: what is asked for needs TensorFlow, which is not installed.
        OptionError: an option would do nothing, or the row has no such recipe.
    """
    found = _asked(options, row)
    if found and options.budget is not None:
        found = replace(found, budget=options.budget)
    elif found and found.only_if_better and options.epochs is None:
        found = replace(found, budget=_BUDGET_S)
    if found and not found.only_if_better and find_spec("tensorflow") is None:
        raise MissingError(
            "Training by gradient needs Keras on TensorFlow, which is not installed.",
            mend="Run: pip install 'headstart[tensorflow]', or give --unfreeze none.",
        )
    return found


def refuse_for_photos(options: Layout) -> None:
    """Refuse what says something of tables alone.

    Raises:
        OptionError: it names the options.
    """
    _refuse(options, _FOR_TABLES, "it is for tables")


def refuse_for_rows(options: Layout) -> None:
    """Refuse what says something of photos alone.

    Raises:
        OptionError: it names the options.
    """
    _refuse(options, _FOR_PHOTOS, "rows of a table are no photos")


def _refuse(options: Layout, idle: Sequence[str], why: str) -> None:
    given = chosen(options.model_dump(mode="json"))
    if names := [f"--{name.replace('_', '-')}" for name in idle if name in given]:
        raise OptionError(f"{' and '.join(names)} would do nothing: {why}.", mend="Leave it out.")


def for_columns(options: TrainOptions, rows: int) -> Plan:
    """How a dense network is trained on so many rows.

    Raises:
        MissingError: TensorFlow is not installed.
        OptionError: an option is for photos alone.
    """
    refuse_for_rows(options)
    if find_spec("tensorflow") is None:
        raise MissingError(
            "A network for a table is trained by Keras on TensorFlow, which is not installed.",
            mend="Run: pip install 'headstart[tensorflow]'.",
        )
    wanted = {name: getattr(options, name) for name in _ONLY_BY_GRADIENT}
    given = {name: value for name, value in wanted.items() if value is not None}
    budget = math.inf if options.budget is None else options.budget
    if options.recipe is not None:
        recipe, dropout = replace(_TUTORIAL, epochs=_TUTORIAL_EPOCHS), 0.0
    else:
        size = int(min(max(2 ** round(math.log2(max(rows, 1) / 60)), 16), 512))
        recipe = Recipe(_ROW_EPOCHS, size, 4e-3, patience=_ROW_PATIENCE)
        dropout = 0.1
    return _with(Plan("all", recipe, dropout, None, only_if_better=False, budget=budget), given)


def _asked(options: TrainOptions, row: Backbone) -> Plan | None:
    wanted = {name: getattr(options, name) for name in _ONLY_BY_GRADIENT}
    given = {name: value for name, value in wanted.items() if value is not None}
    if options.recipe is not None:
        if row.tutorial is None:
            known = ", ".join(each.name for each in (*BACKBONES, *SCRATCH) if each.tutorial)
            raise OptionError(
                f"The tutorial trains no {row.name}.",
                where="--recipe",
                mend=f"Leave it out, or choose the --backbone from {known}.",
            )
        unfreeze = row.tutorial.unfreeze if options.unfreeze == "auto" else options.unfreeze
        recipe = replace(_TUTORIAL, epochs=row.tutorial.epochs)
        return _with(Plan(unfreeze, recipe, 0.0, None, only_if_better=False), given)
    if row.scratch:
        if options.unfreeze not in ("auto", "all"):
            raise OptionError(
                f"{row.name} is trained from nothing, so all of it is trained.",
                where="--unfreeze",
                mend="Leave it out.",
            )
        whole = Plan("all", _SCRATCH, _DROPOUT, None, only_if_better=False)
        return _with(whole, given)
    if options.unfreeze == "none":
        given |= {} if options.budget is None else {"budget": options.budget}
        if given:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
            raise OptionError(
                f"{names} would do nothing: with --unfreeze none the head alone is trained, not "
                "by gradient.",
                mend="Leave it out, or say with --unfreeze what else is to be trained.",
            )
        return None
    auto = options.unfreeze == "auto"
    unfreeze = row.thaw if auto else options.unfreeze
    tail = Plan(unfreeze, _RECIPE, _DROPOUT, _MOMENTUM, only_if_better=auto)
    return _with(tail, given)


def _with(found: Plan, given: dict[str, Any]) -> Plan:
    dropout = given.pop("dropout", found.dropout)
    return replace(found, dropout=dropout, recipe=replace(found.recipe, **given))
