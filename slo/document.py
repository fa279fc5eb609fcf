"""A YAML document as data of a type, and what is wrong with it, with its file, line and field."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import yaml

_FIELD = re.compile(r" - at `\$(?P<where>[^`]*)`")
Kind = TypeVar("Kind")


class SpecError(ValueError):
    """Specs, or what they refer to, that cannot be used; one line a mistake."""


@dataclass(frozen=True)
class Document(Generic[Kind]):
    """What a file says, and where it says so."""

    path: Path
    root: yaml.Node
    content: Kind

    def mistake(self, where: str, what: str) -> str:
        """What is wrong with a field such as ``sli.events.total[0]``."""
        return _mistake(self.path, self.root, where, what)


def read_document(path: Path, kind: type[Kind]) -> Document[Kind]:
    """Read a file.

    Raises:
        SpecError: if it can't be read, is no YAML, or is not of this type.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        if root is None:
            raise SpecError(f"{path}: it is empty")
        data = _plain(root)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError(f"{path}:{line}: {error.problem}") from error
    try:
        return Document(path, root, msgspec.convert(data, kind, strict=False))
    except msgspec.ValidationError as error:
        said = str(error)
        found = _FIELD.search(said)
        where = found["where"].lstrip(".") if found else ""
        raise SpecError(_mistake(path, root, where, _FIELD.sub("", said))) from error


def _plain(node: yaml.Node) -> Any:
    """Plain data, in which a number is still the text that was written: 99.95 is exactly that."""
    match node:
        case yaml.MappingNode():
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{key.value} is there twice", problem_mark=key.start_mark)
                seen.add(key.value)
            return {key.value: _plain(value) for key, value in node.value}
        case yaml.SequenceNode():
            return [_plain(item) for item in node.value]
        case yaml.ScalarNode() if node.tag == "tag:yaml.org,2002:null":
            return None
        case yaml.ScalarNode() if node.tag == "tag:yaml.org,2002:bool":
            return node.value.lower() in {"true", "yes", "on"}
        case _:
            return node.value


def _mistake(path: Path, root: yaml.Node, where: str, what: str) -> str:
    return f"{path}:{_line(root, where)}: {where or 'the document'}: {what}"


def _line(root: yaml.Node, where: str) -> int:
    """The line of a field, or of its nearest ancestor."""
    node, line = root, root.start_mark.line
    for step in re.findall(r"[^.\[\]]+", where):
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line, node = found[0][0].start_mark.line, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
            node = node.value[int(step)]
            line = node.start_mark.line
    return int(line) + 1
