"""The photos of a benchmark, and what several of its parts measure with."""

import csv
import json
import os
import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from processes import Cost, run

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("HEADSTART_TEST_DATA", HERE.parents[1] / "shared"), "data").absolute()
HEADSTART = Path(sys.executable).with_name("headstart")
PLAIN = (sys.executable, HERE / "plain_keras.py")
PATTERN = r"(?P<label>cat|dog)\.\d+"
TO_KERAS = "import sys, headstart; headstart.load(sys.argv[1]).to_keras().save(sys.argv[2])"


@dataclass(frozen=True)
class Trained:
    """A finished `headstart train`."""

    cost: Cost
    folder: Path

    @property
    def metrics(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "metrics.json").read_text())
        return document


class Bench:
    """The photos, and what several parts measure with: each is made once, when first needed.

    Args:
        work: an empty folder.
        quick: take few photos.
    """

    def __init__(self, work: Path, *, quick: bool) -> None:
        self.work = work
        self.quick = quick
        self.numbers = (40, 10, 10) if quick else (500, 100, 50)  # of each class
        self.epochs = 1 if quick else 5
        self.times = 2 if quick else 3
        self.copies = 3 if quick else 10

    @cached_property
    def photos(self) -> Path:
        """A flat folder of cats and dogs."""
        source = DATA / "cats-dogs"
        if not source.is_dir():
            raise RuntimeError(f"no photos at {source}; HEADSTART_TEST_DATA names another place")
        if not self.quick:
            return source
        folder = self.work / "photos"
        folder.mkdir()
        for label in ("cat", "dog"):
            for photo in sorted(source.glob(f"{label}.*.jpg"))[: sum(self.numbers)]:
                shutil.copyfile(photo, folder / photo.name)
        return folder

    @cached_property
    def warm_cache(self) -> dict[str, Path]:
        """The environment with the cache that the first training filled."""
        return {"HEADSTART_CACHE_DIR": self.cold[0].folder.with_suffix(".cache")}

    def layout(self, times: int = 1) -> list[str]:
        """Options that say how the photos are labelled and divided."""
        counts = ",".join(str(times * n) for n in self.numbers)
        return ["--label-pattern", PATTERN, "--per-class", counts]

    def train(self, name: str, env: dict[str, Path] | None = None, times: int = 1) -> Trained:
        """`headstart train`, with a cache that is empty unless one is given."""
        photos = self.photos if times == 1 else self.repeated
        folder = self.work / name
        env = env or {"HEADSTART_CACHE_DIR": folder.with_suffix(".cache")}
        say(f"headstart train: {name}")
        return Trained(
            run([HEADSTART, "train", photos, *self.layout(times), "--out", folder], env), folder
        )

    @cached_property
    def cold(self) -> list[Trained]:
        """Trainings that had never seen the photos or the network."""
        return [self.train(f"cold-{i}") for i in range(self.times)]

    @cached_property
    def warm(self) -> list[Trained]:
        """Trainings that find all features in the cache."""
        return [self.train(f"warm-{i}", self.warm_cache) for i in range(self.times + 2)]

    @cached_property
    def split(self) -> Path:
        """The photos in folders, as `train` divides them."""
        folder = self.work / "split"
        env = {"HEADSTART_CACHE_DIR": folder.with_suffix(".cache")}
        run([HEADSTART, "split", self.photos, *self.layout(), "--copy-to", folder], env)
        return folder

    @cached_property
    def plain(self) -> tuple[Cost, Path]:
        """Plain Keras trained on the same split, and its model."""
        model = self.work / "plain.keras"
        split = self.split
        say(f"plain Keras: fit, {self.epochs} epochs")
        return run([*PLAIN, "fit", split, model, str(self.epochs)]), model

    @cached_property
    def network(self) -> Path:
        """headstart's classifier as a Keras model."""
        path = self.work / "network.keras"
        run([sys.executable, "-c", TO_KERAS, self.cold[0].folder, path], self.warm_cache)
        return path

    @cached_property
    def one_photo(self) -> Path:
        """A folder with a single photo."""
        folder = self.work / "one"
        folder.mkdir()
        photo = min(self.photos.iterdir())
        shutil.copyfile(photo, folder / photo.name)
        return folder

    @cached_property
    def repeated(self) -> Path:
        """The photos several times, under other names and with other bytes."""
        folder = self.work / "repeated"
        folder.mkdir()
        for photo in sorted(self.photos.iterdir()):
            data = photo.read_bytes()
            for i in range(self.copies):
                text = f"copy {i}".encode()  # in a comment segment, right after the start of image
                comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
                (folder / f"{photo.stem}.{i}.jpg").write_bytes(data[:2] + comment + data[2:])
        return folder

    def ask_keras(self, model: Path, reader: str, *folders: Path) -> tuple[Cost, dict[str, int]]:
        """Answers of a Keras model: photo → class number."""
        answers = self.work / "answers.csv"
        say(f"plain Keras: predict, {reader}")
        cost = run([*PLAIN, "predict", model, answers, reader, *folders])
        with answers.open(newline="") as file:
            return cost, {name: int(number) for name, number in csv.reader(file)}


def say(text: str) -> None:
    """Tell whoever waits what is being measured."""
    print(f"… {text}", file=sys.stderr, flush=True)
