"""Exact resume: all that the next epoch depends on, in one file that is whole or not there.

A checkpoint is a safetensors file: arrays of numbers, and a JSON document in its header. It
is written in one step, after an epoch that ends a second or more after the last one that was
kept so, and at the end: a run that is killed at any moment loses a second, or an epoch.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from headstart.errors import ModelError
from headstart.store.files import printable, write_bytes

_HEADER = "headstart"
_RESTART = "Train again without --resume, or take back what differs."

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Training as it stands after an epoch.

    Attributes:
        about: what the training is of: data, options, versions. JSON values only.
        state: what else the next epoch needs: history, best epoch. JSON values only.
        arrays: weights, optimizer, random states.
    """

    about: dict[str, Any]
    state: dict[str, Any]
    arrays: Arrays


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint at `path` in one step.

    Raises:
        OutputError: the place refuses the write; what was there before stays whole.
    """
    document = json.dumps({"about": checkpoint.about, "state": checkpoint.state}, sort_keys=True)
    arrays = {name: np.asarray(array, order="C") for name, array in checkpoint.arrays.items()}
    write_bytes(path, safetensors.numpy.save(arrays, {_HEADER: document}))


def read(path: Path, about: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint at `path`; None if there is none yet.

    Args:
        about: what the training is of now.

    Raises:
        ModelError: it is of another training, with the list of differences; or damaged.
    """
    where = printable(str(path))
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            document = json.loads((file.metadata() or {})[_HEADER])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found = Checkpoint(document["about"], document["state"], arrays)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"is no checkpoint that can be read ({error}).",
            where=where,
            mend="Train again without --resume.",
        ) from error
    differing = list(differences(found.about, about))
    if differing:
        raise ModelError(
            f"is of another training: {'; '.join(differing)}.", where=where, mend=_RESTART
        )
    return found


def differences(then: Mapping[str, Any], now: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """What two nested documents differ in, one phrase each: `options.epochs was 8, is 4`."""
    for name in sorted(then.keys() | now.keys()):
        old, new = then.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, f"{at}{name}.")
        elif old != new:
            yield f"{at}{name} was {_short(old)}, is {_short(new)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
