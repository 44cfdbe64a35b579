"""Measure what is promised about trust: suspects, copies, strangers, calibration, relabelling.

    python bench/trust.py                    everything, some half an hour on two cores
    python bench/trust.py --only suspects    a part of it: suspects copies strangers relabel check
    python bench/trust.py --quick            few photos and seeds, to try the script itself
    python bench/trust.py --write            and put the table into docs/benchmarks.md

Everything is asked of the command, in processes of its own, as a user would.
"""

import argparse
import csv
import json
import random
import shutil
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from figures import Row
from parts import measure
from PIL import Image, ImageOps
from processes import Cost, run
from workbench import DATA, HEADSTART, PATTERN, say

TWINS = {frozenset({"dog.74", "dog.180"})}
"""Photos of the shared data that are one picture, looked at by eye."""

SETS = {"cats and dogs": "cats-dogs", "sign digits": "sign-digits"}


class Bench:
    """What several parts measure with.

    Args:
        work: an empty folder.
        quick: take few photos and one seed.
    """

    def __init__(self, work: Path, *, quick: bool) -> None:
        self.work = work
        self.seeds = range(1 if quick else 3)
        self.few = quick
        self.env = {"HEADSTART_CACHE_DIR": work / "cache"}

    def photos(self, name: str) -> list[Path]:
        """The photos of a shared set, by name."""
        found = sorted(p for p in (DATA / name).rglob("*") if p.suffix.lower() == ".jpg")
        if not found:
            raise RuntimeError(f"no photos in {DATA / name}; HEADSTART_TEST_DATA names a place")
        return found[:: 4 if self.few else 1]

    def run(self, *words: str | Path) -> Cost:
        return run([HEADSTART, *words], self.env)

    def train(self, name: str, seed: int) -> dict[str, Any]:
        """A run on a shared set that may say "unknown"; its folder and its metrics."""
        say(f"headstart train: {name}, seed {seed}")
        out = self.work / f"{name}-{seed}"
        options = ["--label-pattern", PATTERN] if name == "cats-dogs" else []
        told = ["--abstain-at", "0.99", "--seed", str(seed), "--out", out, "--json", "--quiet"]
        cost = self.run("train", DATA / name, *options, *told)
        return {"out": out, "metrics": json.loads(cost.output)}


def suspects(bench: Bench) -> Iterator[Row | str]:
    """5% of the labels of cats and dogs flipped at random."""
    photos = bench.photos("cats-dogs")
    shares, right = [], []
    for seed in bench.seeds:
        say(f"suspects, seed {seed}")
        flipped = {*random.Random(seed).sample(photos, round(0.05 * len(photos)))}
        listed = bench.work / f"flipped-{seed}.csv"
        with listed.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["path", "label"])
            for photo in photos:
                label, other = ("cat", "dog") if photo.name.startswith("cat") else ("dog", "cat")
                rows.writerow([photo, other if photo in flipped else label])
        out = bench.work / f"flipped-{seed}"
        columns = ["--image-column", "path", "--target", "label"]
        bench.run("train", listed, *columns, "--unfreeze", "none", "--out", out, "--quiet")
        with (out / "suspects.csv").open(newline="") as file:
            found = {Path(row["sample"]).name for row in csv.DictReader(file)}
        hit = len(found & {photo.name for photo in flipped})
        shares.append(hit / len(flipped))
        right.append(hit / max(1, len(found)))
    yield Row(
        "5% of the labels of cats and dogs flipped: share of them among the suspects, by seed",
        "≥ 90%",
        ", ".join(f"{share:.1%}" for share in shares),
        min(shares) >= 0.9,
    )
    yield Row(
        "of the suspects truly flipped, by seed",
        "≥ 90%",
        ", ".join(f"{share:.1%}" for share in right),
        min(right) >= 0.9,
    )


def copies(bench: Bench) -> Iterator[Row | str]:
    """200 photos copied under other names, each in one of four ways."""
    for called, name in SETS.items():
        say(f"copies: {called}")
        photos = bench.photos(name)
        folder = bench.work / f"copies-{name}"
        sources = _with_copies(photos, folder, 20 if bench.few else 200)
        found = json.loads(bench.run("split", folder, "--json", "--quiet").output)["split"]
        clusters, side = defaultdict(list), {}
        for row in found:
            stem = Path(row["sample"]).stem
            clusters[row["cluster"]].append(stem)
            side[stem] = row["split"]
        pairs = {
            frozenset(pair) for cluster in clusters.values() for pair in combinations(cluster, 2)
        }
        wanted = {frozenset(pair) for pair in sources.items()}
        # A copy of one of two twins is a copy of the other too.
        twins = {
            frozenset({a, b})
            for a, b in map(tuple, pairs - wanted)
            if frozenset({sources.get(a, a), sources.get(b, b)}) in TWINS
        }
        false = len(pairs - wanted - twins)
        apart = sum(side[a] != side[b] for a, b in sources.items())
        share = len(pairs & wanted) / len(wanted)
        yield Row(
            f"{len(wanted)} copies (resized, JPEG 60, a twentieth cropped, mirrored) among "
            f"{len(photos):,} {called}: found",
            "≥ 95%",
            f"{share:.1%}",
            share >= 0.95,
        )
        wrong = false / len(pairs)
        yield Row(
            f"{called}: false pairs among those found; copies across sides",
            "≤ 0.5%; none",
            f"{wrong:.1%} ({false}); {apart}",
            wrong <= 0.005 and apart == 0,
        )


def _with_copies(photos: list[Path], folder: Path, n: int) -> dict[str, str]:
    """Links to the photos by class, and n copies beside them; copy → its photo, by stem."""
    chance = random.Random(0)
    for photo in photos:
        label = photo.parent.name if photo.parent.name != "cats-dogs" else photo.name[:3]
        (folder / label).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, folder / label / photo.name)
    made = {}
    for i, photo in enumerate(chance.sample(photos, n)):
        label = photo.parent.name if photo.parent.name != "cats-dogs" else photo.name[:3]
        picture = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
        width, height = picture.size
        way, quality = i % 4, 92
        if way == 0:
            scale = chance.uniform(0.5, 0.9)
            picture = picture.resize((round(width * scale), round(height * scale)))
        elif way == 1:
            quality = 60
        elif way == 2:
            x, y = chance.uniform(0, 0.05) * width, chance.uniform(0, 0.05) * height
            box = x, y, x + 0.95 * width, y + 0.95 * height
            picture = picture.crop(tuple(map(round, box)))
        else:
            picture = ImageOps.mirror(picture)
        stem = f"other-{i}"
        picture.save(folder / label / f"{stem}.jpg", quality=quality)
        made[stem] = photo.stem
    return made


def strangers(bench: Bench) -> Iterator[Row | str]:
    """Photos of hands shown to the model of cats and dogs, and the other way round."""
    for called, other, unknown, answered in (
        ("cats and dogs", "sign digits", 0.98, 0.93),
        ("sign digits", "cats and dogs", 0.95, 0.90),
    ):
        runs = [bench.train(SETS[called], seed) for seed in bench.seeds]
        refused, given, right, errors, before = [], [], [], [], []
        for each in runs:
            shown = bench.photos(SETS[other])
            cost = run(
                [HEADSTART, "predict", each["out"], "-", "--format", "jsonl", "--quiet"],
                bench.env,
                stdin="\n".join(map(str, shown)),
            )
            said = [json.loads(line)["class"] for line in cost.output.splitlines()]
            refused.append(said.count("unknown") / len(said))
            metrics = each["metrics"]
            on_test = metrics["abstention"]["sets"]["test"]
            given.append(on_test["answered"])
            right.append(on_test["accuracy"])
            errors.append(metrics["test"]["calibration_error"])
            calibration = metrics["calibration"]
            before.append(calibration["before"]["calibration_error"] if calibration else None)
        yield Row(
            f"{other} shown to {called} at `--abstain-at 0.99`: “unknown”, by seed",
            f"≥ {unknown:.0%}",
            ", ".join(f"{share:.1%}" for share in refused),
            min(refused) >= unknown,
        )
        yield Row(
            f"{called}: true test photos still answered, by seed",
            f"≥ {answered:.0%}",
            ", ".join(f"{share:.1%}" for share in given),
            min(given) >= answered,
        )
        yield Row(
            f"{called}: calibration error on the test after, by seed",
            "≤ 0.03",
            ", ".join(f"{error:.3f}" for error in errors),
            max(errors) <= 0.03,
        )
        yield f"{called}, of the answered right: {', '.join(f'{x:.1%}' for x in right)}."
        earlier = ", ".join("–" if error is None else f"{error:.3f}" for error in before)
        yield f"{called}, calibration error before: {earlier}."


def relabel(bench: Bench) -> Iterator[Row | str]:
    """One label decided on, 1,300 photos, warm cache."""
    made = bench.work / "to-relabel"
    options = ["--label-pattern", PATTERN, "--unfreeze", "none", "--quiet"]
    bench.run("train", DATA / "cats-dogs", *options, "--out", made)
    with (made / "split.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    fixes = bench.work / "fixes.csv"
    other = "dog" if first["label"] == "cat" else "cat"
    fixes.write_text(f"sample,decision,new_label\n{first['sample']},relabel,{other}\n")
    seconds = []
    for i in range(2 if bench.few else 5):
        say(f"headstart relabel, {i + 1}")
        out = bench.work / f"relabelled-{i}"
        seconds.append(bench.run("relabel", made, fixes, "--out", out).seconds)
    median = statistics.median(seconds)
    yield Row(
        f"relabel and train again, {len(bench.photos('cats-dogs')):,} photos, warm cache, whole "
        f"process, median of {len(seconds)}",
        "≤ 2.5 s",
        f"{median:.2f} s",
        median <= 2.5,
    )


def check(bench: Bench) -> Iterator[Row | str]:
    """`headstart check` on photos put together of two halves of the shared ones."""
    numbers = [250, 500] if bench.few else [5_000, 10_000, 20_000, 100_000]
    promised = numbers[min(2, len(numbers) - 1)]
    chance, shared = random.Random(0), bench.photos("cats-dogs") + bench.photos("sign-digits")

    def half(number: int) -> Image.Image:
        # Read anew each time: what this process holds counts as the peak of those that it starts.
        photo = ImageOps.exif_transpose(Image.open(shared[number]))
        return photo.convert("RGB").resize((200, 200))

    folder = bench.work / "many"
    costs: dict[int, Cost] = {}
    done = 0
    for n in numbers:
        say(f"headstart check: {n:,} photos")
        for i in range(done, n):
            left, right = chance.sample(range(len(shared)), 2)
            picture = half(left)
            picture.paste(half(right).crop((100, 0, 200, 200)), (100, 0))
            place = folder / str(i % 10) / f"{i}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            picture.save(place, quality=90)
        done = n
        env = {"HEADSTART_CACHE_DIR": bench.work / f"cache-{n}"}
        costs[n] = run([HEADSTART, "check", folder, "--quiet"], env)
    rates = [1000 * cost.seconds / n for n, cost in costs.items()]
    yield Row(
        f"`check` on {promised:,} photos, empty cache: peak memory",
        "≤ 600 MB",
        f"{costs[promised].peak_mb:,.0f} MB",
        costs[promised].peak_mb <= 600,
    )
    told = ", ".join(f"{n:,}: {rate:.2f}" for n, rate in zip(numbers, rates, strict=True))
    yield Row(
        "`check`, milliseconds a photo by number of photos",
        "linear time",
        told,
        rates[-1] <= 1.25 * rates[0],
    )
    yield f"`check` on {numbers[-1]:,} photos: {costs[numbers[-1]].peak_mb:,.0f} MB at the peak."


PARTS: dict[str, Callable[[Bench], Iterator[Row | str]]] = {
    part.__name__: part for part in (suspects, copies, strangers, relabel, check)
}


if __name__ == "__main__":
    sys.exit(
        measure(
            "trust",
            argparse.ArgumentParser(description=__doc__.splitlines()[0]),
            PARTS,
            lambda folder, arguments: Bench(folder, quick=arguments.quick),
        )
    )
