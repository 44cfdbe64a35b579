"""`manifest.json`: what a bundle says about itself.

A manifest of format 1 has exactly the fields below. One that is not known here is refused,
not skipped: it could change what the network's figures mean, and to predict without it
would be wrong without a word. So whoever adds a field raises `FORMAT`, teaches
`Manifest.from_bytes` to read the old form, and keeps a bundle of the old form as a fixture.
"""

import json
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

from headstart.bundle.graph_check import Port
from headstart.bundle.refusal import Refused
from headstart.bundle.strict_json import parse_object

FORMAT: Final = 1

Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
Name = Annotated[str, Field(min_length=1, max_length=1000)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class ImageInput(_Record):
    """How a photo becomes pixels: `data.pixels.decode(photo, size, resize)`."""

    size: int = Field(ge=1, le=4096)
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
    """The classifier on the features, and the strength of its L2 penalty."""

    kind: Literal["logistic"]
    l2: float = Field(ge=0)


class Entry(_Record):
    """Size in bytes and SHA-256 of another entry of the bundle."""

    size: int = Field(ge=0)
    sha256: Sha256


class TensorSpec(_Record):
    """A tensor of a safetensors entry: dtype as that format writes it (`F32`), and shape."""

    dtype: Name
    shape: tuple[int, ...]


class Manifest(_Record):
    """A bundle's manifest; `entries` and `tensors` are filled in when it is written.

    Attributes:
        classes: the names of the classes, in the order of the outputs.
        precision: for which the saved probabilities were checked.
        temperature: the logits are divided by it; None: they stay as they are.
        threshold: below this probability the answer is "don't know"; None: always answer.
        metrics: the scores of `metrics.json`; the whole manifest has at most 1 MB.
        split_sha256: of `split.csv`.
        versions: of the packages that made it, by name.
    """

    format: Literal[1] = FORMAT
    task: Literal["image"]
    classes: tuple[Name, ...] = Field(min_length=2)
    image: ImageInput
    backbone: BackboneRef
    precision: Literal["float32", "bfloat16"]
    head: HeadRef
    temperature: float | None = Field(gt=0)
    threshold: float | None = Field(ge=0, le=1)
    metrics: dict[str, JsonValue]
    split_sha256: Sha256
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
        if self.image.size != self.backbone.size:
            raise ValueError("image.size and backbone.size differ")
        if not self.tensors.keys() <= self.entries.keys():
            raise ValueError("tensors names an entry that entries does not")
        return self

    def inputs(self) -> dict[str, Port]:
        """What the graph takes: uint8 RGB photos."""
        side = self.image.size
        return {"pixels": Port("u8", (-1, side, side, 3))}

    def outputs(self) -> dict[str, Port]:
        """What the graph gives for each photo."""
        return {
            "features": Port("f32", (-1, self.backbone.features)),
            "logits": Port("f32", (-1, len(self.classes))),
        }

    def to_bytes(self) -> bytes:
        """The manifest as JSON; the same content gives the same bytes.

        Raises:
            ValueError: `metrics` holds NaN or infinity.
        """
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
