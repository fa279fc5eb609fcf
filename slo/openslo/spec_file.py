"""A spec as its file has it, for what was read from elsewhere."""

from typing import Any

import msgspec

from slo.openslo.dumper import dump
from slo.spec import Spec

_SCHEMA = "# yaml-language-server: $schema=../generated/spec.schema.json"


def spec_file(spec: Spec) -> str:
    """The text of a spec's file, without what is the default anyway."""
    return f"{_SCHEMA}\n{dump([_written(spec)], explicit_start=False)}"


def _written(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = {
            field.encode_name: (getattr(value, field.name), field.default) for field in msgspec.structs.fields(value)
        }
        return {name: _written(found) for name, (found, default) in fields.items() if found not in (default, {})}
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    return value
