"""Measure what headstart promises for frozen backbones, side by side with plain Keras.

    python bench/frozen.py                 everything, about half an hour on two cores
    python bench/frozen.py --only train    a part of it: train warm start predict memory classes
                                           touch repeat lizard
    python bench/frozen.py --quick         few photos and one epoch, to try the script itself
    python bench/frozen.py --write         and put the table into docs/benchmarks.md

Photos come from HEADSTART_TEST_DATA (default: `../shared` beside the project). Whatever is
timed is timed as a whole process.
"""

import argparse
import csv
import statistics
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from figures import Row
from mcnemar import not_below
from parts import measure
from processes import run
from textures import put_textures
from watch import watch
from workbench import DATA, HEADSTART, Bench, Trained, say

LIMIT_MB = 1200


def train(bench: Bench) -> Iterator[Row | str]:
    """The first training against plain Keras, and which of the two errs more."""
    seconds, metrics = _median(bench.cold), bench.cold[0].metrics
    accuracy, precision = metrics["test"]["accuracy"], metrics["precision"]
    yield Row("test accuracy on cats and dogs", "≥ 0.97", f"{accuracy:.3f}", accuracy >= 0.97)
    yield from _stages(bench.cold)

    plain, model = bench.plain
    wanted, aim = {"bfloat16": (8, ", aim 11"), "float32": (5, "")}[precision]
    yield Row(
        f"first training, against {bench.epochs} epochs of plain Keras with the same network",
        f"≥ {wanted} times sooner in {precision}{aim}",
        f"{plain.seconds:.1f} s / {seconds:.2f} s = {plain.seconds / seconds:.1f}",
        plain.seconds / seconds >= wanted,
    )
    cpu = statistics.median(each.cost.cpu_seconds for each in bench.cold)
    yield (
        f"Processor time of the same: headstart {cpu:.1f} s, plain Keras {plain.cpu_seconds:.1f} s "
        f"({plain.cpu_seconds / cpu:.1f} times)."
    )
    peak = max(each.cost.peak_mb for each in bench.cold)
    yield f"Peak memory of the same: headstart {peak:.0f} MB, plain Keras {plain.peak_mb:.0f} MB."

    folders = [bench.split / name for name in ("validation", "test")]
    _, answers = bench.ask_keras(model, "generator", *folders)
    with (bench.cold[0].folder / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    if {row["sample"] for row in rows} != answers.keys():
        raise RuntimeError("the two sides did not answer the same photos")
    for name, sides in {"test": {"test"}, "validation and test": {"validation", "test"}}.items():
        told = [
            (row["predicted"] == row["label"], metrics["classes"][number] == row["label"])
            for row in rows
            if row["split"] in sides
            for number in [answers[row["sample"]]]
        ]
        ours, theirs = zip(*told, strict=True)
        yield not_below(f"plain Keras: {len(told)} {name} photos", ours, theirs)


def warm(bench: Bench) -> Iterator[Row | str]:
    """The same command again."""
    seconds = _median(bench.warm)
    yield Row("same command again, report included", "≤ 2.5 s", f"{seconds:.2f} s", seconds <= 2.5)
    yield from _stages(bench.warm)


def start(bench: Bench) -> Iterator[Row | str]:
    """What a user waits for before anything happens."""
    seconds = _seconds([HEADSTART, "--help"], times=7)
    yield Row("`headstart --help`", "≤ 0.5 s, aim 0.3", f"{seconds:.2f} s", seconds <= 0.5)
    photo = min(bench.photos.iterdir())
    seconds = _seconds([HEADSTART, "predict", bench.cold[0].folder, photo], bench.warm_cache, 5)
    yield Row(
        "`headstart predict` of one photo, from process start",
        "≤ 1.2 s",
        f"{seconds:.2f} s",
        seconds <= 1.2,
    )


def predict(bench: Bench) -> Iterator[Row | str]:
    """Many photos from file to class, against Keras' `predict` on the same network."""
    n = len(list(bench.photos.iterdir()))
    command: list[str | Path] = [HEADSTART, "predict", bench.cold[0].folder, "--format", "csv"]
    say("headstart predict")
    costs = [run([*command, bench.photos], bench.warm_cache) for _ in range(bench.times)]
    ours = statistics.median(each.seconds for each in costs)
    ours_one = _seconds([*command, bench.one_photo], bench.warm_cache, bench.times)
    theirs = {
        reader: bench.ask_keras(bench.network, reader, bench.photos)
        for reader in ("generator", "dataset")
    }
    reader, (cost, answers) = min(theirs.items(), key=lambda item: item[1][0].seconds)
    one, _ = bench.ask_keras(bench.network, reader, bench.one_photo)
    names = {
        "generator": "`ImageDataGenerator`",
        "dataset": "`image_dataset_from_directory`",
    }
    yield Row(
        f"`predict` of {n:,} photos, decoding included, against Keras' `predict` on the same "
        f"network ({names[reader]}, batches of 32)",
        "≥ 4 times",
        f"{cost.seconds:.1f} s / {ours:.2f} s = {cost.seconds / ours:.1f}",
        cost.seconds / ours >= 4,
    )
    cpu = statistics.median(each.cpu_seconds for each in costs)
    yield (
        f"Processor time of the same: headstart {cpu:.1f} s, Keras {cost.cpu_seconds:.1f} s "
        f"({cost.cpu_seconds / cpu:.1f} times)."
    )
    net_ours, net_theirs = ours - ours_one, cost.seconds - one.seconds
    yield (
        f"`predict` less the same command on one photo: Keras {net_theirs:.1f} s, headstart "
        f"{net_ours:.2f} s ({net_theirs / net_ours:.1f} times; "
        f"{1000 * net_ours / (n - 1):.1f} ms a photo)."
    )
    others = "; ".join(f"{names[key]} {each.seconds:.1f} s" for key, (each, _) in theirs.items())
    classes = bench.cold[0].metrics["classes"]
    rows = list(csv.DictReader(costs[0].output.splitlines()))
    same = sum(row["class_1"] == classes[answers[Path(row["input"]).name]] for row in rows)
    yield f"Keras' `predict` by reader: {others}. Same class as headstart: {same:,} of {n:,}."


def memory(bench: Bench) -> Iterator[Row | str]:
    """Peak memory does not grow with the number of photos."""
    n = len(list(bench.photos.iterdir()))
    peak = max(each.cost.peak_mb for each in bench.cold)
    yield _memory_row(n, peak)
    many = bench.train("many", times=bench.copies)
    yield _memory_row(n * bench.copies, many.cost.peak_mb)
    yield f"Training on {n * bench.copies:,} photos took {many.cost.seconds:.1f} s."


def classes(bench: Bench) -> Iterator[Row | str]:
    """Very many photos in very many classes, so small that the network takes little time."""
    k, of_each = (20, 20) if bench.quick else (1000, 100)
    photos, out = bench.work / "textures", bench.work / "classes"
    say(f"{k * of_each:,} photos of textures, made and trained on")
    put_textures(photos, k, of_each)
    command: list[str | Path] = [HEADSTART, "train", photos, "--size", "32", "--out", out]
    done = Trained(run(command, {"HEADSTART_CACHE_DIR": out.with_suffix(".cache")}), out)
    yield _memory_row(k * of_each, done.cost.peak_mb, f" in {k:,} classes")
    yield f"Test accuracy on {k:,} classes of textures: {done.metrics['test']['accuracy']:.3f}."
    yield from _stages([done])


def _memory_row(n: int, peak: float, where: str = "") -> Row:
    what = f"peak memory of training on {n:,} photos{where}"
    return Row(what, "≤ 1.2 GB", f"{peak:.0f} MB", peak <= LIMIT_MB)


def touch(bench: Bench) -> Iterator[Row | str]:
    """What a first training imports, writes and opens."""
    place = {name: bench.work / "touch" / name for name in ("home", "here", "tmp", "cache")}
    for folder in place.values():
        folder.mkdir(parents=True)
    out = bench.work / "touch" / "run"
    env: dict[str, str | Path] = {
        "HOME": place["home"],
        "TMPDIR": place["tmp"],
        "HEADSTART_CACHE_DIR": place["cache"],
        "PYTHONDONTWRITEBYTECODE": "1",  # Python's own cache beside the code is not ours
    }
    say("headstart train, watched")
    # Not the command itself: it ends without the bookkeeping that the watcher waits for.
    call = "import sys; from headstart.cli import main, settle; settle(); sys.exit(main())"
    train: list[str | Path] = ["train", bench.photos, *bench.layout(), "--out", out]
    seen = watch([sys.executable, "-c", call, *train], env, place["here"])
    heavy = sorted(seen.modules & {"tensorflow", "keras", "torch", "jax"})
    yield Row(
        "first training imports no TensorFlow",
        "none",
        ", ".join(heavy) or f"none among {len(seen.modules):,} modules",
        not heavy,
    )
    left = [p for p in (bench.work / "touch").rglob("*") if p.is_file()]
    making = [out.with_name(f".run.{kind}") for kind in ("part", "lock")]  # becomes the run
    allowed = (out, *making, place["cache"])
    outside = {Path(name) for name in seen.writes} | set(left)
    outside = {p for p in outside if not any(p.is_relative_to(each) for each in allowed)}
    listed = ", ".join(map(str, sorted(outside)[:5]))
    yield Row(
        f"it writes no file outside cache and run folder ({seen.watcher})",
        "none",
        f"{len(outside)}: {listed}" if outside else f"none; {len(seen.writes):,} inside",
        not outside,
    )
    yield Row(
        f"it opens no network socket ({seen.watcher})",
        "none",
        ", ".join(sorted(seen.sockets)) or "none",
        not seen.sockets,
    )


def repeat(bench: Bench) -> Iterator[Row | str]:
    """Same data, options and seed: the same figures and the same weights."""
    runs = [*bench.cold, *bench.warm]
    figures, weights = [], []
    for each in runs:
        figures.append({name: v for name, v in each.metrics.items() if name != "seconds"})
        with zipfile.ZipFile(each.folder / "model.headstart") as bundle:
            names = ("model.xml", "model.bin", "weights.safetensors")
            weights.append([bundle.read(name) for name in names])
    same = [all(value == each[0] for value in each) for each in (figures, weights)]
    yield Row(
        f"{len(bench.cold)} first trainings with caches of their own, {len(bench.warm)} again",
        "same metrics but for seconds, same weights bit for bit",
        " and ".join(
            f"{name} {'equal' if equal else 'differ'}"
            for name, equal in zip(("metrics", "weights"), same, strict=True)
        ),
        all(same),
    )


def lizard(_bench: Bench) -> Iterator[Row | str]:
    """EfficientNet-Lite0 on a photo whose answer is known."""
    # Imported here and last: the peak memory of a child is never below that of this process.
    from headstart.backbone import lite0
    from headstart.backbone.engine import OpenVinoEngine
    from headstart.data.pixels import decode

    (photo,) = (path.read_bytes() for path in (DATA / "imagenet-samples").glob("lizard*"))
    model = lite0.openvino_model(lite0.load_tensors(), 224, top=True)
    engine = OpenVinoEngine(model, "", "float32", "probabilities")
    answer = engine.run(decode(photo, 224, "squash", reduce=False)[None])[0]
    found, p = int(answer.argmax()), float(answer.max())
    yield Row(
        "EfficientNet-Lite0 on the lizard, float32",
        "class 40, p = 0.7626 ± 0.001",
        f"class {found}, p = {p:.4f}",
        found == 40 and abs(p - 0.7626) <= 0.001,
    )


PARTS: dict[str, Callable[[Bench], Iterator[Row | str]]] = {
    part.__name__: part
    for part in (train, warm, start, predict, memory, classes, touch, repeat, lizard)
}


def _stages(runs: list[Trained]) -> Iterator[str]:
    """A note on where the seconds of a training go, from the run of median time."""
    middle = sorted(runs, key=lambda each: each.cost.seconds)[len(runs) // 2]
    seconds = middle.metrics["seconds"]
    parts = {name: s for name, s in seconds.items() if name != "total"}
    parts["report, start and end of the process"] = middle.cost.seconds - seconds["total"]
    shares = ", ".join(f"{name} {s:.2f}" for name, s in parts.items())
    yield f"Seconds of {middle.folder.name} ({middle.cost.seconds:.2f}): {shares}."


def _median(runs: list[Trained]) -> float:
    return statistics.median(each.cost.seconds for each in runs)


def _seconds(
    command: list[str | Path], env: dict[str, Path] | None = None, times: int = 3
) -> float:
    return statistics.median(run(command, env).seconds for _ in range(times))


if __name__ == "__main__":
    sys.exit(
        measure(
            "frozen",
            argparse.ArgumentParser(description=__doc__.splitlines()[0]),
            PARTS,
            lambda folder, arguments: Bench(folder, quick=arguments.quick),
        )
    )
