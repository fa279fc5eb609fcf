"""Samples as plain data: small however many rows they stand for, and read by Evidently's process with little else."""

from collections import defaultdict
from typing import Final, Literal

import msgspec

LABEL: Final = "label"

Span = tuple[float, float]  # numbers evenly from the first to the second
Cell = str | int | float | Span | None


class Column(msgspec.Struct, frozen=True):
    """A column: categories are text, with missing, unseen and invalid values as categories in brackets.

    Classes of labelled predictions that are whole numbers stay these: Evidently is twice as quick with them.
    """

    name: str
    kind: Literal["category", "number"]


class Block(msgspec.Struct, frozen=True):
    """Columns that were counted together: ``counts[i]`` rows are ``rows[i]``."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    counts: tuple[int, ...]


class Sample(msgspec.Struct, frozen=True):
    """Rows of every column. Columns of different blocks are independent, for nothing is known of them together."""

    rows: int
    blocks: tuple[Block, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column in order."""
        return tuple(column for block in self.blocks for column in block.columns)

    def count(self, name: str) -> dict[Cell, int]:
        """Rows by value of one column."""
        found: defaultdict[Cell, int] = defaultdict(int)
        for block in self.blocks:
            for place, column in enumerate(block.columns):
                if column.name == name:
                    for row, count in zip(block.rows, block.counts, strict=True):
                        found[row[place]] += count
        return dict(found)
