"""A Keras model laid flat: the calls of its layers, one after another, nested models opened.

Everything here follows `Functional.call` of Keras 3, in the order in which it calls the
layers, so that running the steps is running the model: the same operations on the same
layer objects. Importing this file imports Keras.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from headstart.backbone.quiet_keras import keras

from keras.src.models.functional import Functional, operation_fn  # isort: skip

Value = int
"""A tensor of the model, by number: each call of a layer makes new ones."""


@dataclass(frozen=True)
class Step:
    """One call of a layer or operation, or the entry into a model.

    Attributes:
        name: of the layer, below the names of the models around it: `base/conv1`.
        layer: what is called; None for an entry, which only converts what enters.
        reads, writes: the values that it takes and makes.
        run: what does it: the values so far and `training` in, the values written out.
    """

    name: str
    layer: Any
    reads: tuple[Value, ...]
    writes: tuple[Value, ...]
    run: Callable[[dict[Value, Any], bool | None], Sequence[Any]]

    @property
    def weights(self) -> list[Any]:
        """Of the layer; an operation such as `keras.ops.add` has none."""
        return list(getattr(self.layer, "weights", ()))


@dataclass(frozen=True)
class Steps:
    """A model as steps.

    Attributes:
        model: the model itself.
        functional: its graph, which for a Sequential is another object.
        inputs, outputs: values, in the order in which Keras flattens the structures.
        all: the steps in the order in which Keras runs them.
    """

    model: Any
    functional: Any
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    all: tuple[Step, ...]


def graph_of(model: Any) -> Any:
    """The graph that a model runs; None if what it runs is code of its own."""
    if not isinstance(model, keras.Model):
        return None
    if isinstance(model, keras.Sequential):
        plain = type(model).call is keras.Sequential.call
        return model._functional if plain else None
    return model if isinstance(model, Functional) and type(model).call is Functional.call else None


def flatten(model: Any) -> Steps:
    """Lay flat a model for which `graph_of` finds a graph."""
    functional = graph_of(model)
    opened = _Opening()
    inputs = opened.new(len(functional.inputs))
    outputs = opened.enter(functional, inputs, "")
    return Steps(model, functional, inputs, outputs, tuple(opened.steps))


class _Opening:
    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._count = 0

    def new(self, count: int) -> tuple[Value, ...]:
        self._count += count
        return tuple(range(self._count - count, self._count))

    def enter(self, graph: Any, given: tuple[Value, ...], path: str) -> tuple[Value, ...]:
        """Add the steps of one model, whose flat inputs are `given`; its flat outputs."""
        entered = self.new(len(given))
        self.steps.append(Step(path, None, given, entered, _entry(graph, given)))
        place = dict(zip(map(id, graph.inputs), entered, strict=True))
        for node in _nodes(graph):
            operation = node.operation
            if any(id(tensor) not in place for tensor in node.input_tensors):
                continue  # as Keras does: it leads to no output
            reads = tuple(place[id(tensor)] for tensor in node.input_tensors)
            name = f"{path}/{operation.name}".removeprefix("/")
            inner = graph_of(operation)
            if inner is not None and _is_plain_call(node, operation):
                writes = self.enter(inner, reads, name)
            else:
                writes = self.new(len(node.outputs))
                self.steps.append(Step(name, operation, reads, writes, _call(node, reads)))
            place |= zip(map(id, node.outputs), writes, strict=True)
        return tuple(place[id(tensor)] for tensor in graph.outputs)


def _nodes(graph: Any) -> Iterator[Any]:
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from (n for n in graph._nodes_by_depth[depth] if n.operation and not n.is_input)


def _is_plain_call(node: Any, model: Any) -> bool:
    """Whether a nested model is called on its inputs and does no more than run its graph."""
    given = {name for name, value in node.arguments.kwargs.items() if value is not None}
    return (
        len(node.arguments.args) == 1
        and given <= {"training"}
        and model.activity_regularizer is None
    )


def _entry(graph: Any, given: tuple[Value, ...]) -> Callable[..., Sequence[Any]]:
    """Keras' own conversion of what enters a model: to its dtypes and ranks."""

    def run(values: dict[Value, Any], training: bool | None) -> Sequence[Any]:
        tensors = [values[value] for value in given]
        converted: Sequence[Any] = graph._adjust_input_rank(
            graph._convert_inputs_to_tensors(tensors)
        )
        return converted

    return run


def _call(node: Any, reads: tuple[Value, ...]) -> Callable[..., Sequence[Any]]:
    """`Functional.call` gives every layer its own `training`, whatever the call in the model says.

    So `base(x, training=False)` does not silence the Dropout inside `base` while a model
    around it is trained.
    """
    tensors = [id(tensor) for tensor in node.input_tensors]

    def run(values: dict[Value, Any], training: bool | None) -> Sequence[Any]:
        held = dict(zip(tensors, (values[value] for value in reads), strict=True))
        args, kwargs = node.arguments.fill_in(held)
        outputs = operation_fn(node.operation, training=training)(*args, **kwargs)
        flat: Sequence[Any] = keras.tree.flatten(outputs)
        return flat

    return run


class Part(keras.Model):  # type: ignore[misc]
    """Some of a model's steps as a Keras model of its own, on the same layer objects.

    Args:
        steps: what it runs, in order.
        inputs, outputs: the values that come in and go out.
        inside: the model that the steps are of; sets the order of the layers.
        enter: from the structure that the part is called with to flat tensors.
        leave: from flat tensors to the structure that it returns.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        inputs: Sequence[Value],
        outputs: Sequence[Value],
        inside: Any,
        name: str,
        enter: Callable[[Any], Sequence[Any]] = keras.tree.flatten,
        leave: Callable[[Sequence[Any]], Any] | None = None,
    ) -> None:
        super().__init__(name=name)
        self._convert_input_args = False  # as in Functional: an entry converts
        self._allow_non_tensor_positional_args = True
        self.parts = _in_order(inside, {id(step.layer) for step in steps})
        self._run = _Run(tuple(steps), tuple(inputs), tuple(outputs), enter, leave or _single)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self._run(inputs, training)


@dataclass(frozen=True)
class _Run:
    """What a `Part` does, out of reach of Keras' tracking of attributes."""

    steps: tuple[Step, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    enter: Callable[[Any], Sequence[Any]]
    leave: Callable[[Sequence[Any]], Any]

    def __call__(self, inputs: Any, training: bool | None) -> Any:
        values = dict(zip(self.inputs, self.enter(inputs), strict=True))
        for step in self.steps:
            values |= zip(step.writes, step.run(values, training), strict=True)
        return self.leave([values[value] for value in self.outputs])


def _single(tensors: Sequence[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else list(tensors)


def _in_order(model: Any, wanted: set[int]) -> list[Any]:
    """The wanted layers in the order in which the model lists its weights."""
    seen: set[int] = set()

    def walk(layers: Iterable[Any]) -> Iterator[Any]:
        for layer in layers:
            if id(layer) in wanted and id(layer) not in seen:
                seen.add(id(layer))
                yield layer
            elif id(layer) not in wanted:
                yield from walk(layer._layers)

    return list(walk(model._layers))
