"""JSON from a file that nobody vouches for: one meaning, bounded, finite."""

import json
import math
import re
from collections import Counter
from typing import Any

from headstart.bundle.refusal import Refused

DEPTH_LIMIT = 32
SIZE_LIMIT = 1 << 20  # bytes: a manifest, or the header of a safetensors entry

# The closing quote is optional, so that a string without one costs a single pass, not many.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[{\]}]")


def parse_object(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`, UTF-8.

    Raises:
        Refused: over 1 MB, deeper than 32, a key given twice, NaN or infinity (also a number
            too large for a float), not JSON, or not an object.
    """
    if len(data) > SIZE_LIMIT:
        raise Refused(f"it has {len(data):,} bytes, more than the {SIZE_LIMIT:,} allowed.")
    _check_depth(data)
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_twins,
            parse_constant=_not_finite,
            parse_float=_finite,
        )
    except ValueError as error:  # UnicodeDecodeError, JSONDecodeError, too many digits
        raise Refused(f"it is not JSON ({error}).") from error
    if not isinstance(document, dict):
        raise Refused("it is not a JSON object.")
    return document


def _check_depth(data: bytes) -> None:
    """Bound the depth before the parser, which recurses, sees the text."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_LIMIT:
            raise Refused(f"its JSON is nested deeper than {DEPTH_LIMIT}.")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        (twin, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise Refused(f"its JSON gives the key {twin[:100]!r} twice.")
    return result


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _not_finite(text)


def _not_finite(text: str) -> float:
    raise Refused(f"its JSON holds {text[:20]}, which is not a finite number.")
