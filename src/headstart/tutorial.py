"""The sections of a tutorial on Keras, done here and set beside what it published.

The tutorial is a widely followed course on deep learning with Keras and TensorFlow; its figures
stand below as they were published. A section that lacks its photos or weights is not run, and
says so.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import lessons
from headstart.augmentation import PRESETS, Augmentation
from headstart.backbone import catalog, imagenet
from headstart.backbone.weights import names_of_files, resolve
from headstart.bundle.export import Form, ending, export
from headstart.bundle.locate import BUNDLE
from headstart.data import duplicates, split
from headstart.data.augment import view, view_seed
from headstart.data.pixels import Unreadable, decode, read_image, thumbnail
from headstart.data.samples import Sample, image_files
from headstart.dataset import list_photos, scan_with
from headstart.errors import HeadstartError, Interrupted, MissingError, SourceError
from headstart.events import Listener, Notice
from headstart.options import Layout, TrainOptions, as_flags, options_from
from headstart.pipeline import train_with
from headstart.report.guesses import MOST_PHOTOS, Photo, save_sheet
from headstart.report.sections import Fact, Section
from headstart.report.sheet import Strip, contact_sheet
from headstart.report.words import percent, right_of
from headstart.run import REPORT, Run
from headstart.store.files import printable, write_bytes

_PATTERN = r"(?P<label>cat|dog)\.\d+"  # Kaggle's cat.0.jpg
_NOT_REACHED = "not reached"
_PICTURED = 480  # longest side in pixels


@dataclass(frozen=True)
class Given:
    """What the sections are run on; what is not given leaves its sections out.

    Attributes:
        cats_dogs, sign_digits: labelled photos, in any layout that `train` takes.
        photos: a folder of photos to name.
        weights: a folder of Keras' weight files; `random` to see that all runs; None: those
            that Keras has, or fetches.
        quick: take few photos and one epoch; then the figures say nothing.
    """

    cats_dogs: Path | None = None
    sign_digits: Path | None = None
    photos: Path | None = None
    weights: Path | str | None = None
    quick: bool = False


class _LackingError(Exception):
    """The section lacks something that the user can give."""


class _Source(NamedTuple):
    """Labelled photos, and the options that say how they are read and divided."""

    path: Path
    options: dict[str, Any]


def sections(
    given: Given, folder: Path, listen: Listener, tell: Callable[[list[Section]], None]
) -> list[Section]:
    """Run every section in its order.

    Args:
        folder: where runs, pictures and saved models go.
        tell: is given all sections, those to come too, whenever one is done.

    Raises:
        Interrupted: stopped from outside; what was done was told.
    """
    work = _Work(given, folder, listen)
    found = [Section(title, about, fault=_NOT_REACHED) for title, about in lessons.LESSONS.values()]
    for number, (name, (title, about)) in enumerate(lessons.LESSONS.items()):
        section, run = Section(title, about), getattr(work, name)
        listen(Notice(f"{number + 1} of {len(found)}: {title}"))
        start = perf_counter()
        try:
            done = run(section)
            found[number] = replace(done, seconds=round(perf_counter() - start, 2))
        except (_LackingError, MissingError) as error:
            found[number] = replace(section, fault=str(error))
        except Interrupted as error:
            raise Interrupted(
                error.problem, mend=f"What was finished is in {printable(str(folder))}."
            ) from error
        except HeadstartError as error:
            found[number] = replace(section, fault=str(error), failed=True)
        if found[number].fault:
            listen(Notice(f"Not run: {found[number].fault}"))
        tell(found)
    return found


@dataclass
class _Work:
    """What does each section, by the names of `lessons.LESSONS`, and what they share."""

    given: Given
    folder: Path
    listen: Listener
    runs: dict[str, Run] = field(default_factory=dict)

    def cats_dogs_photos(self, section: Section) -> Section:
        return self._photos(section, self._cats_dogs, ("1,000", "200", "100"))

    def sign_digits_photos(self, section: Section) -> Section:
        return self._photos(section, self._sign_digits, ("1,712", "300", "50"))

    def small_network(self, section: Section) -> Section:
        options = {"backbone": "simple-cnn", "recipe": "tutorial"}
        section = self._train(section, "simple-cnn", self._cats_dogs, options)
        metrics = self.runs["simple-cnn"].metrics
        facts = [
            Fact("validation accuracy", "64.25%", _accuracy(metrics, "validation")),
            Fact("training accuracy", "100%", _accuracy(metrics, "train")),
            *_parameters(metrics, 420_802, 420_802),
        ]
        return replace(section, facts=facts, published=lessons.SMALL_MATRIX)

    def vgg16(self, section: Section) -> Section:
        source = self._cats_dogs  # first: without photos no weights are fetched
        options = {"backbone": "vgg16", "recipe": "tutorial", **self._weights("vgg16")}
        section = self._train(section, "vgg16", source, options)
        run = self.runs["vgg16"]
        facts = [
            Fact("validation accuracy", "97.75%", _accuracy(run.metrics, "validation")),
            Fact("trained on", "2,000 photos", f"{run.metrics['samples']['train']:,} photos"),
            *_parameters(run.metrics, 134_268_738, 8_194),
            Fact("size of the saved model", "553 MB", _megabytes(run.folder / BUNDLE)),
        ]
        return replace(section, facts=facts, published=lessons.VGG16_MATRIX)

    def cats_dogs_default(self, section: Section) -> Section:
        section = self._train(section, "cats-dogs", self._cats_dogs)
        run = self.runs["cats-dogs"]
        facts = [
            Fact("validation accuracy", "97.75%", _accuracy(run.metrics, "validation")),
            Fact("size of the saved model", "553 MB", _megabytes(run.folder / BUNDLE)),
        ]
        return replace(section, facts=facts, published=lessons.VGG16_MATRIX)

    def mobilenet(self, section: Section) -> Section:
        source = self._sign_digits  # first: without photos no weights are fetched
        options = {"backbone": "mobilenet", "recipe": "tutorial", **self._weights("mobilenet")}
        section = self._train(section, "mobilenet", source, options)
        run = self.runs["mobilenet"]
        return replace(
            section, facts=[*_of_signs(run), *_parameters(run.metrics, 3_239_114, 1_873_930)]
        )

    def sign_digits_default(self, section: Section) -> Section:
        section = self._train(section, "sign-digits", self._sign_digits)
        return replace(section, facts=_of_signs(self.runs["sign-digits"]))

    def name_photos(self, section: Section) -> Section:
        if self.given.photos is None:
            raise _LackingError("give photos with --photos.")
        row, options = catalog.find("mobilenet"), self._weights("mobilenet", top=True)
        paths = self._files(self.given.photos)
        found = resolve(row, options.get("weights"), self.listen, top=True)
        engine = imagenet.network(row, found, self.listen)
        facts, rows = [], []
        for path in map(Path, paths):
            try:
                data = read_image(path)
                pixels = decode(data, row.size, "squash")
            except Unreadable as fault:
                self.listen(Notice(f"{path.name}: {fault.reason}. Left out."))
                continue
            best = imagenet.best(engine.run(pixels[None])[0], 5)
            guesses = [(guess.name, guess.probability) for guess in best]
            rows.append(Photo(path.name, thumbnail(data, _PICTURED), guesses))
            known = next(
                (top for name, top in lessons.TOP.items() if path.stem.startswith(name)), None
            )
            published = f"{known[0]}, {percent(known[1])}" if known else "–"
            facts.append(
                Fact(path.name, published, f"{best[0].name}, {percent(best[0].probability)}")
            )
        if not rows:
            raise SourceError(
                "holds no photo that can be read.",
                where=str(self.given.photos),
                mend="Name another folder.",
            )
        save_sheet(rows, self.folder / "named.png")
        command = ["headstart", "classify", str(self.given.photos), "--backbone", "mobilenet"]
        command += as_flags(options)
        return replace(section, facts=facts, picture="named.png", command=shlex.join(command))

    def augmentation(self, section: Section) -> Section:
        source = self._cats_dogs if self.given.cats_dogs else self._sign_digits
        chosen = options_from(TrainOptions, source.options)
        sample, data, photo = self._first(scan_with(source.path, chosen, self.listen).items)
        key = sha256(data).hexdigest()
        ranges = Augmentation(augment="standard")  # those of the tutorial
        views = [view(photo, ranges, view_seed(0, key, i)) for i in range(10)]
        labels = ["original", *(f"view {i}" for i in range(1, 11))]
        strip = Strip(sample.name, [photo, *views], labels)
        write_bytes(self.folder / "views.png", contact_sheet("", [strip], columns=6))
        command = [
            "headstart",
            "augment",
            sample.path,
            "--count",
            "10",
            *as_flags(PRESETS["standard"]),
        ]
        facts = [Fact("views of one photo, by seven ranges", "10", str(len(views)))]
        return replace(section, facts=facts, picture="views.png", command=shlex.join(command))

    def saving(self, section: Section) -> Section:
        if not self.runs:
            raise _LackingError("no section before it trained a model.")
        name, run = next(iter(self.runs.items()))
        forms: dict[Form, tuple[str, str]] = {
            "keras": ("the whole model", "model.save"),
            "h5": ("the same in the older .h5", "model.save"),
            "json": ("the architecture alone", "model.to_json"),
            "weights": ("the weights alone", "model.save_weights"),
        }
        weights = self._weights(name).get("weights") if name in ("vgg16", "mobilenet") else None
        facts = []
        for form, (what, by) in forms.items():
            out = self.folder / "saved" / f"{name}{ending(form)}"
            made = export(run.folder, form, out, weights=weights, listen=self.listen)
            agrees = f"{_megabytes(made.path)}; loaded again, agrees within {made.difference:.1g}"
            facts.append(Fact(what, by, agrees))
        command = ["headstart", "export", str(run.folder), "--to"]
        return replace(
            section, facts=facts, command="\n".join(shlex.join([*command, form]) for form in forms)
        )

    def _train(
        self, section: Section, name: str, source: _Source, more: Mapping[str, Any] | None = None
    ) -> Section:
        options = {**source.options, **(more or {})}
        if self.given.quick:
            options["epochs"] = 1
            if not catalog.find(options.get("backbone", catalog.DEFAULT)).fixed:
                options["size"] = 96
        chosen = options_from(TrainOptions, options)
        run = train_with(chosen, source.path, self.folder / name, listen=self.listen)
        self.runs[name] = run
        return replace(
            section,
            command=shlex.join(["headstart", "train", str(source.path), *as_flags(options)]),
            classes=run.metrics["classes"],
            ours=run.metrics["test"]["confusion_matrix"],
            page=f"{name}/{REPORT}",
        )

    def _photos(self, section: Section, source: _Source, published: Sequence[str]) -> Section:
        chosen = options_from(TrainOptions, source.options)
        photos = list_photos(source.path, chosen, self.listen, to_train=True)
        clusters = duplicates.identical(photos.keys)
        count = Counter(split.divide(photos, clusters, chosen).tolist())
        names = {"train": "training", "validation": "validation", "test": "test"}
        facts = [
            Fact(f"{name} photos", figure, f"{count[side]:,}")
            for (side, name), figure in zip(names.items(), published, strict=True)
        ]
        command = ["headstart", "split", str(source.path), *as_flags(source.options)]
        return replace(section, facts=facts, command=shlex.join(command))

    @staticmethod
    def _files(folder: Path) -> list[str]:
        try:
            return image_files(folder)[:MOST_PHOTOS]
        except OSError as error:
            raise SourceError(
                f"cannot be opened ({error.strerror}).",
                where=printable(str(folder)),
                mend="Make it readable.",
            ) from error

    @staticmethod
    def _first(samples: Sequence[Sample]) -> tuple[Sample, bytes, NDArray[np.uint8]]:
        """The first sample that can be read, its file and its pixels."""
        for sample in samples:
            with suppress(Unreadable):
                data = read_image(sample.path)
                return sample, data, decode(data, 224, "squash")
        raise SourceError("No photo can be read.", mend="Give others.")

    @cached_property
    def _cats_dogs(self) -> _Source:
        """The cats and dogs, in class folders or as Kaggle names them."""
        source = self.given.cats_dogs
        if source is None:
            raise _LackingError(
                "give the photos with --cats-dogs; docs/tutorial.md says where from."
            )
        layout: dict[str, Any] = {}
        try:
            classes = scan_with(source, Layout()).classes
        except SourceError:
            layout = {"label_pattern": _PATTERN}
            classes = scan_with(source, options_from(Layout, layout)).classes
        if len(classes) != 2:
            raise SourceError(
                f"has {len(classes)} classes, and cats and dogs are two.",
                where=printable(str(source)),
                mend="Give those to --cats-dogs.",
            )
        counts = "20,5,5" if self.given.quick else "500,100,50"
        return _Source(source, {**layout, "per_class": counts})

    @cached_property
    def _sign_digits(self) -> _Source:
        source = self.given.sign_digits
        if source is None:
            raise _LackingError(
                "give the photos with --sign-digits; docs/tutorial.md says where from."
            )
        return _Source(source, {"per_class": "3,1,1" if self.given.quick else "rest,30,5"})

    def _weights(self, backbone: str, *, top: bool = False) -> dict[str, str]:
        """The option that names the backbone's weights, where they were given."""
        given, row = self.given.weights, catalog.find(backbone)
        if given == "random":
            if top:
                raise _LackingError("random weights tell no classes apart.")
            return {"weights": "random"}
        names = names_of_files(row, top)
        paths = [path for name in names if given and (path := Path(given, name)).is_file()]
        if paths:
            return {"weights": str(paths[0])}
        try:
            resolve(row, None, self.listen, top=top)
        except MissingError as error:
            raise _LackingError(
                f"{error.problem} Give a folder with {' or '.join(names)} to --weights."
            ) from error
        return {}


def _parameters(metrics: Mapping[str, Any], published: int, trained: int) -> Iterator[Fact]:
    yield Fact("parameters", f"{published:,}", f"{metrics['parameters']:,}")
    yield Fact("trained", f"{trained:,}", f"{metrics['trainable_parameters']:,}")


def _of_signs(run: Run) -> list[Fact]:
    right, n = right_of(run.metrics["test"])
    return [
        Fact("validation accuracy", "99%", _accuracy(run.metrics, "validation")),
        Fact("training accuracy", "99.88%", _accuracy(run.metrics, "train")),
        Fact("test photos named correctly", "50 of 50", f"{right} of {n}"),
        Fact("size of the saved model", "17 MB", _megabytes(run.folder / BUNDLE)),
    ]


def _accuracy(metrics: Mapping[str, Any], side: str) -> str:
    return percent(metrics[side]["accuracy"])


def _megabytes(path: Path) -> str:
    size = path.stat().st_size / 1e6
    return f"{size:,.0f} MB" if size >= 10 else f"{size:.2g} MB"
