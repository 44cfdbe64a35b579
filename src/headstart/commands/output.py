"""What the commands share: flags, flattened options, one JSON document."""

import json
from typing import Annotated, Any

from cyclopts import Parameter

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""A switch that can only be turned on."""

Flat = Parameter(name="*")
"""A model of options whose fields are options of the command."""


def print_json(document: Any) -> None:
    """One document in ASCII: whatever the terminal, and whatever is in a path."""
    print(json.dumps(document, indent=2, allow_nan=False))
