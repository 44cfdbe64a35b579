"""The sections of the tutorial on photos; what is published is its own figure."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.augmentation import PRESETS, Augmentation
from headstart.backbone import catalog, imagenet
from headstart.backbone.weights import names_of_files, resolve
from headstart.bundle.locate import BUNDLE
from headstart.data.augment import view, view_seed
from headstart.data.pixels import Unreadable, decode, read_image, thumbnail
from headstart.data.samples import Sample, image_files
from headstart.dataset import list_photos, parted, scan_with
from headstart.errors import MissingError, SourceError
from headstart.events import Notice
from headstart.options import Layout, TrainOptions, as_flags, options_from
from headstart.report.guesses import MOST_PHOTOS, Photo, save_sheet
from headstart.report.sections import Fact, Section
from headstart.report.sheet import Strip, contact_sheet
from headstart.report.words import percent, right_of
from headstart.run import Run
from headstart.store.files import printable, write_bytes
from headstart.tutorial import lessons
from headstart.tutorial.steps import LackingError, Steps, accuracy, megabytes, parameters

_PATTERN = r"(?P<label>cat|dog)\.\d+"  # Kaggle's cat.0.jpg
_PICTURED = 480  # longest side in pixels


class _Source(NamedTuple):
    """Labelled photos, and the options that say how they are read and divided."""

    path: Path
    options: dict[str, Any]


class PhotoSections:
    """What does each section, by the names of `lessons.PHOTOS`."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._given, self._folder, self._listen = steps.given, steps.folder, steps.listen

    def cats_dogs_photos(self, section: Section) -> Section:
        return self._photos(section, self._cats_dogs, ("1,000", "200", "100"))

    def sign_digits_photos(self, section: Section) -> Section:
        return self._photos(section, self._sign_digits, ("1,712", "300", "50"))

    def small_network(self, section: Section) -> Section:
        options = {"backbone": "simple-cnn", "recipe": "tutorial"}
        section, run = self._train(section, "simple-cnn", self._cats_dogs, options)
        facts = [
            Fact("validation accuracy", "64.25%", accuracy(run.metrics, "validation")),
            Fact("training accuracy", "100%", accuracy(run.metrics, "train")),
            *parameters(run.metrics, 420_802, 420_802),
        ]
        return replace(section, facts=facts, published=lessons.SMALL_MATRIX)

    def vgg16(self, section: Section) -> Section:
        source = self._cats_dogs  # first: without photos no weights are fetched
        options = {"backbone": "vgg16", "recipe": "tutorial", **self._weights("vgg16")}
        section, run = self._train(section, "vgg16", source, options)
        facts = [
            Fact("validation accuracy", "97.75%", accuracy(run.metrics, "validation")),
            Fact("trained on", "2,000 photos", f"{run.metrics['samples']['train']:,} photos"),
            *parameters(run.metrics, 134_268_738, 8_194),
            Fact("size of the saved model", "553 MB", megabytes(run.folder / BUNDLE)),
        ]
        return replace(section, facts=facts, published=lessons.VGG16_MATRIX)

    def cats_dogs_default(self, section: Section) -> Section:
        section, run = self._train(section, "cats-dogs", self._cats_dogs)
        facts = [
            Fact("validation accuracy", "97.75%", accuracy(run.metrics, "validation")),
            Fact("size of the saved model", "553 MB", megabytes(run.folder / BUNDLE)),
        ]
        return replace(section, facts=facts, published=lessons.VGG16_MATRIX)

    def mobilenet(self, section: Section) -> Section:
        source = self._sign_digits  # first: without photos no weights are fetched
        options = {"backbone": "mobilenet", "recipe": "tutorial", **self._weights("mobilenet")}
        section, run = self._train(section, "mobilenet", source, options)
        return replace(
            section, facts=[*_of_signs(run), *parameters(run.metrics, 3_239_114, 1_873_930)]
        )

    def sign_digits_default(self, section: Section) -> Section:
        section, run = self._train(section, "sign-digits", self._sign_digits)
        return replace(section, facts=_of_signs(run))

    def name_photos(self, section: Section) -> Section:
        if self._given.photos is None:
            raise LackingError("give photos with --photos.")
        row, options = catalog.find("mobilenet"), self._weights("mobilenet", top=True)
        paths = self._files(self._given.photos)
        found = resolve(row, options.get("weights"), self._listen, top=True)
        engine = imagenet.network(row, found, self._listen)
        facts, rows = [], []
        for path in map(Path, paths):
            try:
                data = read_image(path)
                pixels = decode(data, row.size, "squash")
            except Unreadable as fault:
                self._listen(Notice(f"{path.name}: {fault.reason}. Left out."))
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
                where=str(self._given.photos),
                mend="Name another folder.",
            )
        save_sheet(rows, self._folder / "named.png")
        command = ["headstart", "classify", str(self._given.photos), "--backbone", "mobilenet"]
        command += as_flags(options)
        return replace(section, facts=facts, picture="named.png", command=shlex.join(command))

    def augmentation(self, section: Section) -> Section:
        source = self._cats_dogs if self._given.cats_dogs else self._sign_digits
        chosen = options_from(TrainOptions, source.options)
        sample, data, photo = self._first(scan_with(source.path, chosen, self._listen).items)
        key = sha256(data).hexdigest()
        ranges = Augmentation(augment="standard")  # those of the tutorial
        views = [view(photo, ranges, view_seed(0, key, i)) for i in range(10)]
        labels = ["original", *(f"view {i}" for i in range(1, 11))]
        strip = Strip(sample.name, [photo, *views], labels)
        write_bytes(self._folder / "views.png", contact_sheet("", [strip], columns=6))
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

    def _train(
        self, section: Section, name: str, source: _Source, more: Mapping[str, Any] | None = None
    ) -> tuple[Section, Run]:
        options = {**source.options, **(more or {})}
        if self._given.quick:
            options["epochs"] = 1
            if not catalog.find(options.get("backbone", catalog.DEFAULT)).fixed:
                options["size"] = 96
        return self._steps.train(section, name, source.path, options)

    def _photos(self, section: Section, source: _Source, published: Sequence[str]) -> Section:
        chosen = options_from(TrainOptions, source.options)
        photos = list_photos(source.path, chosen, self._listen, to_train=True)
        count = Counter(parted(photos, chosen).sides.tolist())
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
        source = self._given.cats_dogs
        if source is None:
            raise LackingError(
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
        counts = "20,5,5" if self._given.quick else "500,100,50"
        return _Source(source, {**layout, "per_class": counts})

    @cached_property
    def _sign_digits(self) -> _Source:
        source = self._given.sign_digits
        if source is None:
            raise LackingError(
                "give the photos with --sign-digits; docs/tutorial.md says where from."
            )
        return _Source(source, {"per_class": "3,1,1" if self._given.quick else "rest,30,5"})

    def _weights(self, backbone: str, *, top: bool = False) -> dict[str, str]:
        """The option that names the backbone's weights, where they were given."""
        given, row = self._given.weights, catalog.find(backbone)
        if given == "random":
            if top:
                raise LackingError("random weights tell no classes apart.")
            return {"weights": "random"}
        names = names_of_files(row, top)
        paths = [path for name in names if given and (path := Path(given, name)).is_file()]
        if paths:
            return {"weights": str(paths[0])}
        try:
            resolve(row, None, self._listen, top=top)
        except MissingError as error:
            raise LackingError(
                f"{error.problem} Give a folder with {' or '.join(names)} to --weights."
            ) from error
        return {}


def _of_signs(run: Run) -> list[Fact]:
    right, n = right_of(run.metrics["test"])
    return [
        Fact("validation accuracy", "99%", accuracy(run.metrics, "validation")),
        Fact("training accuracy", "99.88%", accuracy(run.metrics, "train")),
        Fact("test photos named correctly", "50 of 50", f"{right} of {n}"),
        Fact("size of the saved model", "17 MB", megabytes(run.folder / BUNDLE)),
    ]
