"""Where the frozen part of a Keras model ends: a prefix to run once, and a tail to train.

    found = split(model)
    if isinstance(found, NoSplit):
        print(found.reason)
    else:
        features = found.prefix(x)      # cannot change while the model is trained
        y = found.tail(features)        # what model(x) gives; training it trains the model

Both are made of the model's own layer objects. What may stand in the prefix is decided by
what Keras executes: the model is traced as it is trained, and a call belongs to the prefix
if none of its weights trains, it reads nothing but what is in the prefix, it draws no random
number, assigns no variable and adds no loss, and inference runs the same operations. That
settles Dropout, noise, random augmentation, BatchNormalization and layers of the user's own
by one rule, without a list of classes.

Importing this file imports Keras.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headstart.backbone.quiet_keras import keras  # isort: skip  it quiets TensorFlow
import tensorflow
from tensorflow.python.framework import op_def_registry

from headstart.backbone.steps import Part, Step, Steps, Value, flatten, graph_of

_DTYPES = ("float32", "uint8", "int32", "int64", "bool")
# Stateful by their definition in TensorFlow, though they only read, compare or call.
_HARMLESS = {"ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VarHandleOp", "Assert"}
_CALLS = {"PartitionedCall", "StatefulPartitionedCall", "If", "While", "Case"}


@dataclass(frozen=True)
class Feature:
    """A tensor that crosses the cut, as one sample has it.

    Attributes:
        name: of the layer that makes it, below the models around it: `base/conv_pw_11_relu`;
            or of the input that it is.
        shape: without the batch; None where the model leaves a size open.
        dtype: `float32`, but for inputs and masks that pass through.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    @property
    def bytes(self) -> int:
        """Of one sample; a size that is open counts as 1."""
        size: int = tensorflow.as_dtype(self.dtype).size
        return size * math.prod(length or 1 for length in self.shape)


@dataclass(frozen=True)
class Split:
    """A model in two parts.

    Attributes:
        prefix: takes what the model takes; gives the features, a list if there are several.
            Under `training=True` it does the same as under `training=False`.
        tail: takes the features as the prefix gives them; gives what the model gives, in
            the same structure. Its trainable weights are the model's, in the same order.
        features: what crosses the cut, in order.
        frozen: names of the prefix's layers.
        limit: why the prefix ends where it ends, as `block2a_drop is random during training`.
        unseeded: layers that draw from TensorFlow's own random state, whose numbers depend
            on how many operations a graph has: with them the tail alone draws other numbers
            than the whole model.
    """

    prefix: Part
    tail: Part
    features: tuple[Feature, ...]
    frozen: tuple[str, ...]
    limit: str
    unseeded: tuple[str, ...]

    @property
    def bytes_per_sample(self) -> int:
        """What one sample's features take."""
        return sum(feature.bytes for feature in self.features)


@dataclass(frozen=True)
class NoSplit:
    """Why a model has no prefix: `reason` finishes the sentence "trained whole, because …"."""

    reason: str


def split(model: Any) -> Split | NoSplit:
    """Find the latest cut of a built Keras model; of equally late ones that of the fewest bytes.

    A cut is as late as another if as many calls of layers with weights lie before it: an
    activation or a padding more does not count, the bytes that it adds do. The model is
    looked at as it is now; freeze and compile it first. Nothing of it is changed.
    """
    if graph_of(model) is None:
        return NoSplit(_no_graph(model))
    trainable = {id(weight) for weight in model.trainable_weights}
    if not trainable:
        return NoSplit("no weight of it is trainable")
    if any(tensor.sparse or tensor.ragged for tensor in graph_of(model).inputs):
        return NoSplit("an input is sparse or ragged")
    flat = flatten(model)
    try:
        seen = _trace(flat, flat.all, training=True)
    except Exception as error:  # whatever a layer of the user's own raises outside Keras' loop
        return NoSplit(f"its layers cannot be traced one by one ({_line(error)})")
    masked = next((each for each in seen if each.step.layer is None and each.masked_in), None)
    if masked is not None:
        return NoSplit(f"a mask enters the model {masked.step.name} inside it")

    static, limit = _static(flat, seen, trainable)
    if not limit:
        return NoSplit("no layer that trains leads to its outputs")
    features = _features(flat, seen)
    inside = _latest_cut(flat, static, features)
    if any(step.weights for step in inside):
        return _parts(flat, inside, features, limit, seen)
    if any(step.weights for step in static):
        return NoSplit("what its frozen part hands on is masked, or not float32, a row a sample")
    return NoSplit(f"nothing frozen comes before its first layer that changes: {limit}")


def _no_graph(model: Any) -> str:
    if isinstance(model, keras.Sequential) and not model.built:
        return "it is not built: give it an Input"
    return "its call is code of its own, not a graph of layers"


@dataclass(frozen=True)
class _Seen:
    """What one step did as it was traced.

    Attributes:
        made: the tensors that it wrote.
        operations: the types of all that it ran, calls opened.
        stateful: those of them that do more than compute.
        seeded: whether one is seeded by its place in the graph.
        losses: whether its layer added one.
        masked_in: whether a mask came with what it read.
    """

    step: Step
    made: tuple[Any, ...]
    operations: tuple[str, ...]
    stateful: frozenset[str]
    seeded: bool
    losses: bool
    masked_in: bool


def _trace(flat: Steps, steps: Sequence[Step], *, training: bool) -> list[_Seen]:
    """Run steps in a TensorFlow graph, which computes nothing, and watch each."""
    seen: list[_Seen] = []

    def watched(step: Step) -> Step:
        def run(values: dict[Value, Any], training: bool | None) -> Sequence[Any]:
            graph = tensorflow.compat.v1.get_default_graph()
            before = len(graph.get_operations())
            made = step.run(values, training)
            ran = tuple(_opened(graph, graph.get_operations()[before:]))
            stateful = {name for name, state, _ in ran if state and name not in _HARMLESS | _CALLS}
            seen.append(
                _Seen(
                    step=step,
                    made=tuple(made),
                    operations=tuple(name for name, _, _ in ran),
                    stateful=frozenset(stateful),
                    seeded=any(seeded for _, _, seeded in ran),
                    losses=bool(getattr(step.layer, "losses", ())),
                    masked_in=any(_mask(values[value]) is not None for value in step.reads),
                )
            )
            return made

        return replace(step, run=run)

    part = Part([watched(step) for step in steps], flat.inputs, (), flat.model, "traced")
    specs = [tensorflow.TensorSpec(each.shape, each.dtype) for each in flat.functional.inputs]

    def whole(*tensors: Any) -> None:
        part(list(tensors), training=training)

    tensorflow.function(whole, autograph=False).get_concrete_function(*specs)
    part._clear_losses()  # they are tensors of a graph that ends here
    return seen


def _opened(graph: Any, operations: Iterable[Any]) -> Iterator[tuple[str, bool, bool]]:
    """Type, statefulness and seededness of operations, and of those in the functions they call."""
    for operation in operations:
        yield from _described(graph, operation.node_def)


def _described(graph: Any, node: Any) -> Iterator[tuple[str, bool, bool]]:
    definition = op_def_registry.get(node.op)
    yield node.op, definition is None or definition.is_stateful, "seed2" in node.attr
    for _, attribute in sorted(node.attr.items()):  # a map of protobuf's has no order of its own
        for function in (attribute.func, *attribute.list.func):
            if function.name:
                body = graph._get_function(function.name).cached_definition
                for inner in body.node_def:
                    yield from _described(graph, inner)


def _mask(tensor: Any) -> Any:
    return getattr(tensor, "_keras_mask", None)


def _static(flat: Steps, seen: list[_Seen], trainable: set[int]) -> tuple[list[Step], str]:
    """The steps that cannot change while the model is trained, and what ends them."""
    held, static, limit = set(flat.inputs), [], ""
    for each in seen:
        if not held.issuperset(each.step.reads):
            continue
        change = _change(each, trainable)
        if change:
            limit = limit or change
        else:
            held.update(each.step.writes)
            static.append(each)
    inference = _trace(flat, [each.step for each in static], training=False)
    for count, (each, other) in enumerate(zip(static, inference, strict=True)):
        if each.operations != other.operations:
            limit = f"{each.step.name} does something else in inference"
            static = static[:count]
            break
    return [each.step for each in static], limit


def _change(each: _Seen, trainable: set[int]) -> str:
    """How a step changes during training; empty if it does not."""
    name, layer = each.step.name, each.step.layer
    if not trainable.isdisjoint(map(id, each.step.weights)):
        return f"{name} trains"
    if each.stateful:
        if isinstance(layer, keras.layers.BatchNormalization):
            return f"{name} is not frozen: it follows the mean of each batch"
        random = isinstance(layer, keras.Layer) and any(
            inner._seed_generators for inner in layer._flatten_layers()
        )
        return f"{name} is random during training" if random else f"{name} keeps a state"
    return f"{name} adds a loss" if each.losses else ""


def _features(flat: Steps, seen: list[_Seen]) -> dict[Value, Feature]:
    """The values of the model that can be kept as one row a sample."""
    found = {}
    for each in seen:
        entry = not each.step.name  # into the model itself
        names = [tensor.name for tensor in flat.functional.inputs] if entry else None
        for i, (value, tensor) in enumerate(zip(each.step.writes, each.made, strict=True)):
            if not isinstance(tensor, tensorflow.Tensor) or _mask(tensor) is not None:
                continue
            dtype = tensor.dtype.name
            if dtype in _DTYPES and tensor.shape.rank and tensor.shape[0] is None:
                name = names[i] if names else each.step.name
                found[value] = Feature(name, tuple(tensor.shape[1:]), dtype)
    return found


def _latest_cut(flat: Steps, static: list[Step], features: dict[Value, Feature]) -> list[Step]:
    """The first of the static steps, as many as make the best cut; none if there is none."""
    best: tuple[tuple[int, int, int], list[Step]] | None = None
    for count in range(1, len(static) + 1):
        inside = static[:count]
        crossing = _crossing(flat, inside)
        if not features.keys() >= set(crossing):
            continue
        size = sum(features[value].bytes for value in crossing)
        key = (sum(bool(step.weights) for step in inside), -size, count)
        if best is None or key > best[0]:
            best = key, inside
    return best[1] if best else []


def _crossing(flat: Steps, inside: list[Step]) -> list[Value]:
    """The values that the steps inside make and the rest needs."""
    rest = _rest(flat, inside)
    needed = {value for step in rest for value in step.reads} | set(flat.outputs)
    return [value for step in inside for value in step.writes if value in needed]


def _rest(flat: Steps, inside: list[Step]) -> list[Step]:
    known = set(map(id, inside))
    return [step for step in flat.all if id(step) not in known]


def _parts(
    flat: Steps,
    inside: list[Step],
    features: dict[Value, Feature],
    limit: str,
    seen: list[_Seen],
) -> Split:
    crossing, rest = _crossing(flat, inside), _rest(flat, inside)
    graph, name = flat.functional, flat.model.name

    def leave(outputs: Sequence[Any]) -> Any:
        packed = keras.tree.pack_sequence_as(graph._outputs_struct, list(outputs))
        return packed[0] if isinstance(packed, list | tuple) and len(packed) == 1 else packed

    enter = graph._standardize_inputs
    prefix = Part(inside, flat.inputs, crossing, flat.model, f"{name}_prefix", enter)
    prefix.input_spec = graph.input_spec
    return Split(
        prefix=prefix,
        tail=Part(rest, crossing, flat.outputs, flat.model, f"{name}_tail", leave=leave),
        features=tuple(features[value] for value in crossing),
        frozen=tuple(step.name for step in inside if step.layer is not None),
        limit=limit,
        unseeded=tuple(each.step.name for each in seen if each.seeded),
    )


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
