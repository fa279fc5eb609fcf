"""JSON Schemas of the files that people write here, so that an editor completes and checks them.

They are made of the same types that read the files (https://json-schema.org/draft/2020-12). What only the reading can
tell, such as a page that could never fire, ``python -m slo validate`` tells.
"""

import json
from typing import Any

import msgspec

from slo.burn import WindowTable
from slo.policy import Policy
from slo.rendering import MADE_BY_COMMAND
from slo.spec import Name, Spec

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_files() -> dict[str, str]:
    """The schemas by their path under ``generated/``."""
    return {
        "spec.schema.json": _schema("An objective", Spec),
        "burn-windows.schema.json": _schema("Burn windows", WindowTable),
        "budget-policies.schema.json": _schema("Error-budget policies", dict[Name, Policy]),
    }


def _schema(title: str, kind: Any) -> str:
    plain = _numbers(msgspec.json.schema(kind))
    return json.dumps({"$schema": _DRAFT, "$comment": MADE_BY_COMMAND, "title": title, **plain}, indent=2) + "\n"


def _numbers(node: Any) -> Any:
    """Exact decimals are written as numbers; msgspec describes what it would write itself, which is text."""
    if isinstance(node, dict):
        if node.get("format") == "decimal":
            node = {**{key: value for key, value in node.items() if key != "format"}, "type": "number"}
        return {key: _numbers(value) for key, value in node.items()}
    return [_numbers(item) for item in node] if isinstance(node, list) else node
