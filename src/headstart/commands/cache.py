"""`headstart cache`: what is kept on disk to be fast, and how to be rid of it."""

import shutil
from typing import Any, Literal

from headstart.commands.output import Flag, print_json
from headstart.store.files import cache_root

_WHAT = {
    "features": "features of photos",
    "graphs": "networks made ready for OpenVINO",
    "zips": "unpacked zip files",
    "copies": "which photos show one picture",
    "agreement": "comparisons of bfloat16 with float32",
    "templates": "templates of pages, compiled",
    "matplotlib": "a list of the fonts on this machine",
    "demo": "the demo's photos",
}


def run(
    action: Literal["info", "clear"] = "info", /, *, json: Flag = False, quiet: Flag = False
) -> None:
    """Show how much is kept to be fast, or remove it.

    Parameters
    ----------
    action
        `info` or `clear`.
    json
        Print the sizes as one JSON document.
    quiet
        Print nothing but errors.
    """
    found = clear() if action == "clear" else info()
    if json:
        print_json(found)
    elif not quiet:
        print(text(found))


def info() -> dict[str, Any]:
    """Bytes and files by kind."""
    root = cache_root()
    kinds = {}
    for kind in _WHAT:
        files = [path for path in (root / kind).rglob("*") if path.is_file()]
        kinds[kind] = {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}
    return {"folder": str(root), "bytes": sum(k["bytes"] for k in kinds.values()), "kinds": kinds}


def clear() -> dict[str, Any]:
    """Remove what `info` counts, and nothing else that may lie there; what is left."""
    for kind in _WHAT:
        shutil.rmtree(cache_root() / kind, ignore_errors=True)
    return info()


def text(found: dict[str, Any]) -> str:
    """For people."""
    lines = [f"{found['folder']}: {found['bytes'] / 1e6:,.1f} MB"]
    for kind, size in found["kinds"].items():
        lines.append(f"  {size['bytes'] / 1e6:10,.1f} MB  {_WHAT[kind]}")
    return "\n".join(lines)
