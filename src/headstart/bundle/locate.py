"""From what the user calls a model to a bundle's path; and files that only look like one."""

import difflib
from pathlib import Path

from headstart.errors import ModelError
from headstart.store.files import printable

BUNDLE = "model.headstart"

_GIVE = "Give a bundle, or the run folder that holds one."
_OWN_ONLY = (
    "headstart opens its own bundles only: give the model.headstart of a run, "
    "or make one with `headstart train`."
)
_RUNS_CODE = f"To load a pickle is to run whatever code is in it. {_OWN_ONLY}"
_KERAS = f"Keras itself opens it, if you trust where it comes from. {_OWN_ONLY}"

_FOREIGN = (  # kind, first bytes, suffixes, mend
    ("an HDF5 file such as Keras' .h5", (b"\x89HDF\r\n\x1a\n",), (".h5", ".hdf5"), _KERAS),
    ("a pickle", tuple(b"\x80%c" % p for p in range(2, 6)), (".pkl", ".pickle"), _RUNS_CODE),
    ("a joblib file, a form of pickle", (), (".joblib",), _RUNS_CODE),
    ("a PyTorch file, a form of pickle", (), (".pt", ".pth"), _RUNS_CODE),
)
_KERAS_MEMBERS = (b"metadata.json", b"config.json", b"model.weights.h5")


def not_usable(path: Path, problem: str, mend: str = _GIVE) -> ModelError:
    """The error for a path that holds no bundle."""
    return ModelError(problem, where=printable(str(path)), mend=mend)


def locate(model: str | Path) -> Path:
    """The bundle that is meant by a bundle file or a run folder.

    Raises:
        ModelError: nothing is there, or a folder that holds no bundle.
    """
    path = Path(model)
    try:
        if path.is_dir():
            return _in_folder(path)
        if path.exists():
            return path
    except OSError as error:
        raise not_usable(path, f"cannot be opened ({error.strerror or error}).") from error
    raise not_usable(path, "no such file or folder.", _nearest(path))


def refuse_foreign(path: Path, start: bytes) -> None:
    """Refuse, without opening it, a file that is not a bundle, and say what it is.

    Args:
        path: for its suffix and the message.
        start: the file's first 256 bytes, or all of a shorter one.

    Raises:
        ModelError: the file does not begin as a bundle does.
    """
    if start.startswith(b"PK\x03\x04"):
        name = start[30 : 30 + int.from_bytes(start[26:28], "little")]
        if name in _KERAS_MEMBERS or path.suffix.lower() == ".keras":
            raise _foreign(path, "a Keras model (.keras)", _KERAS)
        return
    suffix = path.suffix.lower()
    for kind, beginnings, _, mend in _FOREIGN:
        if start.startswith(beginnings):
            raise _foreign(path, kind, mend)
    for kind, _, suffixes, mend in _FOREIGN:
        if suffix in suffixes:
            raise _foreign(path, kind, mend)
    shown = printable(start[:8].decode("utf-8", "surrogateescape"))
    raise not_usable(path, f"is not a bundle (it starts with '{shown}').", _OWN_ONLY)


def _in_folder(folder: Path) -> Path:
    bundle = folder / BUNDLE
    if bundle.exists():
        return bundle
    if (folder / "saved_model.pb").exists():
        raise _foreign(folder, "a TensorFlow SavedModel", _KERAS)
    if (folder / "metrics.json").exists():
        raise not_usable(
            folder,
            "is a finished run without a classifier: it judged one that lies elsewhere.",
            "Give that one; the page in the folder names it.",
        )
    if (folder / "options.json").exists():
        raise not_usable(
            folder,
            f"holds a run without {BUNDLE}: it has not finished.",
            "Wait for it, or train again.",
        )
    others = sorted(printable(path.name) for path in folder.glob("*.headstart"))
    inside = sorted(printable(path.parent.name) for path in folder.glob(f"*/{BUNDLE}"))
    if others or inside:
        mend = f"In it: {', '.join((others + inside)[:5])}. Give one of these."
    else:
        mend = _OWN_ONLY
    raise not_usable(folder, f"is a folder without {BUNDLE}.", mend)


def _nearest(path: Path) -> str:
    """What to give instead of a path that is not there."""
    folder = path.parent
    if not folder.is_dir():
        return f"The folder {printable(str(folder))} is not there either: check the path."
    names = [other.name for other in folder.iterdir()]
    close = difflib.get_close_matches(path.name, names, n=3)
    if close:
        return f"Did you mean {' or '.join(printable(str(folder / name)) for name in close)}?"
    return _GIVE


def _foreign(path: Path, kind: str, mend: str) -> ModelError:
    return not_usable(path, f"is {kind}, not a bundle; it was not opened.", mend)
