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

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from headstart.backbone.dense import Shape
from headstart.bundle.graph_check import Port
from headstart.bundle.refusal import Refused
from headstart.bundle.strict_json import parse_object
from headstart.data import columns
from headstart.data.columns import Column, Number
from headstart.sets import JudgedSet

FORMAT: Final = 3

REFERENCE: Final = "reference.features"

Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
Name = Annotated[str, Field(min_length=1, max_length=1000)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class ImageInput(_Record):
    """How a photo becomes pixels: `data.pixels.decode(photo, size, resize)`."""

    kind: Literal["image"] = "image"
    size: int = Field(ge=1, le=1024)
    resize: Literal["squash", "crop", "pad"]
    decode_version: int = Field(ge=1)


class BackboneRef(_Record):
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
    features: int = Field(ge=1)
    size: int = Field(ge=1)
    cut: Name = "features"


class HeadRef(_Record):
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
    l2: float | None = Field(None, ge=0)
    first: Name | None = None
    optimizer: dict[str, JsonValue] | None = None
    dropout: float | None = Field(None, ge=0, lt=1)
    momentum: float | None = Field(None, ge=0, le=1)
    label_smoothing: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = {name for name, value in self if value is not None} - {"kind"}
        needed, more = {"l2"}, set[str]()
        if self.kind == "dense":
            needed, more = {"first", "optimizer"}, {"dropout", "momentum", "label_smoothing"}
        if not needed <= given <= needed | more:
            raise ValueError(f"{self.kind} has other fields")
        return self


class Backboned(_Record):
    """A backbone with a head on its features.

    Attributes:
        backbone, head: what it was made of.
    """

    kind: Literal["backbone"] = "backbone"
    backbone: BackboneRef
    head: HeadRef

    @property
    def name(self) -> str:
        """What people call it."""
        return self.backbone.name


class Packaged(_Record):
    """A Keras model of the user's own, of which the graph is all that is kept.

    Attributes:
        name: as Keras calls it.
        preprocessing: what was put before it, in words.
    """

    kind: Literal["packaged"] = "packaged"
    name: Name
    preprocessing: Name


class Dense(_Record):
    """A dense network on columns, `backbone.dense`.

    Attributes:
        hidden: the widths of its hidden layers.
        optimizer: Keras' class name and configuration.
        dropout, label_smoothing: of its training, as of a `HeadRef`.
    """

    kind: Literal["dense"] = "dense"
    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(max_length=64)
    optimizer: dict[str, JsonValue]
    dropout: float = Field(ge=0, lt=1)
    label_smoothing: float = Field(ge=0, le=1)

    @property
    def name(self) -> str:
        """What people call it."""
        return "dense"


class ColumnsInput(_Record):
    """How a row becomes numbers: `data.columns.matrix(columns, frame)`.

    Attributes:
        target: the column with the labels, where they are known; None: a network was packaged
            without a name for it.
        columns: every other one, in the order of the table that was trained on.
    """

    kind: Literal["columns"] = "columns"
    target: Name | None
    columns: tuple[Column, ...] = Field(min_length=1)


Input = Annotated[ImageInput | ColumnsInput, Field(discriminator="kind")]
Network = Annotated[Backboned | Packaged | Dense, Field(discriminator="kind")]


class Entry(_Record):
    """Size in bytes and SHA-256 of another entry of the bundle."""

    size: int = Field(ge=0)
    sha256: Sha256


class TensorSpec(_Record):
    """A tensor of a safetensors entry: dtype as that format writes it (`F32`), and shape."""

    dtype: Name
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} [{','.join(str(side) for side in self.shape)}]"


class Figures(_Record):
    """How good the classifier is on one set of samples: some of the scores of `metrics.json`."""

    accuracy: float = Field(ge=0, le=1)
    accuracy_interval: tuple[float, float] = Field(strict=False)
    loss: float = Field(ge=0)
    macro_f1: float = Field(ge=0, le=1)
    calibration_error: float = Field(ge=0, le=1)

    @classmethod
    def of(cls, scores: Mapping[str, Any]) -> Self:
        """The figures among the scores of a set."""
        return cls(**{name: scores[name] for name in cls.model_fields})


class Threshold(_Record):
    """What is not answered.

    Attributes:
        wanted: the share of answers that was to be right.
        probability: the least, of the class that is answered.
        distance: the largest, to the training samples; None: none is looked at.
        nearest: how many of these a distance is the mean of.
        references: how many of them `weights.safetensors` holds the features of, at length one.
    """

    wanted: float = Field(gt=0, lt=1)
    probability: float = Field(ge=0, le=1)
    distance: float | None = Field(ge=0, le=2)
    nearest: int | None = Field(ge=1, le=1000)
    references: int | None = Field(ge=1, le=10_000)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({each is None for each in (self.distance, self.nearest, self.references)}) > 1:
            raise ValueError("distance, nearest and references go together")
        return self


class Manifest(_Record):
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
    classes: tuple[Name, ...] = Field(min_length=2)
    input: Input
    network: Network
    precision: Literal["float32", "bfloat16"]
    parameters: int = Field(ge=0)
    trainable_parameters: int = Field(ge=0)
    temperature: float | None = Field(gt=0)
    threshold: Threshold | None
    metrics: dict[JudgedSet, Figures]
    split_sha256: Sha256 | None
    versions: dict[str, str]
    entries: dict[str, Entry] = {}
    tensors: dict[str, dict[str, TensorSpec]] = {}

    @field_validator("classes")
    @classmethod
    def _differ(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) < len(classes):
            raise ValueError("two classes have the same name")
        return classes

    @model_validator(mode="after")
    def _agree(self) -> Self:
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
        return self

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
        """The manifest as JSON; the same content gives the same bytes."""
        return json.dumps(
            self.model_dump(mode="json"),
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a manifest of this format or an older one.

        Raises:
            Refused: of a newer format, or not a manifest.
        """
        _check_format(parse_object(data).get("format"))
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise Refused(f"{place[:200]}: {first['msg']}.") from error


def _check_format(number: Any) -> None:
    if type(number) is not int or number < 1:
        raise Refused(f"its format is {str(number)[:20]!r}, not a number from 1 on.")
    if number > FORMAT:
        raise Refused(
            f"it has format {number}; this headstart reads formats up to {FORMAT}.",
            mend="Update headstart (pip install --upgrade headstart).",
        )
