"""What an OpenVINO graph must satisfy before OpenVINO sees it.

OpenVINO's reader is C++ that trusts its file. So the XML must be as its serializer writes
it: elements in their places and no others, operations on a list of those that classifiers
need (no control flow, no subgraphs, no custom operations), constants that lie inside the
weights, edges that only lead forward, inputs and outputs as the manifest says. And nothing
may be computed from constants alone, or from shapes: OpenVINO does that while it reads, and a
`Pad` of a few bytes can ask for any amount of memory.

What it does not do: infer the shapes between input and output. `shape_check` does, when
OpenVINO has read the graph and before it computes.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from headstart.bundle.refusal import Refused

XML_LIMIT = 16 << 20  # bytes
LAYERS_LIMIT = 10_000

OPERATIONS = frozenset(
    (
        *("Parameter", "Const", "Result", "Convert"),
        *("Convolution", "GroupConvolution", "MatMul", "MaxPool", "AvgPool"),
        *("Add", "Subtract", "Multiply", "Divide", "Power", "Sqrt", "Minimum", "Maximum"),
        *("ReLU", "PReLU", "Clamp", "Sigmoid", "Tanh", "HSigmoid", "HSwish", "Swish"),
        *("Elu", "Selu", "Mish", "SoftPlus", "SoftSign", "Exp", "Log", "Abs"),
        *("Gelu", "Erf", "SoftMax", "ReduceMean", "ReduceMax", "ReduceSum"),
        *("BatchNormInference", "MVN", "SquaredDifference", "FakeQuantize"),
        *("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Pad"),
        *("Gather", "StridedSlice", "Slice"),
    )
)
"""Operations that image classifiers are made of; a backbone that needs another adds it."""

ELEMENTS = {  # name in <data>: (name in <port>, bytes an element)
    "f32": ("FP32", 4),
    "f16": ("FP16", 2),
    "bf16": ("BF16", 2),
    "i64": ("I64", 8),
    "i32": ("I32", 4),
    "u8": ("U8", 1),
    "i8": ("I8", 1),
    "boolean": ("BOOL", 1),
}

_LAYER = "net/layers/layer"
_PARTS = frozenset(f"{_LAYER}/{part}" for part in ("data", "input", "output"))
_PORTS = frozenset(f"{_LAYER}/{side}/port" for side in ("input", "output"))
_DIMS = frozenset(f"{port}/dim" for port in _PORTS)
_NOTES = frozenset(  # OpenVINO's remarks, which change nothing here
    (
        *(f"{place}/rt_info" for place in (_LAYER, *_PORTS)),
        *(f"{place}/rt_info/attribute" for place in (_LAYER, *_PORTS)),
        *("net/rt_info", "net/rt_info/info", "net/rt_info/Runtime_version"),
    )
)
_SECTIONS = frozenset(("net/layers", "net/edges"))
_CONVERSION = "net/rt_info/conversion_parameters"  # notes of any name stand in it
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_OPSET = re.compile(r"opset\d{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output: element type as `f32` or `u8`, shape with -1 for the batch."""

    element: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.element} [{','.join(str(side) for side in self.shape)}]"


@dataclass(slots=True)
class _Layer:
    kind: str
    attributes: dict[str, str]
    data: dict[str, str] = field(default_factory=dict)
    ports: list[tuple[str, dict[str, str], list[str]]] = field(default_factory=list)


def check_graph(
    xml: bytes, weights_bytes: int, *, inputs: Mapping[str, Port], outputs: Mapping[str, Port]
) -> None:
    """Check a graph in OpenVINO's IR version 11.

    Args:
        xml: the whole XML document.
        weights_bytes: the size of the weights that belong to it.
        inputs, outputs: every input and output that the graph must have, by name.

    Raises:
        Refused: the graph is not of the form above; the reason names the layer.
    """
    document = _Document()
    document.read(xml)
    found_inputs: dict[str, Port] = {}
    found_outputs: dict[str, Port] = {}
    for layer in document.layers:
        if layer.kind == "Const":
            _check_constant(layer, weights_bytes)
        elif "offset" in layer.data:
            raise Refused(f"{_called(layer)} points into the weights and is no constant.")
        elif layer.kind == "Parameter":
            port, names = _only_port(layer, "output")
            _add(found_inputs, names.get("names"), port)
            if layer.data != {
                "shape": ",".join("?" if side < 0 else str(side) for side in port.shape),
                "element_type": port.element,
            }:
                raise Refused(f"{_called(layer)} has a shape that differs from its port's.")
        elif layer.kind == "Result":
            port, _ = _only_port(layer, "input")
            _add(found_outputs, document.name_of(layer), port)
    document.refuse_idle()
    compare("input", found_inputs, inputs)
    compare("output", found_outputs, outputs)


class _Document:
    """The layers of an IR, read by expat with everything refused that it does not need."""

    def __init__(self) -> None:
        self.layers: list[_Layer] = []
        self._sources: dict[int, list[tuple[int, str]]] = {}  # of a layer's inputs: layer, port
        self._places: list[str] = []
        self._once: set[tuple[int, str]] = set()
        self._parser = expat.ParserCreate("utf-8")

    def read(self, xml: bytes) -> None:
        if len(xml) > XML_LIMIT:
            raise Refused(f"it has {len(xml):,} bytes, more than the {XML_LIMIT:,} allowed.")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = _refuser("DOCTYPE")
        self._parser.ProcessingInstructionHandler = _refuser("processing instruction")
        self._parser.CommentHandler = _refuser("comment")
        self._parser.StartCdataSectionHandler = _refuser("CDATA section")
        try:
            self._parser.Parse(xml, True)
        except expat.ExpatError as error:
            raise Refused(f"it is not XML ({error}).") from error

    def name_of(self, result: _Layer) -> str | None:
        """An output's name: its own, else that of the port which feeds it."""
        if "output_names" in result.attributes:
            return result.attributes["output_names"]
        source, wanted = self._sources.get(int(result.attributes["id"]), [(0, "")])[0]
        for side, attributes, _ in self.layers[source].ports:
            if side == "output" and attributes.get("id") == wanted:
                return attributes.get("names")
        return None

    def refuse_idle(self) -> None:
        """Refuse layers that compute and do not depend on the photo."""
        depends: set[int] = set()
        for number, layer in enumerate(self.layers):
            sources = {source for source, _ in self._sources.get(number, ())}
            if layer.kind == "Parameter" or sources & depends:
                depends.add(number)
            elif layer.kind not in ("Const", "Convert"):  # weights may be kept in fewer bytes
                raise Refused(f"{_called(layer)} does not depend on the photo.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        place = f"{self._places[-1]}/{tag}" if self._places else tag
        self._places.append(place)
        if place in _DIMS:
            self.layers[-1].ports[-1][2].append("")
            self._parser.CharacterDataHandler = self._dim_text
        elif place in _PORTS:
            side = self._places[-2].rpartition("/")[2]
            self.layers[-1].ports.append((side, attributes, []))
        elif place == _LAYER:
            self._add_layer(attributes)
        elif place == "net/edges/edge":
            self._check_edge(attributes)
        elif place in _PARTS:
            self._only_once(len(self.layers), place)
            if tag == "data":
                self.layers[-1].data = attributes
        elif place in _SECTIONS:
            self._only_once(0, place)
        elif place == "net":
            if attributes.get("version") != "11":
                raise Refused("it is not OpenVINO IR version 11.")
        elif place not in _NOTES and _CONVERSION not in self._places[-2:]:
            raise Refused(f"its XML has the element {place[:100]}, which no classifier needs.")

    def _end(self, tag: str) -> None:
        self._places.pop()
        self._parser.CharacterDataHandler = None

    def _dim_text(self, text: str) -> None:
        self.layers[-1].ports[-1][2][-1] += text

    def _only_once(self, layer: int, place: str) -> None:
        """A reader may take the first of two, or the last; so there must be one."""
        if (layer, place) in self._once:
            raise Refused(f"its XML has the element {place} twice.")
        self._once.add((layer, place))

    def _add_layer(self, attributes: dict[str, str]) -> None:
        layer = _Layer(attributes.get("type", ""), attributes)
        if layer.kind not in OPERATIONS or not _OPSET.fullmatch(attributes.get("version", "")):
            raise Refused(f"{_called(layer)} is not an operation that headstart's networks use.")
        if attributes.get("id") != str(len(self.layers)):
            raise Refused(f"{_called(layer)} is not numbered in order.")
        if len(self.layers) == LAYERS_LIMIT:
            raise Refused(f"it has more than {LAYERS_LIMIT:,} layers.")
        self.layers.append(layer)

    def _check_edge(self, attributes: dict[str, str]) -> None:
        """Layers are numbered in the order of computation, so a cycle has an edge backwards."""
        source = _number(attributes.get("from-layer", ""))
        target = _number(attributes.get("to-layer", ""))
        if not source < target < len(self.layers):
            raise Refused(f"it has an edge from layer {source} to layer {target}.")
        self._only_once(target, f"net/edges/edge to port {_number(attributes.get('to-port', ''))}")
        self._sources.setdefault(target, []).append((source, attributes.get("from-port", "")))


def _check_constant(layer: _Layer, weights_bytes: int) -> None:
    port, _ = _only_port(layer, "output")
    if set(layer.data) != {"element_type", "shape", "offset", "size"}:
        raise Refused(f"{_called(layer)} is not described by type, shape, offset and size.")
    text = layer.data["shape"]
    shape = tuple(_number(side) for side in text.split(", ")) if text else ()
    if port != Port(layer.data["element_type"], shape):
        raise Refused(f"{_called(layer)} has a type or shape that differs from its port's.")
    offset, size = _number(layer.data["offset"]), _number(layer.data["size"])
    if size != math.prod(shape) * ELEMENTS[port.element][1]:
        raise Refused(f"{_called(layer)} has {size:,} bytes; its shape needs others.")
    if offset + size > weights_bytes:
        raise Refused(
            f"{_called(layer)} ends at byte {offset + size:,} of weights that have "
            f"{weights_bytes:,}."
        )


def _only_port(layer: _Layer, side: str) -> tuple[Port, dict[str, str]]:
    """The single port of a layer that must have one, on that side alone."""
    if len(layer.ports) != 1 or layer.ports[0][0] != side:
        raise Refused(f"{_called(layer)} does not have one {side} alone.")
    _, attributes, dims = layer.ports[0]
    for element, (precision, _) in ELEMENTS.items():
        if precision == attributes.get("precision"):
            shape = tuple(-1 if text == "-1" else _number(text) for text in dims)
            return Port(element, shape), attributes
    raise Refused(f"{_called(layer)} has elements of an unknown type.")


def _add(ports: dict[str, Port], name: str | None, port: Port) -> None:
    if name is None or name in ports:
        raise Refused(f"an input or output has no name, or one that is taken ({name!r}).")
    ports[name] = port


def compare(kind: str, found: Mapping[str, Port], wanted: Mapping[str, Port]) -> None:
    """Refuse inputs or outputs that are not those of the manifest.

    Raises:
        Refused: it names the first that differs.
    """
    if found.keys() != wanted.keys():
        raise Refused(f"its {kind}s are {sorted(found)}; the manifest says {sorted(wanted)}.")
    for name, port in wanted.items():
        if found[name] != port:
            raise Refused(f"its {kind} {name!r} is {found[name]}; the manifest says {port}.")


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise Refused(f"{text[:100]!r} stands where a whole number should.")
    return int(text)


def _called(layer: _Layer) -> str:
    return f"layer {layer.attributes.get('name', '')[:100]!r} ({layer.kind[:100]})"


def _refuser(what: str) -> Callable[..., NoReturn]:
    def refuse(*_: object) -> NoReturn:
        raise Refused(f"its XML has a {what}.")

    return refuse
