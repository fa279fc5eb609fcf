"""Windows drawn by chance from a reference's own combinations, as they are or shifted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from monitoring.counting.counts import Counts, bins_of, codes_of, gather
from monitoring.watched import Watched

Shares = npt.NDArray[np.float64]


@dataclass
class Draws:
    """Draws counts of windows, with a seed of their own."""

    watched: Watched
    seed: int = 0
    _generator: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._generator = np.random.default_rng(self.seed)
        cells = self.watched.reference.cells
        assert cells is not None
        assert self.watched.reference.probability is not None
        bins = bins_of(self.watched.reference.probability)
        self.values = cells.values
        self.names = cells.features
        rows = np.array(cells.rows, dtype=np.float64)
        self.shares: Shares = rows / rows.sum()
        self._means = (np.array(cells.probability_sums) / rows).tolist()
        self._codes = [",".join(map(str, codes)) for codes in codes_of(cells, self.watched)]
        self._bins = [bins.code(mean) for mean in self._means]
        threshold = self.watched.manifest.threshold
        assert threshold is not None
        self._labels = [int(mean >= threshold) for mean in self._means]

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
        found[others] *= (1 - sum(shares.values())) / found[others].sum()
        return found

    def window(self, rows: int, shares: Shares | None = None, unseen: float = 0.0) -> Counts:
        """A window of so many rows; ``unseen`` is the chance of a first feature that the reference does not know."""
        strange = int(self._generator.binomial(rows, unseen)) if unseen else 0
        drawn = self._generator.multinomial(rows - strange, self.shares if shares is None else shares)
        counted = [
            ("cell", code, label, bin_, int(count), float(count * mean))
            for code, label, bin_, mean, count in zip(
                self._codes, self._labels, self._bins, self._means, drawn, strict=True
            )
            if count
        ]
        if strange:
            rest = self._codes[0].split(",", 1)[1]
            counted.append(("cell", f"-2,{rest}", 0, 3, strange, strange * 0.17))
        return gather(counted, self.watched)

    def _having(self, feature: str, value: object) -> npt.NDArray[np.bool_]:
        place = self.names.index(feature)
        return np.array([values[place] == value for values in self.values])
