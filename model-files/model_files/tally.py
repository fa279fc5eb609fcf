"""Rows with two outcomes, those alike counted once: what a model is fitted on, however many rows there are."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Rows to fit a model on: features [k], outcomes 0 and 1 [k], and how many rows each stands for [k]."""

    frame: pd.DataFrame
    target: Indices
    weights: Array

    def fit(self, pipeline: Any) -> Any:
        """Fit a pipeline, whose last step takes the weights; where every row stands for itself, it is given none."""
        step = pipeline.steps[-1][0]
        weights = {} if (self.weights == 1).all() else {f"{step}__sample_weight": self.weights}
        return pipeline.fit(self.frame, self.target, **weights)


@dataclass(frozen=True)
class Fold:
    """What a model is fitted on and measured on in one round, and which rows the latter are."""

    train: "Tally"
    test: "Tally"
    rows: Indices


@dataclass(frozen=True)
class Tally:
    """Cells, [m], and how many rows of each had outcome 0 and outcome 1, [m, 2]."""

    cells: pd.DataFrame
    counts: Indices

    @cached_property
    def places(self) -> Indices:
        """The cell of every row, [n]: cell by cell, those of outcome 0 first."""
        return np.arange(len(self.cells)).repeat(self.counts.sum(axis=1))

    @cached_property
    def target(self) -> Indices:
        """The outcome of every row, [n]."""
        return np.tile(np.arange(2), len(self.cells)).repeat(self.counts.ravel())

    def sample(self, most: int = 0) -> Sample:
        """The rows, or about ``most`` that stand for all of them where there are more.

        Those alike share their weight, and no kind of row is left out: with ``most`` 0 each is there once, weighing as
        much as there are of it. What a model that minimises a sum over rows makes of it does not depend on ``most``.
        """
        share = min(1.0, most / max(1, self.counts.sum()))
        counts = self.counts.ravel()
        kept = np.maximum(np.ceil(counts * share).astype(np.int64), counts > 0)
        kinds = np.arange(len(counts)).repeat(kept)
        return Sample(self.cells.iloc[kinds // 2].reset_index(drop=True), kinds % 2, counts[kinds] / kept[kinds])

    def folds(self, splitter: Any) -> Iterator[Fold]:
        """Split row by row, as one of scikit-learn's splitters says."""
        for train, test in splitter.split(self.places, self.target):
            yield Fold(self._part(train), self._part(test), test)

    def _part(self, rows: Indices) -> "Tally":
        kinds = np.bincount(2 * self.places[rows] + self.target[rows], minlength=self.counts.size)
        return Tally(self.cells, kinds.reshape(self.counts.shape))
