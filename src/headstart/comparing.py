"""Two runs, or evaluations, on the samples that both were judged by: which is better?"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from headstart.errors import InputError, OptionError
from headstart.evaluation.bootstrap import mean_interval
from headstart.evaluation.paired import Paired
from headstart.evaluation.trust import wilson_interval
from headstart.report.contest import verdict
from headstart.report.predictions import Prediction, read
from headstart.report.words import judged, noun, was_trained
from headstart.run import PREDICTIONS, SPLIT, Run
from headstart.store.files import printable

_LEAST = 5e-7  # what a probability that is written as 0.000000 may be at the most


@dataclass(frozen=True)
class _Judged:
    """What one of two says of the samples that it is judged by.

    Attributes:
        answers: of each, by what it holds and what it is called.
        trained: what the samples hold that it was trained on.
    """

    run: Run
    answers: dict[tuple[str, str], Prediction]
    trained: set[str]


def compare(a: str | Path | Run, b: str | Path | Run) -> dict[str, Any]:
    """Compare two finished runs, or folders of `evaluate`, sample by sample.

    Counted are the samples by which both are judged and which neither is known to have been trained
    on, of the same content and under the same label in both. Of an evaluation whose bundle lay away
    from its run that is not known (`trained_on_known` of `a` and `b`). Whether chance explains the
    difference is decided by McNemar's exact test; its interval is that of Agresti and Min (2005),
    that of the difference of log losses a bootstrap's.

    Returns:
        A JSON-ready document: `a`, `b` (their `accuracy` and `loss` on those samples, with
        intervals), `samples`, `difference` (B less A, −1 to 1) with `difference_interval` and `p`,
        `loss_difference` with its interval, `only_a`, `only_b` (the samples that the one alone
        named correctly), `not_counted` and `verdict`, a plain sentence.

    Raises:
        ModelError: a folder holds no finished run, or a damaged one.
        InputError: the two were judged by no sample in common, or on other tasks.
    """
    first, second = (each if isinstance(each, Run) else Run.open(each) for each in (a, b))
    _refuse(first, second)
    sides = _judged(first), _judged(second)
    pairs, not_counted = _matched(*sides)
    if not pairs:
        raise _nothing_shared(first, second, not_counted)
    right = np.array([[one.predicted == one.label for one in pair] for pair in pairs])
    p_label = np.array([[one.p_label for one in pair] for pair in pairs])
    surprise = -np.log(np.maximum(p_label, _LEAST))
    paired = Paired.of(right[:, 1], right[:, 0])
    apart = surprise[:, 1] - surprise[:, 0]
    document = {
        "format": 1,
        "kind": "comparison",
        "task": first.metrics["task"],
        "samples": len(pairs),
        **{
            key: {
                "run": printable(str(side.run.folder)),
                "judged": judged(side.run.metrics)[0],
                "trained_on_known": _known(side.run.metrics),
                "accuracy": float(right[:, i].mean()),
                "accuracy_interval": list(wilson_interval(int(right[:, i].sum()), len(pairs))),
                "loss": float(surprise[:, i].mean()),
                "loss_interval": list(mean_interval(surprise[:, i])),
            }
            for i, (key, side) in enumerate(zip("ab", sides, strict=True))
        },
        "difference": paired.difference,
        "difference_interval": list(paired.interval),
        "p": paired.p,
        "loss_difference": float(apart.mean()),
        "loss_difference_interval": list(mean_interval(apart)),
        "only_a": _named(
            pair for pair, hits in zip(pairs, right, strict=True) if hits[0] > hits[1]
        ),
        "only_b": _named(
            pair for pair, hits in zip(pairs, right, strict=True) if hits[1] > hits[0]
        ),
        "not_counted": not_counted,
    }
    return {**document, "verdict": verdict(document)}


def _refuse(first: Run, second: Run) -> None:
    """What cannot be compared whatever it was judged by."""
    where = printable(str(second.folder))
    if os.path.realpath(first.folder) == os.path.realpath(second.folder):
        raise OptionError("is compared with itself.", where=where, mend="Give two runs.")
    tasks = first.metrics["task"], second.metrics["task"]
    if tasks[0] != tasks[1]:
        nouns = noun(first.metrics), noun(second.metrics)
        raise InputError(
            f"was judged by {nouns[1]}s, the other by {nouns[0]}s.",
            where=where,
            mend="Give two runs on the same samples.",
        )


def _judged(run: Run) -> _Judged:
    key, _ = judged(run.metrics)
    name = key.replace("_", "-")
    content, trained = {}, set()
    for row in run.split:
        content[row["sample"]] = row["sha256"]
        if row["split"] == "train" and name != "cross-validation":
            trained.add(row["sha256"])
    for finding in run.findings["findings"]:  # of `evaluate`, which trains nothing itself
        if finding["kind"] == "trained-on":
            trained |= {content.get(sample, "") for group in finding["samples"] for sample in group}
    answers = {
        (content.get(each.sample, ""), each.sample): each
        for each in read(run.folder / PREDICTIONS, name)
    }
    return _Judged(run, answers, trained - {""})


def _known(metrics: Mapping[str, Any]) -> bool:
    """Whether the folder tells what the classifier was trained on, of the samples in it."""
    if was_trained(metrics):
        return True
    return bool(metrics.get("trained_on_known", metrics["trained_on"]))  # old ones do not say


def _matched(a: _Judged, b: _Judged) -> tuple[list[tuple[Prediction, Prediction]], dict[str, int]]:
    """The answers of both on the samples that count, and how many do not, by reason.

    Samples are the same by what they hold; only where that is not known, by what they are called.
    """
    others: dict[str, list[Prediction]] = defaultdict(list)
    for (content, sample), answer in b.answers.items():
        if (content, sample) not in a.answers:
            others[content or sample].append(answer)
    pairs, alone_a, relabelled = [], 0, 0
    learned = {"trained_on_by_a": 0, "trained_on_by_b": 0}
    for (content, sample), answer in a.answers.items():
        other = b.answers.get((content, sample))
        if other is None and others[content or sample]:  # the same photo under another name
            other = others[content or sample].pop()
        if content in b.trained or (other is not None and content in a.trained):
            learned["trained_on_by_b" if content in b.trained else "trained_on_by_a"] += 1
        elif other is None:
            alone_a += 1
        elif other.label != answer.label:
            relabelled += 1
        else:
            pairs.append((answer, other))
    left = [content for content, found in others.items() for _ in found]
    learned["trained_on_by_a"] += sum(content in a.trained for content in left)
    return pairs, {
        **learned,
        "labelled_differently": relabelled,
        "judged_by_a_alone": alone_a,
        "judged_by_b_alone": sum(content not in a.trained for content in left),
    }


def _named(pairs: Iterable[tuple[Prediction, Prediction]]) -> list[dict[str, str]]:
    return [
        {"sample": a.sample, "label": a.label, "a": a.predicted, "b": b.predicted} for a, b in pairs
    ]


def _nothing_shared(first: Run, second: Run, not_counted: Mapping[str, int]) -> InputError:
    ones = f"{noun(first.metrics)}s"
    split = printable(str(first.folder / SPLIT))
    learned = not_counted["trained_on_by_a"] + not_counted["trained_on_by_b"]
    why = f" ({learned:,} that one is judged by, the other was trained on)" if learned else ""
    return InputError(
        f"The two were judged by no {ones} in common{why}.",
        where=f"{printable(str(first.folder))} and {printable(str(second.folder))}",
        mend=f"Train the second on the same {ones} with --split {split}, or judge both by other "
        f"{ones} with `headstart evaluate RUN SOURCE --out FOLDER` and compare those folders.",
    )
