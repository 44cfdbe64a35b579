"""What the figures say, in plain sentences that the page and the terminal share.

Every function takes the document of `metrics.json` and is pure.
"""

from collections.abc import Mapping
from typing import Any

from headstart.sets import JUDGED
from headstart.store.files import printable

Metrics = Mapping[str, Any]
Scores = Mapping[str, Any]

_NOUNS = {"image": "photo", "table": "row"}
_MADE = {"image": "taken", "table": "gathered"}
_NAMES = {"train": "training", "cross_validation": "cross-validated"}


def set_name(key: str) -> str:
    """The name of a set of samples in a sentence: `train` is called training."""
    return _NAMES.get(key, key)


def judged(metrics: Metrics) -> tuple[str, Scores]:
    """The set whose figures count, the most trustworthy one there is, and its scores."""
    key = next(key for key in JUDGED if metrics.get(key))
    return key, metrics[key]


def chosen_on_judged(metrics: Metrics, choice: Mapping[str, Any]) -> bool:
    """Whether a choice (`calibration` or `abstention`) was made by the very samples that judge."""
    made_by: str = choice.get("fitted_on", "")  # `evaluate` chooses nothing
    return made_by.replace("-", "_") == judged(metrics)[0]


def noun(metrics: Metrics) -> str:
    """What one sample is called."""
    return _NOUNS[metrics["task"]]


def was_trained(metrics: Metrics) -> bool:
    """Whether the document tells of a training, and not of a finished classifier judged."""
    return bool(metrics["kind"] == "training")


def right_of(scores: Scores) -> tuple[int, int]:
    """How many samples were named correctly, and of how many."""
    matrix = scores["confusion_matrix"]
    return sum(row[i] for i, row in enumerate(matrix)), sum(map(sum, matrix))


def majority_class(metrics: Metrics) -> str:
    """The class that the majority baseline always answers: the most frequent in training."""
    scores = metrics.get("train") or judged(metrics)[1]
    classes: list[str] = metrics["classes"]
    return max(classes, key=lambda name: scores["per_class"][name]["support"])


def one_line(text: str) -> str:
    """Text from the user's data with its control characters escaped; see `printable`.

    Backslashes stay as they are, for names come here that were made printable before.
    """
    return "\\".join(printable(part) for part in text.split("\\"))


def quoted(name: str, most: int = 40) -> str:
    """A class name in quotation marks, on one line, cut where it is very long."""
    name = one_line(name)
    return f"“{name}”" if len(name) <= most else f"“{name[: most - 1]}…”"


def percent(share: float) -> str:
    """A share as a percentage with one decimal; only all and none are called 100% and 0%."""
    if share in (0, 1):
        return f"{share:.0%}"
    if share >= 0.9995:
        return "over 99.9%"
    if share < 0.0005:
        return "under 0.1%"
    return f"{share:.1%}"


def points(gain: float, *, signed: bool = False) -> str:
    """A difference of shares in points, with a minus sign where it is below zero even when rounded.

    Args:
        signed: what is not below zero has a plus sign.
    """
    rounded = round(100 * gain, 1) + 0.0
    return f"{rounded:{'+' if signed else ''}.1f}".replace("-", "−")


def number(count: int, noun: str) -> str:
    """A count with its noun: `1 photo`, `1,300 photos`, `2 classes`."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{count:,} {noun if count == 1 else plural}"


def headline(metrics: Metrics) -> str:
    """One sentence: the figure, on what it was measured, its interval, and the baseline.

    Of samples that `evaluate` was given nothing says that they were never seen before; what is
    known of it stands under `trained_on`.
    """
    key, scores = judged(metrics)
    right, n = right_of(scores)
    one = noun(metrics)
    named = f"{'was' if n == 1 else 'were'} named correctly"
    low, high = scores["accuracy_interval"]
    unseen = "" if leaks(metrics) else ", never seen before,"
    test = f"{right:,} of {number(n, f'test {one}')}{unseen} {named}"
    if not was_trained(metrics):
        known = metrics["trained_on"]
        aside = f", {known:,} of which it was trained on," if known else ""
        test = f"{right:,} of {number(n, one)}{aside} {named}"
    subject = {
        "test": test,
        "cross_validation": f"{right:,} of {number(n, one)} {named} by a network that had not "
        "seen them (cross-validation)",
        "validation": f"{right:,} of {number(n, f'validation {one}')} {named}",
        "train": f"{right:,} of {number(n, one)} that it was trained on {named}",
    }[key]
    return (
        f"{subject}: {percent(scores['accuracy'])} "
        f"(95% interval {percent(low)} to {percent(high)}), "
        f"where always answering {quoted(majority_class(metrics))} would get "
        f"{percent(metrics['baselines']['majority'])}."
    )


def intervals(scores: Scores, judged: str) -> str:
    """The intervals of what has no formula, one sentence; empty for runs that had none.

    Args:
        judged: what the samples are called, in the plural.
    """
    names = {"loss": "log loss", "macro_f1": "macro F1", "calibration_error": "calibration error"}
    told = [
        f"{name} {low:.3f} to {high:.3f}"
        for key, name in names.items()
        for low, high in [scores.get(f"{key}_interval", (None, None))]
        if low is not None
    ]
    return f"95% intervals of the {judged}: {', '.join(told)}." if told else ""


def belief(metrics: Metrics) -> list[str]:
    """How far to believe the headline, a few sentences."""
    key, scores = judged(metrics)
    n = right_of(scores)[1]
    low, high = scores["accuracy_interval"]
    one = noun(metrics)
    sentences = list(filter(None, [_origin(metrics, key), leaked(metrics), decided(metrics)]))
    baseline = metrics["baselines"]["majority"]
    if low <= baseline:
        sentences.append(
            f"The interval reaches down to the {percent(baseline)} of always giving the same "
            "answer, so these figures do not show that anything was learned."
        )
    width = f"{100 * (high - low):.1f} points"
    if high - low > 0.05:
        sentences.append(
            f"{number(n, one)} leave much to chance: the interval is {width} wide. Four times as "
            "many would halve it."
        )
    else:
        sentences.append(
            f"With {number(n, one)} the interval is {width} wide, so chance plays a small part."
        )
    sentences.append(
        f"All this holds for {one}s {_MADE[metrics['task']]} like these, with the classes in like "
        "proportions."
    )
    return sentences


def division(metrics: Metrics) -> str:
    """How evenly the sides share out the classes; empty of runs without sides, and of old ones."""
    found, one = metrics.get("division"), noun(metrics)
    if not found or sum(n > 0 for n in metrics["samples"].values()) < 2:
        return ""
    kept = ""
    if found["together"]:
        kept = (
            f"{number(found['samples'], one).capitalize()} belong together with others, in "
            f"{number(found['together'], 'cluster')}. "
        )
    off = f"{found['off']:.0f}" if found["off"] >= 9.5 else f"{found['off']:.1f}"
    if found["off"] <= 1:
        return f"{kept}Every side has its share of every class, to within one {one}."
    side, label = set_name(found["side"]), quoted(found["class"])
    return (
        f"{kept}The sides share out the classes to within {off} {one}s, which {side} is off its "
        f"share of {label}."
    )


def not_searched(metrics: Metrics) -> str:
    """Why no labels were searched for suspects, a sentence; empty where they were, and of old runs
    and rows."""
    skipped = metrics.get("suspects_skipped")
    if not skipped:
        return ""
    why = {
        "too-large": "with so many photos and classes that would take minutes",
        "no-features": "that takes the features of a backbone, and this network was trained from "
        "nothing",
    }[skipped]
    return f"No labels were searched for those that are probably wrong: {why}."


def leaks(metrics: Metrics) -> bool:
    """Whether some of the samples that judge are known to belong together with one that trained."""
    found = metrics.get("leaks")
    return bool(found and found["samples"])


def leaked(metrics: Metrics) -> str:
    """The figure without samples that belong together with one of training, if there are any."""
    if not leaks(metrics):
        return ""
    found = metrics["leaks"]
    one = noun(metrics)
    are = (
        "is a copy, or of the group," if found["samples"] == 1 else "are copies, or of the groups,"
    )
    told = f"{number(found['samples'], one).capitalize()} of these {are} of {one}s that trained it"
    if not found["without"]:
        return f"{told}: all of them, so nothing says how good it is on others."
    low, high = found["without"]["accuracy_interval"]
    return (
        f"{told}. Without them the accuracy is {percent(found['without']['accuracy'])} (95% "
        f"interval {percent(low)} to {percent(high)})."
    )


def decided(metrics: Metrics) -> str:
    """What was done to labels by decision, and what that does to the figure; empty: nothing was."""
    made = metrics.get("decisions")
    if not made or not (made["relabelled"] or made["left_out"]):
        return ""
    key, _ = judged(metrics)
    told = []
    if changed := made["relabelled"]:
        here, where = made.get("relabelled_judged"), ""
        if here is not None and key in ("test", "validation"):
            place = "in the test" if key == "test" else "in validation"
            where = f", {f'{here:,}' if here else 'none'} of them {place}"
            if here == changed:
                where = f", {place}" if changed == 1 else f", all of them {place}"
            elif changed == 1:
                where = f", not {place}"
        are = "was" if changed == 1 else "were"
        told.append(f"{number(changed, 'label')} {are} changed by decision{where}.")
    if out := made["left_out"]:
        by = "" if changed else " by decision"
        are = "was" if out == 1 else "were"
        told.append(f"{number(out, noun(metrics)).capitalize()} {are} left out{by}.")
    if key != "train" and _decided_on_judged(metrics):
        told.append(
            "Where networks named the ones to look at, as in suspects.csv, the figure may be a "
            "little better than it should be."
        )
    return " ".join(told)


def _decided_on_judged(metrics: Metrics) -> bool:
    """Whether decisions changed by what it is judged, or may have: of what was left out, and by
    runs of earlier versions, that is not known."""
    made = metrics.get("decisions")
    if not made:
        return False
    return bool(made["left_out"] or made.get("relabelled_judged", made["relabelled"]))


def _origin(metrics: Metrics, key: str) -> str:
    ones = f"{noun(metrics)}s"
    if not was_trained(metrics):
        if metrics["trained_on"]:
            return (
                f"It was trained on {metrics['trained_on']:,} of them, so the figure is better "
                "than it should be."
            )
        if metrics.get("trained_on_known"):
            return "As its run folder tells, it was trained on none of them."
        return (
            f"Whether it was trained on some of them is not known{_why_not(metrics)}. If it was, "
            "the figure is better than it should be."
        )
    chosen = _chosen(metrics) if metrics.get("validation") else None
    if key == "test" and leaks(metrics):
        return (
            f"The test figure is better than it should be, for some of its {ones} are known from "
            "training."
        )
    if key == "test":
        whole, only = "The test figure is unbiased: its", "Only the test figure is unbiased: its"
        if _decided_on_judged(metrics):
            whole = only = "The test"
        if chosen == "":
            return (
                f"{whole} {ones} took no part in training or in any choice. Nor did those of "
                "validation: every epoch was run, and the last was kept."
            )
        flattered = f" Validation chose {chosen}, which flatters its own figure a little."
        return (
            f"{only} {ones} took no part in training or in any choice.{flattered if chosen else ''}"
        )
    if key == "cross_validation":
        return (
            f"No {ones} were set aside, so each was judged by a network trained on the others, "
            f"fold by fold. {_by_folds(metrics, ones)} folds share their training {ones}: take "
            "the interval as a rough guide."
        )
    if key == "validation":
        if leaks(metrics):
            return (
                "There is no test set, and the figure is better than it should be, for some of "
                f"these {ones} are known from training."
            )
        if not chosen:
            return (
                f"There is no test set, but these {ones} took no part in training or in any "
                "choice: every epoch was run, and the last was kept."
            )
        return (
            f"There is no test set. These {ones} also chose {chosen}, which flatters the figure a "
            f"little: for an unbiased one, keep some {ones} for the test."
        )
    return (
        f"A network can learn its training {ones} by heart, so this figure says nothing about new "
        f"ones: keep some {ones} for validation and test."
    )


def _why_not(metrics: Metrics) -> str:
    """Why it is not known what it was trained on, after a colon; empty of old documents."""
    if "trained_on_known" not in metrics:
        return ""
    if metrics["task"] == "table":
        return ": the bundle lies away from its run folder, or the rows are too alike to tell"
    return ": the bundle lies away from its run folder"


def _by_folds(metrics: Metrics, ones: str) -> str:
    """What to say of a cross-validation, up to its folds."""
    if metrics["selected_on"] is None:
        return "Nothing was chosen by them, but the"
    return f"The same {ones} helped to choose the strength of the head, and the"


def _chosen(metrics: Metrics) -> str:
    """What was chosen by the validation samples; empty if nothing was."""
    training = metrics.get("training")
    if not training:
        return "the strength of the head"
    if not training["used"]:
        return "the strength of the head, and to train no other layer"
    if training["candidates"]:
        return "the epoch that was kept, and its weights over the head alone"
    if training["recipe"]["keep_best"]:
        return "the epoch that was kept"
    return "when to stop" if training["recipe"]["patience"] else ""


def gap(metrics: Metrics) -> str:
    """What training against unseen photos tells about over- and underfitting, with numbers."""
    ones = f"{noun(metrics)}s"
    train = metrics.get("train")
    key = next((k for k in ("validation", "cross_validation", "test") if metrics.get(k)), None)
    if not train or key is None:
        return (
            f"Training cannot be compared with unseen {ones} here, so nothing can be said about "
            "overfitting."
        )
    learned, unseen = train["accuracy"], metrics[key]["accuracy"]
    figures = f"Training {percent(learned)}, {set_name(key)} {percent(unseen)}"
    points = f"{100 * (learned - unseen):.1f} points"
    if learned > metrics[key]["accuracy_interval"][1]:
        if learned - unseen > 0.05:
            told = f"{figures}: {points} apart, which is overfitting. The training {ones} were"
            if metrics.get("learning_curve"):  # it tells what more of them would bring
                return f"{told} partly learned by heart."
            return f"{told} partly learned by heart; more of them would help most."
        return f"{figures}: {points} apart, more than chance explains: overfitting, but mild."
    if learned < 0.9:
        return (
            f"{figures}: no overfitting, but many {ones} that it learned from are named wrongly "
            "too, which is underfitting. A larger network or cleaner labels may help."
        )
    return f"{figures}: no more apart than chance explains, so no sign of over- or underfitting."
