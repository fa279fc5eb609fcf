"""The flights that a demonstration replays: a year's, by month, each with what became of it."""

import csv
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from puerta.configuration import ConfigurationError

_COUNTED = ("flights", "delayed", "MES")
_KNOWN = 0.01  # of a month's flights: an airline that large is not there by chance


class Flight(NamedTuple):
    """A flight as a caller asks for it, and whether it left late."""

    features: Mapping[str, str | int]
    late: bool


class Change(NamedTuple):
    """An airline's part of the flights of two months."""

    airline: str
    month: int
    share: float
    later: int
    later_share: float


@dataclass(frozen=True)
class Year:
    """Every flight of each month, the months in order and the flights mixed: the same for the same seed."""

    months: Mapping[int, Sequence[Flight]]

    @classmethod
    def read(cls, path: Path, seed: int = 0) -> "Year":
        """Read counts, a line for each airline, kind of flight and month: ``model-files/flight-counts.csv`` or a part of it.

        Raises:
            ConfigurationError: if there are none.
        """
        months: dict[int, list[Flight]] = {}
        try:
            with path.open(encoding="utf-8", newline="") as file:
                for line in csv.DictReader(file):
                    flights, late, month = (int(line[name]) for name in _COUNTED)
                    features = {"OPERA": line["OPERA"], "TIPOVUELO": line["TIPOVUELO"], "MES": month}
                    months.setdefault(month, []).extend(Flight(features, place < late) for place in range(flights))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigurationError(f"{path}: {reason}; PUERTA_DEMO_FLIGHTS chooses another file") from error
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(f"{path}: not counts of flights: {error!r}") from error
        if not months:
            raise ConfigurationError(f"{path}: there are no flights; PUERTA_DEMO_FLIGHTS chooses another file")
        mixing = random.Random(seed)  # noqa: S311 - nothing depends on its being hard to guess
        for month in sorted(months):
            mixing.shuffle(months[month])
        return cls(dict(sorted(months.items())))

    def late(self, month: int) -> float:
        """The part of a month's flights that left late."""
        return sum(flight.late for flight in self.months[month]) / len(self.months[month])

    def arrived(self) -> Iterator[Change]:
        """Airlines that the first month has not: the month they came in, and their best one from then on."""
        for airline, by_month in self._shares().items():
            first, best = min(by_month), _best(by_month)
            if first != min(self.months):
                yield Change(airline, first, by_month[first], best, by_month[best])

    def left(self) -> Iterator[Change]:
        """Airlines that the last month has not: their best month, and the last one that has them."""
        for airline, by_month in self._shares().items():
            last, best = max(by_month), _best(by_month)
            if last != max(self.months):
                yield Change(airline, best, by_month[best], last, by_month[last])

    def shrank_most(self) -> Change | None:
        """The airline of which the smallest part was left after its best month; None where none is large enough to tell."""
        found = []
        for airline, by_month in self._shares().items():
            best = _best(by_month)
            after = [month for month in self.months if month > best]
            if after and by_month[best] >= _KNOWN:
                least = min(after, key=lambda month: by_month.get(month, 0.0))
                found.append(Change(airline, best, by_month[best], least, by_month.get(least, 0.0)))
        return min(found, key=lambda change: change.later_share / change.share, default=None)

    def _shares(self) -> dict[str, dict[int, float]]:
        """By airline and month, the months without a flight left out."""
        shares: dict[str, dict[int, float]] = {}
        for month, flights in self.months.items():
            for airline, count in sorted(Counter(str(flight.features["OPERA"]) for flight in flights).items()):
                shares.setdefault(airline, {})[month] = count / len(flights)
        return shares


def _best(by_month: Mapping[int, float]) -> int:
    return max(by_month, key=lambda month: by_month[month])
