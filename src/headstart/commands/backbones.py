"""`headstart backbones`: the pretrained networks, and what each costs here."""

import time
from typing import Any

import numpy as np

from headstart.backbone import catalog, convert, weights
from headstart.backbone.catalog import Backbone
from headstart.backbone.engine import OpenVinoEngine
from headstart.commands.output import Flag, print_json
from headstart.parallel import side_by_side

_ROUNDS = 16


def run(*, json: Flag = False, quiet: Flag = False) -> None:
    """List the pretrained networks: size, parameters, speed here, weights.

    Parameters
    ----------
    json
        Print the list as one JSON document.
    quiet
        Print nothing but errors.
    """
    found = document()
    if json:
        print_json(found)
    elif not quiet:
        print(text(found))


def document() -> dict[str, Any]:
    """One entry a backbone, JSON-ready."""
    return {"format": 1, "backbones": [_entry(row) for row in catalog.BACKBONES]}


def text(found: dict[str, Any]) -> str:
    """For a terminal of 80 columns."""
    lines = [
        f"{'backbone':<20}{'size':>5}{'features':>9}{'parameters':>12}{'ms/photo':>9}  weights"
    ]
    for row in found["backbones"]:
        speed = "" if row["milliseconds"] is None else f"{row['milliseconds']:.1f}"
        here = "here" if row["weights"] else "fetched once"
        lines.append(
            f"{row['name']:<20}{row['size']:>5}{row['features']:>9,}{row['parameters']:>12,}"
            f"{speed:>9}  {here}"
        )
    lines += [
        "",
        "ms/photo is measured now, on this machine, without decoding, for networks that",
        "are ready to run. Keras fetches weights when a backbone is first used; without a",
        "network give its file: --weights FILE. Any mobilenet-ALPHA can be named.",
    ]
    return "\n".join(lines)


def _entry(row: Backbone) -> dict[str, Any]:
    path = weights.present(row)
    return {
        "name": row.name,
        "size": row.size,
        "features": row.features,
        "parameters": row.parameters,
        "milliseconds": _milliseconds(row),
        "weights": None if path is None else str(path),
        "weight_files": list(row.files),
        "licence": row.licence,
        "citation": row.citation,
    }


def _milliseconds(row: Backbone) -> float | None:
    """Time a photo takes on all cores, for a network that needs no conversion first."""
    if weights.present(row) is None:
        return None
    found = weights.resolve(row)
    if not convert.ready(row, found, row.size):
        return None
    graph = convert.graph(row, found, row.size)
    engine = OpenVinoEngine(graph.read(), graph.digest)
    pixels = np.zeros((engine.batch, row.size, row.size, 3), np.uint8)

    def run(_number: int) -> None:
        engine.run(pixels)

    for _ in side_by_side(run, range(engine.parallel), engine.parallel):  # the first runs are slow
        pass
    rounds = _ROUNDS * engine.parallel
    start = time.perf_counter()
    for _ in side_by_side(run, range(rounds), engine.parallel):
        pass
    return (time.perf_counter() - start) * 1000 / (rounds * engine.batch)
