"""Real flights to ask about: drawn from the flights counts, each kind as often as it flew."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from load_tests.paths import FLIGHT_COUNTS

COLUMNS = ("OPERA", "TIPOVUELO", "MES", "flights")

Flight = dict[str, str | int]


class FlightsError(ValueError):
    """A counts file that cannot be used; the message names the file, the line and the field."""


@dataclass(frozen=True)
class Flights:
    """The kinds of flight, and how many flew up to and including each of them."""

    kinds: tuple[Flight, ...]
    cumulative: tuple[int, ...]

    def draw(self, count: int, seed: int) -> list[Flight]:
        """Draw ``count`` flights with replacement, each kind as often as it flew; the same seed, the same flights."""
        return random.Random(seed).choices(self.kinds, cum_weights=self.cumulative, k=count)  # noqa: S311 - a load, not a secret

    def stream(self, seed: int) -> Iterator[Flight]:
        """Draw flights without end, in the same way."""
        dice = random.Random(seed)  # noqa: S311 - a load, not a secret
        while True:
            yield from dice.choices(self.kinds, cum_weights=self.cumulative, k=1024)


def read(path: Path = FLIGHT_COUNTS) -> Flights:
    """Read the counts: one line per airline, flight type, month and split, with the number of flights.

    Raises:
        FlightsError: if the file is missing, lacks a column, or counts something that is no number.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise FlightsError(f"{path}: {error.strerror}, expected the flights counts") from error
    if not rows:
        raise FlightsError(f"{path}: no flights, expected one line per kind of flight")
    missing = [column for column in COLUMNS if column not in rows[0]]
    if missing:
        raise FlightsError(f"{path}: no column {missing[0]}, expected {', '.join(COLUMNS)}")
    kinds: list[Flight] = []
    counts: list[int] = []
    for line, row in enumerate(rows, start=2):
        try:
            kinds.append({"OPERA": row["OPERA"], "TIPOVUELO": row["TIPOVUELO"], "MES": int(row["MES"])})
            counts.append(int(row["flights"]))
        except (TypeError, ValueError) as error:
            raise FlightsError(f"{path}, line {line}: MES and flights must be whole numbers ({error})") from error
    return Flights(tuple(kinds), tuple(accumulate(counts)))
