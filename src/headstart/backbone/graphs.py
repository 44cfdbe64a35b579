"""Networks as OpenVINO graphs, kept on disk so that each is made once.

A graph is a folder in the cache: `model.xml`, `model.bin` and the SHA-256 of both, which
are compared before the graph is used. A folder that is damaged is made again.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.errors import OutputError
from headstart.store.files import cache_root, printable, sha256_of_file, write_json

if TYPE_CHECKING:
    from openvino import Model

XML, BIN = "model.xml", "model.bin"
_SUMS = "sha256.json"


@dataclass(frozen=True, slots=True)
class Graph:
    """A network in OpenVINO's own form.

    Its input is `pixels`, uint8 (n, H, W, 3) RGB; its output `features`, float32
    (n, n_features), or `probabilities`, float32 (n, 1000). Preprocessing is inside.

    Attributes:
        folder: where its files lie.
        digest: stands for all that its numbers depend on but the engine: network, weights,
            size, and how it was made.
    """

    folder: Path
    digest: str

    @property
    def xml(self) -> Path:
        return self.folder / XML

    @property
    def bin(self) -> Path:
        return self.folder / BIN

    def read(self) -> "Model":
        """The graph as OpenVINO has it; its constants are mapped from the file, not copied."""
        from headstart.backbone.quiet_openvino import openvino

        return openvino.Core().read_model(self.xml, self.bin)


def kept(digest: str, make: Callable[[Path], None]) -> Graph:
    """The graph known by `digest`; made now, unless it is there whole.

    Args:
        make: writes the two files of the graph into the folder that it is given.

    Raises:
        OutputError: the cache cannot be written to.
    """
    place = cache_root() / "graphs" / digest
    if not _whole(place):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent)
        except OSError as error:
            raise _cannot_write(place, str(error.strerror)) from error
        with temporary as folder:
            made = Graph(Path(folder) / "graph", digest)
            made.folder.mkdir()
            make(made.folder)
            try:
                made.read()  # OpenVINO does not tell of every write that failed
            except RuntimeError as error:
                raise _cannot_write(place, "what was written cannot be read again") from error
            write_json(made.folder / _SUMS, _sums(made.folder))
            _install(made.folder, place)
    with suppress(OSError):  # it belongs to another user
        os.utime(place)  # the last to go when room is needed
    return Graph(place, digest)


def serialize(model: "Model", folder: Path) -> None:
    """Write the two files of a graph into a folder.

    Raises:
        OutputError: the disk has no room for them, or fails.
    """
    from headstart.backbone.quiet_openvino import openvino

    try:
        openvino.serialize(model, folder / XML, folder / BIN)
    except RuntimeError as error:  # it does not say why
        constants = (node for node in model.get_ops() if node.get_type_name() == "Constant")
        needed = sum(node.get_byte_size() for node in constants)
        free = shutil.disk_usage(folder).free
        raise OutputError(
            f"cannot be written ({free:,} bytes are free, about {needed:,} are needed).",
            where=printable(str(folder)),
            mend="Free space there, or name another place; HEADSTART_CACHE_DIR moves the cache.",
        ) from error


def is_kept(digest: str) -> bool:
    """Whether the graph known by `digest` is there; only `kept` looks whether it is whole."""
    return (cache_root() / "graphs" / digest).is_dir()


def _install(made: Path, place: Path) -> None:
    """Give a finished folder its name, in one step."""
    try:
        if not _whole(place):  # it was damaged, or is not there
            shutil.rmtree(place, ignore_errors=True)
            os.rename(made, place)
    except OSError as error:
        if not _whole(place):  # by now another process may have made the same
            raise _cannot_write(place, str(error.strerror)) from error


def _whole(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / _SUMS).read_text()) == _sums(folder))
    except (OSError, ValueError):
        return False


def _sums(folder: Path) -> dict[str, str]:
    return {name: sha256_of_file(folder / name) for name in (XML, BIN)}


def _cannot_write(place: Path, reason: str) -> OutputError:
    return OutputError(
        f"cannot be written ({reason}).",
        where=printable(str(place)),
        mend="Free space there, or move the cache with HEADSTART_CACHE_DIR.",
    )
