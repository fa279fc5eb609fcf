"""What the real provider refuses of a configuration and its schema can't say: closed lists of values, and rules."""

import json
import re
from collections.abc import Iterator, Sequence

from terraform.provider.extraction import Json
from terraform.provider.rules import Problem, Rule
from terraform.provider.values import Path, Value, known, rows

_VALUES = re.compile(r"Possible values: (\[(?:\"[^\"]*\"(?:, )?)+\])")


def problems(block: Json, config: dict[str, Value], rules: Sequence[Rule]) -> Iterator[Problem]:
    """Everything wrong with one resource's configuration; unknown values are left to the apply."""
    yield from _values(block, config, ())
    for rule in rules:
        yield from rule(config)


def possible(attribute: Json) -> list[str]:
    """The closed list of values that the description gives in the generator's own notation."""
    found = _VALUES.search(attribute.get("description", ""))
    return list(json.loads(found[1])) if found else []


def _values(block: Json, config: dict[str, Value], at: Path) -> Iterator[Problem]:
    for name, attribute in block["attributes"].items():
        value = config.get(name)
        expected = possible(attribute)
        for each in (value if isinstance(value, list) else [value]) if expected else ():
            if known(each) and each not in expected and each:  # the API takes an empty string for none
                yield Problem((*at, name), f"{each!r} came, expected one of {', '.join(expected)}")
    for name, nested in block.get("block_types", {}).items():
        for where, row in rows(config.get(name)):
            yield from _values(nested["block"], row, (*at, name, *where))
