"""The reference as it would be, had it been collected in the same months (weekdays, hours) as the window.

July against a year is a large shift of the month and so of all that follows it; it is no drift. The reference's
combinations are reweighted, so that what follows the calendar is as in the window, and all else is compared.
"""

from collections import Counter
from collections.abc import Mapping

from model_files.reference_file import Cells
from monitoring.counting.coding import coding
from monitoring.counting.counts import PREDICTION, PROBABILITY, Cell, Counts, bins_of, codes_of
from monitoring.watched import Watched


def is_alignable(watched: Watched) -> bool:
    """Whether some feature follows the calendar, and the reference knows what goes with it."""
    return watched.reference.cells is not None and any(feature.calendar for feature in watched.manifest.features)


def align(reference: Counts, window: Counts, watched: Watched) -> Counts:
    """The reference with the window's mix of what follows the calendar; as it is where that can't be.

    A combination of rows r in the calendar's place k weighs share_window(k) / share_reference(k); the reference is then
    worth (sum w r)^2 / sum w^2 r rows (Kish, Survey Sampling, 1965).
    """
    cells, weights = watched.reference.cells, weigh(window, watched)
    if cells is None or weights is None:
        return reference
    weighted = sum(weight * rows for weight, rows in zip(weights, cells.rows, strict=True))
    squared = sum(weight * weight * rows for weight, rows in zip(weights, cells.rows, strict=True))
    return _count(cells, codes_of(cells, watched), weights, watched, effective=weighted * weighted / squared)


def whole(watched: Watched) -> Counts:
    """All the combinations of a reference as they are, answers included."""
    cells = watched.reference.cells
    assert cells is not None  # noqa: S101 - a defect of the caller
    weights = [1.0] * len(cells.rows)
    return _count(cells, codes_of(cells, watched), weights, watched, effective=sum(cells.rows))


def weigh(window: Counts, watched: Watched) -> list[float] | None:
    """What a row of each of the reference's combinations weighs in the window's part of the year; None where it can't be told."""
    cells = watched.reference.cells
    if cells is None or not window.cells or not is_alignable(watched):
        return None
    places = [place for place, feature in enumerate(watched.manifest.features) if feature.calendar]
    codes = codes_of(cells, watched)
    here, there = _mix(window.cells, places), _mix(dict(zip(codes, cells.rows, strict=True)), places)
    weights = [here.get(key, 0.0) / there[key] for key in (tuple(cell[place] for place in places) for cell in codes)]
    return weights if any(weights) else None


def _mix(cells: Mapping[Cell, float], places: list[int]) -> dict[Cell, float]:
    """The share of each place in the calendar."""
    total = sum(cells.values())
    counted: Counter[Cell] = Counter()
    for cell, rows in cells.items():
        counted[tuple(cell[place] for place in places)] += rows  # type: ignore[assignment]  # a counter of numbers
    return {key: rows / total for key, rows in counted.items()}


def _count(cells: Cells, codes: list[Cell], weights: list[float], watched: Watched, *, effective: float) -> Counts:
    names = list(cells.features)
    subjects: dict[str, dict[int, float]] = {name: {} for name in (*names, PREDICTION, PROBABILITY)}
    sums: dict[int, float] = {}
    joint: dict[Cell, float] = {}
    probability = watched.reference.probability
    bins = bins_of(probability) if probability else None
    negative, positive = range(len(coding(watched.reference.predictions)))
    for place, weight in enumerate(weights):
        if not weight:
            continue
        rows = weight * cells.rows[place]
        joint[codes[place]] = rows
        for name, code in zip(names, codes[place], strict=True):
            _add(subjects[name], code, rows)
        called = weight * cells.predicted_positives[place]
        _add(subjects[PREDICTION], positive, called)
        _add(subjects[PREDICTION], negative, rows - called)
        if bins is not None:
            mean = cells.probability_sums[place] / cells.rows[place]
            _add(subjects[PROBABILITY], bins.code(mean), rows)
            _add(sums, bins.code(mean), rows * mean)
    return Counts(sum(joint.values()), effective, subjects, joint, bin_sums=sums)


def _add(counted: dict[int, float], code: int, rows: float) -> None:
    counted[code] = counted.get(code, 0.0) + rows
