"""`headstart.fit`: `Model.fit` with the frozen part of the network run once for each sample.

The prefix (`backbone/prefix.py`) is run over the data, its output is kept, and Keras' own
`fit` trains the tail on it. Where that would not give the same result, `Model.fit` is called
as it is and the reason is told in a line.
"""

import sys
from typing import TYPE_CHECKING, Any, Literal

from headstart.errors import OptionError
from headstart.events import Event, Listener, Notice

if TYPE_CHECKING:
    from headstart.backbone.prefix import Split
    from headstart.fitting.sources import Feed

EngineName = Literal["keras", "openvino", "auto"]

_OVERRIDABLE = (
    "fit",
    "evaluate",
    "train_step",
    "test_step",
    "make_train_function",
    "make_test_function",
    "compute_loss",
    "compute_metrics",
    "get_metrics_result",
    "reset_metrics",
    "metrics",
    "losses",
)
"""What a model may do in its own way while it is trained; the tail would not know."""


def tell(event: Event) -> None:
    """Print notices on standard error."""
    if isinstance(event, Notice):
        print(f"headstart.fit: {event.text}", file=sys.stderr)


def fit(
    model: Any,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: Any = True,
    class_weight: Any = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: Any = 1,
    max_queue_size: Any = None,
    workers: Any = None,
    use_multiprocessing: Any = None,
    *,
    engine: EngineName = "keras",
    static: bool = False,
    listen: Listener = tell,
) -> Any:
    """Train a compiled Keras model as `model.fit(…)` does, sooner.

    With the Keras engine on a CPU the losses and the final weights are those of `model.fit`,
    to the last bit, from the same seed. The model itself is trained: its weights, optimizer
    and metrics are used, and callbacks see it.

    Args:
        model: a compiled Keras model; freeze first, then compile, as for Keras.
        x, y, …, validation_freq: as in `Model.fit`.
        max_queue_size, workers, use_multiprocessing: of Keras 2; they do nothing.
        engine: what runs the frozen part. `keras` is exact. `openvino` is faster and
            agrees within 1e-4 of the largest feature, so that weights come out slightly
            different; `auto` takes it where it agrees, and else Keras.
        static: your word that each epoch brings the same batches in the same order. Arrays
            need no word, nor iterators of `ImageDataGenerator` that change nothing at random.
        listen: is told in a line what is run once, or why nothing is.

    Returns:
        The `keras.callbacks.History`.

    Raises:
        OptionError: `engine` is none of the three, or OpenVINO does not agree with Keras.
    """
    if engine not in ("keras", "openvino", "auto"):
        raise OptionError(
            f"There is no engine {engine!r}.", where="engine", mend="Give keras, openvino or auto."
        )
    if {max_queue_size, workers, use_multiprocessing} != {None}:
        listen(
            Notice(
                "max_queue_size, workers and use_multiprocessing do nothing in Keras 3: a "
                "PyDataset is given them when it is made."
            )
        )
    arguments = {
        "x": x,
        "y": y,
        "batch_size": batch_size,
        "epochs": epochs,
        "verbose": verbose,
        "callbacks": callbacks,
        "validation_split": validation_split,
        "validation_data": validation_data,
        "shuffle": shuffle,
        "class_weight": class_weight,
        "sample_weight": sample_weight,
        "initial_epoch": initial_epoch,
        "steps_per_epoch": steps_per_epoch,
        "validation_steps": validation_steps,
        "validation_batch_size": validation_batch_size,
        "validation_freq": validation_freq,
    }
    found = _split(model, arguments, engine)
    if isinstance(found, str):
        listen(Notice(f"Model.fit, because {found}."))
        return model.fit(**arguments)
    return _fit_tail(model, found, arguments, engine, static, listen)


def _split(model: Any, arguments: dict[str, Any], engine: EngineName) -> "Split | str":
    """The two parts of the model, or why it is to be trained whole."""
    from headstart.backbone.prefix import NoSplit, split
    from headstart.backbone.quiet_keras import keras  # isort: skip
    import tensorflow

    if not getattr(model, "compiled", False):
        return "the model is not compiled"
    for name in _OVERRIDABLE:
        base = keras.Sequential if isinstance(model, keras.Sequential) else keras.Model
        if name in vars(model) or getattr(type(model), name) is not getattr(base, name):
            return f"the model has a {name} of its own"
    if model._distribute_strategy is not None or tensorflow.distribute.has_strategy():
        return "it is trained under a distribution strategy"
    if model.jit_compile and engine == "keras":
        return (
            "its step is compiled by XLA, which computes across any cut; compile with "
            'jit_compile=False, or give engine="auto"'
        )
    if any(layer.trainable != was for layer, was in model._compiled_trainable_state.items()):
        return "layers were frozen or unfrozen after it was compiled; compile it again"
    if arguments["epochs"] - arguments["initial_epoch"] < 2 and engine == "keras":
        return "in a single epoch nothing comes twice"
    if _loads_weights(arguments["callbacks"]):
        return "BackupAndRestore may load other frozen weights"
    found = split(model)
    if isinstance(found, NoSplit):
        return found.reason
    if found.unseeded:
        return f"{found.unseeded[0]} draws from TensorFlow's own random state"
    return found


def _loads_weights(callbacks: Any) -> bool:
    from headstart.backbone.quiet_keras import keras

    given = getattr(callbacks, "callbacks", callbacks)
    restoring = keras.callbacks.BackupAndRestore
    return any(isinstance(each, restoring) for each in keras.tree.flatten(given))


def _fit_tail(
    model: Any,
    found: "Split",
    arguments: dict[str, Any],
    engine: EngineName,
    static: bool,
    listen: Listener,
) -> Any:
    from headstart.fitting import sources
    from headstart.fitting.engines import Runner
    from headstart.fitting.trainee import Trainee

    given = dict(arguments)
    feeds = _feeds(given, static)
    listen(Notice(_what_is_kept(found)))
    try:
        run = Runner(engine, found, eagerly=model.run_eagerly)
        given["x"], given["validation_data"] = (
            None if feed is None else sources.adapter(feed, run) for feed in feeds
        )
        given["callbacks"] = _callbacks(model, given)
        return Trainee(model, found).fit(**given)
    except sources.NotRepeatable as reason:  # before anything was trained
        listen(Notice(f"Model.fit after all, because {reason}."))
    finally:
        for feed in feeds:
            sources.release(feed)
    return model.fit(**arguments)


def _feeds(given: dict[str, Any], static: bool) -> "tuple[Feed, Feed | None]":
    """Take what is to be trained and validated on out of the arguments of `fit`."""
    from keras.src.trainers.data_adapters import array_slicing, data_adapter_utils

    from headstart.fitting.sources import Feed

    x, y, sample_weight = given.pop("x"), given.pop("y"), given.pop("sample_weight")
    validation = given.pop("validation_data")
    fraction = given.pop("validation_split")
    if fraction and validation is None:
        (x, y, sample_weight), validation = array_slicing.train_validation_split(
            (x, y, sample_weight), validation_split=fraction
        )
    batch_size = given.pop("batch_size")
    training = Feed(
        x=x,
        y=y,
        sample_weight=sample_weight,
        class_weight=given.pop("class_weight"),
        batch_size=batch_size,
        steps=given["steps_per_epoch"],
        shuffle=given.pop("shuffle"),
        static=static,
    )
    of_validation = given.pop("validation_batch_size") or batch_size
    if validation is None:
        return training, None
    x, y, sample_weight = data_adapter_utils.unpack_x_y_sample_weight(validation)
    steps = given["validation_steps"]
    return training, Feed(x, y, sample_weight, None, of_validation, steps, False, static)


def _callbacks(model: Any, given: dict[str, Any]) -> Any:
    """What `Model.fit` makes of its callbacks, for the model that they are to see."""
    from headstart.backbone.quiet_keras import keras

    callbacks, verbose = given["callbacks"], given["verbose"]
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    return keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        verbose=verbose,
        epochs=given["epochs"],
        steps=given["steps_per_epoch"] or given["x"].num_batches,
        model=model,
    )


def _what_is_kept(found: "Split") -> str:
    ends = " and ".join(feature.name for feature in found.features)
    size = found.bytes_per_sample
    kept = f"{size / 1024:,.0f} KiB" if size >= 1024 else f"{size} bytes"
    return (
        f"The frozen part, to {ends}, is run once for each sample and {kept} kept; {found.limit}."
    )
