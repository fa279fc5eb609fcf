"""The objectives that a revision can be judged by, out of ``slo/generated/gates.json``, as PromQL of that revision alone."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec

GATES = Path(__file__).parents[2] / "slo" / "generated" / "gates.json"
WINDOW = "$window"
# What the service does not expose: the gateway's own metrics, and those of the reports that labels are due in.
ELSEWHERE = ("gateway_", "label_")

_SELECTOR = re.compile(r'\b(?P<metric>[a-z_:][a-z0-9_:]*)(?:\{(?P<match>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\[\$window\]')
_DIVIDED = re.compile(r"(?P<bad>.+) / \((?P<total>.+) > 0\)", re.DOTALL)


class GateError(ValueError):
    """A file of gates that can't be used; the message names it."""


class _Gate(msgspec.Struct, frozen=True):
    name: str
    title: str
    objective: str
    error_ratio: str


class _Gates(msgspec.Struct, frozen=True):
    gates: tuple[_Gate, ...]


@dataclass(frozen=True)
class Gate:
    """One objective: ``budget`` is the part of 1 that may be bad; ``bad`` and ``total`` are PromQL, events a second."""

    name: str
    title: str
    budget: float
    bad: str
    total: str

    @property
    def metrics(self) -> set[str]:
        """What it is measured by."""
        return {found["metric"] for found in _SELECTOR.finditer(f"{self.bad} {self.total}")}

    def asked(self, labels: Mapping[str, str], seconds: int) -> tuple[str, str]:
        """The queries of bad and of all events, of those series alone that have these labels, over a window."""
        return selected(self.bad, labels, seconds), selected(self.total, labels, seconds)


def selected(query: str, labels: Mapping[str, str], seconds: int) -> str:
    """A query with more labels at each of its selectors, over a window."""

    def narrowed(found: re.Match[str]) -> str:
        own = [found["match"]] if found["match"] else []
        wanted = ",".join([*own, *(f'{name}="{value}"' for name, value in labels.items())])
        return f"{found['metric']}{{{wanted}}}[{seconds}s]"

    return _SELECTOR.sub(narrowed, query)


def read_gates(path: Path = GATES, elsewhere: Iterable[str] = ELSEWHERE) -> tuple[Gate, ...]:
    """Read those whose every metric the service exposes itself: none with one of these beginnings.

    Raises:
        GateError: if there are none, or one is not bad events divided by all of them.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Gates).gates
    except (OSError, msgspec.DecodeError) as error:
        raise GateError(f"{path}: {error}; python -m slo generate writes it") from error
    read = [_gate(one, path) for one in found]
    left = tuple(gate for gate in read if not any(name.startswith(tuple(elsewhere)) for name in gate.metrics))
    if not left:
        raise GateError(f"{path}: no objective is left to judge a revision by, expected at least one")
    return left


def _gate(one: _Gate, path: Path) -> Gate:
    divided = _DIVIDED.fullmatch(one.error_ratio)
    if divided is None or one.error_ratio.count(WINDOW) != len(_SELECTOR.findall(one.error_ratio)):
        raise GateError(f"{path}: {one.name}: {one.error_ratio!r} came, expected BAD / (TOTAL > 0) over {WINDOW}")
    return Gate(one.name, one.title, float(1 - Decimal(one.objective) / 100), divided["bad"], divided["total"])
