"""`headstart augment`: random views of photos, on a contact sheet or as files."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.augmentation import Augmentation
from headstart.commands.output import Flag, Flat, print_json
from headstart.commands.progress import listening
from headstart.data.augment import key, view, view_seed
from headstart.data.pixels import Unreadable, decode, read_image
from headstart.data.samples import image_files
from headstart.errors import OptionError, OutputError, SourceError
from headstart.events import Listener, Notice, Progress
from headstart.findings import LeftOut
from headstart.options import Resize
from headstart.parallel import cores, side_by_side
from headstart.report.sheet import Strip, contact_sheet
from headstart.report.words import number
from headstart.store.files import printable, write_bytes
from headstart.store.target import spare

Format = Literal["jpeg", "png"]

_DEFAULTS = Augmentation(augment="standard")
_ON_A_SHEET = 4  # photos
_LIMITS = {"count": (1, 1000), "size": (32, 1024), "seed": (0, 2**32 - 1)}


def run(
    source: Path,
    /,
    *,
    out: Path | None = None,
    save_to: Path | None = None,
    count: int = 9,
    prefix: str | None = None,
    format: Format | None = None,
    size: int = 224,
    resize: Resize = "squash",
    seed: int = 0,
    force: Flag = False,
    augmentation: Annotated[Augmentation, Flat] = _DEFAULTS,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Show random views of photos beside the originals, or save the views.

    They are views of the photo as a network receives it. With neither a preset nor a range
    given, the preset is `standard`.

    Parameters
    ----------
    source
        A photo, or a folder of photos; of a folder, a sheet shows four from all over it.
    out
        The contact sheet, a PNG file. [default: augment-NAME.png]
    save_to
        Save the views below this folder instead, those of cat/1.jpg in its folder cat.
    count
        Views of each photo.
    prefix
        How the names of saved views begin: PREFIX_PHOTO_0001.jpeg. [default: view]
    format
        Format of saved views, jpeg or png. [default: jpeg]
    size
        Side of a view in pixels.
    resize
        How a photo becomes a square: squash it, crop its middle, or pad its sides.
    seed
        Seed of the views.
    force
        Replace files of the same names.
    json
        Print what was made as one JSON document.
    quiet
        Print nothing but errors.
    """
    _check({"count": count, "size": size, "seed": seed})
    if not key(augmentation):
        raise OptionError(
            "Nothing about a photo is to change.",
            mend="Give `--augment light`, `standard` or `strong`, or a range above 0.",
        )
    views = _Views(augmentation, count, size, resize, seed)
    photos = _photos(source)
    with listening(quiet) as listen:
        if save_to is None:
            _refuse({"--prefix": prefix, "--format": format}, "only with --save-to")
            made = _sheet(views, photos, _place(source, out, force), listen)
        else:
            _refuse({"--out": out}, "only without --save-to")
            _stay_outside(save_to, source)
            targets = _targets(photos, save_to, prefix or "view", format or "jpeg", count, force)
            made = _save(views, photos, targets, listen)
    if json:
        chosen = augmentation.model_dump(mode="json")
        print_json({"format": 1, "augmentation": chosen, "seed": seed, **made})
    elif not quiet and save_to is None:
        print(f"Sheet: {printable(made['sheet'])}")
    elif not quiet:
        of = number(len(made["photos"]), "photo")
        print(f"{number(len(made['saved']), 'view')} of {of}: {printable(str(save_to))}")


@dataclass(frozen=True, slots=True)
class _Views:
    """What is done with each photo."""

    augmentation: Augmentation
    count: int
    size: int
    resize: Resize
    seed: int

    def of(self, path: str) -> list[NDArray[np.uint8]]:
        """The photo, then its views: uint8 (size, size, 3) each.

        Raises:
            Unreadable: it is no photo.
        """
        data = read_image(path)
        photo = decode(data, self.size, self.resize)
        content = sha256(data).hexdigest()
        seeds = (view_seed(self.seed, content, i) for i in range(self.count))
        return [photo, *(view(photo, self.augmentation, seed) for seed in seeds)]


def _check(numbers: Mapping[str, int]) -> None:
    for name, value in numbers.items():
        least, most = _LIMITS[name]
        if not least <= value <= most:
            raise OptionError(
                f"--{name} {value} is out of range.", mend=f"Give {least} to {most:,}."
            )


def _refuse(options: Mapping[str, object], when: str) -> None:
    """No option may be given that would do nothing."""
    for name, value in options.items():
        if value is not None:
            raise OptionError(f"{name} does something {when}.", mend="Leave one of them out.")


def _photos(source: Path) -> dict[str, str]:
    """The path of each photo by its name: relative to the folder, or the file's own.

    Raises:
        SourceError: nothing is there, or it cannot be opened.
    """
    where = printable(str(source))
    if not os.path.isdir(source):
        if not os.path.lexists(source):
            raise SourceError("is not there.", where=where, mend="Name a photo or a folder.")
        return {source.name: str(source)}
    try:
        paths = image_files(source)
    except OSError as error:
        raise SourceError(
            f"cannot be opened ({error.strerror}).", where=where, mend="Make it readable."
        ) from error
    if not paths:
        raise SourceError("no photo is there.", where=where, mend="Name a photo or a folder.")
    return {Path(path).relative_to(source).as_posix(): path for path in paths}


def _place(source: Path, out: Path | None, force: bool) -> Path:
    """Where the sheet goes: never beside the user's photos by default, nor over a file."""
    folder = os.path.isdir(source)
    name = source.resolve().name if folder else source.stem
    place = out or Path(f"augment-{name or 'photos'}.png")
    where = printable(str(place))
    if place.suffix.lower() != ".png":
        raise OptionError(f"--out {where} is no PNG file.", mend="Give it a name with .png.")
    if folder:
        _stay_outside(place, source)
    elif out is None and source.resolve().parent == Path.cwd():
        raise OutputError(
            "would lie beside your photo.", where=where, mend="Say so with --out, or name another."
        )
    spare(place, force)
    return place


def _stay_outside(place: Path, source: Path) -> None:
    if os.path.isdir(source) and place.resolve().is_relative_to(source.resolve()):
        raise OutputError(
            "lies inside the photos.",
            where=printable(str(place)),
            mend="Name another place with --out or --save-to.",
        )


def _targets(
    photos: Iterable[str], folder: Path, prefix: str, form: Format, count: int, force: bool
) -> dict[str, list[Path]]:
    """Where the views of each photo go, by its name; names that sort, and no two alike."""
    if prefix != Path(prefix).name:
        raise OptionError(
            f"--prefix {prefix!r} cannot begin the name of a file.", mend="Leave slashes out."
        )
    names = [Path(name) for name in photos]
    stems = {(name.parent, name.stem.casefold()) for name in names}
    alike = len(stems) < len(names)  # 1.jpg and 1.png: there the ending stays in the name
    targets = {
        name.as_posix(): [
            folder / name.parent / f"{prefix}_{name.name if alike else name.stem}_{i:04}.{form}"
            for i in range(1, count + 1)
        ]
        for name in names
    }
    for place in chain.from_iterable(targets.values()):
        spare(place, force)
    return targets


def _sheet(
    views: _Views, photos: Mapping[str, str], place: Path, listen: Listener
) -> dict[str, Any]:
    """Draw a contact sheet of a few photos that can be read."""
    strips: dict[str, Strip] = {}
    left_out: dict[str, str] = {}
    for name in _spread(list(photos), _ON_A_SHEET):
        try:
            pictures = views.of(photos[name])
        except Unreadable as error:
            _leave_out(name, error.reason, left_out, listen)
            continue
        labels = ["original", *(f"view {i}" for i in range(1, views.count + 1))]
        strips[name] = Strip(printable(name), pictures, labels)
        if len(strips) == _ON_A_SHEET:
            break
    _need(strips, left_out)
    title = f"{_described(views.augmentation)}; seed {views.seed}"
    write_bytes(place, contact_sheet(title, list(strips.values())))
    return {"photos": [*map(printable, strips)], "left_out": _listed(left_out), "sheet": str(place)}


def _save(
    views: _Views,
    photos: Mapping[str, str],
    targets: Mapping[str, Sequence[Path]],
    listen: Listener,
) -> dict[str, Any]:
    """Write the views of every photo that can be read."""

    def work(name: str) -> str:
        try:
            _, *pictures = views.of(photos[name])
        except Unreadable as error:
            return error.reason
        for picture, place in zip(pictures, targets[name], strict=True):
            write_bytes(place, _file(picture, place.suffix))
        return ""

    left_out: dict[str, str] = {}
    listen(Progress("Views", 0, len(photos)))
    for done, (name, fault) in enumerate(side_by_side(work, photos, cores()), start=1):
        if fault:
            _leave_out(name, fault, left_out, listen)
        listen(Progress("Views", done, len(photos)))
    whole = [name for name in photos if name not in left_out]
    _need(whole, left_out)
    saved = [str(place) for name in whole for place in targets[name]]
    return {"photos": [*map(printable, whole)], "left_out": _listed(left_out), "saved": saved}


def _spread(names: Sequence[str], n: int) -> list[str]:
    """All names, n from all over the list first: of class folders, photos of several classes."""
    return list(dict.fromkeys([*(names[i * len(names) // n] for i in range(n)), *names]))


def _leave_out(name: str, reason: str, left_out: dict[str, str], listen: Listener) -> None:
    left_out[name] = reason
    listen(Notice(f"{printable(name)}: {reason}. Left out."))


def _listed(left_out: Mapping[str, str]) -> list[dict[str, str]]:
    return [asdict(LeftOut(printable(name), reason)) for name, reason in left_out.items()]


def _need(readable: Iterable[str], left_out: Mapping[str, str]) -> None:
    if not any(True for _ in readable):
        name, reason = next(iter(left_out.items()))
        raise SourceError(
            f"No photo can be read; the first, {printable(name)}: {reason}.",
            mend="Give JPEG, PNG, WebP, GIF, BMP or TIFF files.",
        )


def _file(picture: NDArray[np.uint8], suffix: str) -> bytes:
    file = BytesIO()
    if suffix == ".jpeg":  # as good as JPEG is before files grow for nothing
        Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling=0)
    else:
        Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def _described(augmentation: Augmentation) -> str:
    """Preset and ranges in use, in words: `light: rotation ±5°, width shift ±5%`."""
    words = {
        "rotation_range": "rotation ±{:g}°",
        "width_shift_range": "width shift ±{:.0%}",
        "height_shift_range": "height shift ±{:.0%}",
        "shear_range": "shear ±{:g}°",
        "zoom_range": "zoom ±{:.0%}",
        "channel_shift_range": "channel shift ±{:g}",
        "horizontal_flip": "horizontal flip",
        "brightness_range": "brightness ±{:.0%}",
        "contrast_range": "contrast ±{:.0%}",
        "random_crop": "crop up to {:.0%}",
    }
    values = ((text, getattr(augmentation, name)) for name, text in words.items())
    ranges = ", ".join(text.format(value) for text, value in values if value)
    return ranges if augmentation.augment == "none" else f"{augmentation.augment}: {ranges}"
