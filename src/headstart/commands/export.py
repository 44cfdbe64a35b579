"""`headstart export`: a classifier in the formats of Keras."""

from pathlib import Path

from headstart.bundle.export import Form, export
from headstart.commands.output import Flag, print_json
from headstart.commands.progress import listening


def run(
    model: Path,
    /,
    *,
    to: Form,
    out: Path | None = None,
    weights: str | None = None,
    force: Flag = False,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Write a classifier as a Keras model, its weights, or its architecture.

    Each file is loaded again by Keras and compared with the bundle before it is handed over.

    Parameters
    ----------
    model
        A bundle or a run folder.
    to
        `keras` and the older `h5`: the whole model with loss and optimizer, ready to be trained
        on; `weights` alone; or `json`, the architecture alone.
    out
        The file (default: named after the model, in this folder).
    weights
        The backbone's weight file, if it is not in Keras' cache.
    force
        Replace the file that is there.
    json
        Print where the file is and how well it agrees as one JSON document.
    quiet
        Print nothing but errors.
    """
    with listening(quiet) as listen:
        found = export(model, to, out, force=force, weights=weights, listen=listen)
    if json:
        print_json(
            {
                "format": 1,
                "file": str(found.path),
                "to": found.form,
                "difference": found.difference,
                "load": found.call,
            }
        )
    elif not quiet:
        print(f"{found.path}: agrees with the bundle within {found.difference:.1g}. To load it:")
        print(f"    {found.call}")
