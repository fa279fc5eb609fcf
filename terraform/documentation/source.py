"""The shape of an HCL file as it is written: types, defaults and expressions stay their own text.

``terraform.hcl`` knows what is meant; a README shows what is written, and needs nothing downloaded for it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_SKIPPED = re.compile(r"[ \t\r]+|(?:#|//)[^\n]*|/\*.*?\*/", re.DOTALL)
_HEREDOC = re.compile(r"<<-?(\w+)\n.*?^[ \t]*\1$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"[^\W\d][\w-]*")
_OPEN, _CLOSE = "([{", ")]}"


class SourceError(ValueError):
    """Text that is no HCL; the message names file and line."""


@dataclass(frozen=True)
class Block:
    """``kind "label" {...}``, with its own arguments and blocks."""

    kind: str
    labels: tuple[str, ...]
    line: int
    arguments: Mapping[str, str]
    blocks: tuple["Block", ...]

    @property
    def name(self) -> str:
        """The last label: of a variable its name, of a resource that after its type."""
        return self.labels[-1]


@dataclass(frozen=True)
class _Token:
    kind: str  # name, text, sign or end (of a line)
    text: str
    start: int
    stop: int


def read(path: Path) -> tuple[Block, ...]:
    """The blocks of a file.

    Raises:
        SourceError: where it is none.
    """
    return parse(path.read_text(encoding="utf-8"), str(path))


def parse(text: str, source: str) -> tuple[Block, ...]:
    """The blocks of a text; ``source`` is what errors call it.

    Raises:
        SourceError: where it is no HCL.
    """
    return _Reader(text, source).body(within=False)[1]


def plain(expression: str) -> str:
    """What a quoted string or heredoc without templates says."""
    if found := re.fullmatch(r"<<(-?)(\w+)\n(.*?)^[ \t]*\2", expression, re.DOTALL | re.MULTILINE):
        return " ".join(found[3].split())
    return expression.removeprefix('"').removesuffix('"').replace('\\"', '"').replace("$${", "${").replace("%%{", "%{")


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._tokens = list(self._split())
        self._next = 0

    def body(self, *, within: bool) -> tuple[dict[str, str], tuple[Block, ...]]:
        arguments: dict[str, str] = {}
        blocks: list[Block] = []
        while True:
            token = self._take()
            if token.kind == "end" and token.start < len(self._text):
                continue
            if token.kind == "end" or token.text == "}":
                if within != (token.text == "}"):
                    raise self._error(token, "a block that ends where none began, or the other way round")
                return arguments, tuple(blocks)
            if token.kind != "name":
                raise self._error(token, f"{token.text!r} came, expected an argument or a block")
            if self._tokens[self._next].text == "=":
                self._next += 1
                arguments[token.text] = self._expression()
            else:
                blocks.append(self._block(token))

    def _block(self, kind: _Token) -> Block:
        labels = []
        while (token := self._take()).text != "{":
            if token.kind not in {"name", "text"}:
                raise self._error(token, f"{token.text!r} came, expected '=', a label or '{{'")
            labels.append(token.text.strip('"'))
        arguments, blocks = self.body(within=True)
        return Block(kind.text, tuple(labels), self._line(kind.start), arguments, blocks)

    def _expression(self) -> str:
        start = self._tokens[self._next].start
        depth = 0
        while True:
            token = self._tokens[self._next]
            last = token.kind == "end" and token.start == len(self._text)
            if last or (not depth and (token.kind == "end" or token.text == "}")):
                if depth or token.start == start:
                    raise self._error(token, "an expression that does not end, or is not there")
                return self._text[start : self._tokens[self._next - 1].stop]
            depth += (token.kind == "sign") * ((token.text in _OPEN) - (token.text in _CLOSE))
            self._next += 1

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _split(self) -> Iterator[_Token]:
        at = 0
        while at < len(self._text):
            if found := _SKIPPED.match(self._text, at):
                at = found.end()
                continue
            kind, stop = self._one(at)
            yield _Token(kind, self._text[at:stop], at, stop)
            at = stop
        yield _Token("end", "", at, at)

    def _one(self, at: int) -> tuple[str, int]:
        if self._text[at] == "\n":
            return "end", at + 1
        if self._text[at] == '"':
            return "text", self._after_string(at)
        if found := _HEREDOC.match(self._text, at):
            return "text", found.end()
        if found := _NAME.match(self._text, at):
            return "name", found.end()
        return "sign", at + 1

    def _after_string(self, at: int) -> int:
        begun, at = at, at + 1
        while at < len(self._text) and self._text[at] != "\n":
            if self._text[at] == '"':
                return at + 1
            if self._text.startswith(("\\", "$${", "%%{"), at):
                at += 2 if self._text[at] == "\\" else 3
            elif self._text.startswith(("${", "%{"), at):
                at = self._after_template(at + 2)
            else:
                at += 1
        raise SourceError(f"{self._source}:{self._line(begun)}: a string that does not end")

    def _after_template(self, at: int) -> int:
        begun, depth = at, 1
        while at < len(self._text):
            if self._text[at] == '"':
                at = self._after_string(at)
                continue
            depth += (self._text[at] == "{") - (self._text[at] == "}")
            at += 1
            if not depth:
                return at
        raise SourceError(f"{self._source}:{self._line(begun)}: a template that does not end")

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _error(self, token: _Token, what: str) -> SourceError:
        return SourceError(f"{self._source}:{self._line(token.start)}: {what}")
