"""`manifest.json`: what a bundle says about itself.

A manifest of format 3 has exactly the fields below; in format 2 no column of numbers had `commas`,
and in format 1 `threshold` was always null too. A field that is not known here is refused, not
skipped: it could change what the network's figures mean, and to predict without it would be wrong
without a word. So whoever adds a field raises `FORMAT`, teaches `Manifest.from_bytes` to read the
old form, and keeps a bundle of the old form as a fixture.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

import msgspec
from msgspec import Meta, field, structs, to_builtins

from headstart.backbone.dense import Shape
from headstart.bundle.graph_check import Port
from headstart.bundle.refusal import Refused
from headstart.bundle.strict_json import parse_object
from headstart.data import columns
from headstart.data.columns import Column, Number
from headstart.sets import JudgedSet
from headstart.store.records import Kind, Record

FORMAT: Final = 3

REFERENCE: Final = "reference.features"

Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=1000)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Dropped = Annotated[float, Meta(ge=0, lt=1)]


class ImageInput(Kind, frozen=True, tag="image"):
    """How a photo becomes pixels: `data.pixels.decode(photo, size, resize)`."""

    size: Annotated[int, Meta(ge=1, le=1024)]
    resize: Literal["squash", "crop", "pad"]
    decode_version: Positive


class BackboneRef(Record, frozen=True):
    """The row of the catalog, and the weights, from which the features come.

    Attributes:
        name: as in `backbone.catalog`.
        weights: the digest of the weights.
        features: the width of the feature vector.
        size: the side of the input in pixels.
        cut: where the features are taken.
    """

    name: Name
    weights: Name
    features: Positive
    size: Positive
    cut: Name = "features"


class HeadRef(Record, frozen=True):
    """The classifier on the features.

    Attributes:
        kind: `logistic`, fitted to features of a frozen backbone; `dense`, trained by gradient.
        l2: the strength of the L2 penalty of a logistic one.
        first: the first layer of the backbone that was trained with a dense one, `logits` if
            none was.
        optimizer: of a dense one: Keras' class name and configuration.
        dropout, momentum, label_smoothing: of the training of a dense one: the share of the
            features left out, the momentum of thawed batch normalizations if it was changed,
            and the share of the probability that all classes got alike.
    """

    kind: Literal["logistic", "dense"]
    l2: Annotated[float, Meta(ge=0)] | None = None
    first: Name | None = None
    optimizer: dict[str, Any] | None = None
    dropout: Dropped | None = None
    momentum: Share | None = None
    label_smoothing: Share | None = None

    def __post_init__(self) -> None:
        fields = structs.asdict(self)
        del fields["kind"]
        given = {name for name, value in fields.items() if value is not None}
        needed, more = {"l2"}, set[str]()
        if self.kind == "dense":
            needed, more = {"first", "optimizer"}, {"dropout", "momentum", "label_smoothing"}
        if not needed <= given <= needed | more:
            raise ValueError(f"{self.kind} has other fields")


class Backboned(Kind, frozen=True, tag="backbone"):
    """A backbone with a head on its features.

    Attributes:
        backbone, head: what it was made of.
    """

    backbone: BackboneRef
    head: HeadRef

    @property
    def name(self) -> str:
        """What people call it."""
        return self.backbone.name


class Packaged(Kind, frozen=True, tag="packaged"):
    """A Keras model of the user's own, of which the graph is all that is kept.

    Attributes:
        name: as Keras calls it.
        preprocessing: what was put before it, in words.
    """

    name: Name
    preprocessing: Name


class Dense(Kind, frozen=True, tag="dense"):
    """A dense network on columns, `backbone.dense`.

    Attributes:
        hidden: the widths of its hidden layers.
        optimizer: Keras' class name and configuration.
        dropout, label_smoothing: of its training, as of a `HeadRef`.
    """

    hidden: Annotated[tuple[Annotated[int, Meta(ge=1, le=4096)], ...], Meta(max_length=64)]
    optimizer: dict[str, Any]
    dropout: Dropped
    label_smoothing: Share

    @property
    def name(self) -> str:
        """What people call it."""
        return "dense"


class ColumnsInput(Kind, frozen=True, tag="columns"):
    """How a row becomes numbers: `data.columns.matrix(columns, frame)`.

    Attributes:
        target: the column with the labels, where they are known; None: a network was packaged
            without a name for it.
        columns: every other one, in the order of the table that was trained on.
    """

    target: Name | None
    columns: Annotated[tuple[Column, ...], Meta(min_length=1)]


Input = ImageInput | ColumnsInput
Network = Backboned | Packaged | Dense


class Entry(Record, frozen=True):
    """Size in bytes and SHA-256 of another entry of the bundle."""

    size: Count
    sha256: Sha256


class TensorSpec(Record, frozen=True):
    """A tensor of a safetensors entry: dtype as that format writes it (`F32`), and shape."""

    dtype: Name
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} [{','.join(str(side) for side in self.shape)}]"


class Figures(Record, frozen=True):
    """How good the classifier is on one set of samples: some of the scores of `metrics.json`."""

    accuracy: Share
    accuracy_interval: tuple[float, float]
    loss: Annotated[float, Meta(ge=0)]
    macro_f1: Share
    calibration_error: Share

    @classmethod
    def of(cls, scores: Mapping[str, Any]) -> Self:
        """The figures among the scores of a set."""
        return msgspec.convert({name: scores[name] for name in cls.__struct_fields__}, cls)


class Threshold(Record, frozen=True):
    """What is not answered.

    Attributes:
        wanted: the share of answers that was to be right.
        probability: the least, of the class that is answered.
        distance: the largest, to the training samples; None: none is looked at.
        nearest: how many of these a distance is the mean of.
        references: how many of them `weights.safetensors` holds the features of, at length one.
    """

    wanted: Annotated[float, Meta(gt=0, lt=1)]
    probability: Share
    distance: Annotated[float, Meta(ge=0, le=2)] | None
    nearest: Annotated[int, Meta(ge=1, le=1000)] | None
    references: Annotated[int, Meta(ge=1, le=10_000)] | None

    def __post_init__(self) -> None:
        if len({each is None for each in (self.distance, self.nearest, self.references)}) > 1:
            raise ValueError("distance, nearest and references go together")


class Manifest(Record, frozen=True, kw_only=True):
    """A bundle's manifest; `entries` and `tensors` are filled in when it is written.

    Attributes:
        classes: the names of the classes, in the order of the outputs.
        input: what the network takes, and how it is made of what people have.
        network: what it was made of.
        parameters, trainable_parameters: how many numbers the network has, and how many of
            them were trained.
        precision: for which the saved probabilities were checked.
        temperature: the logits are divided by it; None: they stay as they are.
        threshold: what is not answered; None: everything is. In format 1 it was always None.
        metrics: the figures of each set that was judged.
        split_sha256: of `split.csv`; None if there is none.
        versions: of the packages that made it, by name.
    """

    format: Literal[1, 2, 3] = FORMAT
    task: Literal["image", "table"]
    classes: Annotated[tuple[Name, ...], Meta(min_length=2)]
    input: Input
    network: Network
    precision: Literal["float32", "bfloat16"]
    parameters: Count
    trainable_parameters: Count
    temperature: Annotated[float, Meta(gt=0)] | None
    threshold: Threshold | None
    metrics: dict[JudgedSet, Figures]
    split_sha256: Sha256 | None
    versions: dict[str, str]
    entries: dict[str, Entry] = field(default_factory=dict)
    tensors: dict[str, dict[str, TensorSpec]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("two classes have the same name")
        rows = isinstance(self.input, ColumnsInput)
        made_for = isinstance(self.network, Packaged | (Dense if rows else Backboned))
        if rows != (self.task == "table") or not made_for:
            raise ValueError("task, input and network do not go together")
        if rows and self.table.target is None and not isinstance(self.network, Packaged):
            raise ValueError("input.target is missing")
        if isinstance(self.network, Backboned) and self.image.size != self.network.backbone.size:
            raise ValueError("input.size and network.backbone.size differ")
        if self.threshold and self.format == 1:
            raise ValueError("format 1 knows no threshold")
        written = rows and any(isinstance(c, Number) and c.commas for c in self.table.columns)
        if written and self.format < 3:
            raise ValueError(f"format {self.format} knows no commas")
        far = self.threshold and self.threshold.distance is not None
        if far and not isinstance(self.network, Backboned):
            raise ValueError("threshold.distance needs a backbone with features")
        if not self.tensors.keys() <= self.entries.keys():
            raise ValueError("tensors names an entry that entries does not")

    @property
    def image(self) -> ImageInput:
        """The input of a classifier of photos."""
        assert isinstance(self.input, ImageInput)
        return self.input

    @property
    def table(self) -> ColumnsInput:
        """The input of a classifier of rows."""
        assert isinstance(self.input, ColumnsInput)
        return self.input

    @property
    def shape(self) -> Shape:
        """Of a dense network."""
        assert isinstance(self.network, Dense)
        embedded, width = columns.embedded(self.table.columns), columns.width(self.table.columns)
        return Shape(width, embedded, self.network.hidden, len(self.classes))

    def inputs(self) -> dict[str, Port]:
        """What the graph takes: uint8 RGB photos, or rows as numbers."""
        if isinstance(self.input, ColumnsInput):
            return {"columns": Port("f32", (-1, columns.width(self.input.columns)))}
        side = self.input.size
        return {"pixels": Port("u8", (-1, side, side, 3))}

    def outputs(self) -> dict[str, Port]:
        """What the graph gives for each sample; without a backbone the logits alone."""
        logits = {"logits": Port("f32", (-1, len(self.classes)))}
        if isinstance(self.network, Backboned):
            return {"features": Port("f32", (-1, self.network.backbone.features)), **logits}
        return logits

    def weights(self) -> dict[str, TensorSpec]:
        """What `weights.safetensors` holds: of a head, logits = features @ kernel + bias."""
        shapes: dict[str, tuple[int, ...]] = {}
        if isinstance(self.network, Backboned):
            features, classes = self.network.backbone.features, len(self.classes)
            shapes = {"head.kernel": (features, classes), "head.bias": (classes,)}
        elif isinstance(self.network, Dense):
            shapes = self.shape.tensors()
        found = {name: TensorSpec(dtype="F32", shape=shape) for name, shape in shapes.items()}
        if self.threshold and self.threshold.references and isinstance(self.network, Backboned):
            shape = self.threshold.references, self.network.backbone.features
            found[REFERENCE] = TensorSpec(dtype="F16", shape=shape)
        return found

    def to_bytes(self) -> bytes:
        """The manifest as JSON; the same content gives the same bytes.

        Raises:
            ValueError: it is not one that could be read, as a figure that is no number.
        """
        made = json.dumps(
            self.document(),
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
        ).encode()
        msgspec.json.decode(made, type=type(self))
        return made

    def document(self) -> dict[str, Any]:
        """The manifest as JSON has it, without bytes."""
        made: dict[str, Any] = to_builtins(self)
        return made

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a manifest of this format or an older one.

        Raises:
            Refused: of a newer format, or not a manifest.
        """
        _check_format(parse_object(data).get("format"))
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.MsgspecError as error:
            what, _, place = str(error).partition(" - at ")
            place = place.removeprefix("`key` in ").strip("`$.")  # where a key is not one of some
            raise Refused(f"{place or 'the whole'}: {what}.") from error


def _check_format(number: Any) -> None:
    if type(number) is not int or number < 1:
        raise Refused(f"its format is {str(number)[:20]!r}, not a number from 1 on.")
    if number > FORMAT:
        raise Refused(
            f"it has format {number}; this headstart reads formats up to {FORMAT}.",
            mend="Update headstart (pip install --upgrade headstart).",
        )
