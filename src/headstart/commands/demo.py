"""`headstart demo`: the main job on real photos that the install brings.

1,797 handwritten digits of 8 × 8 pixels by 43 people (Alpaydin and Kaynak, Optical
Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998), as scikit-learn
ships them.
"""

from pathlib import Path

from headstart.commands import train
from headstart.commands.output import Flag
from headstart.options import TrainOptions
from headstart.store.files import cache_root, write_bytes

_OPTIONS = TrainOptions(size=96, unfreeze="none")
"""The photos have 8 × 8 pixels: 96 show all there is to see, five times sooner than 224. The head
alone, because the demo is over in seconds."""


def run(
    *, out: Path | None = None, force: Flag = False, json: Flag = False, quiet: Flag = False
) -> None:
    """Train on handwritten digits that the install brings, and show the result.

    Parameters
    ----------
    out
        Folder for the results. [default: runs/digits-N]
    force
        Replace the run that is in --out.
    json
        Print the figures as one JSON document.
    quiet
        Print nothing but errors.
    """
    train.run(str(write_digits()), out=out, force=force, options=_OPTIONS, json=json, quiet=quiet)


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
