"""``python -m terraform docs``: fill the tables in the READMEs, or tell which are stale."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from terraform.documentation.contents import Contents, MissingApiError, known_apis
from terraform.documentation.source import SourceError
from terraform.documentation.tables import UndescribedError, tables
from terraform.folders import ROOM, folders

BEGIN, END = "<!-- BEGIN TABLES -->", "<!-- END TABLES -->"


@dataclass(frozen=True)
class Readme:
    """One README: what it says, and what it should."""

    path: Path
    text: str
    wanted: str


def readmes(room: Path = ROOM) -> Iterator[Readme | str]:
    """The README of every folder of HCL, or what is wrong with it."""
    apis = known_apis()
    for folder in folders(room):
        path = room / folder.name / "README.md"
        if not path.exists():
            yield f"{path}: is not there, expected one with {BEGIN} and {END}"
            continue
        text = path.read_text(encoding="utf-8")
        before, begun, rest = text.partition(f"{BEGIN}\n")
        _, ended, after = rest.partition(f"{END}\n")
        if not begun or not ended or BEGIN in after:
            yield f"{path}: expected one line {BEGIN} and, after it, one line {END}"
            continue
        try:
            made = tables(Contents.of(path.parent), apis)
        except (SourceError, UndescribedError, MissingApiError) as error:
            yield f"{path.parent}: {error}"
            continue
        yield Readme(path, text, f"{before}{BEGIN}\n{made}{END}\n{after}")


def complaints(room: Path = ROOM) -> Iterator[str]:
    """A line for each README that is not what the HCL says."""
    for readme in readmes(room):
        if isinstance(readme, str):
            yield readme
        elif readme.text != readme.wanted:
            yield f"{readme.path}: not what the HCL says; run `python -m terraform docs`"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the tool's own."""
    parser = commands.add_parser("docs", help="fill the tables in the READMEs")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where one is stale")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    out, err = sys.stdout, sys.stderr
    for readme in () if options.check else readmes():
        if isinstance(readme, Readme) and readme.text != readme.wanted:
            readme.path.write_text(readme.wanted, encoding="utf-8")
            print(f"wrote {readme.path}", file=out)
    wrong = list(complaints())
    for line in wrong:
        print(line, file=err)
    return 1 if wrong else 0
