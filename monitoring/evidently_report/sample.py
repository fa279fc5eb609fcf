"""Samples: counts of a window or of a reference as so many rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from model_files.reference_file import Cells, Histogram, Values
from monitoring.counting.coding import ABOVE, BELOW, MISSING, NAMES, Bins, Coding, coding
from monitoring.counting.counts import PREDICTION, PROBABILITY, CubeRow, sketches
from monitoring.counting.cube import ANSWER, CELL
from monitoring.counting.sketch import Sketch
from monitoring.evidently_report.block import LABEL, Block, Cell, Column, Sample
from monitoring.evidently_report.quota import apportion
from monitoring.quality.scores import LabelledRow
from monitoring.watched import Watched


def of_window(rows: Iterable[CubeRow], watched: Watched, size: int) -> Sample:
    """What a model was asked and answered, as ``size`` rows.

    Args:
        rows: Of the cube: subject, cell, label, bin, rows, sum of the probabilities.
        watched: Whose.
        size: Rows of the sample.

    Raises:
        ValueError: if there are none.
    """
    codings, numbers = _codings(watched), sketches(watched)
    named = {**codings, PREDICTION: coding(watched.reference.predictions)}
    answers = _answer_columns(watched)

    def value(name: str, code: int, bin_: int) -> Cell:
        return numbers[name].span(code, bin_) if name in numbers else _name(code, named[name])

    weights: defaultdict[str, defaultdict[tuple[Cell, ...], float]] = defaultdict(lambda: defaultdict(float))
    for subject, cell, label, bin_, count, total in sorted(rows, key=lambda row: row[:4]):
        answer = (value(PREDICTION, label, bin_), _mean(total, count, bin_))[: len(answers)]
        if subject == CELL:
            codes = map(int, cell.split(","))
            features = (_name(code, values) for code, values in zip(codes, codings.values(), strict=True))
            weights[CELL][*features, *answer] += count
        elif subject == ANSWER:
            weights[ANSWER][answer] += count
        else:
            weights[subject][(value(subject, int(cell), bin_),)] += count
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
    found: dict[tuple[Cell, ...], float]
    if isinstance(counted, Histogram):
        known = Sketch(counted).reference()
        found = {(span,): rows for span, rows in zip(known.spans, known.rows, strict=True)}
    else:
        found = {(_name(code, values),): count for code, count in enumerate(counted.counts) if count}
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
    """A code as what a row holds. Of a number that was counted in combination it is not known how far out it was."""
    if not isinstance(values, Bins):
        return f"({NAMES[code]})" if code < 0 else values.name(code)
    if code in {BELOW, ABOVE}:
        return float(values.edges[0] if code == BELOW else values.edges[-1])
    return None if code < 0 else (float(values.edges[code]), float(values.edges[code + 1]))


def _mean(total: float | None, count: int, code: int) -> float | None:
    """The mean probability of rows; None where they have none (a bin or step below 0)."""
    return None if total is None or code < 0 else round(total / count, 6)
