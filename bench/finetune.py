"""Measure training by gradient side by side with plain Keras: the tail, and from nothing.

    python bench/finetune.py               everything, about an hour on two cores
    python bench/finetune.py --only kills  a part of it: signs auto kills cnn
    python bench/finetune.py --quick       few photos and epochs, to try the script itself
    python bench/finetune.py --write       and put the table into docs/benchmarks.md

Photos come from HEADSTART_TEST_DATA (default: `../shared` beside the project). Whatever is
timed is timed as a whole process, or from its start to the line in which it tells of an epoch.
"""

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from figures import Row
from parts import measure
from processes import Cost, run
from workbench import DATA, HEADSTART, PATTERN, PLAIN, say

ENOUGH = 0.99
RECIPE_EPOCHS = 30  # of the tutorial's sign digits
Command = list[str | Path]


class Bench:
    """What the parts share.

    Args:
        work: an empty folder.
        quick: take few photos and epochs.
    """

    def __init__(self, work: Path, *, quick: bool) -> None:
        self.work, self.quick = work, quick

    @cached_property
    def signs(self) -> Path:
        """The sign digits; of all of them, or of a few."""
        return self._some("sign-digits", "*/*", 20)

    @cached_property
    def cats_dogs(self) -> Path:
        return self._some("cats-dogs", "*.jpg", 60)

    def _some(self, name: str, pattern: str, few: int) -> Path:
        source = DATA / name
        if not source.is_dir():
            raise RuntimeError(f"no photos at {source}; HEADSTART_TEST_DATA names another place")
        if not self.quick:
            return source
        groups: dict[str, list[Path]] = {}
        for path in sorted(source.glob(pattern)):
            label = path.parent.name if "/" in pattern else path.name.partition(".")[0]
            groups.setdefault(label, []).append(path)
        for path in (path for paths in groups.values() for path in paths[:few]):
            copy = self.work / name / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        return self.work / name

    @property
    def layout(self) -> dict[str, list[str]]:
        """Options that divide each of the two as the tutorial does."""
        signs, pets = ("rest,3,3", "40,10,10") if self.quick else ("rest,30,5", "500,100,50")
        return {
            "signs": ["--per-class", signs],
            "cats_dogs": ["--label-pattern", PATTERN, "--per-class", pets],
        }

    def split(self, name: str) -> Path:
        """The photos in folders, as `train` divides them."""
        folder = self.work / f"{name}-split"
        env = {"HEADSTART_CACHE_DIR": self.work / f"{name}-split-cache"}
        run([HEADSTART, "split", getattr(self, name), *self.layout[name], "--copy-to", folder], env)
        return folder

    def train(self, name: str, out: str, *options: str, cache: str) -> tuple[Cost, Path]:
        """`headstart train`: what it cost, and its run folder."""
        folder = self.work / out
        say(f"headstart train {name} {' '.join(options)}".rstrip())
        command: Command = [HEADSTART, "train", getattr(self, name), *self.layout[name]]
        env = {"HEADSTART_CACHE_DIR": self.work / cache}
        return run([*command, *options, "--out", folder], env), folder


def signs(bench: Bench) -> Iterator[Row | str]:
    """Sign digits by default options, against plain Keras with the tutorial's recipe."""
    cost, folder = bench.train("signs", "signs", cache="signs-cache")
    metrics = _metrics(folder)
    history = _told(cost, r"validation loss [\d.]+, accuracy ([\d.]+)%", 0.01)
    validation, test = metrics["validation"]["accuracy"], metrics["test"]
    what = "sign digits, default options: validation accuracy"
    yield Row(what, f"≥ {ENOUGH}", f"{validation:.4f}", validation >= ENOUGH)
    n = metrics["samples"]["test"]
    right = round(test["accuracy"] * n)
    yield Row("the same: test", "≥ 48 of 50", f"{right} of {n}", right >= 48 / 50 * n)
    ours = _until(history, ENOUGH)
    yield (
        f"headstart, seconds and validation accuracy by epoch: {_listed(history)}; "
        f"whole process, evaluation and report included, {cost.seconds:.1f} s."
    )

    first = metrics["training"]["first"]
    say(f"plain Keras: the same from {first} on, until {ENOUGH}")
    epochs = 2 if bench.quick else RECIPE_EPOCHS
    plain = run([*PLAIN, "tune", bench.split("signs"), str(epochs), first, str(ENOUGH)])
    theirs = _told(plain, r"epoch \d+ ([\d.]+)", 1)
    each = statistics.median(b - a for (a, _), (b, _) in pairwise([(0.0, 0.0), *theirs]))
    whole = theirs[-1][0] + (RECIPE_EPOCHS - len(theirs)) * each
    how = f"{len(theirs)} of {RECIPE_EPOCHS} epochs measured"
    yield Row(
        f"time to {ENOUGH}, against {RECIPE_EPOCHS} epochs of plain Keras ({how})",
        "≤ 1/10",
        f"{ours:.1f} s / {whole:.0f} s = 1/{whole / ours:.1f}",
        ours <= whole / 10,
    )
    theirs_until = _until(theirs, ENOUGH)
    yield Row(
        f"time to {ENOUGH}, against plain Keras' own",
        "≤ 1/2",
        f"{ours:.1f} s / {theirs_until:.0f} s = 1/{theirs_until / ours:.1f}",
        ours <= theirs_until / 2,
    )
    (tested,) = (line for _, line in plain.said if line.startswith("test "))
    yield (f"Plain Keras, by epoch: {_listed(theirs)}; test {float(tested.split()[1]):.2f}.")


def auto(bench: Bench) -> Iterator[Row | str]:
    """Cats and dogs: `auto` against the head alone, features from the cache."""
    bench.train("cats_dogs", "filled", "--unfreeze", "none", cache="pets-cache")
    sides: dict[str, list[tuple[Cost, Path]]] = {"auto": [], "none": []}
    for i in range(5):  # in turns, so that a slow minute hits both
        for unfreeze, runs in sides.items():
            options = ["--unfreeze", unfreeze]
            runs.append(bench.train("cats_dogs", f"{unfreeze}-{i}", *options, cache="pets-cache"))
    by, alone = (_metrics(sides[name][0][1]) for name in ("auto", "none"))
    accuracy = [each["test"]["accuracy"] for each in (by, alone)]
    yield Row(
        "cats and dogs: test accuracy by `auto`, and of the head alone",
        "not less",
        f"{accuracy[0]:.3f} and {accuracy[1]:.3f}",
        accuracy[0] >= accuracy[1],
    )
    seconds = [statistics.median(cost.seconds for cost, _ in runs) for runs in sides.values()]
    tail = by["training"]
    decided = "no tail was tried" if tail is None else f"a tail was tried, used: {tail['used']}"
    yield Row(
        f"what `auto` costs there, features from the cache ({decided})",
        "≤ 2 s more",
        f"{seconds[0]:.2f} s and {seconds[1]:.2f} s: {seconds[0] - seconds[1]:+.2f} s",
        seconds[0] - seconds[1] <= 2,
    )


def kills(bench: Bench) -> Iterator[Row | str]:
    """kill -9 at random moments, resumed each time."""
    options = ["--unfreeze", "block_11_expand_convolution", "--epochs", "2" if bench.quick else "6"]
    command: Command = [HEADSTART, "train", bench.signs, "--per-class", "20,5,5", "--size", "96"]
    if bench.quick:
        command[command.index("--per-class") + 1] = "10,3,3"
    env = {"HEADSTART_CACHE_DIR": bench.work / "kills-cache"}

    def done(out: str, *more: str) -> Cost:
        return run([*command, *options, "--out", bench.work / out, *more], env)

    done("first")  # fills the cache
    seconds = done("whole").seconds
    wanted = _digest(bench.work / "whole")
    times = 3 if bench.quick else 20
    say(f"{times} trainings of {seconds:.1f} s, each killed once and resumed")
    draw = random.Random(0)
    moments = [draw.uniform(0, seconds) for _ in range(times)]
    same = killed = 0
    for i, moment in enumerate(moments):
        out = bench.work / f"kill-{i}"
        process = subprocess.Popen(
            [*command, *options, "--out", out],
            env={**os.environ, **env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moment)
        process.kill()
        process.wait()
        killed += process.returncode < 0
        if not out.exists():
            done(f"kill-{i}", "--resume")
        same += _digest(out) == wanted
    yield Row(
        f"kill -9 at {times} random moments of a tail run of {seconds:.1f} s, then --resume",
        "same SHA-256 every time",
        f"{same} of {times} the same",
        same == times,
    )
    listed = ", ".join(f"{moment:.1f}" for moment in sorted(moments))
    yield f"Killed after {listed} s; {killed} of {times} were still running."


def cnn(bench: Bench) -> Iterator[Row | str]:
    """The tutorial's network from nothing, by the tutorial's recipe."""
    options = ["--backbone", "simple-cnn", "--recipe", "tutorial"]
    epochs = 1 if bench.quick else 10
    if bench.quick:
        options += ["--epochs", str(epochs)]
    ours, folder = bench.train("cats_dogs", "cnn", *options, cache="cnn-cache")
    say(f"plain Keras: the same, {epochs} epochs")
    theirs = run([*PLAIN, "cnn", bench.split("cats_dogs"), str(epochs)])
    validation = _metrics(folder)["validation"]["accuracy"]
    what = "`simple-cnn --recipe tutorial` on cats and dogs"
    yield Row(f"{what}: validation", "≥ 0.64", f"{validation:.3f}", validation >= 0.64)
    yield Row(
        f"{what}, against plain Keras",
        "no slower",
        f"{theirs.seconds:.0f} s / {ours.seconds:.0f} s = {theirs.seconds / ours.seconds:.2f}",
        ours.seconds <= theirs.seconds,
    )
    by_epoch = _told(theirs, r"epoch \d+ ([\d.]+)", 1)
    yield (
        f"Processor time of the same: headstart {ours.cpu_seconds:.0f} s, plain Keras "
        f"{theirs.cpu_seconds:.0f} s; plain Keras validates at {by_epoch[-1][1]:.3f}. "
        "headstart's time holds evaluation of all photos and the report too."
    )


def _metrics(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return document


def _told(cost: Cost, pattern: str, unit: float) -> list[tuple[float, float]]:
    """Seconds from the start of a process, and validation accuracy, for each epoch it told of."""
    found = [(seconds, re.search(pattern, line)) for seconds, line in cost.said]
    return [(seconds, float(match[1]) * unit) for seconds, match in found if match]


def _until(history: list[tuple[float, float]], enough: float) -> float:
    """Seconds to the first epoch that validates well enough."""
    return next((s for s, accuracy in history if accuracy >= enough - 1e-9), float("inf"))


def _listed(history: list[tuple[float, float]]) -> str:
    return ", ".join(f"{seconds:.1f} s {accuracy:.3f}" for seconds, accuracy in history)


def _digest(run_folder: Path) -> str:
    """SHA-256 over what was trained: the weights, and the optimizer."""
    with zipfile.ZipFile(run_folder / "model.headstart") as bundle:
        both = bundle.read("weights.safetensors") + bundle.read("optimizer.safetensors")
    return hashlib.sha256(both).hexdigest()


PARTS: dict[str, Callable[[Bench], Iterator[Row | str]]] = {
    part.__name__: part for part in (signs, auto, kills, cnn)
}

if __name__ == "__main__":
    sys.exit(
        measure(
            "finetune",
            argparse.ArgumentParser(description=__doc__.splitlines()[0]),
            PARTS,
            lambda folder, arguments: Bench(folder, quick=arguments.quick),
        )
    )
