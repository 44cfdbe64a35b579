"""Classifiers by scikit-learn's conventions: `fit`, `predict`, `get_params`, `clone`.

They fit what `headstart train` fits, without a split, files or a report: whoever uses them
judges by samples that were not given to `fit`, as `cross_val_score` does.
"""

import os
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from headstart import features
from headstart.data import duplicates, split
from headstart.data.samples import Sample
from headstart.dataset import load_network
from headstart.errors import OptionError, SourceError
from headstart.options import TrainOptions, options_from
from headstart.store.files import printable
from headstart.training.folds import select_by_folds


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A frozen backbone with a logistic head, on photos given as paths.

    Features are computed once in a photo's life, so `cross_val_score` or a grid search costs
    little more than one fit.

    Args:
        backbone, weights, size, resize, class_weight, precision, seed: as in `TrainOptions`.

    Attributes:
        classes_: the labels, sorted; column j of `predict_proba` belongs to `classes_[j]`.
        head_: the fitted `training.head.Head`.
    """

    def __init__(
        self,
        backbone: str = "efficientnet-lite0",
        weights: str | None = None,
        size: int | None = None,
        resize: str = "squash",
        class_weight: str = "none",
        precision: str = "auto",
        seed: int = 0,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.size = size
        self.resize = resize
        self.class_weight = class_weight
        self.precision = precision
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit to photos.

        Args:
            X: paths, (n,).
            y: labels, (n,), of any type that sorts; two classes or more.

        Raises:
            SourceError: photos that cannot be read; all of them are named.
        """
        paths = _paths(X)
        check_consistent_length(paths, y)
        check_classification_targets(y)
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]}; two or more are needed.")
        rows, keys = self._features(paths)
        clusters = duplicates.identical(keys)
        names = [f"{label:09}" for label in labels.tolist()]
        fold = split.folds(names, clusters, keys, split.FOLDS, self.seed)
        balanced = self.class_weight == "balanced"
        self.head_ = select_by_folds(rows, labels, fold, len(self.classes_), balanced=balanced)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities, float64 (n, n_classes), of photos given as paths (n,)."""
        check_is_fitted(self)
        rows, _ = self._features(_paths(X))
        return self.head_.probabilities(rows)

    def predict(self, X: ArrayLike) -> NDArray[np.generic]:
        """The most probable label of each photo, (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        predicted: NDArray[np.generic] = self.classes_[best]
        return predicted

    def _features(self, paths: list[str]) -> tuple[NDArray[np.float32], list[str]]:
        """Features of photos and the SHA-256 of their files."""
        options = options_from(TrainOptions, self.get_params())
        samples = [Sample(path, printable(path), "", None) for path in paths]
        keys, _, faults = features.fingerprint(samples)
        if not faults:
            network = load_network(options, samples, keys)
            if network.engine is None:
                raise OptionError(
                    f"{self.backbone} has no features before it is trained.",
                    where="backbone",
                    mend="Choose a pretrained one: `headstart backbones` lists them.",
                )
            found = features.compute(samples, keys, network.engine, network.size, network.resize)
            faults = found.unreadable
        if faults:
            named = "; ".join(f"{samples[i].name}: {why}" for i, why in faults.items())
            raise SourceError(f"Photos that cannot be read: {named}.", mend="Leave them out.")
        return found.rows, keys


def _paths(given: ArrayLike) -> list[str]:
    array = np.asarray(given, dtype=object)
    if array.ndim != 1:
        raise ValueError(f"X must be a list of paths, (n,); it has the shape {array.shape}.")
    return [os.fspath(path) for path in array]
