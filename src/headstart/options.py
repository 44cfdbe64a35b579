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

from headstart.augmentation import Augmentation, Share
from headstart.errors import OptionError

Resize = Literal["squash", "crop", "pad"]
Precision = Literal["auto", "float32", "bfloat16"]


def _path(value: Any) -> Any:
    """A path, as text or not → the text of an absolute one; the word `random` stays."""
    is_path = isinstance(value, str | os.PathLike) and value != "random"
    return os.path.abspath(value) if is_path else value


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


def _unfreeze(value: Any) -> str:
    """`"auto"`, `"none"`, `"all"`, the name of a layer, or a number as `23` or `"23"`."""
    text = str(value).strip()
    if not text or text == "0":
        raise PydanticCustomError("unfreeze", "give auto, none, all, a number or a layer")
    return text


def _hidden(value: Any) -> str:
    """`(16, 32)` or `"16, 32"` → `"16,32"`."""
    given = value if isinstance(value, (tuple, list)) else str(value).split(",")
    words = [str(word).strip() for word in given]
    if not words or not all(word.isdecimal() and 1 <= int(word) <= 4096 for word in words):
        raise PydanticCustomError("hidden", "give widths from 1 to 4096, such as 16,32")
    return ",".join(str(int(word)) for word in words)


Hidden = Annotated[str, BeforeValidator(_hidden)]
Unfreeze = Annotated[str, BeforeValidator(_unfreeze)]
PathText = Annotated[str, BeforeValidator(_path)]
PerClass = Annotated[str, BeforeValidator(_per_class)]


class Layout(BaseModel):
    """How a source of labelled photos or rows is read."""

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
    drop_unlabelled: bool = Field(
        False, description="Leave out rows of a table whose target is missing."
    )
    most_rows: Annotated[int, Field(ge=10)] | None = Field(
        None,
        description="Most rows of a table that are read, drawn evenly from all over the file "
        "(default: as many as reading and training need 4 GiB of memory for).",
    )
    ignore: tuple[str, ...] = Field(
        (),
        description="Pattern of paths to pass over, such as 'drafts/*', or of columns of a table; "
        "may be repeated.",
    )


class Division(Layout):
    """Which samples train, which choose, which judge."""

    per_class: PerClass | None = Field(
        None,
        description="Photos to draw from each class for TRAIN,VALIDATION,TEST: numbers, or "
        "`rest` for one of them: '500,100,50' or 'rest,30,5'.",
    )
    validation: Share | None = Field(
        None,
        description="Share of the samples kept for validation (default: 0.15; fewer than 200 "
        "samples are judged by cross-validation instead).",
    )
    test: Share | None = Field(
        None, description="Share of the samples kept for the test (default: as for validation)."
    )
    split: PathText | None = Field(
        None, description="A `split.csv` of an earlier run: the same samples on the same sides."
    )
    validation_file: PathText | None = Field(
        None, description="A table like SOURCE whose rows are the validation set."
    )
    test_file: PathText | None = Field(
        None, description="A table like SOURCE whose rows are the test set."
    )
    group: str | None = Field(
        None,
        description="What keeps samples on one side, such as the patient that several are of: a "
        "column of a table or of a list of photos, which the network is not given, or a regular "
        "expression that finds it in each photo's path: 'patient\\d+'.",
    )
    time: str | None = Field(
        None,
        description="Column of a table that says when a row was: the oldest train, later ones "
        "validate, the newest test; the network is not given it.",
    )
    decisions: tuple[PathText, ...] = Field(
        (),
        description="List of what was decided about doubtful labels, such as a `suspects.csv` of a "
        "run with its column `decision` filled in (relabel, leave out, keep); may be repeated. No "
        "file is changed.",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of everything that is left to chance.")

    @property
    def shares(self) -> tuple[float, float]:
        """Of validation and test, where they are drawn."""
        validation, test = self.validation, self.test
        return 0.15 if validation is None else validation, 0.15 if test is None else test

    @model_validator(mode="after")
    def _options_agree(self) -> Self:
        if sum(self.shares) >= 1:
            raise PydanticCustomError("shares", "validation and test leave nothing to train on")
        if self.split and self.per_class:
            raise PydanticCustomError(
                "two_splits", "split and per_class both say who trains: give one of them"
            )
        if self.time is not None and self.group is not None:
            raise PydanticCustomError(
                "time_and_group",
                "time and group cannot both be kept to, for a group may be older and newer than "
                "the cut: give time if the same groups will come again, else group",
            )
        if self.per_class and (self.time or self.group):
            raise PydanticCustomError(
                "numbers_and_order",
                "per_class draws by number, which neither time nor group can be kept to: give one",
            )
        if self.time is not None and self.shares == (0, 0):
            raise PydanticCustomError(
                "all_times",
                "time parts those that train from those that judge, and by "
                "validation=0 and test=0 nothing judges: give one of them",
            )
        return self


class Network(BaseModel):
    """The network, and what of it is trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    precision: Precision = Field(
        "auto",
        description="Arithmetic of the backbone; `auto` takes bfloat16 where the processor has it "
        "and the features of this data agree with float32.",
    )
    unfreeze: Unfreeze = Field(
        "auto",
        description="What is trained: `none`, the head alone; `all`; N layers counted from the "
        "end, the new one included; LAYER and all after it. `auto` begins with the head, trains "
        "the last blocks too where that can help, and keeps what validates better.",
    )
    hidden: Hidden | None = Field(
        None,
        description="Widths of the hidden layers of a table's network, such as '16,32' "
        "(default: sized to the data).",
    )
    scaling: Literal["auto", "minmax", "standard", "robust"] = Field(
        "auto",
        description="How a table's numbers are scaled, by the training rows alone; `auto` is "
        "standard, or robust for a column with values far out.",
    )


class Descent(BaseModel):
    """How it is trained where that is done by gradient."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Literal["tutorial"] | None = Field(
        None,
        description="`tutorial` sets optimizer, rate, batch and epochs as a widely followed "
        "Keras tutorial has them for this backbone.",
    )
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None,
        description="Most times that training by gradient sees each sample (default: 6; from "
        "nothing 20; rows of a table 80).",
    )
    batch_size: Annotated[int, Field(ge=1, le=4096)] | None = Field(
        None,
        description="Samples in one step of training by gradient (default: 32; of a table "
        "a sixtieth of the rows, 16 to 512).",
    )
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = Field(
        None,
        description="Highest rate of training by gradient (default: 0.002; from nothing 0.001; "
        "tables 0.004).",
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None,
        description="Share of the features left out at random, in training by gradient "
        "(default: 0.2; tables 0.1).",
    )
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None,
        description="Share of the probability that all classes get alike, in training by "
        "gradient (default: 0).",
    )
    patience: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="Epochs without a lower validation loss after which training by gradient "
        "stops (default: 3; from nothing 5; tables 15).",
    )
    budget: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="Seconds that training by gradient may take (default: 300 where nothing says "
        "how long: neither epochs nor recipe nor what is trained; else, and for tables, no end). "
        "The trainings of a cross-validation take it together.",
    )


class TrainOptions(Descent, Network, Augmentation, Division):
    """How `train` goes about its work."""

    views: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None,
        description="Random views of each training photo that are trained on beside it "
        "(default: 2 with --augment, else 0).",
    )
    sample_weight: str | None = Field(
        None,
        description="Column of a table with numbers, 0 or more, that say how much a row counts in "
        "training, not in the figures; the network is not given it.",
    )
    class_weight: Literal["balanced", "none"] = Field(
        "none", description="`balanced` makes rare classes count as much as frequent ones."
    )
    abstain_at: Annotated[float, Field(gt=0.5, lt=1)] | None = Field(
        None,
        description="Share of its answers that is to be right, such as 0.99: where it is less "
        "sure, or a photo is unlike those of training, it answers `unknown` (default: it always "
        "answers).",
    )

    @model_validator(mode="after")
    def _views_differ(self) -> Self:
        ranges = (name for name in Augmentation.model_fields if name != "augment")
        if self.views and not any(getattr(self, name) for name in ranges):
            raise PydanticCustomError(
                "same_views",
                "views would show the photo itself: say with augment, or one of its ranges, how "
                "far they may differ",
            )
        return self


Options = TypeVar("Options", bound=Layout)


def as_flags(values: Mapping[str, Any]) -> list[str]:
    """Options as words of a command line."""
    words: list[str] = []
    for name, value in values.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            for item in value if isinstance(value, (list, tuple)) else [value]:
                words += [f"--{flag}", str(item)]
    return words


def chosen(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of all options of a training, as JSON values, those that are not as by default."""
    preset = {"augment": values.get("augment", "none")}
    usual = {**TrainOptions(**preset).model_dump(mode="json"), "augment": "none"}
    return {name: value for name, value in values.items() if value != usual.get(name)}


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
