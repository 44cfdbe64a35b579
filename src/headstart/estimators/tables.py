"""`TableClassifier`: a dense network on the columns of a table, by scikit-learn's conventions.

It fits what `headstart train` fits to a table, without a split, files or a report: whoever uses it
judges by rows that were not given to `fit`, as `cross_val_score` does.
"""

import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, assert_all_finite, column_or_1d, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from headstart.backbone import dense
from headstart.by_rows import by_rows
from headstart.columnar import shape_of
from headstart.data import mapping, split, table
from headstart.data.columns import LeftOut, Used
from headstart.data.equal_rows import row_keys
from headstart.data.typed import as_texts, forms_of, typed
from headstart.evaluation.calibration import LEAST, fitted_temperature
from headstart.evaluation.metrics import softmax
from headstart.events import nobody
from headstart.options import TrainOptions, options_from
from headstart.tabular import Rows, divided
from headstart.training import loop
from headstart.training.examples import Examples
from headstart.training.head import balanced_weights
from headstart.training.networks import Networks
from headstart.training.plan import for_columns

_SHARED = "_networks"  # the attribute with those that all clones of an estimator are lent


class TableClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A dense network on columns of numbers, booleans, categories and dates, values missing or not.

    From 200 rows on, a share of them is kept from training and says when to stop. Which rows these
    are follows from their content and the seed, not from their order. Keras on TensorFlow trains;
    prediction needs NumPy alone.

    Args:
        hidden, scaling, recipe, validation, epochs, batch_size, learning_rate, dropout,
            label_smoothing, patience, budget, seed: as in `TrainOptions`.
        class_weight: `none` (or None) and `balanced` as there; or a weight for each label, as
            `{"ill": 3, "well": 1}`.

    Attributes:
        classes_: the labels, sorted; column j of `predict_proba` belongs to `classes_[j]`.
        n_features_in_: how many columns X had.
        feature_names_in_: their names, where X had some.
        columns_: what the network is told of each; see `data.columns`.
        temperature_: the logits are divided by it, so that it is as sure as it is often right.
        history_: an epoch's figures in each row; the weights are those of the epoch `kept_`.
    """

    def __init__(
        self,
        hidden: str | tuple[int, ...] | None = None,
        scaling: str = "auto",
        recipe: str | None = None,
        validation: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        dropout: float | None = None,
        label_smoothing: float | None = None,
        patience: int | None = None,
        budget: float | None = None,
        class_weight: str | Mapping[Any, float] | None = "none",
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.scaling = scaling
        self.recipe = recipe
        self.validation = validation
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.patience = patience
        self.budget = budget
        self.class_weight = class_weight
        self.seed = seed

    def fit(self, X: Any, y: ArrayLike | str) -> Self:
        """Fit to rows.

        Args:
            X: a polars or pandas frame, an Arrow table, a list of records, or an array (n, d) of
                numbers or texts; NaN, None and null are missing values.
            y: labels, (n,), of any type that sorts, two classes or more; or the name of the
                column of X that holds them.

        Columns of texts are read as those of a file: dates and numbers may be among them. What is
        left out for another reason than that it is empty or constant is named in a UserWarning.

        Raises:
            ValueError: X and y do not fit each other, or y holds no classes.
            OptionError: a parameter has a wrong value.
            SourceError: X has columns of lists or bytes, or none that tells anything.
            MissingError: TensorFlow is not installed.
        """
        frame, target = self._read_labelled(X, y)
        check_classification_targets(target)
        self.classes_, labels = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]}; two or more are needed.")
        options = self._options(len(frame))
        classes = tuple(str(label) for label in self.classes_.tolist())
        names = [classes[label] for label in labels]
        rows = Rows(
            source="X",
            names=[f"row {i}" for i in range(len(frame))],
            labels=names,
            given=[None] * len(frame),
            keys=row_keys(frame, names),
            classes=classes,
            left_out=[],
            ignored=0,
            frame=frame,
            rows=np.arange(len(frame)),
            not_drawn=0,
            forms=self.forms_,
            target="y",
        )
        data = divided(rows, options, nobody)
        train, kept = data.on("train"), data.on("validation")
        self.columns_ = data.columns
        _warn_of_left_out(data.columns)
        self.shape_, plan = shape_of(data, options), for_columns(options, len(train))
        networks: Networks = self.__dict__.pop(_SHARED, None) or Networks()
        with networks.lent(self.shape_, plan, options.seed, len(train)) as network:
            done = loop.train(
                network,
                plan.recipe,
                Examples(data.matrix[train], labels[train], self._weights(labels[train])),
                Examples(data.matrix[kept], labels[kept]) if len(kept) else None,
                seed=options.seed,
                budget=plan.budget,
            )
            self.weights_ = dense.weights_of(network)
        self.temperature_ = 1.0
        if len(kept) >= LEAST:  # as `train` calibrates it
            uncalibrated = softmax(dense.logits(self.shape_, self.weights_, data.matrix[kept]))
            self.temperature_ = fitted_temperature(labels[kept], uncalibrated)
        self.history_, self.kept_ = done.history, done.kept
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, float64 (n, n_classes), of rows as `fit` takes them."""
        check_is_fitted(self)
        used = [column for column in self.columns_ if not isinstance(column, LeftOut)]
        matrix = mapping.matrix(used, self._read(X))

        def answer(rows: NDArray[np.float32]) -> NDArray[np.float64]:
            return softmax(dense.logits(self.shape_, self.weights_, rows) / self.temperature_)

        return by_rows(answer, matrix)

    def predict(self, X: Any) -> NDArray[np.generic]:
        """The most probable label of each row, (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        predicted: NDArray[np.generic] = self.classes_[best]
        return predicted

    def score(self, X: Any, y: ArrayLike | str, sample_weight: ArrayLike | None = None) -> float:
        """The share of rows whose label is found; y as `fit` takes it."""
        if isinstance(y, str):
            y = _parted(table.as_frame(X), y)[1]
        return float(super().score(X, y, sample_weight))

    def __sklearn_clone__(self) -> Self:
        """A clone is lent the networks of the other clones: cross-validation fits one a fold. They
        go with the estimator that was cloned."""
        made: Self = super().__sklearn_clone__()
        setattr(made, _SHARED, self.__dict__.setdefault(_SHARED, Networks()))
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {name: held for name, held in super().__getstate__().items() if name != _SHARED}

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    def _options(self, n: int) -> TrainOptions:
        given = self.get_params() | {"class_weight": "none"}
        if self.validation is not None or n >= split.FEW:
            given["test"] = 0.0  # whoever fits it judges by rows of their own
        return options_from(TrainOptions, given)

    def _weights(self, labels: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """What each training row counts; None: all alike."""
        wanted = self.class_weight
        if wanted in (None, "none"):
            return None
        if isinstance(wanted, str):
            options_from(TrainOptions, {"class_weight": wanted})
            return balanced_weights(labels, len(self.classes_))
        found = np.asarray(compute_sample_weight(dict(wanted), self.classes_[labels]))
        return found / (found.mean() or 1)  # else they would set the length of the steps too

    def _read_labelled(self, X: Any, y: Any) -> tuple[pl.DataFrame, NDArray[Any]]:
        """Rows and labels to fit."""
        self.target_ = y if isinstance(y, str) else None
        if not _is_frame(X) and self.target_ is None:
            X, y = validate_data(self, X, y, **_ARRAY)
            return self._typed(_as_columns(X)), y
        frame = table.checked(table.as_frame(X), "X")
        if self.target_ is not None:
            frame, y = _parted(frame, self.target_)
        validate_data(self, frame, y, skip_check_array=True)
        if not len(frame) or not frame.width:
            raise ValueError(f"X has the shape {frame.shape}: there is nothing to learn from.")
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_consistent_length(frame, y)
        return self._typed(frame), y

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns of texts as what all of their cells are, as those of a file are read."""
        made = frame.select(typed(c) if c.dtype == pl.String else c for c in frame)
        self.forms_ = forms_of(made, frame)
        return made

    def _read(self, X: Any) -> pl.DataFrame:
        """Rows to predict, by the names that were fitted; a column with labels is passed over."""
        if not _is_frame(X):
            frame = _as_columns(validate_data(self, X, reset=False, **_ARRAY))
        else:
            frame = table.checked(table.as_frame(X), "X")
            if self.target_ in frame.columns:
                frame = frame.drop(self.target_)
            validate_data(self, frame, reset=False, skip_check_array=True)
        frame.columns = [column.name for column in self.columns_]
        return frame.select(as_texts(c) if c.dtype == pl.String else c for c in frame)


_ARRAY: dict[str, Any] = {"dtype": None, "ensure_all_finite": "allow-nan"}  # of `validate_data`


def _is_frame(X: Any) -> bool:
    """Whether columns have types of their own; all else is an array or becomes one."""
    records = isinstance(X, list | tuple) and len(X) > 0 and isinstance(X[0], dict)
    return records or hasattr(X, "__arrow_c_stream__") or hasattr(X, "__dataframe__")


def _warn_of_left_out(columns: Sequence[Used | LeftOut]) -> None:
    """Name the columns that hold something and yet are left out."""
    out = [
        f"{column.name}: {column.reason}"
        for column in columns
        if isinstance(column, LeftOut)
        and not column.reason.startswith((mapping.EMPTY, mapping.CONSTANT))
    ]
    if out:
        warnings.warn(f"Columns left out. {'; '.join(out)}.", UserWarning, stacklevel=3)


def _parted(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, NDArray[Any]]:
    """The column with the labels apart from the others."""
    if name not in frame.columns:
        near = get_close_matches(name, frame.columns, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(frame.columns)}."
        raise ValueError(f"X has no column {name!r} for y. {hint}")
    if missing := frame[name].null_count():
        raise ValueError(f"{missing:,} rows have no value in {name!r}. Leave them out.")
    return frame.drop(name), frame[name].to_numpy()


def _as_columns(array: NDArray[Any]) -> pl.DataFrame:
    """The columns of an array (n, d), numbers or texts, named x0, x1, …"""
    named = {f"x{i}": _column(array[:, i]) for i in range(array.shape[1])}
    return table.checked(pl.DataFrame(named), "X")


def _column(cells: NDArray[Any]) -> pl.Series:
    if cells.dtype.kind in "biu":
        return pl.Series(cells)
    if cells.dtype.kind == "f":
        return pl.Series(cells.astype(np.float64))
    values = [None if cell is None or cell != cell else cell for cell in cells.tolist()]
    there = [value for value in values if value is not None]
    if all(isinstance(value, int | float | np.number) for value in there):
        return pl.Series([None if v is None else float(v) for v in values], dtype=pl.Float64)
    return pl.Series([None if v is None else str(v) for v in values], dtype=pl.String)
