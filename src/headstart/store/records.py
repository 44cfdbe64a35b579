"""Records that are kept as JSON, and checked as they are read.

By msgspec, not pydantic as options are: a bundle is opened at each start of a prediction, and
pydantic took a sixth of the time until one row was predicted.
"""

from msgspec import Struct


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A record; read strictly: no field more or less, and each of its own type.

    What is built in Python is not checked but for `__post_init__`.
    """


class Kind(Record, frozen=True, tag_field="kind"):
    """One of several kinds of records, told apart by `kind`."""

    @property
    def kind(self) -> str:
        """Which it is."""
        return str(type(self).__struct_config__.tag)
