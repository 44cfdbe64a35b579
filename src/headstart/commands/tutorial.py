"""`headstart tutorial`: the sections of a tutorial on Keras, beside what it published."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path

from headstart.commands.output import Flag, print_json
from headstart.commands.progress import listening
from headstart.errors import InputError, OptionError, OutputError, SourceError
from headstart.report.sections import Section, render
from headstart.store.files import cannot_write, printable, write_text
from headstart.tutorial.course import sections
from headstart.tutorial.steps import Given

PAGE = "tutorial.html"


def run(
    *,
    cats_dogs: Path | None = None,
    sign_digits: Path | None = None,
    photos: Path | None = None,
    weights: str | None = None,
    out: Path | None = None,
    quick: Flag = False,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Run the sections of a Keras tutorial, each beside what it published.

    Those on a table make their data themselves. A section whose photos or weights are not given
    is left out, and the page says so; see docs/tutorial.md.

    Parameters
    ----------
    cats_dogs
        Cats and dogs: Kaggle's zip as it comes, its folder, or a folder of class folders.
    sign_digits
        Hands that show the digits 0 to 9, one folder a digit.
    photos
        Folder of photos for MobileNet to name.
    weights
        Folder of Keras' weight files for VGG16 and MobileNet; or `random`, to see that all
        runs. [default: those that Keras keeps, or fetches]
    out
        New folder for the page and all runs. [default: runs/tutorial-N]
    quick
        Take few photos and one epoch, to see that all runs: the figures mean nothing.
    json
        Print the sections as one JSON document.
    quiet
        Print nothing but errors.
    """
    for option, path in {"cats-dogs": cats_dogs, "sign-digits": sign_digits}.items():
        if path is not None and not path.exists():
            raise SourceError(
                "is not there.", where=printable(str(path)), mend=f"Name photos by --{option}."
            )
    if photos is not None and not photos.is_dir():
        raise SourceError(
            "is no folder.", where=printable(str(photos)), mend="Name a folder by --photos."
        )
    if weights not in (None, "random") and not os.path.isdir(weights):
        raise OptionError(
            f"{printable(weights)} is no folder.",
            where="--weights",
            mend="Name the folder that holds Keras' weight files, or leave it out.",
        )
    given = Given(cats_dogs, sign_digits, photos, weights, quick)
    if out is not None:
        _stay_outside(out, cats_dogs, sign_digits, photos)
    folder = _made(out)
    page = folder / PAGE

    def tell(so_far: list[Section]) -> None:
        write_text(page, render(so_far, folder, quick))

    with listening(quiet) as listen:
        found = sections(given, folder, listen, tell)
    if json:
        print_json({"format": 1, "page": str(page), "sections": [asdict(each) for each in found]})
    elif not quiet:
        _print(found, page)
    failed = [each.title for each in found if each.failed]
    if failed:
        raise InputError(
            f"An error ended {len(failed)} of the sections: {'; '.join(failed)}.",
            mend=f"The page says what was wrong: {printable(str(page))}",
        )


def _stay_outside(out: Path, *sources: Path | None) -> None:
    place = out.resolve()
    if any(each and each.is_dir() and place.is_relative_to(each.resolve()) for each in sources):
        raise OutputError(
            "lies inside the photos.",
            where=printable(str(out)),
            mend="Name another place with --out.",
        )


def _made(out: Path | None) -> Path:
    """A new folder for it all.

    Raises:
        OutputError: it is there already, or cannot be made.
    """
    numbered = (Path("runs", f"tutorial-{number}") for number in count(1))
    for folder in [out] if out else numbered:
        try:
            folder.mkdir(parents=True)
            return folder.absolute()
        except FileExistsError as error:
            if out:
                raise OutputError(
                    "is there already.", where=printable(str(out)), mend="Name a new folder."
                ) from error
        except OSError as error:
            raise cannot_write(folder, None, error) from error
    raise AssertionError("there is always one more number")


def _print(found: Sequence[Section], page: Path) -> None:
    """A line for each section, with its chief figure."""
    for each in found:
        seconds = "" if each.seconds is None else f"{each.seconds:,.1f} s"
        state = "failed" if each.failed else "not run" if each.fault else seconds
        print(f"{each.title:<42}{state:>10}")
        if each.facts:
            chief = each.facts[0]
            print(f"    {chief.what}: {chief.published} published, {chief.ours} here")
    print(f"Page: {printable(str(page))}")
