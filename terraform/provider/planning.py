"""What a plan says of a new resource: given values stay, computed ones become unknown, defaults come in."""

import json
import re
from typing import Any

from terraform.provider.extraction import Json
from terraform.provider.values import UNKNOWN, Value

_DEFAULT = re.compile(r"Default value: (true|false|-?\d+(?:\.\d+)?|\"[^\"]*\")")


def planned(block: Json, proposed: dict[str, Value]) -> dict[str, Value]:
    """The planned values of a block that is to be made."""
    blocks: Json = block.get("block_types", {})
    return {
        name: _nested(blocks[name], value) if name in blocks else _attribute(block["attributes"][name], value)
        for name, value in proposed.items()
    }


def default(attribute: Json) -> Any:
    """The default that the description names in the generator's own words, if any."""
    found = _DEFAULT.search(attribute.get("description", ""))
    value = json.loads(found[1]) if found else None
    fits = {"string": str, "bool": bool, "number": int | float}
    return value if isinstance(value, fits.get(str(attribute["type"]), ())) else None


def _attribute(attribute: Json, value: Value) -> Value:
    if attribute.get("write_only"):
        return None  # never in a plan: Terraform refuses a provider that shows one
    if value is not None:
        return value
    return UNKNOWN if attribute.get("computed") else default(attribute)


def _nested(nested: Json, value: Value) -> Value:
    if isinstance(value, dict):
        return planned(nested["block"], value)
    if isinstance(value, list):
        return [planned(nested["block"], row) if isinstance(row, dict) else row for row in value]
    return value
