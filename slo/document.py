"""A YAML document as data of a type, and what is wrong with it, with its file, line and field."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin

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
    with refusing(path):
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        if root is None:
            raise SpecError(f"{path}: it is empty")
        data = _plain(root)
    try:
        document = Document(path, root, _converted(data, kind))
    except _MisfitError as error:
        raise SpecError(_mistake(path, root, *error.args)) from error
    endless = [
        document.mistake(where, f"{number} came, expected a number") for where, number in _endless(document.content)
    ]
    if endless:
        raise SpecError("\n".join(endless))
    return document


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """What is wrong with reading a YAML file, as a mistake of this file.

    Raises:
        SpecError: instead of the errors of files and of YAML.
    """
    try:
        yield
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError(f"{path}:{line}: {error.problem}") from error
    except yaml.YAMLError as error:  # characters that YAML has no place for
        raise SpecError(f"{path}: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise SpecError(f"{path}: something contains itself") from error


class _MisfitError(ValueError):
    """Where data are not of their type, and what is wrong there."""


def _converted(data: Any, kind: Any, where: str = "") -> Any:
    """Data of a type; a mapping is converted item by item, as msgspec does not tell in which of them a mistake is."""
    if get_origin(kind) is dict and isinstance(data, dict):
        names, kinds = get_args(kind)
        return {
            _converted(name, names, where): _converted(value, kinds, f"{where}.{name}".lstrip("."))
            for name, value in data.items()
        }
    try:
        return msgspec.convert(data, kind, strict=False)
    except msgspec.ValidationError as error:
        said = str(error)
        found = _FIELD.search(said)
        inner = found["where"] if found else ""
        raise _MisfitError(f"{where}{inner}".lstrip("."), _FIELD.sub("", said)) from error


def _plain(node: yaml.Node) -> Any:
    """Plain data, in which a number is still the text that was written: 99.95 is exactly that."""
    match node:
        case yaml.MappingNode():
            seen = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise yaml.MarkedYAMLError(problem="expected a plain name", problem_mark=key.start_mark)
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


def _endless(content: Any, where: str = "") -> Iterator[tuple[str, Decimal]]:
    """Fields whose number is infinite, or none at all."""
    match msgspec.to_builtins(content, builtin_types=(Decimal,)):
        case dict() as fields:
            for name, value in fields.items():
                yield from _endless(value, f"{where}.{name}".lstrip("."))
        case list() | tuple() as items:
            for number, item in enumerate(items):
                yield from _endless(item, f"{where}[{number}]")
        case Decimal() as number if not number.is_finite():
            yield where, number


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
