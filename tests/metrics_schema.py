"""`docs/metrics.schema.json` against documents: the keywords of JSON Schema that it uses."""

import json
from pathlib import Path
from typing import Any

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "docs" / "metrics.schema.json").read_text()
)
_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
_NOTES = {"$schema", "$defs", "title", "description"}


def faults(document: Any, schema: dict[str, Any] = SCHEMA, place: str = "") -> list[str]:
    """Where a document is not as the schema says; empty if it is.

    A field that the schema does not know is a fault too: what we write must be documented.

    Raises:
        ValueError: the schema has a keyword that is not known here, perhaps misspelt.
    """
    found: list[str] = []
    for word, rule in schema.items():
        match word:
            case "$ref":
                found += faults(document, SCHEMA["$defs"][rule.removeprefix("#/$defs/")], place)
            case "anyOf":
                tried = [faults(document, choice, place) for choice in rule]
                found += min(tried, key=len)
            case "type":
                is_bool = isinstance(document, bool)  # which Python counts among the integers
                if not isinstance(document, _TYPES[rule]) or is_bool != (rule == "boolean"):
                    return [f"{place}: {document!r} is no {rule}"]
            case "const" | "enum":
                if document not in (rule if word == "enum" else [rule]):
                    found.append(f"{place}: {document!r} is not of {rule}")
            case "minimum" | "maximum":
                if (document < rule) if word == "minimum" else (document > rule):
                    found.append(f"{place}: {document} is beyond {word} {rule}")
            case "minItems" | "maxItems":
                if (len(document) < rule) if word == "minItems" else (len(document) > rule):
                    found.append(f"{place}: {len(document)} items are beyond {word} {rule}")
            case "items":
                for i, item in enumerate(document):
                    found += faults(item, rule, f"{place}[{i}]")
            case "required":
                found += [f"{place}.{name} is missing" for name in rule if name not in document]
            case "properties":
                for name, value in document.items():
                    if name not in rule:
                        found.append(f"{place}.{name} is not documented")
                    else:
                        found += faults(value, rule[name], f"{place}.{name}")
            case "additionalProperties":
                for name, value in document.items():
                    found += faults(value, rule, f"{place}.{name}")
            case _ if word not in _NOTES:
                raise ValueError(f"{place}: what does {word!r} mean?")
    return found
