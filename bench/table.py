"""Measure networks for tables side by side with plain Keras and scikit-learn.

    python bench/table.py                  everything but huge, some ten minutes on two cores
    python bench/table.py --only trial     a part of it: trial default cancer wine large one huge
    python bench/table.py --only huge      training on a CSV of 10 GB, made where TMPDIR says
    python bench/table.py --quick          few rows, folds and epochs, to try the script itself
    python bench/table.py --write          and put the table into docs/benchmarks.md

It needs no data of yours. Each training is a process of its own, and all sides have the same rows.
"""

import argparse
import csv
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from figures import Row
from mcnemar import not_below
from parts import measure
from processes import Cost, run
from workbench import HEADSTART, HERE, Trained, say

from headstart import trial as trial_data

TARGET = "kind"  # of all tables but the trial
BEST = 20 / 21  # of the trial's test people: nobody can tell the exceptions by their age
LARGE_EPOCHS = 50  # of plain Keras and scikit-learn's network on the large table
PREDICT = """
import sys, time, headstart
classifier = headstart.load(sys.argv[1])
start = time.perf_counter()
classifier.predict_proba(sys.argv[2])
print(time.perf_counter() - start)
"""
Files = tuple[Path, Path]
"""To train on, and to judge by."""


@dataclass(frozen=True)
class Peer:
    """What another library did."""

    cost: Cost
    seconds: float
    right: list[bool]
    parameters: int | None

    @property
    def accuracy(self) -> float:
        return sum(self.right) / len(self.right)


@dataclass(frozen=True)
class Ours(Trained):
    """A `headstart train` on a table."""

    @property
    def accuracy(self) -> float:
        return float(self.metrics["test"]["accuracy"])

    @property
    def right(self) -> list[bool]:
        """Whether each test row was named correctly, in their order in the file."""
        with (self.folder / "predictions.csv").open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
        rows.sort(key=lambda row: int(row["sample"].rpartition(" ")[2]))
        return [row["predicted"] == row["label"] for row in rows]

    @property
    def loop_seconds(self) -> float:
        """From the start of the first epoch to the end of the last, checkpoints included."""
        with (self.folder / "history.csv").open(newline="") as file:
            first = float(next(csv.DictReader(file))["seconds"])
        ends = [seconds for seconds, line in self.cost.said if line.startswith("epoch ")]
        return first + ends[-1] - ends[0]


class Bench:
    """The tables, and who is trained on them.

    Args:
        work: an empty folder.
        quick: take few rows, folds and epochs.
    """

    def __init__(self, work: Path, *, quick: bool) -> None:
        self.work, self.quick = work, quick
        self.seeds = range(1 if quick else 5)
        self.rows = 2_000 if quick else 100_000
        self.folds = cache(self._folds)

    @cached_property
    def trial(self) -> Files:
        files = trial_data.write(self.work / "trial")
        return files.train, files.test

    def _folds(self, name: str) -> list[Files]:
        folder = self._made(name)
        numbers = range(1 if self.quick else 5)
        return [(folder / f"train-{k}.csv", folder / f"test-{k}.csv") for k in numbers]

    @cached_property
    def large(self) -> Path:
        """A folder with `train`, `test` and `all` of a large table."""
        return self._made("large", str(self.rows))

    def _made(self, name: str, *numbers: str) -> Path:
        folder = self.work / name
        folder.mkdir()
        run([sys.executable, HERE / "table_data.py", name, folder, *numbers])
        return folder

    def train(self, name: str, files: Files, *options: str, target: str = TARGET) -> Ours:
        """`headstart train`, judged by the second of the files."""
        out = self.work / "runs" / name
        say(f"headstart train: {name}")
        command: list[str | Path] = [HEADSTART, "train", files[0], "--target", target]
        if self.quick:
            options = (*options, "--epochs", "2")
        return Ours(run([*command, "--test-file", files[1], *options, "--out", out]), out)

    def peer(
        self,
        name: str,
        files: Files,
        seed: int = 0,
        target: str = TARGET,
        epochs: int | None = None,
    ) -> Peer:
        """Another library on the same files, for as many epochs as is usual or as are given."""
        say(f"{name}: {files[0].stem}, seed {seed}")
        command: list[str | Path] = [sys.executable, HERE / "table_peers.py", name, *files, target]
        epochs = 2 if self.quick else epochs
        many = ["--epochs", str(epochs)] if epochs else []
        cost = run([*command, "--seed", str(seed), *many])
        return Peer(cost, **json.loads(cost.output.splitlines()[-1]))


def trial(bench: Bench) -> Iterator[Row | str]:
    """The clinical trial by the tutorial's recipe, against the tutorial's own script."""
    ours, theirs = [], []
    options = ["--recipe", "tutorial", "--scaling", "minmax", "--validation", "0"]
    for seed in bench.seeds:  # in turns, so that a slow minute hits both
        more = [*options, "--seed", str(seed)]
        name, target = f"trial-{seed}", trial_data.TARGET
        ours.append(bench.train(name, bench.trial, *more, target=target))
        theirs.append(bench.peer("tutorial", bench.trial, seed, target))
    what = "the trial by the tutorial's recipe"
    a, b = (statistics.median(each.accuracy for each in side) for side in (ours, theirs))
    yield Row(
        f"{what}: test accuracy, median of {len(ours)} seeds, and of plain Keras",
        "within 0.005",
        f"{a:.4f} and {b:.4f}",
        abs(a - b) <= 0.005 + 1e-9,
    )
    parameters = {ours[0].metrics["parameters"], theirs[0].parameters}
    yield Row(
        f"{what}: parameters, and of plain Keras",
        "642",
        " and ".join(map(str, sorted(parameters, key=str))),
        parameters == {642},
    )
    a = statistics.median(each.loop_seconds for each in ours)
    b = statistics.median(each.seconds for each in theirs)
    yield Row(
        f"{what}: the loop of epochs alone, against `Model.fit`",
        "≥ 2 times sooner, aim 4",
        f"{b:.2f} s / {a:.2f} s = {b / a:.1f}",
        b / a >= 2,
    )
    yield _whole(what, ours, {"plain Keras": theirs})
    yield _listed("headstart", ours) + "; " + _listed("plain Keras", theirs) + "."


def default(bench: Bench) -> Iterator[Row | str]:
    """The clinical trial with no option but the target."""
    ours = [
        bench.train(f"default-{seed}", bench.trial, "--seed", str(seed), target=trial_data.TARGET)
        for seed in bench.seeds
    ]
    what = "the trial by default options"
    accuracy = statistics.median(each.accuracy for each in ours)
    yield Row(
        f"{what}: test accuracy, median of {len(ours)} seeds",
        f"≥ 0.947; no more than {BEST:.3f} can be had",
        f"{accuracy:.4f}",
        accuracy >= 0.947,
    )
    seconds = statistics.median(each.metrics["seconds"]["train"] for each in ours)
    loop = statistics.median(each.loop_seconds for each in ours)
    imported = statistics.median(each.metrics["seconds"]["import"] for each in ours)
    yield Row(
        f"{what}: seconds of training, once TensorFlow is imported (`train` in `metrics.json`)",
        "≤ 3 s",
        f"{seconds:.2f} s, of them {loop:.2f} s for the epochs; the import {imported:.2f} s",
        seconds <= 3,
    )
    yield _listed("headstart", ours) + "."


def cancer(bench: Bench) -> Iterator[Row | str]:
    """Breast cancer, 569 rows of 30 numbers, in five folds."""
    yield from _in_folds(bench, "cancer", "breast cancer")


def wine(bench: Bench) -> Iterator[Row | str]:
    """Wine, 178 rows of 13 numbers, in five folds."""
    yield from _in_folds(bench, "wine", "wine")


def _in_folds(bench: Bench, name: str, called: str) -> Iterator[Row | str]:
    folds = bench.folds(name)
    ours = [bench.train(f"{name}-{k}", files) for k, files in enumerate(folds)]
    theirs = {peer: [bench.peer(peer, files) for files in folds] for peer in PEERS}
    right = [each for run_ in ours for each in run_.right]
    for peer, called_peer in PEERS.items():
        other = [each for run_ in theirs[peer] for each in run_.right]
        yield not_below(
            f"{called_peer}: {called}, {len(right)} rows in {len(folds)} folds", right, other
        )
    yield _whole(called, ours, {PEERS[peer]: runs for peer, runs in theirs.items()})


def large(bench: Bench) -> Iterator[Row | str]:
    """One large table from Parquet."""
    files = (bench.large / "train.parquet", bench.large / "test.parquet")
    ours = bench.train("large", files)
    # The other networks would take many minutes to their usual ends.
    epochs = {"keras": LARGE_EPOCHS, "mlp": LARGE_EPOCHS}
    theirs = {peer: bench.peer(peer, files, epochs=epochs.get(peer)) for peer in PEERS}
    what = f"{bench.rows:,} × 30"
    peak = ours.cost.peak_mb
    yield Row(f"{what}: peak memory of training", "≤ 1.5 GB", f"{peak:,.0f} MB", peak <= 1500)
    for peer, called in PEERS.items():
        yield not_below(f"{called}: {what}", ours.right, theirs[peer].right)
    yield _whole(what, [ours], {PEERS[peer]: [run_] for peer, run_ in theirs.items()})
    listed = ", ".join(
        f"{PEERS[peer]} {run_.cost.peak_mb:,.0f} MB" for peer, run_ in theirs.items()
    )
    yield f"{what}: {LARGE_EPOCHS} epochs of plain Keras and of `MLPClassifier`."
    yield f"{what}, peak memory: headstart {peak:,.0f} MB, {listed}."
    table = bench.large / "all.parquet"
    say("headstart predict: large")
    inner = statistics.median(
        float(run([sys.executable, "-c", PREDICT, ours.folder, table]).output) for _ in range(3)
    )
    command: list[str | Path] = [HEADSTART, "predict", ours.folder, table, "--format", "csv"]
    whole = statistics.median(run(command).seconds for _ in range(3))
    how = {"`predict_proba` of the file": inner, "`headstart predict`, the whole process": whole}
    for name, seconds in how.items():
        rate = bench.rows / seconds
        yield Row(
            f"{what}: {name}",
            "≥ 100,000 rows a second",
            f"{seconds:.2f} s: {rate:,.0f} a second",
            rate >= 100_000,
        )


def one(bench: Bench) -> Iterator[Row | str]:
    """One row of JSON."""
    ours = bench.train("one", bench.trial, target=trial_data.TARGET)
    command: list[str | Path] = [HEADSTART, "predict", ours.folder, "-"]
    say("headstart predict: one row")
    seconds = statistics.median(run(command, stdin='{"age": 70}').seconds for _ in range(5))
    what = "one row of JSON predicted, from process start"
    yield Row(what, "≤ 1 s", f"{seconds:.2f} s", seconds <= 1)


def huge(bench: Bench) -> Iterator[Row | str]:
    """A CSV that does not fit in memory."""
    size = 4_000_000 if bench.quick else 10_000_000_000
    file = bench.work / "huge.csv"
    say(f"a CSV of {size / 1e9:g} GB, made and trained on")
    run([sys.executable, HERE / "table_data.py", "huge", file, str(size)])
    out = bench.work / "runs" / "huge"
    command: list[str | Path] = [HEADSTART, "train", file, "--target", TARGET, "--out", out]
    ours = Ours(run([*command, *(["--epochs", "1"] if bench.quick else [])]), out)
    peak, n = ours.cost.peak_mb, sum(ours.metrics["samples"].values())
    what = f"a CSV of {size / 1e9:g} GB, {n:,} rows"
    # As many rows are drawn as 4 GiB are enough for.
    yield Row(f"{what}: peak memory of training", "≤ 4 GiB", f"{peak:,.0f} MB", peak <= 4295)
    yield f"{what}: {ours.cost.seconds:,.0f} s, test accuracy {ours.accuracy:.3f}."


PEERS = {
    "keras": "plain Keras",
    "mlp": "`MLPClassifier` on standardised columns",
    "boosting": "`HistGradientBoostingClassifier`",
}

PARTS: dict[str, Callable[[Bench], Iterator[Row | str]]] = {
    part.__name__: part for part in (trial, default, cancer, wine, large, one, huge)
}


def _whole(what: str, ours: list[Ours], theirs: dict[str, list[Peer]]) -> str:
    """A note on the seconds of whole processes, medians."""
    sides = {"headstart, with report and bundle": ours, **theirs}
    listed = (
        f"{name} {statistics.median(each.cost.seconds for each in runs):.1f} s"
        for name, runs in sides.items()
    )
    return f"Whole process, {what}: {'; '.join(listed)}."


def _listed(name: str, runs: list[Ours] | list[Peer]) -> str:
    return f"Test accuracy by seed, {name}: {', '.join(f'{each.accuracy:.4f}' for each in runs)}"


if __name__ == "__main__":
    sys.exit(
        measure(
            "table",
            argparse.ArgumentParser(description=__doc__.splitlines()[0]),
            PARTS,
            lambda folder, arguments: Bench(folder, quick=arguments.quick),
            on_request=("huge",),
        )
    )
