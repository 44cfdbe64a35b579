"""Labelled data in, a classifier you can trust out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headstart.bundle.classifier import Classifier, load
    from headstart.bundle.package import package
    from headstart.comparing import compare
    from headstart.errors import HeadstartError
    from headstart.estimators.images import ImageClassifier
    from headstart.estimators.tables import TableClassifier
    from headstart.fitting.fit import fit
    from headstart.pipeline import train
    from headstart.report.plots import plot_confusion_matrix, plot_images
    from headstart.run import Run

_HOMES = {
    "Classifier": "bundle.classifier",
    "HeadstartError": "errors",
    "ImageClassifier": "estimators.images",
    "Run": "run",
    "TableClassifier": "estimators.tables",
    "compare": "comparing",
    "fit": "fitting.fit",
    "load": "bundle.classifier",
    "package": "bundle.package",
    "plot_confusion_matrix": "report.plots",
    "plot_images": "report.plots",
    "train": "pipeline",
}

__all__ = [
    "Classifier",
    "HeadstartError",
    "ImageClassifier",
    "Run",
    "TableClassifier",
    "compare",
    "fit",
    "load",
    "package",
    "plot_confusion_matrix",
    "plot_images",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import headstart` itself is instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'headstart' has no attribute {name!r}")
    return getattr(import_module(f"headstart.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
