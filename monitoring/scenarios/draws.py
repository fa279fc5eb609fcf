"""Windows drawn by chance from a reference's own combinations, as they are or shifted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from monitoring.counting.counts import Counts, CubeRow, bins_of, codes_of, gather
from monitoring.watched import Watched

Shares = npt.NDArray[np.float64]
Drawn = npt.NDArray[np.int64]

_STRANGE_BIN, _STRANGE_PROBABILITY = 3, 0.17  # what is answered to a row that the reference does not know


@dataclass
class Draws:
    """Draws counts of windows, with a seed of their own."""

    watched: Watched
    seed: int = 0
    _generator: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        cells, probability = self.watched.reference.cells, self.watched.reference.probability
        threshold = self.watched.manifest.threshold
        if cells is None or probability is None or threshold is None:
            raise ValueError(f"{self.watched.name}: its reference counts no combinations with a probability")
        self._generator = np.random.default_rng(self.seed)
        bins = bins_of(probability)
        self.values = cells.values
        self.names = cells.features
        rows = np.array(cells.rows, dtype=np.float64)
        self.shares: Shares = rows / rows.sum()
        self.means = (np.array(cells.probability_sums) / rows).tolist()
        self.codes = codes_of(cells, self.watched)
        self._texts = [",".join(map(str, codes)) for codes in self.codes]
        self._bins = [bins.code(mean) for mean in self.means]
        self.labels = [int(mean >= threshold) for mean in self.means]

    def share(self, feature: str, value: object) -> float:
        """The part of the reference that has a value."""
        return float(self.shares[self._having(feature, value)].sum())

    def shifted(self, feature: str, shares: Mapping[object, float]) -> Shares:
        """The reference's shares, with those of some values set and all others scaled to what is left."""
        place = self.names.index(feature)
        others = np.array([values[place] not in shares for values in self.values])
        found = self.shares.copy()
        for value, share in shares.items():
            having = self._having(feature, value)
            found[having] *= share / found[having].sum()
        if others.any():
            found[others] *= (1 - sum(shares.values())) / found[others].sum()
        return found

    def draw(self, rows: int, shares: Shares | None = None, unseen: float = 0.0) -> Drawn:
        """Rows of each combination; the last number is of rows whose first feature the reference does not know."""
        strange = int(self._generator.binomial(rows, unseen)) if unseen else 0
        drawn = self._generator.multinomial(rows - strange, self.shares if shares is None else shares)
        return np.append(drawn, strange)

    def rows(self, rows: int, shares: Shares | None = None, unseen: float = 0.0) -> list[CubeRow]:
        """The same as rows of a cube."""
        return self.cube(self.draw(rows, shares, unseen))

    def window(self, rows: int, shares: Shares | None = None, unseen: float = 0.0) -> Counts:
        """The same as counts; ``unseen`` is the chance of a first feature that the reference does not know."""
        return gather(self.rows(rows, shares, unseen), self.watched)

    def cube(self, drawn: Drawn) -> list[CubeRow]:
        """What was drawn, as rows of a cube."""
        *known, strange = drawn.tolist()
        counted: list[CubeRow] = [
            ("cell", code, label, bin_, count, count * mean)
            for code, label, bin_, mean, count in zip(
                self._texts, self.labels, self._bins, self.means, known, strict=True
            )
            if count
        ]
        if strange:
            rest = self._texts[0].split(",", 1)[1]
            counted.append(("cell", f"-2,{rest}", 0, _STRANGE_BIN, strange, strange * _STRANGE_PROBABILITY))
        return counted

    def _having(self, feature: str, value: object) -> npt.NDArray[np.bool_]:
        place = self.names.index(feature)
        return np.array([values[place] == value for values in self.values])
