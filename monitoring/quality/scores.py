"""How good predictions were, from counts of labelled ones; and how good they should be, without any labels."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from model_files.manifest import Manifest
from model_files.reference_file import Cells
from monitoring.counting.counts import PREDICTION, Counts

_BINARY = 2
_DIGITS = 6  # as in manifests; and the order in which rows were added does not show


@dataclass(frozen=True)
class LabelledRow:
    """Predictions alike: what was said, what came, the step of the probability, and sums over ``rows``."""

    predicted: int
    truth: int
    step: int
    rows: int
    probability_sum: float = 0.0
    square_sum: float = 0.0
    error_sum: float = 0.0
    square_error_sum: float = 0.0


@dataclass(frozen=True)
class Realised:
    """What labels say. ``labels`` counts those that fit the model, ``strangers`` those that are none of its classes."""

    labels: int
    strangers: int
    measures: Mapping[str, float] = field(default_factory=dict)


def realised(rows: Iterable[LabelledRow], manifest: Manifest) -> Realised:
    """The measures that fit the model's task; one that can't be told (an area with one class only) is left out."""
    every = list(rows)
    if manifest.task == "regression":
        # A number outside of what training saw is a truth like any other.
        count = sum(row.rows for row in every)
        measures = {}
        if count:
            measures["mean_absolute_error"] = sum(row.error_sum for row in every) / count
            measures["root_mean_squared_error"] = (sum(row.square_error_sum for row in every) / count) ** 0.5
        return Realised(count, 0, _rounded(measures))
    known = [row for row in every if row.truth >= 0 and row.predicted >= 0]
    count = sum(row.rows for row in known)
    strangers = sum(row.rows for row in every) - count
    if not count:
        return Realised(0, strangers)
    right = sum(row.rows for row in known if row.truth == row.predicted)
    measures = {"accuracy": right / count}
    if len(manifest.classes) == _BINARY:
        confusion: defaultdict[tuple[int, int], int] = defaultdict(int)
        for row in known:
            confusion[row.truth, row.predicted] += row.rows
        measures |= of_confusion(confusion[1, 1], confusion[0, 1], confusion[1, 0])
        if manifest.output == "probability":
            measures |= _probabilistic(known, count)
    return Realised(count, strangers, _rounded(measures))


def of_confusion(hits: float, false_alarms: float, misses: float) -> dict[str, float]:
    """Precision, recall and F1 of the second class; 0 where nothing was called, or nothing was there."""
    precision = hits / (hits + false_alarms) if hits + false_alarms else 0.0
    recall = hits / (hits + misses) if hits + misses else 0.0
    both = 2 * hits + false_alarms + misses
    return {"precision": precision, "recall": recall, "f1": 2 * hits / both if both else 0.0}


def estimated(counts: Counts, manifest: Manifest) -> dict[str, float]:
    """The measures to expect of a calibrated model, without a label (CBPE: NannyML's documentation, "How it works").

    Of the rows that it calls positive, the sum of their probabilities is how many it expects to be.
    """
    rows = counts.subjects[PREDICTION]
    count = rows.get(0, 0) + rows.get(1, 0)
    if manifest.output != "probability" or not count:
        return {}
    hits, misses = counts.probability_sums.get(1, 0.0), counts.probability_sums.get(0, 0.0)
    false_alarms = rows.get(1, 0) - hits
    return {"accuracy": (count - false_alarms - misses) / count} | of_confusion(hits, false_alarms, misses)


def baseline(manifest: Manifest) -> dict[str, float]:
    """What the package says of its own held-out rows, under the names used here."""
    names = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "auc": "roc_auc", "brier": "brier"}
    names |= {name: name for name in ("mean_absolute_error", "root_mean_squared_error")}
    found = {name: manifest.metrics[key] for name, key in names.items() if key in manifest.metrics}
    if len(manifest.classes) == _BINARY and manifest.confusion_matrix:
        (_, false_alarms), (misses, hits) = manifest.confusion_matrix
        found["f1"] = of_confusion(hits, false_alarms, misses)["f1"]
    return found


def seasonal(cells: Cells, weights: Sequence[float]) -> dict[str, float]:
    """By how much accuracy and F1 on the training data differ where its combinations are so weighted.

    July has other flights than the year, some of them harder to tell: a model that is as good as ever may then be less
    accurate, and that is no decay.
    """
    every = [1.0] * len(weights)
    usual, now = _of_cells(cells, every), _of_cells(cells, weights)
    return {name: now[name] - usual[name] for name in ("accuracy", "f1")}


def _of_cells(cells: Cells, weights: Sequence[float]) -> dict[str, float]:
    hits = false_alarms = misses = rows = 0.0
    counted = zip(weights, cells.rows, cells.positives, cells.predicted_positives, strict=True)
    for weight, count, positives, called in counted:
        share = positives / count  # what is called of a combination is as often right as all of it
        hits += weight * called * share
        false_alarms += weight * called * (1 - share)
        misses += weight * (count - called) * share
        rows += weight * count
    return {"accuracy": (rows - false_alarms - misses) / rows} | of_confusion(hits, false_alarms, misses)


def quantile(counted: Mapping[int, int], share: float) -> int | None:
    """The bin below or in which ``share`` of the rows are; None where there are none."""
    total, passed = sum(counted.values()), 0
    for bin_ in sorted(counted):
        passed += counted[bin_]
        if passed >= share * total:
            return bin_
    return None


def _rounded(measures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in measures.items()}


def _probabilistic(rows: Sequence[LabelledRow], count: int) -> dict[str, float]:
    """Brier's score, and the area under the curve: how often a positive stands above a negative, halves for ties."""
    brier = sum(row.square_sum - 2 * row.truth * row.probability_sum + row.truth * row.rows for row in rows) / count
    steps: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        steps[row.step][row.truth] += row.rows
    below = above = 0.0
    for step in sorted(steps):
        negatives, positives = steps[step]
        above += positives * (below + negatives / 2)
        below += negatives
    positives = sum(row.rows for row in rows if row.truth)
    pairs = positives * (count - positives)
    return {"brier": brier} | ({"auc": above / pairs} if pairs else {})
