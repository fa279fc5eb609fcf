"""Whether the probabilities can be believed: bin by bin, and in what they promise of the accuracy."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from monitoring.counting.coding import Bins
from monitoring.drift.rule import Rule
from monitoring.drift.significance import normal_tails
from monitoring.quality.findings import Calibration, CalibrationBin, Gap, Interval
from monitoring.quality.intervals import Z, wilson
from monitoring.quality.scores import LabelledRow

_DIGITS = 6


def calibration(rows: Iterable[LabelledRow], edges: Sequence[float]) -> Calibration | None:
    """The expected calibration error in the bins of the reference (Naeini, Cooper and Hauskrecht, AAAI 2015).

    By chance alone a bin's observed share is off by sqrt(2 p (1 - p) / (pi n)) on average: a normal's mean deviation.
    None where there are no rows.
    """
    bins = Bins(tuple(edges))
    found: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in rows:
        if row.truth >= 0 and row.step >= 0 and row.rows:
            sums = found[bins.code(min(max(row.probability_sum / row.rows, edges[0]), edges[-1]))]
            sums[0] += row.rows
            sums[1] += row.probability_sum
            sums[2] += row.rows * row.truth
    total = math.fsum(sums[0] for sums in found.values())
    if not total:
        return None
    error = noise = 0.0
    told = []
    for code in sorted(found):
        count, said, came = found[code]
        predicted, observed = said / count, came / count
        error += count / total * abs(predicted - observed)
        noise += count / total * math.sqrt(2 * max(0.0, predicted * (1 - predicted)) / (math.pi * count))
        told.append(
            CalibrationBin(
                bins.edges[code],
                bins.edges[code + 1],
                round(count),
                round(predicted, _DIGITS),
                round(observed, _DIGITS),
                _rounded(wilson(came, count)),
            )
        )
    return Calibration(round(error, _DIGITS), round(noise, _DIGITS), tuple(told))


def gap(rows: Iterable[LabelledRow], rule: Rule) -> Gap | None:
    """How far accuracy is from what probabilities promised; None without rows. Of a binary model.

    Of a prediction the model promises to be right with c: its probability where it says the second class, 1 less it
    otherwise. The difference is the mean of right - c, and its spread theirs: nothing is assumed of the calibration.
    """
    count = right = promised = squared = 0.0
    for row in rows:
        if row.truth < 0 or row.predicted < 0 or row.step < 0:
            continue
        is_right = row.truth == row.predicted
        sure = row.probability_sum if row.predicted else row.rows - row.probability_sum
        square = row.square_sum if row.predicted else row.rows - 2 * row.probability_sum + row.square_sum
        count += row.rows
        promised += sure
        right += row.rows * is_right
        squared += (row.rows - 2 * sure if is_right else 0.0) + square
    if not count:
        return None
    difference = (right - promised) / count
    error = math.sqrt(max(0.0, squared / count - difference**2) / count)
    p = normal_tails(difference / error) if error else float(difference == 0)
    return Gap(
        round(right / count, _DIGITS),
        round(promised / count, _DIGITS),
        round(difference, _DIGITS),
        _rounded((difference - Z * error, difference + Z * error)),
        p,
        p < rule.significance and difference <= -rule.gap,
    )


def _rounded(interval: Interval) -> Interval:
    return round(interval[0], _DIGITS), round(interval[1], _DIGITS)
