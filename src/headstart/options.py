"""Every option of training, once: name, type, default, range, help.

The command line, the Python calls and the reference page are made from this file.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from headstart.errors import OptionError

Share = Annotated[float, Field(ge=0, le=0.9)]
Resize = Literal["squash", "crop", "pad"]
Precision = Literal["auto", "float32", "bfloat16"]


def _path(value: Any) -> Any:
    """`Path("a.csv")`, as Python gives it → `"a.csv"`, as the command line does."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _per_class(value: Any) -> str:
    """`(500, 100, 50)` or `"500, 100, 50"` → `"500,100,50"`."""
    given = value if isinstance(value, (tuple, list)) else str(value).split(",")
    words = [str(word).strip() for word in given]
    parts = [str(int(word)) if word.isdecimal() else word for word in words]
    numbers = sum(part.isdecimal() for part in parts)
    if len(parts) != 3 or numbers + (parts.count("rest") == 1) != 3 or parts[0] == "0":
        raise PydanticCustomError(
            "per_class",
            "give TRAIN,VALIDATION,TEST, three numbers or `rest` for one of them, "
            "with at least 1 to train on",
        )
    return ",".join(parts)


PathText = Annotated[str, BeforeValidator(_path)]
PerClass = Annotated[str, BeforeValidator(_per_class)]


class Layout(BaseModel):
    """How a source of labelled photos is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label_pattern: str | None = Field(
        None,
        description="Regular expression with a group `label`, searched in each photo's path, "
        r"for photos that do not lie in one folder a class: '(?P<label>cat|dog)\.\d+'.",
    )
    image_column: str | None = Field(
        None, description="Column with the photos' paths, where SOURCE is a CSV or Parquet file."
    )
    target: str | None = Field(None, description="Column with the label.")
    encoding: str = Field("utf-8", description="Character encoding of a CSV file.")
    ignore: tuple[str, ...] = Field(
        (), description="Pattern of paths to pass over, such as 'drafts/*'; may be repeated."
    )


class Division(Layout):
    """Which samples train, which choose, which judge."""

    per_class: PerClass | None = Field(
        None,
        description="Photos to draw from each class for TRAIN,VALIDATION,TEST: numbers, or "
        "`rest` for one of them: '500,100,50' or 'rest,30,5'.",
    )
    validation: Share = Field(0.15, description="Share of the samples kept for validation.")
    test: Share = Field(0.15, description="Share of the samples kept for the test.")
    split: PathText | None = Field(
        None, description="A `split.csv` of an earlier run: the same samples on the same sides."
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of everything that is left to chance.")

    @model_validator(mode="after")
    def _options_agree(self) -> Self:
        if self.validation + self.test >= 1:
            raise PydanticCustomError("shares", "validation and test leave nothing to train on")
        if self.split and self.per_class:
            raise PydanticCustomError(
                "two_splits", "split and per_class both say who trains: give one of them"
            )
        return self


class TrainOptions(Division):
    """How `train` goes about its work."""

    backbone: str = Field(
        "efficientnet-lite0",
        description="Pretrained network that turns photos into features "
        "(`headstart backbones` lists them).",
    )
    weights: PathText | None = Field(
        None, description="Weight file of the backbone, or `random` (for measuring only)."
    )
    size: Annotated[int, Field(ge=32, le=1024)] | None = Field(
        None, description="Side in pixels that photos are resized to (default: the backbone's own)."
    )
    resize: Resize = Field(
        "squash",
        description="How a photo becomes a square: squash it, crop its middle, or pad its sides.",
    )
    unfreeze: Literal["none"] = Field(
        "none", description="How much of the backbone is trained too; `none` trains the head alone."
    )
    class_weight: Literal["balanced", "none"] = Field(
        "none", description="`balanced` makes rare classes count as much as frequent ones."
    )
    precision: Precision = Field(
        "auto",
        description="Arithmetic of the backbone; `auto` takes bfloat16 where the processor has it "
        "and the features of this data agree with float32.",
    )


Options = TypeVar("Options", bound=Layout)


def options_from(kind: type[Options], values: Mapping[str, Any]) -> Options:
    """Options of one kind from keywords, all faults reported at once.

    Raises:
        OptionError: unknown names (with the nearest known one) or values out of range.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        raise option_error(kind, error) from None


def option_error(kind: type[Layout], error: ValidationError) -> OptionError:
    """One readable error from pydantic's list of them."""
    faults = [
        _fault(kind, item["loc"], item["type"], item["msg"], item["input"])
        for item in error.errors()
    ]
    return OptionError(" ".join(faults), mend="`--help` lists the options.")


def _fault(
    options: type[Layout], place: tuple[str | int, ...], kind: str, message: str, given: Any
) -> str:
    if not place:  # options that do not go together
        return f"{message[0].upper()}{message[1:]}."
    name = str(place[0])
    if kind == "extra_forbidden":
        near = get_close_matches(name, options.model_fields, n=1)
        return f"There is no option {name!r}" + (f"; did you mean {near[0]!r}?" if near else ".")
    return f"{name}={given!r}: {message[0].lower()}{message[1:]}."
