"""Samples: counts of a window or of a reference as so many rows. Plain data, small however many rows it stands for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from model_files.reference_file import Cells, Histogram, Values
from monitoring.counting.coding import ABOVE, BELOW, MISSING, NAMES, Bins, Coding, coding
from monitoring.counting.counts import PREDICTION, PROBABILITY, CubeRow
from monitoring.counting.cube import ANSWER, CELL
from monitoring.evidently_report.quota import apportion
from monitoring.quality.scores import LabelledRow
from monitoring.watched import Watched

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


def of_window(rows: Iterable[CubeRow], watched: Watched, size: int) -> Sample:
    """What a model was asked and answered, as ``size`` rows.

    Args:
        rows: Of the cube: subject, cell, label, bin, rows, sum of the probabilities.
        watched: Whose.
        size: Rows of the sample.

    Raises:
        ValueError: if there are none.
    """
    codings = _codings(watched)
    answers = _answer_columns(watched)
    weights: defaultdict[str, defaultdict[tuple[Cell, ...], float]] = defaultdict(lambda: defaultdict(float))
    for subject, cell, label, bin_, count, total in sorted(rows, key=lambda row: row[:4]):
        answer = (_name(label, coding(watched.reference.predictions)), _mean(total, count, bin_))[: len(answers)]
        if subject == CELL:
            codes = map(int, cell.split(","))
            features = (_name(code, values) for code, values in zip(codes, codings.values(), strict=True))
            weights[CELL][*features, *answer] += count
        elif subject == ANSWER:
            weights[ANSWER][answer] += count
        else:
            weights[subject][(_name(int(cell), codings[subject]),)] += count
    if watched.reference.cells is not None:
        columns = (*(_column(name, values) for name, values in codings.items()), *answers)
        return Sample(size, (_block(columns, weights[CELL], size),))
    blocks = [_block((_column(name, values),), weights[name], size) for name, values in codings.items()]
    # The reference of such a model knows its answers one by one only.
    blocks += [_block((column,), _one(weights[ANSWER], place), size) for place, column in enumerate(answers)]
    return Sample(size, tuple(blocks))


def of_reference(watched: Watched, weights: Sequence[float] | None, size: int) -> Sample:
    """What a model was trained on, as ``size`` rows.

    Args:
        watched: Whose.
        weights: Of a row of each of the reference's combinations; None for 1.
        size: Rows of the sample.
    """
    reference, codings, answers = watched.reference, _codings(watched), _answer_columns(watched)
    if reference.cells is not None:
        columns = (*(_column(name, values) for name, values in codings.items()), *answers)
        found = _combined(reference.cells, weights, watched, len(answers))
        return Sample(size, (_block(columns, found, size),))
    blocks = [
        _block((_column(name, coding(counted)),), _counted(counted), size)
        for name, counted in reference.features.items()
    ]
    blocks.append(_block(answers[:1], _counted(reference.predictions), size))
    if reference.probability is not None:
        bins = zip(reference.probability.counts, reference.probability.sums, strict=True)
        means: dict[tuple[Cell, ...], float] = {(total / count,): count for count, total in bins if count}
        blocks.append(_block(answers[1:], means, size))
    return Sample(size, tuple(blocks))


def of_labelled(rows: Iterable[LabelledRow], watched: Watched, size: int) -> Sample:
    """Predictions with their label, as ``size`` rows; answers and labels that the model does not know are left out."""
    classes, columns = watched.manifest.classes, _labelled_columns(watched)
    found: defaultdict[tuple[Cell, ...], float] = defaultdict(float)
    for row in sorted(rows, key=lambda row: (row.predicted, row.truth, row.step)):
        if row.predicted >= 0 and row.truth >= 0:
            answer = (classes[row.predicted], _mean(row.probability_sum, row.rows, row.step))
            found[(classes[row.truth], *answer)[: len(columns)]] += row.rows
    return Sample(size, (_block(columns, found, size),))


def of_labelled_reference(watched: Watched, weights: Sequence[float] | None, size: int) -> Sample | None:
    """The same of what a model was trained on; None where its reference does not tell.

    What is called of a combination is as often right as all of it.
    """
    cells = watched.reference.cells
    if cells is None:
        return None
    negative, positive = watched.manifest.classes
    found: defaultdict[tuple[Cell, ...], float] = defaultdict(float)
    for place, weight in enumerate(weights or [1.0] * len(cells.rows)):
        count, called = cells.rows[place], cells.predicted_positives[place]
        mean, share = round(cells.probability_sums[place] / count, 6), cells.positives[place] / count
        for prediction, rows in ((positive, called), (negative, count - called)):
            found[positive, prediction, mean] += weight * rows * share
            found[negative, prediction, mean] += weight * rows * (1 - share)
    return Sample(size, (_block(_labelled_columns(watched), found, size),))


def _block(columns: tuple[Column, ...], weights: Mapping[tuple[Cell, ...], float], size: int) -> Block:
    counts = apportion(list(weights.values()), size)
    kept = [(row, count) for row, count in zip(weights, counts, strict=True) if count]
    return Block(columns, tuple(row for row, _ in kept), tuple(count for _, count in kept))


def _combined(
    cells: Cells, weights: Sequence[float] | None, watched: Watched, answers: int
) -> dict[tuple[Cell, ...], float]:
    codings = _codings(watched)
    negative, positive = (str(value) for value in watched.manifest.classes)
    found: dict[tuple[Cell, ...], float] = {}
    for place, values in enumerate(cells.values):
        weight = weights[place] if weights else 1.0
        count, called = cells.rows[place], cells.predicted_positives[place]
        features = [
            _name(codings[name].code(value), codings[name]) for name, value in zip(cells.features, values, strict=True)
        ]
        mean = round(cells.probability_sums[place] / count, 6)
        for prediction, rows in ((positive, called), (negative, count - called)):
            if weight * rows:
                found[*features, *(prediction, mean)[:answers]] = weight * rows
    return found


def _counted(counted: Values | Histogram) -> dict[tuple[Cell, ...], float]:
    values = coding(counted)
    found: dict[tuple[Cell, ...], float] = {
        (_name(code, values),): count for code, count in enumerate(counted.counts) if count
    }
    return found | ({(_name(MISSING, values),): counted.missing} if counted.missing else {})


def _one(weights: Mapping[tuple[Cell, ...], float], place: int) -> dict[tuple[Cell, ...], float]:
    found: defaultdict[tuple[Cell, ...], float] = defaultdict(float)
    for values, weight in weights.items():
        found[(values[place],)] += weight
    return dict(found)


def _codings(watched: Watched) -> dict[str, Coding]:
    return {name: coding(counted) for name, counted in watched.reference.features.items()}


def _answer_columns(watched: Watched) -> tuple[Column, ...]:
    prediction = _column(PREDICTION, coding(watched.reference.predictions))
    return (prediction, Column(PROBABILITY, "number")) if watched.reference.probability else (prediction,)


def _labelled_columns(watched: Watched) -> tuple[Column, ...]:
    said = Column(LABEL, "category"), Column(PREDICTION, "category")
    return (*said, Column(PROBABILITY, "number")) if watched.manifest.output == "probability" else said


def _column(name: str, values: Coding) -> Column:
    return Column(name, "number" if isinstance(values, Bins) else "category")


def _name(code: int, values: Coding) -> Cell:
    """A code as what a row holds. How far out of range a number was is not counted: it is at the edge."""
    if not isinstance(values, Bins):
        return f"({NAMES[code]})" if code < 0 else values.name(code)
    if code in {BELOW, ABOVE}:
        return float(values.edges[0] if code == BELOW else values.edges[-1])
    return None if code < 0 else (float(values.edges[code]), float(values.edges[code + 1]))


def _mean(total: float | None, count: int, code: int) -> float | None:
    """The mean probability of rows; None where they have none (a bin or step below 0)."""
    return None if total is None or code < 0 else round(total / count, 6)
