"""What every command's options share, and how a command tells what it does."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from load_tests.paths import MODELS, RESULTS

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse has no public name for it


def add(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], purpose: str
) -> argparse.ArgumentParser:
    """A command's parser, with the options that all have."""
    parser = commands.add_parser(name, help=purpose, description=purpose)
    parser.set_defaults(run=run)
    parser.add_argument(
        "--models", type=Path, default=MODELS, help="folder of the model packages (default: model-files)"
    )
    parser.add_argument(
        "--scratch", type=Path, help="folder for event logs and other files of the run, removed at its end"
    )
    return parser


def add_out(parser: argparse.ArgumentParser) -> None:
    """The option that says where results go."""
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results (default: load-tests/results)")


def positive(text: str) -> int:
    """A whole number, 1 or more.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    if not text.lstrip("-").isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number, expected a whole number, 1 or more")
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too small, expected 1 or more")
    return number


def say(text: str) -> None:
    """Tell a result."""
    sys.stdout.write(f"{text}\n")


def progress(line: str) -> None:
    """Say how far a run is."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def tell(problems: Iterable[str]) -> None:
    """Say what was wrong."""
    for problem in problems:
        say(f"PROBLEM: {problem}")


def name(paths: Iterable[Path]) -> None:
    """Say what was written."""
    for path in paths:
        say(f"wrote {path}")
