"""`headstart demo`: the main job on data that the install brings, photos or a table.

The photos are 1,797 handwritten digits of 8 × 8 pixels by 43 people (Alpaydin and Kaynak, Optical
Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998), as scikit-learn
ships them. The table is the clinical trial of a Keras tutorial, made here.
"""

from pathlib import Path

from headstart import trial
from headstart.commands import train
from headstart.commands.output import Flag
from headstart.options import TrainOptions, options_from
from headstart.store.files import cache_root, write_bytes

_DIGITS = TrainOptions(size=96, unfreeze="none")
"""The photos have 8 × 8 pixels: 96 show all there is to see, five times sooner than 224. The head
alone, because the demo is over in seconds."""


def run(
    *,
    table: Flag = False,
    out: Path | None = None,
    force: Flag = False,
    resume: Flag = False,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Train on handwritten digits, or a table, that the install brings, and show the result.

    Parameters
    ----------
    table
        In place of the digits: a clinical trial of 2,100 people, judged by 420 others, with
        network and recipe of a widely followed Keras tutorial.
    out
        Folder for the results. [default: runs/digits-N, or runs/trial-N]
    force
        Replace the run that is in --out.
    resume
        Go on with a demo that was cut off, in --out or the newest of its kind.
    json
        Print the figures as one JSON document.
    quiet
        Print nothing but errors.
    """
    source, options = _trial() if table else (write_digits(), _DIGITS)

    train.run(
        str(source), out=out, force=force, resume=resume, options=options, json=json, quiet=quiet
    )


def _trial() -> tuple[Path, TrainOptions]:
    files = trial.write(cache_root() / "demo")
    return files.train, options_from(TrainOptions, trial.options(files.test))


def write_digits() -> Path:
    """Write the digits as PNG files, one folder a digit, into the cache.

    Returns:
        The folder; it is the same, file for file, every time.
    """
    from io import BytesIO

    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    folder = cache_root() / "demo" / "digits"
    whole = folder.parent / "digits.complete"
    if whole.exists():
        return folder
    digits = load_digits()
    for number, (image, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        file = BytesIO()
        grey = np.round(image * (255 / 16)).astype(np.uint8)
        Image.fromarray(grey).save(file, "PNG")
        write_bytes(folder / str(digit) / f"{number:04}.png", file.getvalue())
    write_bytes(whole, b"")
    return folder
