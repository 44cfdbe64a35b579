"""What a weight file may hold before anything reads arrays out of it.

HDF5 can point out of the file: external links, external storage and virtual datasets make
whoever opens it read other files (CVE-2026-1669); a dataset of terabytes costs no bytes in
it. Weight files need none of that. What else `.h5` files may carry, a model's
configuration, is never looked at: we build the network ourselves (CVE-2025-9905).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.errors import ModelError
from headstart.store.files import printable


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A weight file that is fit to be read.

    Attributes:
        path: where it lies.
        arrays: how many arrays of floating-point numbers, optimizer state not counted.
        numbers: how many numbers in them.
        legacy: it has the layout that Keras used before version 3 (and `.h5` still has).
    """

    path: Path
    arrays: int
    numbers: int
    legacy: bool


def inspect(path: Path) -> WeightFile:
    """Check that a weight file is made of groups and plain arrays only, and count those.

    Raises:
        ModelError: it is not HDF5, is damaged, or holds anything else.
    """
    import h5py

    found: list[int] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Group):
            for link in item:
                if not isinstance(item.get(link, getlink=True), h5py.HardLink):
                    raise _refused(path, f"it has a link in it ({name}/{link})")
        elif not isinstance(item, h5py.Dataset):
            raise _refused(path, f"{name} is not an array")
        elif item.is_virtual or item.external:
            raise _refused(path, f"{name} lies in another file")
        elif item.dtype.kind not in "biuf":
            raise _refused(path, f"{name} holds no numbers")
        elif item.size is None or item.nbytes > item.id.get_storage_size():
            raise _refused(path, f"{name} says it has {item.nbytes:,} bytes and has fewer")
        elif item.dtype.kind == "f" and not name.startswith(("optimizer", "metrics")):
            found.append(item.size)

    try:
        with h5py.File(path, "r") as file:
            visit("", file)
            file.visititems(visit)  # once each, and along no link but hard ones
            legacy = "layers" not in file
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise _refused(path, f"it cannot be read ({str(error).splitlines()[0]})") from error
    return WeightFile(path, len(found), sum(found), legacy)


def _refused(path: Path, why: str) -> ModelError:
    return ModelError(
        f"is not a weight file as Keras writes it: {why}.",
        where=printable(str(path)),
        mend="Fetch it again from where Keras has it, or save it anew with model.save_weights.",
    )
