"""A YAML document that remembers its lines, so that whatever is wrong with it can be pointed at."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class DocumentError(ValueError):
    """A document that cannot be read; the message names the file and, where there is one, the line."""


@dataclass(frozen=True)
class Document:
    """The plain data of a YAML file, and where each part of it stands."""

    path: Path
    value: Any
    root: yaml.Node

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Read a file. A key that comes twice is refused: YAML would quietly let the last one win.

        Raises:
            DocumentError: if the file is missing, empty or not YAML, or if a key comes twice or is not text.
        """
        try:
            text = path.read_text(encoding="utf-8")
            loader = yaml.SafeLoader(text)
            root = loader.get_single_node()
            if root is None:
                raise DocumentError(f"{path}: it is empty")
            _check_keys(path, root)
            return cls(path, loader.construct_document(root), root)
        except OSError as error:
            raise DocumentError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
        except UnicodeDecodeError as error:
            raise DocumentError(f"{path}: it is not UTF-8 text") from error
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise DocumentError(f"{path}:{line}: {error.problem}") from error
        except yaml.YAMLError as error:
            raise DocumentError(f"{path}: {str(error).splitlines()[0]}") from error

    def explain(self, where: str, reason: str) -> str:
        """``file:line: field: reason`` for a field such as ``clients.demo.cidrs[0]``, or its nearest ancestor."""
        return f"{self.path}:{self.line(where)}: {where or 'the document'}: {reason}"

    def value_at(self, where: str) -> Any:
        """The plain data of a field such as ``clients.demo.cidrs[0]``; None if it is not there."""
        value = self.value
        for step in _steps(where):
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    def line(self, where: str) -> int:
        """The line of a field such as ``clients.demo.cidrs[0]``, or of its nearest ancestor; the first is 1."""
        node, line = self.root, self.root.start_mark.line
        for step in _steps(where):
            if isinstance(node, yaml.MappingNode):
                found = [(key, value) for key, value in node.value if key.value == step]
                if not found:
                    break
                key, node = found[0]
                line = key.start_mark.line
            elif isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
                node = node.value[int(step)]
                line = node.start_mark.line
            else:
                break
        return int(line) + 1


def _steps(where: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", where)


def _check_keys(path: Path, node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise DocumentError(f"{path}:{key.start_mark.line + 1}: {key.value} is no text; put it in quotes")
            if key.value in seen:
                raise DocumentError(f"{path}:{key.start_mark.line + 1}: {key.value} is there twice")
            seen.add(key.value)
            _check_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(path, item)
