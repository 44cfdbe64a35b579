"""Where a backbone's weights are, and what identifies them.

No TensorFlow here: Keras' own cache is looked into by file name. What is not there is
fetched by Keras itself, in a child process.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headstart.backbone import child, packaged
from headstart.backbone.catalog import Backbone
from headstart.errors import MissingError, OptionError
from headstart.events import Listener, Notice, nobody
from headstart.store.files import printable, sha256_of_file

_RANDOM = re.compile(r"random(?:-(\d{1,10}))?")


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of one backbone.

    Attributes:
        path: the file that holds them; None if they are random.
        digest: the file's SHA-256, or `random-SEED`.
    """

    path: Path | None
    digest: str

    @property
    def seed(self) -> int | None:
        """What random weights are drawn with; None for weights from a file."""
        return int(self.digest.removeprefix("random-")) if self.path is None else None


def present(backbone: Backbone, *, top: bool = False) -> Path | None:
    """Where the published weights lie on this machine; None if they are still to be fetched.

    Args:
        top: only a file that holds the classification top will do.
    """
    if backbone.packaged:
        with suppress(MissingError):
            return packaged.weights_file()
    files = (folder / file for folder in _keras_caches() for file in names_of_files(backbone, top))
    return next((path for path in files if path.is_file()), None)


def names_of_files(backbone: Backbone, top: bool) -> tuple[str, ...]:
    """The names of the published files that will do, with their top or whether or not."""
    return backbone.files[-1:] if top else backbone.files


def resolve(
    backbone: Backbone, given: str | None = None, listen: Listener = nobody, *, top: bool = False
) -> Weights:
    """The weights to use: those given, else the published ones, fetched if need be.

    Args:
        given: a weight file in Keras' own format, with or without top; or `random`, or
            `random-SEED`, for measuring.
        top: of the published weights, those that hold the classification top.

    Raises:
        OptionError: `given` names nothing that this backbone can take.
        MissingError: nothing is given, nothing is here, and nothing can be fetched.
    """
    if backbone.scratch and (given is None or not _RANDOM.fullmatch(given)):
        raise OptionError(
            f"{backbone.name} is trained from nothing and takes no weights.",
            where="--weights",
            mend="Leave it out; --seed draws others.",
        )
    random = _RANDOM.fullmatch(given or "")
    if random:
        return Weights(None, f"random-{int(random[1] or 0)}")
    if given is not None:
        return _given_file(backbone, Path(given).expanduser())
    if backbone.packaged:
        return Weights(packaged.weights_file(), packaged.DIGEST)  # compared whenever it is read
    path = present(backbone, top=top) or _fetched(backbone, listen, top)
    return Weights(path, sha256_of_file(path))


def _given_file(backbone: Backbone, path: Path) -> Weights:
    where = printable(str(path))
    if backbone.packaged:
        raise OptionError(
            f"{backbone.name} brings its own weights and takes no file.",
            where="--weights",
            mend="Leave it out, or name the --backbone that the file belongs to.",
        )
    if not path.is_file():
        raise OptionError("is no file.", where=where, mend="Give the weight file to --weights.")
    if path.suffix not in (".h5", ".hdf5"):
        raise OptionError(
            "is not a weight file by its name.",
            where=where,
            mend="Give a file of Keras' that ends in .h5 or .weights.h5.",
        )
    return Weights(path, sha256_of_file(path))


def _fetched(backbone: Backbone, listen: Listener, top: bool) -> Path:
    if not backbone.files:
        raise MissingError(
            f"No weights of {backbone.name} are published.",
            where="--weights",
            mend="Give a file, or choose mobilenet-0.25, mobilenet-0.5, mobilenet-0.75 or "
            "mobilenet.",
        )
    listen(Notice(f"Fetching the weights of {backbone.name} once, by way of Keras."))
    child.run("headstart.backbone.fetch", {"backbone": backbone.name, "top": top})
    path = present(backbone, top=top)
    if path is None:
        wanted = names_of_files(backbone, top)
        raise RuntimeError(f"Keras fetched {backbone.name} and kept none of {wanted}")
    return path


def _keras_caches() -> Iterator[Path]:
    """The folders that Keras keeps downloads in, by its own rule."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    yield home / "models"
    if not os.access(home if home.exists() else home.parent, os.W_OK):
        shared = Path("/tmp")
        yield (shared if shared.is_dir() else Path(tempfile.gettempdir())) / ".keras" / "models"
