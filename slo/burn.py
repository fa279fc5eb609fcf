"""Burn rates: how fast a budget may burn in which windows, as data, and what of it an objective can reach."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from slo.document import SpecError, read_document
from slo.spec import Severity, Spec, Window

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
PERIODS: dict[Window, str] = {"30d": "30d", "28d": "28d", "month": "30d"}


def seconds(duration: str) -> int:
    """The seconds of a duration such as ``5m``.

    Raises:
        ValueError: if it is none.
    """
    found = re.fullmatch(r"(\d+)([smhdw])", duration)
    if found is None:
        raise ValueError(f"{duration!r} is no duration such as 5m or 3d")
    return int(found[1]) * SECONDS[found[2]]


Duration = Annotated[str, Meta(pattern=r"^[1-9]\d*[smhdw]$")]


class _Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    long: Duration
    short: Duration
    budget: Decimal


WindowTable = dict[Window, dict[Severity, list[_Pair]]]


@dataclass(frozen=True)
class Pair:
    """Two windows and the burn rate that both must show; ``budget`` is what the long one then has used up."""

    long: str
    short: str
    budget: Decimal
    factor: Decimal

    def threshold(self, spec: Spec) -> Decimal:
        """The error ratio from which on it alerts."""
        return self.factor * spec.budget


@dataclass(frozen=True)
class Windows:
    """The pairs of every period and severity."""

    by_period: dict[str, dict[str, tuple[Pair, ...]]]

    @classmethod
    def read(cls, path: Path) -> "Windows":
        """Read the table, and compute the factors.

        Raises:
            SpecError: if the file is no such table, with line and field.
        """
        document = read_document(path, WindowTable)
        table = document.content
        mistakes = [document.mistake(where, what) for where, what in _mistakes(table)]
        if mistakes:
            raise SpecError("\n".join(mistakes))
        return cls(
            {
                period: {
                    severity: tuple(Pair(p.long, p.short, p.budget, _factor(p, PERIODS[period])) for p in pairs)
                    for severity, pairs in severities.items()
                }
                for period, severities in table.items()
            }
        )

    @property
    def lengths(self) -> frozenset[str]:
        """Every window that an alert looks at, long and short ones."""
        pairs = [pair for severities in self.by_period.values() for some in severities.values() for pair in some]
        return frozenset(length for pair in pairs for length in (pair.long, pair.short))

    def all_pairs(self, spec: Spec, severity: str) -> tuple[Pair, ...]:
        """The pairs of an objective's period."""
        return self.by_period[spec.window][severity]

    def pairs(self, spec: Spec, severity: str) -> tuple[Pair, ...]:
        """Those of them that can fire: not even a total outage reaches an error ratio of 1 or more."""
        return tuple(pair for pair in self.all_pairs(spec, severity) if pair.threshold(spec) < 1)


def _mistakes(table: WindowTable) -> Iterator[tuple[str, str]]:
    for period in PERIODS:
        for severity in get_args(Severity):
            if not table.get(period, {}).get(severity):
                yield period, f"expected at least one pair of windows for a {severity}"
    for period, severities in table.items():
        for severity, pairs in severities.items():
            for number, pair in enumerate(pairs):
                where = f"{period}.{severity}[{number}]"
                if seconds(pair.short) >= seconds(pair.long):
                    yield f"{where}.short", f"{pair.short} came, expected less than {pair.long}"
                if not 0 < pair.budget <= 1:
                    yield f"{where}.budget", f"{pair.budget} came, expected a part of 1, more than 0"


def _factor(pair: _Pair, period: str) -> Decimal:
    return pair.budget * seconds(period) / seconds(pair.long)
