"""The flights: the airline-delay challenge's data, kept as counts, and its one-hot columns.

``flight-counts.csv`` has one row per airline, flight type, month and split. Rows of the original data carry nothing
else that the models use, so the counts lose nothing: repeating each cell gives the flights back.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from model_files.manifest import Feature
from model_files.tally import Tally

COUNTS_FILE = "flight-counts.csv"
COLUMNS = ("OPERA", "TIPOVUELO", "MES")
TARGET = "delay"
EXAMPLE: dict[str, str | int | float | bool | None] = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}

Split = Literal["train", "test"]
SPLITS: tuple[Split, Split] = ("train", "test")


class FlightsError(ValueError):
    """A counts file that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Flights:
    """The counts, one row per cell: the three columns, ``split``, ``flights`` and ``delayed``."""

    counts: pd.DataFrame
    sha256: str

    def tally(self, split: Split) -> Tally:
        """The flights of one split: the three columns, and outcome 1 where it left more than 15 minutes late."""
        cells = self.counts[self.counts["split"] == split]
        outcomes = np.column_stack([cells["flights"] - cells["delayed"], cells["delayed"]]).astype(np.int64)
        return Tally(cells[list(COLUMNS)].reset_index(drop=True), outcomes)

    def rows(self, split: Split) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        """The flights of one split, one row each: the three columns [n, 3], and the outcome [n]."""
        tally = self.tally(split)
        return tally.cells.iloc[tally.places].reset_index(drop=True), tally.target

    @property
    def features(self) -> tuple[Feature, ...]:
        """The three columns as a package's features, with the categories that the data holds."""
        airlines, kinds, months = (sorted(self.counts[column].unique().tolist()) for column in COLUMNS)
        return (
            Feature("OPERA", "categorical", tuple(airlines)),
            Feature("TIPOVUELO", "categorical", tuple(kinds)),
            Feature("MES", "categorical", tuple(months), calendar="month"),
        )

    @property
    def one_hot_features(self) -> tuple[Feature, ...]:
        """The challenge's 37 columns in its own order: airlines, flight types, months."""
        return tuple(
            Feature(f"{feature.name}_{category}", "integer", range=(0, 1), calendar=feature.calendar)
            for feature in self.features
            for category in feature.categories
        )

    def one_hot(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Turn flights (the three columns) into the challenge's 37 columns of 0 and 1."""
        return pd.DataFrame(
            {
                f"{feature.name}_{category}": (rows[feature.name] == category).astype("int64")
                for feature in self.features
                for category in feature.categories
            }
        )


def load(path: Path) -> Flights:
    """Read the counts.

    Raises:
        FlightsError: if the file is missing, lacks a column, or counts more delayed flights than flights.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FlightsError(f"{path}: {error.strerror}, expected the flights counts") from error
    counts = pd.read_csv(path, keep_default_na=False)
    expected = [*COLUMNS, "split", "flights", "delayed"]
    if list(counts.columns) != expected:
        raise FlightsError(f"{path}: the columns are {list(counts.columns)}, expected {expected}")
    wrong = counts[(counts["delayed"] < 0) | (counts["delayed"] > counts["flights"])]
    if len(wrong):
        raise FlightsError(
            f"{path}: line {wrong.index[0] + 2} counts more delayed flights than flights, or fewer than 0"
        )
    counts = counts.groupby([*COLUMNS, "split"], sort=False, as_index=False).sum()  # files put together repeat cells
    return Flights(counts, hashlib.sha256(content).hexdigest())
