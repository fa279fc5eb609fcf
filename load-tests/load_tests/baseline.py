"""What a request cost when the baseline was taken, and whether it costs more now.

Costs are told as parts of what a request to the bare ASGI application costs in the same round, so that the machine's
own speed is on both sides: a slower machine is no regression, a slower service is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from load_tests import tables
from load_tests.figures import Spread

Measure = Literal["cpu", "time"]

# How many bounds a measure may have grown: what else runs on a machine disturbs the time of a request, hardly its CPU.
BOUNDS: dict[Measure, int] = {"cpu": 1, "time": 2}
TITLES: dict[Measure, str] = {"cpu": "CPU of a request", "time": "time of a request"}


class BaselineError(ValueError):
    """A baseline that is not there, or none; the message names the file and says how to make one."""


class Cost(msgspec.Struct, frozen=True):
    """What a request costs on one path, each as a part of the ceiling's: 1.0 is as much as the bare application takes."""

    cpu: float
    time: float


class Baseline(msgspec.Struct, frozen=True):
    """The costs of every path when they were last accepted, and on what they were measured."""

    costs: dict[str, Cost]
    machine: dict[str, str]
    made_by: str = "python -m load_tests check --update"


def read(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        BaselineError: if it is not there, or is none.
    """
    advice = "expected what `python -m load_tests check --update` writes"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Baseline)
    except FileNotFoundError as error:
        raise BaselineError(f"{path} is not there, {advice}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: {error}, {advice}") from error


def write(baseline: Baseline, path: Path) -> Path:
    """Write a baseline, and name its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(baseline), indent=2) + b"\n")
    return path


@dataclass(frozen=True)
class Change:
    """One measure of one path: what it was, what it is, and by which part it may have grown (0.25: by a quarter)."""

    path: str
    measure: Measure
    before: float
    now: Spread
    bound: float

    @property
    def growth(self) -> float:
        """By which part it has grown; below 0 it has become faster."""
        return self.now.median / self.before - 1

    @property
    def is_regression(self) -> bool:
        """Whether it has grown by more than its bound."""
        return self.growth > self.bound

    def __str__(self) -> str:
        return f"{self.path}: {TITLES[self.measure]} {self.growth:+.0%}, bound {self.bound:+.0%}"


def changes(baseline: Baseline, now: Mapping[str, Mapping[Measure, Spread]], bound: float) -> list[Change]:
    """Compare the costs of every path with the baseline's.

    Raises:
        BaselineError: if the baseline does not have a path.
    """
    missing = sorted(now.keys() - baseline.costs.keys())
    if missing:
        raise BaselineError(f"the baseline has no {', '.join(missing)}: python -m load_tests check --update")
    return [
        Change(path, measure, getattr(baseline.costs[path], measure), spread, bound * BOUNDS[measure])
        for path, spreads in now.items()
        for measure, spread in spreads.items()
    ]


HEAD = ("parts of the bare application's", "baseline", "now", "lowest to highest", "change", "bound", "")


def rows(found: list[Change]) -> list[list[str]]:
    """One line for each change."""
    return [
        [
            f"{one.path}: {TITLES[one.measure]}",
            f"{one.before:.2f}",
            f"{one.now.median:.2f}",
            f"{one.now.low:.2f} to {one.now.high:.2f}",
            f"{one.growth:+.0%}",
            f"{one.bound:+.0%}",
            "REGRESSION" if one.is_regression else "",
        ]
        for one in found
    ]


def verdict(found: list[Change]) -> str:
    """In a line: what has become slower than it may, or that nothing has."""
    slower = [str(one) for one in found if one.is_regression]
    return f"REGRESSION: {'; '.join(slower)}" if slower else "no regression"


def page(found: list[Change], baseline: Baseline, machine: Mapping[str, str]) -> str:
    """The comparison as Markdown."""
    names = list(dict.fromkeys((*baseline.machine, *machine)))
    measured = [[name, baseline.machine.get(name, ""), machine.get(name, "")] for name in names]
    parts = [
        "# Is it slower than the baseline?",
        verdict(found),
        tables.markdown(HEAD, rows(found)),
        "Medians of interleaved rounds, each a part of the bare ASGI application's in the same round.",
        tables.markdown(("measured on", "baseline", "now"), measured),
    ]
    return "\n\n".join(parts) + "\n"
