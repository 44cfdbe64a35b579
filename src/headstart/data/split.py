"""Which samples train, which choose, which judge: stratified, seeded, kept as a file.

The order in which samples are drawn is that of a hash of seed and content, so it does not
depend on the order of the files or on their names, and a few new photos move few others.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.data import grouped, periods, split_file
from headstart.data.labelled import Labelled
from headstart.errors import OptionError, SourceError
from headstart.findings import Finding
from headstart.options import Division
from headstart.sets import SIDES
from headstart.store.files import printable

FEW = 200
FOLDS = 5  # of a cross-validation


def divide(
    samples: Labelled,
    clusters: NDArray[np.int64],
    options: Division,
    times: NDArray[np.int64] | None = None,
) -> NDArray[np.str_]:
    """The side of every sample: from a split file, the source's folders or files, or a draw.

    Where nothing says otherwise, fewer than `FEW` samples all train: a test set of so few
    says too little, and cross-validation judges instead. With `times` they do not: folds would
    train on what came later.

    Args:
        samples: n of them.
        clusters: int64 (n,); samples of one number are copies of one another, or one group.
        times: int64 (n,), when each was, where `options.time` says that this decides.

    Returns:
        str (n,): `train`, `validation`, `test` or `unused`.

    Raises:
        OptionError: an option would do nothing, or asks for more than there is.
        SourceError: a class has no training sample.
    """
    check(samples, options)
    given, labels, keys = samples.given, samples.labels, samples.keys
    if options.split is not None:
        sides = split_file.load(
            Path(options.split),
            samples.names,
            keys,
            samples.noun,
            {item.name for item in samples.left_out},
        )
    elif _parted(given):
        sides = _completed(samples, clusters, options, times)
    elif options.per_class is not None:
        sides = per_class(labels, clusters, keys, options.per_class, options.seed)
    elif len(samples) < FEW and times is None and options.validation is options.test is None:
        sides = ["train"] * len(samples)
    else:
        everything = np.arange(len(samples))
        sides = _shared_out(samples, clusters, options, times, everything, *options.shares)
    trained = {label for label, side in zip(labels, sides, strict=True) if side == "train"}
    missing = sorted(
        {label for label, side in zip(labels, sides, strict=True) if side != "unused"} - trained
    )
    if missing:
        raise SourceError(
            f"Classes without a training {samples.noun}: {', '.join(missing)}.",
            mend=f"Put some {samples.noun}s of each class into training.",
        )
    return np.array(sides)


def check(samples: Labelled, options: Division) -> None:
    """Refuse what `divide` would refuse whatever their content shows.

    `divide` begins with it. Called before the content is worked on, it tells sooner.

    Raises:
        OptionError: an option would do nothing, or asks for more than there is.
        SourceError: `options.split` is no split.
    """
    _refuse_idle(options, set(samples.given) if _parted(samples.given) else set(), samples.noun)
    if options.split is not None:
        split_file.read(Path(options.split))
    elif options.per_class is not None:
        need = sum(1 if n == "rest" else int(n) for n in options.per_class.split(","))
        count = Counter(samples.labels)
        _refuse_too_few([f"{c} has {n} of {need}" for c, n in sorted(count.items()) if n < need])


def is_given(samples: Labelled, options: Division) -> bool:
    """Whether a split file, or the source itself, says which sample stands on which side."""
    return options.split is not None or _parted(samples.given)


def _parted(given: Sequence[str | None]) -> bool:
    """Whether the source itself divides its samples; a training folder alone divides nothing."""
    return not set(given) <= {None, "train"}


def _refuse_too_few(faults: Sequence[str]) -> None:
    if faults:
        raise OptionError(
            f"--per-class asks for more than there is: {'; '.join(faults)}.",
            mend="Lower the numbers, or use `rest` for one of them.",
        )


def _refuse_idle(options: Division, given: set[str | None], noun: str) -> None:
    """Refuse options that would do nothing beside the one that decides.

    Args:
        given: the sides that the source has folders or files of.
    """
    if options.split is not None:
        decides, idle = "--split", ["per_class", "test", "validation"]
    elif given:
        files = [f"--{side}-file" for side in SIDES[1:] if getattr(options, f"{side}_file")]
        decides = " and ".join(files) or "the source's own train, validation and test folders"
        idle = ["per_class", *(side for side in ("test", "validation") if side in given)]
    elif options.per_class is not None:
        decides, idle = "--per-class", ["test", "validation"]
    else:
        return
    named = [f"--{n.replace('_', '-')}" for n in idle if getattr(options, n) is not None]
    if named:
        raise OptionError(
            f"{' and '.join(named)} would do nothing: by {decides} each {noun} has its place.",
            mend="Leave one of them out.",
        )


def not_scored(
    classes: Sequence[str], judged_by: str, samples: Labelled, options: Division
) -> Finding:
    """What is to be said of classes that the set of samples to judge by has nothing of.

    Args:
        judged_by: `validation`, `test`, or `cross-validation`.
    """
    noun = samples.noun
    why = f"The {judged_by} set has no {noun} of these classes"
    if options.split is not None and judged_by in SIDES:
        mend = f"Write {judged_by} for some of them in {printable(options.split)}."
    elif judged_by in samples.given:
        place = "file" if getattr(options, f"{judged_by}_file") else "folder"
        mend = f"Put some of their {noun}s into the {judged_by} {place}."
    else:
        why = f"These classes have so few {noun}s that all of them were trained on"
        mend = f"Add {noun}s to them."
    why += ": nothing says how well they are recognised."
    return Finding("not-scored", "warning", tuple((label,) for label in classes), why, mend)


def _completed(
    samples: Labelled,
    clusters: NDArray[np.int64],
    options: Division,
    times: NDArray[np.int64] | None,
) -> list[str]:
    """The sides that folders or files give; one that has neither is drawn from training."""
    sides: list[str] = [side or "train" for side in samples.given]
    inside = np.array([i for i, side in enumerate(sides) if side == "train"], np.int64)
    validation, test = options.shares
    shares = (
        0 if "validation" in samples.given else validation,
        0 if "test" in samples.given else test,
    )
    drawn = _shared_out(samples, clusters, options, times, inside, *shares)
    for i, side in zip(inside.tolist(), drawn, strict=True):
        sides[i] = side
    return sides


def _shared_out(
    samples: Labelled,
    clusters: NDArray[np.int64],
    options: Division,
    times: NDArray[np.int64] | None,
    which: NDArray[np.int64],
    validation: float,
    test: float,
) -> list[str]:
    """The sides of some samples, in the way that the options ask for."""
    if times is not None:
        return periods.divided(times[which], validation=validation, test=test)
    draw = grouped.stratified if options.group is not None else stratified
    return draw(
        [samples.labels[i] for i in which],
        clusters[which],
        [samples.keys[i] for i in which],
        validation=validation,
        test=test,
        seed=options.seed,
    )


def stratified(
    labels: Sequence[str],
    clusters: NDArray[np.int64],
    keys: Sequence[str],
    *,
    validation: float,
    test: float,
    seed: int,
) -> list[str]:
    """Share out samples class by class, clusters kept whole.

    Args:
        labels: the class of each sample, length n.
        clusters: int64 (n,); samples of one number stay on one side.
        keys: SHA-256 of each sample's content, length n; samples of one key share a cluster.
        validation, test: shares of each class, rounded to whole samples. A class too small
            for all three sides goes to training first, then to the test. Where clusters do not
            fill a share to the sample, it stays below.
        seed: chooses the draw.

    Returns:
        For each sample `train`, `validation` or `test`.
    """
    sides = ["train"] * len(labels)
    for groups in _drawn(labels, clusters, keys, seed).values():
        n = sum(map(len, groups))
        wanted: dict[str, int] = {"test": _share(test, n), "validation": _share(validation, n)}
        _deal(groups[1:], wanted, sides)  # at least one cluster stays in training
    return sides


def per_class(
    labels: Sequence[str],
    clusters: NDArray[np.int64],
    keys: Sequence[str],
    counts: str,
    seed: int,
) -> list[str]:
    """Draw a number of samples of each class for every side, as a tutorial does.

    Args:
        counts: a number for train, validation and test, or `rest` for one of them:
            `500,100,50`, `rest,30,5`.

    Returns:
        For each sample a side, or `unused`.

    Raises:
        OptionError: a class has too few samples, or too many copies of one photo to fill the
            numbers with; it is named with what it has.
    """
    sides = ["unused"] * len(labels)
    asked = zip(SIDES, counts.split(","), strict=True)
    numbers = [(side, int(n)) for side, n in asked if n != "rest"]
    fixed: dict[str, int] = dict(sorted(numbers, key=lambda item: item[1]))  # small sides first
    rest = next((side for side in SIDES if side not in fixed), None)
    need = sum(fixed.values()) + (rest is not None)
    faults = []
    for label, groups in _drawn(labels, clusters, keys, seed).items():
        have = sum(map(len, groups))
        left = _deal(groups, fixed, sides)
        if have < need:
            faults.append(f"{label} has {have} of {need}")
        elif have - sum(map(len, left)) < sum(fixed.values()):
            faults.append(f"{label} has copies that must stay together and do not fit")
        elif rest:
            for group in left:
                _put(group, rest, sides)
    _refuse_too_few(faults)
    return sides


def folds(
    labels: Sequence[str], clusters: NDArray[np.int64], keys: Sequence[str], k: int, seed: int
) -> NDArray[np.int64]:
    """Deal samples to k folds for cross-validation, stratified, clusters kept whole.

    Returns:
        int64 (n,): the fold in which a sample is judged; -1 for a class of one cluster, which
        can only be trained on.
    """
    fold = np.full(len(labels), -1, np.int64)
    turn = 0
    for groups in _drawn(labels, clusters, keys, seed).values():
        if len(groups) < 2:
            continue
        for group in groups:
            fold[group] = turn % k
            turn += 1
    return fold


def _drawn(
    labels: Sequence[str], clusters: NDArray[np.int64], keys: Sequence[str], seed: int
) -> dict[str, list[list[int]]]:
    """Class → its clusters (lists of sample numbers), in drawing order.

    A cluster that holds several labels (copies of one photo in two folders) belongs to the
    class of its first sample in the order of key and label.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for i, cluster in enumerate(clusters.tolist()):
        members[cluster].append(i)
    classes: dict[str, list[tuple[bytes, list[int]]]] = {label: [] for label in sorted(set(labels))}
    for group in members.values():
        first = min(group, key=lambda i: (keys[i], labels[i]))
        rank = hashlib.sha256(f"{seed}:{keys[first]}".encode()).digest()
        classes[labels[first]].append((rank, group))
    return {
        label: [group for _, group in sorted(found)] for label, found in classes.items() if found
    }


def _share(share: float, n: int) -> int:
    return max(1, round(share * n)) if share > 0 else 0


def _deal(groups: list[list[int]], wanted: Mapping[str, int], sides: list[str]) -> list[list[int]]:
    """Fill each side in turn with the clusters that still fit; returns those left over."""
    left = groups
    for side, room in wanted.items():
        kept = []
        for group in left:
            if len(group) <= room:
                _put(group, side, sides)
                room -= len(group)
            else:
                kept.append(group)
        left = kept
    return left


def _put(group: list[int], side: str, sides: list[str]) -> None:
    for i in group:
        sides[i] = side
