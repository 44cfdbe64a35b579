"""The header of a safetensors entry, checked before any array is made from it.

The format: eight bytes with the header's length N, little-endian; N bytes of JSON that
give each tensor's dtype, shape and place; the arrays, which must fill the rest exactly.
"""

import math
from collections.abc import Mapping
from typing import Any

from headstart.bundle.manifest import Backboned, Manifest, TensorSpec
from headstart.bundle.refusal import Refused
from headstart.bundle.strict_json import SIZE_LIMIT, parse_object

ITEM_BYTES = {"F32": 4, "F16": 2, "F64": 8, "I64": 8, "I32": 4, "U8": 1}
RANK_LIMIT = 8


def tensor_specs(data: memoryview) -> dict[str, TensorSpec]:
    """Names, dtypes and shapes of the tensors in a safetensors entry, sorted by name.

    Raises:
        Refused: the header is over 1 MB, not JSON as it should be, names a dtype that
            headstart does not write, or describes other bytes than those that are there:
            too many, too few, overlapping, or with holes.
    """
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(len(data) - 8, SIZE_LIMIT):
        raise Refused(f"its header claims {size:,} bytes, of {len(data):,} and {SIZE_LIMIT:,}.")
    header = parse_object(bytes(data[8 : 8 + size]))
    header.pop("__metadata__", None)
    specs = {}
    places = []
    for name, record in header.items():
        specs[name], begin, end = _tensor(name, record)
        places.append((begin, end, name))
    reached = 0
    for begin, end, name in sorted(places):
        if begin != reached:
            kind = "overlaps another" if begin < reached else "leaves a hole before it"
            raise Refused(f"tensor {name!r} {kind}.")
        reached = end
    if reached != len(data) - 8 - size:
        raise Refused(f"its tensors claim {reached:,} bytes of {len(data) - 8 - size:,}.")
    return dict(sorted(specs.items()))


def check_weights(specs: Mapping[str, TensorSpec], manifest: Manifest) -> None:
    """Check that `weights.safetensors` holds what the head in the manifest is made of.

    Raises:
        Refused: a tensor is missing, has another shape or dtype, or belongs to no such head.
    """
    wanted = manifest.weights()
    for name, spec in wanted.items():
        if specs.get(name) != spec:
            found = f"is {specs[name]}" if name in specs else "is missing"
            raise Refused(f"tensor {name!r} {found}; the manifest needs {spec}.")
    more = sorted(specs.keys() - wanted.keys())
    owner = "packaged model"
    if isinstance(manifest.network, Backboned):
        kind = manifest.network.head.kind
        owner = f"{kind} head"
        if kind == "dense":  # beside it stand the layers of the backbone that were trained
            more = [name for name in more if not name.startswith("backbone/")]
    if more:
        raise Refused(f"tensor {more[0]!r} has no place in a {owner}.")


def _tensor(name: str, record: Any) -> tuple[TensorSpec, int, int]:
    """One tensor's dtype and shape, and where its bytes begin and end."""
    match record:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [begin, end]}:
            pass
        case _:
            raise Refused(f"tensor {name!r} is not described by dtype, shape and data_offsets.")
    if len(record) != 3 or any(type(number) is not int for number in [*shape, begin, end]):
        raise Refused(f"tensor {name!r} is not described by whole numbers.")
    if dtype not in ITEM_BYTES:
        raise Refused(f"tensor {name!r} has the dtype {dtype!r}, not {', '.join(ITEM_BYTES)}.")
    if len(shape) > RANK_LIMIT or any(length < 1 for length in shape) or begin < 0:
        raise Refused(f"tensor {name!r} has a shape or place that no array has.")
    if end - begin != math.prod(shape) * ITEM_BYTES[dtype]:
        raise Refused(f"tensor {name!r} claims {end - begin:,} bytes; its shape needs others.")
    return TensorSpec(dtype=dtype, shape=tuple(shape)), begin, end
