"""How far random views of a photo may differ from it: the ranges, and presets of them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=0.9)]
Preset = Literal["none", "light", "standard", "strong"]

PRESETS: dict[Preset, dict[str, float | bool]] = {
    "none": {},
    "light": {
        "rotation_range": 5,
        "width_shift_range": 0.05,
        "height_shift_range": 0.05,
        "zoom_range": 0.05,
        "channel_shift_range": 5,
        "horizontal_flip": True,
    },
    "standard": {
        "rotation_range": 10,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "shear_range": 0.15,
        "zoom_range": 0.1,
        "channel_shift_range": 10,
        "horizontal_flip": True,
    },
    "strong": {
        "rotation_range": 20,
        "width_shift_range": 0.15,
        "height_shift_range": 0.15,
        "shear_range": 10,
        "zoom_range": 0.2,
        "channel_shift_range": 20,
        "horizontal_flip": True,
        "brightness_range": 0.3,
        "contrast_range": 0.3,
        "random_crop": 0.2,
    },
}
"""What each preset sets; `standard` has the values of a widely followed Keras tutorial, whose
shear of 0.15 degrees nobody can see."""


class Augmentation(BaseModel):
    """How far random views of a photo differ from it. The ranges are those of Keras'
    `ImageDataGenerator` by name and meaning; what is not given is as the preset has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    augment: Preset = Field(
        "none", description="Preset of the ranges below; each can be set beside it."
    )
    rotation_range: Annotated[float, Field(ge=0, le=180)] = Field(
        0, description="Degrees by which a view is turned at most, to either side."
    )
    width_shift_range: Share = Field(
        0, description="Share of the width by which a view is moved at most, to either side."
    )
    height_shift_range: Share = Field(
        0, description="Share of the height by which a view is moved at most, up or down."
    )
    shear_range: Annotated[float, Field(ge=0, le=60)] = Field(
        0, description="Degrees by which a view is slanted at most, to either side."
    )
    zoom_range: Share = Field(
        0, description="Share by which width and height, each by itself, grow or shrink at most."
    )
    channel_shift_range: Annotated[float, Field(ge=0, le=255)] = Field(
        0,
        description="Added to or taken from all values at most, of 255, within the darkest and "
        "lightest that the photo has.",
    )
    horizontal_flip: bool = Field(False, description="Mirror every other view, left to right.")
    brightness_range: Share = Field(
        0, description="Share by which a view is made brighter or darker at most."
    )
    contrast_range: Share = Field(
        0, description="Share by which the contrast of a view is raised or lowered at most."
    )
    random_crop: Share = Field(
        0, description="Share of width and height that is cut off at most, at any of the edges."
    )

    @model_validator(mode="before")
    @classmethod
    def _begin_with_the_preset(cls, given: Any) -> Any:
        preset = given.get("augment") if isinstance(given, dict) else None
        values = PRESETS[preset] if isinstance(preset, str) and preset in PRESETS else {}
        return {**values, **given} if values else given
