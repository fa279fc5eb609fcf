"""How sure a measure is: 95 % confidence intervals from counts, without drawing anything again."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import Final

from monitoring.quality.findings import Interval
from monitoring.quality.scores import LabelledRow

Z: Final = NormalDist().inv_cdf(0.975)
_BINARY = 2
_DIGITS = 6


def intervals(rows: Iterable[LabelledRow], measures: Mapping[str, float], classes: int) -> dict[str, Interval]:
    """The interval of each measure that has one.

    Accuracy, precision and recall: Wilson's. F1: Wilson's too, as F1 = 2 J / (1 + J) of the share J of hits among
    hits, false alarms and misses (Hand, Christen and Kirielle, Machine Learning 110, 2021). AUC: Hanley and McNeil,
    Radiology 143, 1982. Brier's score and the mean absolute error are means: the normal one.

    Args:
        rows: Labelled predictions.
        measures: What was realised on them.
        classes: How many the model has; 0 for a regression.
    """
    every = list(rows)
    found: dict[str, Interval] = {}
    if "mean_absolute_error" in measures:
        error, squared = measures["mean_absolute_error"], measures["root_mean_squared_error"] ** 2
        found["mean_absolute_error"] = mean(error, squared - error**2, sum(row.rows for row in every))
    if "accuracy" not in measures:
        return _rounded(found)
    known = [row for row in every if row.truth >= 0 and row.predicted >= 0]
    count = sum(row.rows for row in known)
    found["accuracy"] = wilson(sum(row.rows for row in known if row.truth == row.predicted), count)
    if classes == _BINARY:
        confusion: Counter[tuple[int, int]] = Counter()
        for row in known:
            confusion[row.truth, row.predicted] += row.rows
        hits, false_alarms, misses = confusion[1, 1], confusion[0, 1], confusion[1, 0]
        found["precision"] = wilson(hits, hits + false_alarms)
        found["recall"] = wilson(hits, hits + misses)
        low, high = wilson(hits, hits + false_alarms + misses)
        found["f1"] = 2 * low / (1 + low), 2 * high / (1 + high)
        if "auc" in measures:
            found["auc"] = hanley_mcneil(measures["auc"], hits + misses, count - hits - misses)
        if "brier" in measures:
            found["brier"] = mean(measures["brier"], _brier_variance(known, count), count)
    return _rounded(found)


def wilson(successes: float, trials: float) -> Interval:
    """Wilson's score interval of a share (Journal of the American Statistical Association 22, 1927); all, of no trials."""
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, Z * Z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def hanley_mcneil(area: float, positives: float, negatives: float) -> Interval:
    """The interval of an area under the curve."""
    of_positives, of_negatives = area / (2 - area), 2 * area * area / (1 + area)
    variance = area * (1 - area)
    variance += (positives - 1) * (of_positives - area * area) + (negatives - 1) * (of_negatives - area * area)
    half = Z * math.sqrt(max(0.0, variance / (positives * negatives)))
    return max(0.0, area - half), min(1.0, area + half)


def mean(value: float, variance: float, count: float) -> Interval:
    """The interval of a mean of ``count`` values that are 0 or more."""
    half = Z * math.sqrt(max(0.0, variance) / count)
    return max(0.0, value - half), value + half


def _brier_variance(rows: Iterable[LabelledRow], count: int) -> float:
    """Of the squared errors, as if every probability were the mean of its step, which is a thousandth wide."""
    found: defaultdict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        sums = found[row.truth, row.step]
        sums[0] += row.rows
        sums[1] += row.probability_sum
    squared = [(rows, (total / rows - truth) ** 2) for (truth, _), (rows, total) in found.items()]
    middle = math.fsum(rows * square for rows, square in squared) / count
    return math.fsum(rows * (square - middle) ** 2 for rows, square in squared) / count


def _rounded(found: Mapping[str, Interval]) -> dict[str, Interval]:
    return {name: (round(low, _DIGITS), round(high, _DIGITS)) for name, (low, high) in found.items()}
