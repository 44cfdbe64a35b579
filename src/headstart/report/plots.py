"""Plots for notebooks: a confusion matrix, photos. matplotlib is imported when one is drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headstart.errors import OptionError
from headstart.report.matrix import (
    FEW_CLASSES,
    MOST_NAMED,
    cell_colours,
    number_correct,
    row_shares,
    short_name,
)

if TYPE_CHECKING:
    from headstart.report.figure import NotebookFigure


def plot_confusion_matrix(
    matrix: ArrayLike, classes: Sequence[str], normalize: bool = False
) -> "NotebookFigure":
    """Draw a confusion matrix: true classes down, predicted classes across.

    Args:
        matrix: int (k, k), entry (i, j) counts samples of true class i called class j.
        classes: k names, in the order of the matrix.
        normalize: show shares of each row instead of counts.

    Returns:
        A matplotlib `Figure`, which a notebook shows; `.savefig(path)` keeps it.

    Raises:
        OptionError: the matrix is not square, or not as long as `classes`.
    """
    counts = np.asarray(matrix)
    k = len(classes)
    if counts.shape != (k, k):
        raise OptionError(
            f"The confusion matrix has shape {counts.shape}, but there are {k} classes.",
            mend=f"Give a matrix of shape ({k}, {k}) and its classes in order.",
        )
    values = row_shares(counts) if normalize else counts
    names = [short_name(name) for name in classes] if k <= MOST_NAMED else []
    side = min(max(2.0, 0.5 * k), 10.0)  # inches
    longest = 0.085 * max(map(len, names), default=0)
    left = 0.6 + longest
    size = (left + side + 0.3, left + side + 0.6)
    figure = _new_figure(*size)
    axes = figure.add_axes(
        (left / size[0], left / size[1], side / size[0], side / size[1]),
        xlabel="predicted class",
        ylabel="true class",
        title=number_correct(counts),
    )
    axes.imshow(cell_colours(values, 0.65), interpolation="nearest", aspect="auto")
    axes.tick_params(length=0)
    axes.spines[:].set_color("0.8")
    upright = longest > side / k
    axes.set_xticks(range(len(names)), names, rotation=90 if upright else 0, parse_math=False)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    if k <= FEW_CLASSES:
        for (i, j), value in np.ndenumerate(values):
            if value == 0 and k > 5:
                continue  # many zeros hide the few mistakes
            axes.text(j, i, _written(value, normalize), ha="center", va="center", fontsize=9)
    return figure


def plot_images(
    images: Sequence[ArrayLike] | NDArray[Any], titles: Sequence[str] | None = None
) -> "NotebookFigure":
    """Draw photos side by side, at most five in a row.

    Args:
        images: n arrays (height, width, 3) or (height, width), uint8 0 to 255 or float 0 to 1;
            their sizes may differ.
        titles: n titles, or None for none.

    Returns:
        A matplotlib `Figure`, which a notebook shows; `.savefig(path)` keeps it.

    Raises:
        OptionError: no image, one of another shape, or as many titles as do not fit.
    """
    photos = [np.asarray(image) for image in images]
    faults = [
        f"image {i} has shape {photo.shape}"
        for i, photo in enumerate(photos)
        if not (photo.ndim == 2 or (photo.ndim == 3 and photo.shape[2] == 3)) or not photo.size
    ]
    if not photos or faults:
        raise OptionError(
            f"These cannot be drawn: {'; '.join(faults) or 'no image at all'}.",
            mend="Give arrays of shape (height, width, 3) or (height, width).",
        )
    if titles is not None and len(titles) != len(photos):
        raise OptionError(
            f"There are {len(photos)} images but {len(titles)} titles.", mend="Give one each."
        )
    columns = min(len(photos), 5)
    rows = -(-len(photos) // columns)
    figure = _new_figure(2.2 * columns, 2.4 * rows)
    for i, photo in enumerate(photos):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.imshow(photo, cmap="gray", vmin=0, vmax=1 if photo.dtype.kind == "f" else 255)
        axes.set_axis_off()
        if titles is not None:
            axes.set_title(short_name(titles[i]), fontsize=9, parse_math=False)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.92, wspace=0.05, hspace=0.2)
    return figure


def _new_figure(width: float, height: float) -> "NotebookFigure":
    from headstart.report.figure import NotebookFigure

    return NotebookFigure(figsize=(width, height), dpi=120)


def _written(value: float, share: bool) -> str:
    if not share:
        return f"{value:,}"
    return "–" if np.isnan(value) else f"{value:.2f}"
