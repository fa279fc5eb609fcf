"""Two versions of a model that were answering at the same time: how alike they are, and which is better."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from monitoring.counting.coding import coding
from monitoring.counting.counts import PREDICTION, Counts
from monitoring.drift.divergence import divergence
from monitoring.quality.findings import Answering, Comparison
from monitoring.quality.intervals import intervals
from monitoring.quality.scores import LabelledRow, realised
from monitoring.watched import Watched

_DIGITS = 6


@dataclass(frozen=True)
class Answers:
    """What one version was asked and answered, and the labels of it."""

    watched: Watched
    counts: Counts
    labelled: list[LabelledRow]


def compare(own: Answers, other: Answers, least: int) -> Comparison | None:
    """Compare two versions; None where they don't answer the same kind of thing, or one of them not at all.

    The interval of the gain is Newcombe's, of the difference of two shares (Statistics in Medicine 17, 1998, method 10).

    Args:
        own: The report's own version.
        other: The other one.
        least: Fewer labels are not enough.
    """
    here, there = own.counts.subjects[PREDICTION], other.counts.subjects[PREDICTION]
    found = divergence(there, here)
    if found is None or own.watched.manifest.classes != other.watched.manifest.classes:
        return None
    first, second = _answering(own, least), _answering(other, least)
    agreement = sum(min(share, second.mix.get(name, 0.0)) for name, share in first.mix.items())
    comparison = Comparison(own=first, other=second, agreement=round(agreement, _DIGITS), p=found.p)
    if "accuracy" not in first.measures or "accuracy" not in second.measures:
        return comparison
    return _with_gain(comparison, first, second)


def _with_gain(comparison: Comparison, own: Answering, other: Answering) -> Comparison:
    a, b = other.measures["accuracy"], own.measures["accuracy"]
    (a_low, a_high), (b_low, b_high) = other.intervals["accuracy"], own.intervals["accuracy"]
    low = a - b - ((a - a_low) ** 2 + (b_high - b) ** 2) ** 0.5
    high = a - b + ((a_high - a) ** 2 + (b - b_low) ** 2) ** 0.5
    interval = round(low, _DIGITS), round(high, _DIGITS)
    return msgspec.structs.replace(comparison, gain=round(a - b, _DIGITS), gain_interval=interval)


def _answering(answers: Answers, least: int) -> Answering:
    found = realised(answers.labelled, answers.watched.manifest)
    enough = found.labels >= least
    mean = answers.counts.mean_probability()
    return Answering(
        version=answers.watched.version,
        rows=round(answers.counts.rows),
        mix=_mix(answers.counts.subjects[PREDICTION], answers.watched),
        mean_probability=None if mean is None else round(mean, _DIGITS),
        labels=found.labels,
        measures=dict(found.measures) if enough else {},
        intervals=intervals(answers.labelled, found.measures, len(answers.watched.manifest.classes)) if enough else {},
    )


def _mix(counted: Mapping[int, float], watched: Watched) -> dict[str, float]:
    values, total = coding(watched.reference.predictions), sum(counted.values())
    return {values.name(code): round(rows / total, _DIGITS) for code, rows in sorted(counted.items())}
