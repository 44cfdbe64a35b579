"""What the report says of a training by gradient."""

from collections.abc import Sequence
from typing import Any

import pytest

from headstart.report import learning


def training(**fields: Any) -> dict[str, Any]:
    """The part of `metrics.json`; `recipe` holds what differs from the usual one."""
    recipe = {
        "epochs": 4,
        "batch_size": 32,
        "learning_rate": 2e-3,
        "optimizer": "adamw",
        "schedule": "cosine",
        "weight_decay": 0.01,
        "label_smoothing": 0.0,
        "patience": 3,
        "keep_best": True,
    }
    return {
        "unfreeze": "block_11_expand_convolution",
        "first": "block_11_expand_convolution",
        "dropout": 0.2,
        "policy": "float32",
        "epochs": 4,
        "kept": 4,
        "stopped": "epochs",
        "candidates": None,
        "used": True,
        **fields,
        "recipe": recipe | fields.get("recipe", {}),
    }


def history(
    loss: Sequence[float],
    val_loss: Sequence[float],
    accuracy: float = 0.97,
    val_accuracy: float = 0.95,
) -> list[dict[str, float]]:
    """Epochs with these losses, all of the same accuracies."""
    figures = {"accuracy": accuracy, "val_accuracy": val_accuracy, "learning_rate": 1e-3}
    return [
        {"epoch": i, "loss": a, "val_loss": b, **figures, "seconds": 2.5}
        for i, (a, b) in enumerate(zip(loss, val_loss, strict=True), 1)
    ]


OVERFITTING = history([0.9, 0.4, 0.2, 0.05], [0.6, 0.4, 0.45, 0.7])


def test_a_validation_loss_that_rises_while_that_of_training_falls_is_overfitting() -> None:
    said = learning.fit(training(kept=2), OVERFITTING, "photo")
    assert said == (
        "After epoch 2 the validation loss rose, from 0.400 to 0.700, while that of training fell "
        "on, from 0.400 to 0.050: overfitting. The weights from before were kept, so it did no "
        "harm."
    )


def test_overfitting_does_harm_where_the_last_weights_are_kept_all_the_same() -> None:
    said = learning.fit(training(kept=4, recipe={"keep_best": False}), OVERFITTING, "photo")
    assert said.endswith("overfitting. Fewer epochs or more photos would help.")
    assert "no harm" not in said


def test_overfitting_of_layers_that_were_not_kept_is_told_without_advice() -> None:
    said = learning.fit(training(kept=2, used=False), OVERFITTING, "photo")
    assert said.endswith("from 0.400 to 0.050: overfitting.")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (history([0.9, 0.5, 0.3], [0.8, 0.5, 0.4]), "Both losses were still falling at the end"),
        (history([0.9, 0.5, 0.5], [0.8, 0.5, 0.4]), "The validation loss was still falling at the"),
        (
            history([2.3 - 0.05 * i for i in range(30)], [2.3 - 0.045 * i for i in range(30)]),
            "more epochs would probably help",
        ),
        (history([0.9, 0.2, 0.1], [0.8, 0.3, 0.3]), "no sign of overfitting"),
        (history([0.9, 0.2, 0.1], [0.8, 0.30, 0.305]), "came down to 0.300 and stayed there: no"),
        (
            history([0.9, 0.2, 0.1], [0.8, 0.4, 0.4], accuracy=0.99, val_accuracy=0.89),
            "99.0% of the training photos were right: overfitting, against which more photos help",
        ),
        (
            history([2.3, 1.2, 1.1], [2.2, 1.2, 1.2], accuracy=0.6, val_accuracy=0.6),
            "yet many photos are still named wrongly, which is underfitting",
        ),
        (
            history([2.3, 2.3, 2.3], [2.3, 2.3, 2.3], accuracy=0.1, val_accuracy=0.1),
            "hardly changed after the first epoch, and many photos are named wrongly: the learning "
            "rate is wrong, or what is trained too small",
        ),
        (
            history([0.02, 0.02, 0.02], [0.1, 0.1, 0.1]),
            "hardly changed after the first epoch: no sign of overfitting",
        ),
        (
            history([0.9, 2.0, 5.0], [0.8, 2.1, 6.0]),
            "After epoch 1 the validation loss rose, from 0.800 to 6.000, and the training loss "
            "did not fall: try a lower learning rate",
        ),
        (history([0.0, 0.0], [0.0, 0.0]), "no sign of overfitting"),
        (history([0.9], [0.8]), "One epoch draws no curve"),
    ],
)
def test_the_curves_are_read(rows: Any, expected: str) -> None:
    assert expected in learning.fit(training(), rows, "photo")


def test_without_validation_nothing_is_read_from_the_curves() -> None:
    rows = [{"epoch": 1.0, "loss": 0.9, "accuracy": 0.5}, {"epoch": 2.0, "loss": 0.1}]
    assert learning.fit(training(), rows, "photo").startswith("No photos validated it")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "Training ran for 4 epochs, as planned; the last weights were kept."),
        (
            {"kept": 3},
            "Training ran for 4 epochs, as planned; the weights of epoch 3, the best, were kept.",
        ),
        (
            {"epochs": 7, "kept": 4, "stopped": "patience", "recipe": {"epochs": 12}},
            "Training ended after 7 of 12 epochs, 3 without a new low of the validation loss; the "
            "weights of epoch 4, the best, were kept.",
        ),
        (
            {"epochs": 1, "kept": 1, "stopped": "budget"},
            "Training ended after 1 of 4 epochs, for another would have passed the time budget; "
            "the last weights were kept.",
        ),
        (
            {"kept": 3, "used": False},
            "Training ran for 4 epochs, as planned; the weights of epoch 3, the best, went into "
            "the comparison.",
        ),
    ],
)
def test_why_it_ended_and_what_was_kept(fields: dict[str, Any], expected: str) -> None:
    assert learning.ending(training(**fields)) == expected


def test_the_choice_between_head_and_trained_layers_is_told_with_both_figures() -> None:
    head, tail = {"accuracy": 0.91, "loss": 0.256}, {"accuracy": 0.99, "loss": 0.041}
    assert learning.choice(training(candidates={"head": head, "tail": tail}), "photo") == (
        "The head alone was right on 91.0% of the validation photos (log loss 0.256); with "
        "block_11_expand_convolution and every layer after it trained too, on 99.0% (0.041). That "
        "is more: the trained layers were kept."
    )
    left = training(candidates={"head": tail, "tail": head}, used=False)
    assert learning.choice(left, "photo").endswith(
        "91.0% (0.256). That is fewer: the head alone was kept."
    )


@pytest.mark.parametrize(
    ("used", "kept"), [(True, "the trained layers were"), (False, "the head alone was")]
)
def test_of_two_that_are_right_as_often_the_loss_decided(used: bool, kept: str) -> None:
    losses = (0.3, 0.2) if used else (0.2, 0.3)
    head, tail = ({"accuracy": 0.95, "loss": loss} for loss in losses)
    said = learning.choice(training(candidates={"head": head, "tail": tail}, used=used), "photo")
    assert said.endswith(f"That is as many, and the lower loss decided: {kept} kept.")


def test_where_the_user_said_what_to_train_there_is_no_choice_to_tell() -> None:
    assert learning.choice(training(), "photo") == ""
    assert len(learning.story(training(), OVERFITTING, "photo")) == 2


@pytest.mark.parametrize(
    ("fields", "trained", "frozen"),
    [
        ({}, "block_11_expand_convolution and every layer", "frozen before block_11_expand_conv"),
        ({"unfreeze": "all", "first": "stem_convolution"}, "every layer", "trained whole"),
        ({"unfreeze": "none", "first": "logits"}, "the new layer alone", "frozen"),
        ({"used": False}, "block_11_expand_convolution and every layer", "frozen"),
    ],
)
def test_what_was_trained_and_what_stayed(
    fields: dict[str, Any], trained: str, frozen: str
) -> None:
    assert learning.layers(training(**fields)).startswith(trained)
    said = learning.frozen(training(**fields))
    assert said.startswith(frozen)
    assert ("before" in said) == ("before" in frozen)


def test_the_recipe_names_what_was_used_and_nothing_else() -> None:
    assert learning.recipe(training(), "photo") == (
        "AdamW, learning rate 0.002 at its highest, rising at first and falling to 0 as a cosine, "
        "batches of 32 photos, weight decay 0.01, dropout 0.2"
    )
    adam = {"optimizer": "adam", "schedule": "constant", "learning_rate": 1e-4, "batch_size": 10}
    plain = training(dropout=0.0, recipe={**adam, "label_smoothing": 0.1})
    assert learning.recipe(plain, "photo") == (
        "Adam, learning rate 0.0001, batches of 10 photos, label smoothing 0.1"
    )
