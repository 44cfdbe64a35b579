"""Measure `headstart.fit` side by side with `Model.fit`, on the tutorial's two scripts.

    python bench/fit.py                    both networks, some fifteen minutes on two cores
    python bench/fit.py --only vgg16       one of: mobilenet vgg16
    python bench/fit.py --photos 100       training photos of each class; 40 if not given
    python bench/fit.py --quick            5 photos a class, small: to try the script itself
    python bench/fit.py --write            and put the table into docs/benchmarks.md

Photos come from HEADSTART_TEST_DATA (default: `../shared` beside the project). What is timed
is the call of `fit`, from its start to the end of each epoch, in a process of its own; the
sides take turns. All of headstart's own work, finding the prefix and running it, counts.
"""

import argparse
import json
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from figures import Row
from parts import measure
from processes import run
from workbench import DATA, HERE, say

EPOCHS = 5


@dataclass(frozen=True)
class Fitted:
    """What one side did: seconds to the end of each epoch, history, digest of the weights."""

    seconds: list[float]
    history: dict[str, list[float]]
    weights: str

    def until(self, epochs: int) -> float:
        """Seconds to the end of an epoch; past the last, each takes the median of all but one.

        The first epoch traces and, at headstart's, runs the prefix; it is left out.
        """
        if epochs <= len(self.seconds):
            return self.seconds[epochs - 1]
        each = [b - a for a, b in pairwise(self.seconds)]
        return self.seconds[-1] + (epochs - len(self.seconds)) * statistics.median(each)


class Bench:
    """The photos in the folders that the tutorial makes.

    Args:
        work: an empty folder.
        photos: training photos of each class; a fifth as many, at least one, to validate on.
        side: height and width for MobileNet.
    """

    def __init__(self, work: Path, photos: int, side: int) -> None:
        self._work = work
        self.photos = photos
        self._side = side
        self.fitted = cache(self._fitted)

    def _fitted(self, network: str, trainer: str) -> Fitted:
        folder = self._folder(network)
        say(f"{network}: {trainer}, {EPOCHS} epochs")
        script = HERE / "tutorial_fit.py"
        cost = run([sys.executable, script, network, trainer, folder, str(EPOCHS), str(self._side)])
        told: dict[str, Any] = json.loads(cost.output.splitlines()[-1])
        return Fitted(**told)

    def _folder(self, network: str) -> Path:
        folder = self._work / network
        if folder.exists():
            return folder
        source = DATA / ("cats-dogs" if network == "vgg16" else "sign-digits")
        if not source.is_dir():
            raise RuntimeError(f"no photos at {source}; HEADSTART_TEST_DATA names another place")
        names = "cat dog" if network == "vgg16" else "0 1 2 3 4 5 6 7 8 9"
        train, valid = self.photos, max(1, self.photos // 5)
        for name in names.split():
            pattern = f"{name}.*.jpg" if network == "vgg16" else f"{name}/*"
            found = sorted(source.glob(pattern))[: train + valid]
            for part, paths in (("train", found[:train]), ("valid", found[train:])):
                (folder / part / name).mkdir(parents=True)
                for path in paths:
                    shutil.copyfile(path, folder / part / name / path.name)
        return folder


def mobilenet(bench: Bench) -> Iterator[Row | str]:
    """The last 23 layers of MobileNet trained."""
    plain, ours = (bench.fitted("mobilenet", each) for each in ("model.fit", "hs.fit"))
    what = "MobileNet, last 23 layers trained"
    yield _sooner(f"{what}, 5 epochs", plain, ours, 5, 1.6)
    yield _sooner(f"{what}, 30 epochs (extrapolated from 5 measured)", plain, ours, 30, 1.9)
    yield _identical("MobileNet", plain, ours)
    yield _epochs("MobileNet", plain, ours)


def vgg16(bench: Bench) -> Iterator[Row | str]:
    """A new last layer trained on frozen VGG16."""
    plain, ours = (bench.fitted("vgg16", each) for each in ("model.fit", "hs.fit"))
    yield _sooner("frozen VGG16 and a head, 5 epochs", plain, ours, 5, 4)
    yield _identical("VGG16", plain, ours)
    fast = bench.fitted("vgg16", "openvino")
    yield _sooner('the same with engine="openvino", in float32', plain, fast, 5, 4)
    first, exact = fast.history["loss"][0], plain.history["loss"][0]
    yield Row(
        'loss of the first epoch with engine="openvino"',
        "within 1e-3",
        f"{first:.6f}, Keras {exact:.6f}",
        abs(first - exact) <= 1e-3 * abs(exact),
    )
    yield _epochs("VGG16", plain, ours)
    yield (
        "9 times is the aim with bfloat16, which `fit` does not compute in: its features would "
        "not agree within 1e-4. " + _bfloat16()
    )


def _bfloat16() -> str:
    from headstart.backbone.engine import has_bfloat16

    return f"This processor has {'it' if has_bfloat16() else 'none'}."


def _sooner(what: str, plain: Fitted, ours: Fitted, epochs: int, wanted: float) -> Row:
    a, b = plain.until(epochs), ours.until(epochs)
    return Row(what, f"≥ {wanted:g} times", f"{a:.1f} s / {b:.1f} s = {a / b:.2f}", a / b >= wanted)


def _identical(network: str, plain: Fitted, ours: Fitted) -> Row:
    same = [
        name
        for name, good in {
            "history": plain.history == ours.history,
            "weights": plain.weights == ours.weights,
        }.items()
        if good
    ]
    return Row(
        f"{network}: history and trained weights are those of `Model.fit`",
        "to the last bit",
        f"identical: {' and '.join(same) or 'neither'}",
        len(same) == 2,
    )


def _epochs(network: str, plain: Fitted, ours: Fitted) -> str:
    def told(each: Fitted) -> str:
        ends = [0.0, *each.seconds]
        return ", ".join(f"{b - a:.1f}" for a, b in pairwise(ends))

    return f"{network}, seconds of each epoch: `Model.fit` {told(plain)}; `hs.fit` {told(ours)}."


PARTS: dict[str, Callable[[Bench], Iterator[Row | str]]] = {
    part.__name__: part for part in (mobilenet, vgg16)
}


def _begin(folder: Path, arguments: argparse.Namespace) -> Bench:
    return Bench(folder, *((5, 64) if arguments.quick else (arguments.photos, 224)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=40, help="training photos of each class")
    return measure(
        "fit",
        parser,
        PARTS,
        _begin,
        lambda arguments: f"{arguments.photos} training photos of each class.",
    )


if __name__ == "__main__":
    sys.exit(main())
