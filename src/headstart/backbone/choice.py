"""Which precision: the fast one where it is proved on the user's own photos."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from heapq import nsmallest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.engine import Engine, Floats, Pixels
from headstart.errors import OptionError
from headstart.options import Precision
from headstart.store.files import cache_root, key_of, write_json

NEEDED = 0.99
PHOTOS = 32


@dataclass(frozen=True)
class Agreement:
    """How well bfloat16 features agree with float32 ones.

    Attributes:
        cosine: the least, over the photos, of the cosine between the two feature vectors of
            one photo, each less the mean float32 vector: what all photos share hides nothing.
        needed: bfloat16 is taken from this figure on.
        photos: how many were compared.
    """

    cosine: float
    needed: float
    photos: int

    @property
    def holds(self) -> bool:
        return self.cosine >= self.needed


def choose(
    engine: Callable[[Floats], Engine],
    wanted: Precision,
    some_photos: Callable[[], Pixels],
    photos: str,
    *,
    bfloat16: bool,
) -> tuple[Engine, Agreement | None]:
    """The engine for a network, and what its precision rests on.

    Args:
        engine: makes the network's engine of one precision.
        wanted: `auto` compares bfloat16 with float32 where the processor has both.
        some_photos: decodes up to `PHOTOS` photos, uint8 (n, H, W, 3).
        photos: a key that stands for what `some_photos` gives; the comparison is kept under
            it and made once.
        bfloat16: whether there is an engine that computes in bfloat16 here.

    Raises:
        OptionError: bfloat16 is asked for where there is none.
    """
    if wanted == "float32" or (wanted == "auto" and not bfloat16):
        return engine("float32"), None
    if not bfloat16:
        raise OptionError(
            "--precision bfloat16: features are not computed in bfloat16 on this machine.",
            mend="Leave the option out, or give float32.",
        )
    fast = engine("bfloat16")
    if wanted == "bfloat16":
        return fast, None
    place = cache_root() / "agreement" / f"{key_of(engine=fast.key, photos=photos)}.json"
    agreement = _kept(place)
    plain = None
    if agreement is None:
        plain = engine("float32")
        pixels = some_photos()
        agreement = compare(plain.run(pixels), fast.run(pixels))
        write_json(place, asdict(agreement))
    if agreement.holds:
        return fast, agreement
    return plain or engine("float32"), agreement


def drawn_photos(keys: Sequence[str]) -> list[int]:
    """Which photos to compare precisions on: a draw from all of them, whatever their names.

    The draw is that of the contents' hashes, so it stays the same when photos are added, but
    for the few of the new ones that are drawn.

    Args:
        keys: SHA-256 of each photo's content, length n.

    Returns:
        min(n, `PHOTOS`) numbers of photos.
    """
    return nsmallest(PHOTOS, range(len(keys)), key=keys.__getitem__)


def compare(plain: NDArray[np.float32], fast: NDArray[np.float32]) -> Agreement:
    """Compare float32 (n, n_features) with what another arithmetic made of the same photos."""
    middle = plain.mean(axis=0) if len(plain) > 1 else np.zeros(plain.shape[1], np.float32)
    a, b = plain - middle, fast - middle
    length = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = float(np.min(np.sum(a * b, axis=1) / np.maximum(length, 1e-30))) if len(a) else 0.0
    return Agreement(cosine if np.isfinite(cosine) else 0.0, NEEDED, len(plain))


def _kept(place: Path) -> Agreement | None:
    try:
        kept = json.loads(place.read_text())
        return Agreement(float(kept["cosine"]), NEEDED, int(kept["photos"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
