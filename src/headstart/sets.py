"""The sets that samples are divided into, and those that a classifier is judged by."""

from typing import Literal, get_args

Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = get_args(Side)

JudgedSet = Literal["test", "cross_validation", "validation", "train"]
JUDGED: tuple[JudgedSet, ...] = get_args(JudgedSet)  # in order of how far each can be believed
