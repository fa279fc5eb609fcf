"""HCL as blocks of arguments and blocks; what is no literal stays an expression's text."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terraform.provider.environment import ROOT

_IS_BLOCK = "__is_block__"
_SECONDS = 300.0
_INSERTED = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")


class HclError(ValueError):
    """Files that are no HCL; one line each."""


@dataclass(frozen=True)
class Expression:
    """A value that only Terraform can tell."""

    text: str


@dataclass(frozen=True)
class Block:
    """A block, e.g. ``resource "google_apikeys_key" "client" {...}``: kind, labels and what is in it."""

    file: str
    kind: str
    labels: tuple[str, ...]
    arguments: Mapping[str, Any]
    blocks: tuple["Block", ...]

    def of(self, kind: str) -> list["Block"]:
        """The blocks of a kind in it."""
        return [block for block in self.blocks if block.kind == kind]

    def texts(self) -> Iterator[str]:
        """Every expression in it, however deep."""
        for value in self.arguments.values():
            yield from _texts(value)
        for block in self.blocks:
            yield from block.texts()


def read(python: Path, folder: Path) -> tuple[Block, ...]:
    """Every block of a folder's ``*.tf`` files.

    Raises:
        HclError: if one of them is no HCL.
    """
    return read_all(python, [folder])[folder]


def read_all(python: Path, folders: list[Path]) -> dict[Path, tuple[Block, ...]]:
    """The same of many folders, with one start of the parser.

    Raises:
        HclError: if a file is no HCL.
    """
    if not folders:
        return {}
    files = {folder: sorted(folder.glob("*.tf")) for folder in folders}
    command = [str(python), "-m", "terraform.hcl.parser", *(str(file) for each in files.values() for file in each)]
    done = subprocess.run(  # noqa: S603 - this project's own program
        command,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    parsed: dict[str, dict[str, Any]] = json.loads(done.stdout)
    wrong = [f"{path}: {body['error']}" for path, body in parsed.items() if "error" in body]
    if wrong:
        raise HclError("\n".join(wrong))
    return {
        folder: tuple(block for file in each for block in _blocks(file.name, parsed[str(file)]))
        for folder, each in files.items()
    }


def _blocks(file: str, body: Mapping[str, Any]) -> Iterator[Block]:
    for kind, value in body.items():
        for each in value if isinstance(value, list) else ():
            yield from _block(file, kind, each)


def _block(file: str, kind: str, value: Any, labels: tuple[str, ...] = ()) -> Iterator[Block]:
    if not isinstance(value, dict):
        return
    if _IS_BLOCK in value:
        inner = tuple(_blocks(file, value))
        kinds = {block.kind for block in inner}
        arguments = {name: _value(it) for name, it in value.items() if name != _IS_BLOCK and name not in kinds}
        yield Block(file, kind, labels, arguments, inner)
        return
    for label, it in value.items():
        if label.startswith('"'):
            yield from _block(file, kind, it, (*labels, json.loads(label)))


def _value(parsed: Any) -> Any:
    """A literal's value; an expression's text otherwise."""
    if isinstance(parsed, list):
        return [_value(each) for each in parsed]
    if isinstance(parsed, dict):
        return {name.strip('"'): _value(each) for name, each in parsed.items()}
    return _literal(parsed) if isinstance(parsed, str) else parsed


def _literal(text: str) -> Any:
    if text == "null":
        return None
    if not text.startswith('"') or text.startswith('"<<') or _INSERTED.search(text):
        return Expression(text)
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return Expression(text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Expression):
        yield value.text
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _texts(each)
