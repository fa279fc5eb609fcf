"""A sample as rows of a data frame."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.evidently_report.block import Block, Cell, Column, Sample

Values = npt.NDArray[np.object_] | npt.NDArray[np.int64] | npt.NDArray[np.float64]


def frame_of(sample: Sample) -> pd.DataFrame:
    """Every row, in a random order that is always the same: sorted rows would show as trends on plots over rows."""
    generator = np.random.default_rng(sample.rows)
    columns: dict[str, Values] = {}
    for block in sample.blocks:
        order = generator.permutation(sample.rows)
        for place, column in enumerate(block.columns):
            values = [row[place] for row in block.rows]
            columns[column.name] = _rows(column, values, block)[order]
    return pd.DataFrame(columns)


def _rows(column: Column, values: Iterable[Cell], block: Block) -> Values:
    if column.kind == "category":
        kept = list(values)
        whole = all(isinstance(value, int) for value in kept)
        return np.repeat(np.array(kept, dtype=np.int64 if whole else object), block.counts)
    return np.concatenate([_numbers(value, count) for value, count in zip(values, block.counts, strict=True)])


def _numbers(value: Cell, count: int) -> npt.NDArray[np.float64]:
    """So many numbers: the middles of as many equal parts of a span, or the same one, or none."""
    if isinstance(value, tuple):
        low, high = value
        return low + (high - low) * (np.arange(count) + 0.5) / count
    return np.full(count, np.nan if value is None else value, dtype=np.float64)
