"""What `Model.fit` is fed, with features in place of samples, in the order that Keras draws.

Keras' own adapters shuffle, batch and count; they are given positions, or the user's own
iterator whose photos are looked up, so no rule of theirs is written twice here. Importing
this file imports Keras.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import GeneratorType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbone.quiet_keras import keras  # isort: skip
import tensorflow
from keras.src.legacy.preprocessing import image
from keras.src.trainers.data_adapters import array_data_adapter, get_data_adapter
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
from keras.src.trainers.data_adapters.data_adapter_utils import unpack_x_y_sample_weight

from headstart.errors import OutputError
from headstart.fitting.engines import Runner, relative_difference
from headstart.fitting.rows import Rows


class NotRepeatable(Exception):
    """The data cannot be replayed, or not to the last bit; the text says why."""


@dataclass(frozen=True)
class Feed:
    """What one side of `fit` was given, training or validation.

    Attributes:
        steps: batches an epoch, where the user gave it.
        static: the user's word that every epoch brings the same batches in the same order.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None
    class_weight: dict[int, float] | None = None
    batch_size: int | None = None
    steps: int | None = None
    shuffle: Any = False
    static: bool = False


def adapter(feed: Feed, prefix: Runner) -> Any:
    """A Keras data adapter that yields the batches of `feed` with features for x.

    Raises:
        NotRepeatable: see there.
    """
    try:
        return _adapter(feed, prefix)
    except OutputError as error:
        if isinstance(feed.x, GeneratorType):
            raise  # for it cannot be begun again
        raise NotRepeatable(f"{error.where} {error.problem.removesuffix('.')}") from error


def _adapter(feed: Feed, prefix: Runner) -> Any:
    if array_data_adapter.can_convert_arrays((feed.x, feed.y, feed.sample_weight)):
        return _arrays(feed, prefix)
    if isinstance(feed.x, image.Iterator):
        return _photos(feed, prefix)
    if isinstance(feed.x, keras.utils.PyDataset):
        return _by_batch(feed, prefix)
    return _in_sequence(feed, prefix)


class _Looked(DataAdapter):  # type: ignore[misc]
    """Another adapter's batches, with rows looked up for the positions that it yields."""

    def __init__(self, positions: Any, rows: Rows) -> None:
        self._positions = positions
        self._rows = rows

    def get_tf_dataset(self) -> Any:
        return (
            self._positions.get_tf_dataset().map(self._look_up).prefetch(tensorflow.data.AUTOTUNE)
        )

    def _look_up(self, position: Any, *rest: Any) -> Any:
        rows = self._rows
        features = tensorflow.numpy_function(rows.take, [position], rows.dtypes, stateful=False)
        for feature, shape in zip(features, rows.shapes, strict=True):
            feature.set_shape((*position.shape[:1], *shape))
        return (_one_or_all(features), *rest)

    @property
    def num_batches(self) -> Any:
        return self._positions.num_batches

    @property
    def batch_size(self) -> Any:
        return self._positions.batch_size

    def on_epoch_begin(self) -> None:
        self._positions.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._positions.on_epoch_end()


def _one_or_all(features: Sequence[Any]) -> Any:
    return features[0] if len(features) == 1 else tuple(features)


def _arrays(feed: Feed, prefix: Runner) -> Any:
    positions = get_data_adapter(
        x=_positions(feed.x),
        y=feed.y,
        sample_weight=feed.sample_weight,
        class_weight=feed.class_weight,
        batch_size=feed.batch_size,
        steps_per_epoch=feed.steps,
        shuffle=feed.shuffle,
    )
    size = positions.batch_size
    samples = get_data_adapter(x=feed.x, batch_size=size)
    count = samples._num_samples
    batches = (unpack_x_y_sample_weight(batch)[0] for batch in samples.get_tf_dataset())
    return _Looked(positions, _rows(count, count % size, batches, prefix))


def _positions(x: Any) -> NDArray[np.int64]:
    return np.arange(keras.tree.flatten(x)[0].shape[0])


def _rows(count: int, last: int, batches: Iterator[Any], prefix: Runner) -> Rows:
    """The features of all samples, once it is known that they do not depend on the batch.

    Args:
        last: the size of a last batch that is smaller, else 0.
    """
    rows = None
    for batch in batches:
        features = prefix(batch)
        if rows is None:
            _check_alone(batch, features, last, prefix)
            rows = Rows(count, features)
        _append(rows, features)
    if rows is None:
        raise NotRepeatable("there are no samples")
    return rows


def _append(rows: Rows, features: list[NDArray[Any]]) -> None:
    if [feature.shape[1:] for feature in features] != rows.shapes:
        raise NotRepeatable("its samples differ in size")
    rows.append(features)


def _check_alone(batch: Any, features: list[NDArray[Any]], last: int, prefix: Runner) -> None:
    """Compare a batch with itself in another order, and with as many as the last one has.

    Features are kept by sample, and in training each stands among others every time. That
    may show: a wide dense layer multiplies one row in another way than several.
    """
    size = len(features[0])
    for order in [np.arange(size)[::-1]] + [np.arange(last)] * (0 < last < size):
        some = prefix(keras.tree.map_structure(partial(tensorflow.gather, indices=order), batch))
        for one, other in zip(some, features, strict=True):
            difference = (
                relative_difference(one, other[order]) if len(one) == len(order) else np.inf
            )
            if difference > prefix.tolerance:
                what = f"in a batch of {len(order)}" if len(order) == last else "in another order"
                raise NotRepeatable(f"features {what} differ from those in one of {size}")


_WRITTEN_BY_KERAS = ("keras.", "tf_keras.", "tensorflow.")


def _photos(feed: Feed, prefix: Runner) -> Any:
    """An iterator of `ImageDataGenerator`: it goes on by itself, and its photos are looked up."""
    photos = feed.x
    _check_photos(photos, feed.static)
    original = partial(type(photos)._get_batches_of_transformed_samples, photos)
    shape = photos.x.shape[1:] if hasattr(photos, "x") else photos.image_shape
    others: list[Any] = []

    def batches() -> Iterator[Any]:
        for start in range(0, photos.n, photos.batch_size):
            batch = original(np.arange(start, min(start + photos.batch_size, photos.n)))
            x, *rest = batch if isinstance(batch, tuple) else (batch,)
            others.append(rest)
            yield keras.tree.map_structure(tensorflow.convert_to_tensor, x)

    with _random_state_kept():
        rows = _rows(photos.n, photos.n % photos.batch_size, batches(), prefix)
    rest = keras.tree.map_structure(lambda *each: np.concatenate(each), *others)

    def look_up(positions: NDArray[np.int64]) -> Any:
        generator = photos.image_data_generator
        for _ in positions if generator else ():
            generator.get_random_transform(shape)  # it draws numbers, used or not
        found = keras.tree.map_structure(lambda each: each[positions], rest)
        features = _one_or_all(rows.take(positions))
        return (features, *found) if found else features

    photos._get_batches_of_transformed_samples = look_up
    return get_data_adapter(x=photos, class_weight=feed.class_weight, shuffle=feed.shuffle)


def release(feed: Feed | None) -> None:
    """Let an iterator read its photos again."""
    if feed is not None and isinstance(feed.x, image.Iterator):
        vars(feed.x).pop("_get_batches_of_transformed_samples", None)


def _check_photos(photos: Any, static: bool) -> None:
    kinds = (image.DirectoryIterator, image.DataFrameIterator, image.NumpyArrayIterator)
    generator = getattr(photos, "image_data_generator", None)
    plain = type(photos) in kinds and (
        generator is None or type(generator) is image.ImageDataGenerator
    )
    if not plain:
        raise NotRepeatable("its iterator is of a class of its own")
    if photos.use_multiprocessing:
        raise NotRepeatable("its iterator reads in processes of its own")
    if photos.save_to_dir:
        raise NotRepeatable("its iterator saves each photo that it makes (save_to_dir)")
    if getattr(photos, "class_mode", None) == "input":
        raise NotRepeatable("its targets are the photos themselves")
    if generator is None:
        return
    if (
        generator.rotation_range
        or generator.width_shift_range
        or generator.height_shift_range
        or generator.shear_range
        or list(generator.zoom_range) != [1, 1]
        or generator.channel_shift_range
        or generator.horizontal_flip
        or generator.vertical_flip
        or generator.brightness_range is not None
    ):
        raise NotRepeatable("its ImageDataGenerator changes photos at random")
    function = generator.preprocessing_function
    known = getattr(function, "__module__", None) or ""
    if function is not None and not known.startswith(_WRITTEN_BY_KERAS) and not static:
        raise NotRepeatable(
            "its preprocessing_function may be random; static=True says that it is not"
        )


@contextmanager
def _random_state_kept() -> Iterator[None]:
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


class _Replayed(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches with their features, by number."""

    def __init__(self, count: int, source: Any = None) -> None:
        if source is None:
            super().__init__()
        else:  # more than one worker draw the order in their own way
            super().__init__(workers=source.workers + bool(source.use_multiprocessing))
        self._batches: list[tuple[slice, list[Any]]] = []
        self._count = count
        self._source = source
        self._rows: Rows | None = None

    def add(self, features: list[NDArray[Any]], rest: list[Any]) -> None:
        """Keep one batch."""
        if self._rows is None:
            self._rows = Rows(self._count * len(features[0]), features)
        start = self._rows.length
        _append(self._rows, features)
        self._batches.append((slice(start, self._rows.length), rest))

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Any:
        assert self._rows is not None
        place, rest = self._batches[number]
        return (_one_or_all(self._rows.take(place)), *rest)

    def on_epoch_begin(self) -> None:
        if self._source is not None:
            self._source.on_epoch_begin()

    def on_epoch_end(self) -> None:
        if self._source is not None:
            self._source.on_epoch_end()


def _by_batch(feed: Feed, prefix: Runner) -> Any:
    """A `PyDataset` of the user's, whose batch of one number is always the same."""
    _check_word(feed, "a PyDataset")
    count = feed.x.num_batches
    if count is None:
        raise NotRepeatable("its PyDataset has no end")
    replayed = _Replayed(count, feed.x)
    for number in range(count):
        _keep(replayed, feed.x[number], prefix)
    return get_data_adapter(x=replayed, class_weight=feed.class_weight, shuffle=feed.shuffle)


def _in_sequence(feed: Feed, prefix: Runner) -> Any:
    """Any other source: the batches of one epoch, one after another."""
    _check_word(feed, type(feed.x).__name__)
    if isinstance(feed.x, GeneratorType) and not feed.steps:
        raise NotRepeatable("a generator has no end; steps_per_epoch says what an epoch is")
    source = get_data_adapter(x=feed.x, class_weight=feed.class_weight)
    known = source.num_batches
    count = feed.steps or known
    if count is None:
        raise NotRepeatable("it is not known how many batches make an epoch: give steps_per_epoch")
    replayed = _Replayed(count)
    for batch in source.get_tf_dataset().take(count):
        _keep(replayed, batch, prefix)
    return get_data_adapter(x=replayed)


def _check_word(feed: Feed, kind: str) -> None:
    if not feed.static:
        raise NotRepeatable(
            f"{kind} may bring other batches in every epoch; static=True says that it does not"
        )


def _keep(replayed: _Replayed, batch: Any, prefix: Runner) -> None:
    x, *rest = unpack_x_y_sample_weight(batch)
    rest = [part for part in rest if part is not None]
    features = prefix(keras.tree.map_structure(tensorflow.convert_to_tensor, x))
    replayed.add(features, keras.tree.map_structure(np.asarray, rest))
