"""How a training by gradient went, in plain sentences that the page and the terminal share.

Every function is pure. `training` is the part of `metrics.json` of that name; `history` has
a row for each epoch, in their order, with the figures that were measured: where nothing
validates there is no `val_loss`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.report.words import number, percent

Training = Mapping[str, Any]
History = Sequence[Mapping[str, float]]

_OPTIMIZERS = {"adamw": "AdamW", "adam": "Adam"}
_ENOUGH = 0.9  # accuracy; below it there is more to learn


def story(training: Training, history: History, noun: str) -> list[str]:
    """All there is to say of a training: what was kept, how well it fits, why it ended."""
    said = (choice(training, noun), fit(training, history, noun), ending(training))
    return [sentence for sentence in said if sentence]


def layers(training: Training) -> str:
    """What was trained, within a sentence."""
    if training["first"] == "logits":
        return "the new layer alone"
    if training["unfreeze"] == "all":
        return "every layer"
    return f"{training['first']} and every layer after it"


def frozen(training: Training) -> str:
    """What of the backbone was not trained, after its name and a comma."""
    if not training["used"] or training["first"] == "logits":
        return "frozen"
    if training["unfreeze"] == "all":
        return "trained whole"
    return f"frozen before {training['first']}"


def choice(training: Training, noun: str) -> str:
    """Whether the head alone or the trained layers were kept, and why; empty: no choice was."""
    if not training["candidates"]:
        return ""
    head, tail = (training["candidates"][name] for name in ("head", "tail"))
    if head["accuracy"] == tail["accuracy"]:
        why = "That is as many, and the lower loss decided"
    else:
        why = f"That is {'more' if training['used'] else 'fewer'}"
    return (
        f"The head alone was right on {percent(head['accuracy'])} of the validation {noun}s (log "
        f"loss {head['loss']:.3f}); with {layers(training)} trained too, on "
        f"{percent(tail['accuracy'])} ({tail['loss']:.3f}). {why}: "
        f"{'the trained layers were' if training['used'] else 'the head alone was'} kept."
    )


def ending(training: Training) -> str:
    """Why the training ended, and the weights of which epoch were kept."""
    epochs, kept, how = training["epochs"], training["kept"], training["recipe"]
    early = f"Training ended after {epochs:,} of {number(how['epochs'], 'epoch')}"
    why = {
        "epochs": f"Training ran for {number(epochs, 'epoch')}, as planned",
        "patience": f"{early}, {how['patience']} without a new low of the validation loss",
        "budget": f"{early}, for another would have passed the time budget",
    }[training["stopped"]]
    which = "the last weights" if kept == epochs else f"the weights of epoch {kept:,}, the best,"
    if training["used"]:
        return f"{why}; {which} were kept."
    return f"{why}; {which} went into the comparison."


def recipe(training: Training, noun: str) -> str:
    """How it was trained: optimizer, rate, batches, and what was done against overfitting."""
    how = training["recipe"]
    rate = f"learning rate {how['learning_rate']:g}"
    if how["schedule"] == "cosine":
        rate = f"{rate} at its highest, rising at first and falling to 0 as a cosine"
    parts = [
        _OPTIMIZERS[how["optimizer"]],
        rate,
        f"batches of {number(how['batch_size'], noun)}",
    ]
    if how["optimizer"] == "adamw":
        parts.append(f"weight decay {how['weight_decay']:g}")
    if training["dropout"]:
        parts.append(f"dropout {training['dropout']:g}")
    if how["label_smoothing"]:
        parts.append(f"label smoothing {how['label_smoothing']:g}")
    if training["policy"] != "float32":
        parts.append("in bfloat16 with float32 weights")
    return ", ".join(parts)


def fit(training: Training, history: History, noun: str) -> str:
    """What the curves tell of over- and underfitting, and what would help.

    Overfitting shows where the validation loss rises while the training loss falls (Prechelt,
    Early Stopping, But When?, 1998); underfitting where both stay high.
    """
    if any({"val_loss", "val_accuracy"} - row.keys() for row in history):
        return f"No {noun}s validated it, so its curves show neither over- nor underfitting."
    if len(history) == 1:
        return "One epoch draws no curve: nothing can be said of over- or underfitting."
    learned = [row["loss"] for row in history]
    unseen = [row["val_loss"] for row in history]
    best = min(range(len(unseen)), key=unseen.__getitem__)
    if _rises(unseen[best], unseen[-1]):
        return _overdone(training, learned, unseen, best, noun)
    then = -1 - max(1, len(history) // 4)
    if _rises(unseen[-1], unseen[then]):
        both = "Both losses were" if learned[-1] < learned[then] else "The validation loss was"
        return f"{both} still falling at the end: more epochs would probably help."
    return _levelled(history[-1], min(unseen), noun, fell=_rises(min(unseen), unseen[0]))


def _levelled(last: Mapping[str, float], least: float, noun: str, *, fell: bool) -> str:
    """What to say where the validation loss neither rises nor falls at the end.

    Args:
        last: the last epoch.
        least: the least validation loss.
        fell: whether it came down to that at all.
    """
    course = (
        f"The validation loss came down to {least:.3f} and stayed there"
        if fell
        else "The validation loss hardly changed after the first epoch"
    )
    learned, unseen = last["accuracy"], last["val_accuracy"]
    if learned - unseen > 0.05:
        return (
            f"{course}, while {percent(learned)} of the training {noun}s were right: overfitting, "
            f"against which more {noun}s help, not more epochs."
        )
    if max(learned, unseen) >= _ENOUGH:
        return f"{course}: no sign of overfitting, and more epochs would hardly help."
    if fell:
        return (
            f"{course}, yet many {noun}s are still named wrongly, which is underfitting: more "
            "trained layers or a larger network may help."
        )
    return (
        f"{course}, and many {noun}s are named wrongly: the learning rate is wrong, or what is "
        f"trained too small for these {noun}s."
    )


def _overdone(
    training: Training, learned: Sequence[float], unseen: Sequence[float], best: int, noun: str
) -> str:
    """What to say where the validation loss has risen since its best epoch, counted from 0."""
    course = (
        f"After epoch {best + 1:,} the validation loss rose, from {unseen[best]:.3f} to "
        f"{unseen[-1]:.3f}"
    )
    if learned[-1] >= learned[best]:
        return f"{course}, and the training loss did not fall: try a lower learning rate."
    told = (
        f"{course}, while that of training fell on, from {learned[best]:.3f} to "
        f"{learned[-1]:.3f}: overfitting."
    )
    if not training["used"]:
        return told
    if training["kept"] == best + 1:
        return f"{told} The weights from before were kept, so it did no harm."
    return f"{told} Fewer epochs or more {noun}s would help."


def _rises(before: float, after: float) -> bool:
    """Whether a loss is higher by more than it goes up and down by chance, as a rule of thumb."""
    return after > 1.05 * before + 0.005
