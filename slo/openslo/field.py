"""A value in a YAML file that knows where it is, so that what is wrong with it is told with file, line and field."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml

from slo.document import SpecError, refusing

_SHOWN = 80  # characters of what came


@dataclass(frozen=True)
class Field:
    """One value: a mapping, a list or a scalar, whose numbers are still the text that was written."""

    file: Path
    path: str
    node: yaml.Node

    def wrong(self, expected: str) -> SpecError:
        """What came here, and what was expected."""
        line = self.node.start_mark.line + 1
        return SpecError(f"{self.file}:{line}: {self.path}: {self._shown()} came, expected {expected}")

    @property
    def text(self) -> str:
        """A text, or a number as it was written.

        Raises:
            SpecError: if it is neither, or empty.
        """
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value:
            raise self.wrong("a text")
        return str(self.node.value)

    @property
    def is_text(self) -> bool:
        """Whether it is neither a mapping nor a list."""
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def number(self) -> Decimal:
        """A number, exactly.

        Raises:
            SpecError: if it is none.
        """
        if not re.fullmatch(r"-?\d+(\.\d+)?", self.text):
            raise self.wrong("a number")
        return Decimal(self.text)

    @property
    def items(self) -> "tuple[Field, ...]":
        """The items of a list.

        Raises:
            SpecError: if it is none.
        """
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.wrong("a list")
        return tuple(Field(self.file, f"{self.path}[{index}]", node) for index, node in enumerate(self.node.value))

    def one_of(self, *expected: str) -> str:
        """One of some texts.

        Raises:
            SpecError: if it is none of them.
        """
        if self.text not in expected:
            raise self.wrong(" or ".join(expected))
        return self.text

    def get(self, name: str) -> "Field | None":
        """A field of a mapping, where it is there.

        Raises:
            SpecError: if this is no mapping, or has the field twice.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong("a mapping")
        found = [value for key, value in self.node.value if key.value == name]
        if len(found) > 1:
            raise self.wrong(f"{name} once")
        return Field(self.file, f"{self.path}.{name}".removeprefix("."), found[0]) if found else None

    def need(self, name: str) -> "Field":
        """A field of a mapping.

        Raises:
            SpecError: if it is not there.
        """
        found = self.get(name)
        if found is None:
            raise self.wrong(f"a field {name}")
        return found

    def only(self, *names: str) -> None:
        """Refuse what would otherwise be read as if it were not there.

        Raises:
            SpecError: naming the first field that is none of these.
        """
        for key, node in self.node.value if isinstance(self.node, yaml.MappingNode) else ():
            if key.value not in names:
                raise Field(self.file, f"{self.path}.{key.value}", node).wrong(f"only {', '.join(names)} here")

    def _shown(self) -> str:
        match self.node:
            case yaml.MappingNode():
                return f"a mapping with {', '.join(str(key.value) for key, _ in self.node.value) or 'nothing'}"
            case yaml.SequenceNode():
                return f"a list of {len(self.node.value)}"
            case _:
                text = " ".join(str(self.node.value).split())
                return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def read_documents(path: Path) -> Iterator[Field]:
    """Every document of a file, also those that are items of a list.

    Raises:
        SpecError: if the file can't be read, or is no YAML.
    """
    with refusing(path):
        nodes = list(yaml.compose_all(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader))
    for index, node in enumerate(nodes):
        if node.tag != "tag:yaml.org,2002:null":  # what stands between two separators, or after the last
            field = Field(path, "" if len(nodes) == 1 else f"[{index}]", node)
            yield from field.items if isinstance(node, yaml.SequenceNode) else (field,)
