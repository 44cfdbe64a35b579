"""A matplotlib figure that a notebook shows by itself, without pyplot and its state."""

from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A `Figure` on its own Agg canvas."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        """The picture, for IPython, which without pyplot would show the object's name."""
        return self.to_png()

    def to_png(self) -> bytes:
        """The picture as a PNG file."""
        picture = BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()
