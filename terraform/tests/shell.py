"""The commands of a page, as words; and what gcloud takes, as its own completion table has it."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INNER = re.compile(r"\$\(([^()]*)\)")
_KNOWN = Path(__file__).parent / "gcloud.yaml"


@dataclass(frozen=True)
class Command:
    """A program with its words; what it prints may go to a file."""

    words: tuple[str, ...]
    to: str = ""

    @property
    def flags(self) -> list[str]:
        """The options among the words, without their values."""
        return [word.partition("=")[0] for word in self.words[1:] if re.match(r"--?[a-z]", word)]

    def after(self, option: str) -> str:
        """The value of an option, whether it is in the same word or the next."""
        for word, following in zip(self.words, (*self.words[1:], ""), strict=True):
            if word == option:
                return following
            if word.startswith(f"{option}="):
                return word.partition("=")[2]
        return ""


def commands(page: str) -> list[Command]:
    """Every command of a page's shell blocks, in order; those inside ``$(...)`` before the one around them."""
    return [command for block in _BLOCK.findall(page) for line in _lines(block) for command in of_line(line)]


def of_line(line: str) -> list[Command]:
    """The commands of one line of shell."""
    inner = [command for found in _INNER.findall(line) for command in of_line(found)]
    splitter = shlex.shlex(_INNER.sub("ANSWER", line), posix=True, punctuation_chars="|>")
    splitter.whitespace_split = True
    made: list[Command] = []
    words: list[str] = []
    rest = iter([*splitter, "|"])
    to = ""
    for word in rest:
        if word == ">":
            to = next(rest)
        elif word != "|":
            words.append(word)
        elif words:
            made.append(Command(tuple(words), to))
            words, to = [], ""
    return inner + made


def unknown_to_gcloud(command: Command) -> list[str]:
    """What of a gcloud command its version does not have: the command itself, or some of its flags."""
    table: dict[str, Any] = yaml.safe_load(_KNOWN.read_text(encoding="utf-8"))
    name = gcloud_name(command, table["commands"])
    if not name:
        return [" ".join(command.words)]
    return [flag for flag in command.flags if flag not in {*table["everywhere"], *table["commands"][name]}]


def gcloud_name(command: Command, known: dict[str, Any]) -> str:
    """The longest known name that the words begin with."""
    words = command.words[1:]
    names = (" ".join(words[:length]) for length in range(len(words), 0, -1))
    return next((name for name in names if name in known), "")


def _lines(block: str) -> list[str]:
    return [line for line in block.replace("\\\n", " ").splitlines() if line.strip()]
