"""The heat maps of `predict --explain`: a PNG file for each photo."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from headstart.bundle.classifier import Classifier
from headstart.data.pixels import Unreadable, read_image
from headstart.errors import OutputError
from headstart.evaluation.explain import Explanation
from headstart.parallel import cores, side_by_side
from headstart.report.overlay import picture
from headstart.store.files import cannot_write, printable, write_bytes


class Maps:
    """Draws heat maps into a folder, and never over a photo.

    Args:
        folder: is made, unless it is there and empty.
        inputs: what is predicted.
        force: the folder may hold files; those of the same names are replaced.

    Raises:
        OutputError: the folder holds files, lies among the photos, or cannot be made.
    """

    def __init__(
        self, classifier: Classifier, folder: Path, inputs: Sequence[str], force: bool
    ) -> None:
        self._classifier, self._folder = classifier, folder
        self._taken: set[str] = set()
        for item in inputs:
            if os.path.isdir(item) and folder.resolve().is_relative_to(Path(item).resolve()):
                raise self._among_the_photos()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            filled = any(folder.iterdir())
        except OSError as error:
            raise cannot_write(folder, None, error) from error
        if filled and not force:
            raise OutputError(
                "holds files.",
                where=printable(str(folder)),
                mend="Name another folder with --explain, or give --force: files of the same "
                "names are replaced.",
            )

    def of(self, photos: Sequence[str]) -> Iterator[str | None]:
        """Draw the map of each photo for its most probable class.

        Yields:
            Where it lies; None of a photo that can no longer be read.
        """
        resize = self._classifier.manifest.image.resize

        def draw(found: tuple[str, Path, list[Explanation] | str]) -> str | None:
            path, place, answer = found
            if isinstance(answer, str):
                return None
            try:
                content = read_image(path)
                write_bytes(place, picture(content, answer[0], resize))
            except Unreadable:
                return None
            return str(place)

        places = [self._place(path) for path in photos]
        explained = zip(photos, places, self._classifier.try_explain(photos), strict=True)
        return (drawn for _, drawn in side_by_side(draw, explained, cores()))

    def _place(self, photo: str) -> Path:
        """A name for the map of a photo that no other has, whatever the case of letters."""
        path = Path(photo)
        if path.resolve().parent == self._folder.resolve():
            raise self._among_the_photos()
        name, n = f"{path.stem}.png", 1
        while name.casefold() in self._taken:
            n += 1
            name = f"{path.stem}-{n}.png"
        self._taken.add(name.casefold())
        return self._folder / name

    def _among_the_photos(self) -> OutputError:
        return OutputError(
            "lies among the photos.",
            where=printable(str(self._folder)),
            mend="Name another folder with --explain.",
        )
