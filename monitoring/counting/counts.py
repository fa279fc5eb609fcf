"""Counts of a window or of a reference, subject by subject: all that a drift score needs."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from model_files.reference_file import Cells, Histogram, Probabilities, Values
from monitoring.counting.coding import MISSING, Bins, coding
from monitoring.counting.cube import ANSWER, CELL
from monitoring.counting.distribution import Distribution
from monitoring.counting.sketch import Sketch
from monitoring.counting.store import Store, naive
from monitoring.watched import Watched

PREDICTION: Final = "prediction"
PROBABILITY: Final = "probability"
JOINT: Final = "joint"

Cell = tuple[int, ...]
CubeRow = tuple[str, str, int, int, int, float | None]  # subject, cell, label, bin, rows, sum of the probabilities

_DIGITS = 6


@dataclass(frozen=True)
class Counts:
    """Rows by code, for every subject.

    ``rows`` is how many rows there are; ``effective`` how many unweighted ones they are worth, which is fewer where
    they were reweighted. ``subjects`` has every feature and ``prediction``, and ``probability`` (by bin) where the model
    gives one; ``cells`` has the combinations of all features where these are counted.
    ``probability_sums`` is by the code of the prediction: the sum of what was said of its rows. ``numbers`` says where
    the values of each subject that has numbers are, out of range too.
    """

    rows: float
    effective: float
    subjects: Mapping[str, Mapping[int, float]]
    cells: Mapping[Cell, float] | None
    probability_sums: Mapping[int, float] = field(default_factory=dict)
    bin_sums: Mapping[int, float] = field(default_factory=dict)
    numbers: Mapping[str, Distribution] = field(default_factory=dict)

    def mean_probability(self) -> float | None:
        """The mean of the probabilities; None where there are none."""
        counted = sum(rows for code, rows in self.subjects.get(PROBABILITY, {}).items() if code != MISSING)
        return math.fsum(self.bin_sums.values()) / counted if counted else None


def of_window(store: Store, table: Any, watched: Watched, since: datetime, until: datetime) -> Counts:
    """What one model was asked and answered from ``since`` to before ``until``, both whole hours."""
    return gather(rows_of(store, table, watched, since, until), watched)


def rows_of(store: Store, table: Any, watched: Watched, since: datetime, until: datetime) -> list[CubeRow]:
    """The same, not gathered yet."""
    own = table.filter(
        table.model == watched.name,
        table.version == watched.version,
        table.hour >= naive(since),
        table.hour < naive(until),
    )
    grouped = own.group_by(["subject", "cell", "label", "bin"]).agg(
        rows=own.rows.sum(), probability_sum=own.probability_sum.sum()
    )
    return store.fetch(grouped)


def rows_by_client(
    store: Store, table: Any, watched: Watched, since: datetime, until: datetime
) -> dict[str | None, list[CubeRow]]:
    """The same of each client, in the order of their names; None: of no client."""
    own = table.filter(
        table.model == watched.name,
        table.version == watched.version,
        table.hour >= naive(since),
        table.hour < naive(until),
    )
    grouped = own.group_by(["client", "subject", "cell", "label", "bin"]).agg(
        rows=own.rows.sum(), probability_sum=own.probability_sum.sum()
    )
    found: defaultdict[str | None, list[CubeRow]] = defaultdict(list)
    for client, *row in store.fetch(grouped):
        found[client].append(tuple(row))
    return dict(sorted(found.items(), key=lambda item: item[0] or ""))


def rows_by_hour(store: Store, table: Any, watched: Watched, since: datetime, until: datetime) -> dict[datetime, int]:
    """How many predictions each hour has that has any."""
    own = table.filter(
        table.model == watched.name,
        table.version == watched.version,
        table.hour >= naive(since),
        table.hour < naive(until),
        table.subject.isin([CELL, ANSWER]),
    )
    counted = store.fetch(own.group_by("hour").agg(rows=own.rows.sum()))
    return {hour.replace(tzinfo=UTC): rows for hour, rows in counted}


def gather(rows: Iterable[CubeRow], watched: Watched) -> Counts:
    """Counts from rows of (subject, cell, label, bin, rows, sum of probabilities); their order does not matter."""
    names = list(watched.reference.features)
    subjects: dict[str, Counter[int]] = {name: Counter() for name in (*names, PREDICTION)}
    if watched.reference.probability is not None:
        subjects[PROBABILITY] = Counter()
    cells: Counter[Cell] = Counter()
    label_sums: defaultdict[int, float] = defaultdict(float)
    bin_sums: defaultdict[int, float] = defaultdict(float)
    numbers: dict[str, list[tuple[int, int, float]]] = {name: [] for name in sketches(watched)}
    total = 0
    for subject, text, label, bin_, count, probability_sum in rows:
        if subject not in {CELL, ANSWER}:
            subjects[subject][int(text)] += count
            if subject in numbers:
                numbers[subject].append((int(text), bin_, count))
            continue
        total += count
        subjects[PREDICTION][label] += count
        if PREDICTION in numbers:
            numbers[PREDICTION].append((label, bin_, count))
        if PROBABILITY in subjects:
            subjects[PROBABILITY][bin_] += count
        label_sums[label] += probability_sum or 0.0
        bin_sums[bin_] += probability_sum or 0.0
        if subject == CELL:
            cell = tuple(map(int, text.split(",")))
            cells[cell] += count
            for name, code in zip(names, cell, strict=True):
                subjects[name][code] += count
    known = cells if watched.reference.cells is not None else None
    found = {name: sketch.window(numbers[name]) for name, sketch in sketches(watched).items()}
    return Counts(total, total, subjects, known, _exact(label_sums), _exact(bin_sums), found)


def of_reference(watched: Watched) -> Counts:
    """What one model was trained on."""
    reference = watched.reference
    subjects = {name: _coded(counted) for name, counted in reference.features.items()}
    subjects[PREDICTION] = _coded(reference.predictions)
    sums: dict[int, float] = {}
    if reference.probability is not None:
        subjects[PROBABILITY] = _nonzero(reference.probability.counts)
        sums = dict(enumerate(reference.probability.sums))
    cells = None
    if reference.cells is not None:
        cells = dict(zip(codes_of(reference.cells, watched), map(float, reference.cells.rows), strict=True))
    numbers = {name: sketch.reference() for name, sketch in sketches(watched).items()}
    return Counts(reference.rows, reference.rows, subjects, cells, bin_sums=sums, numbers=numbers)


def sketches(watched: Watched) -> dict[str, Sketch]:
    """The features whose numbers are counted by bucket, and the prediction if it is one.

    A model that is counted by combination has none.
    """
    if watched.reference.cells is not None:
        return {}
    counted = {**watched.reference.features, PREDICTION: watched.reference.predictions}
    return {name: Sketch(known) for name, known in counted.items() if isinstance(known, Histogram)}


def codes_of(cells: Cells, watched: Watched) -> list[Cell]:
    """The combinations of a reference as codes."""
    codings = [coding(watched.reference.features[name]) for name in cells.features]
    return [tuple(code.code(value) for code, value in zip(codings, values, strict=True)) for values in cells.values]


def bins_of(probability: Probabilities) -> Bins:
    """The bins of the probability."""
    return Bins(probability.edges)


def _exact(sums: Mapping[int, float]) -> dict[int, float]:
    """Without what the order of adding left: a logged probability has six digits, and so has a sum of them."""
    return {code: round(value, _DIGITS) for code, value in sums.items()}


def _coded(counted: Values | Histogram) -> dict[int, float]:
    found = _nonzero(counted.counts)
    return found | ({MISSING: counted.missing} if counted.missing else {})


def _nonzero(counts: Iterable[int]) -> dict[int, float]:
    return {code: count for code, count in enumerate(counts) if count}
