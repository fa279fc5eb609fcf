"""The predictions of a window's length whose labels are all due: what is told of these is not of the early labels only."""

from collections.abc import Sequence

import msgspec

from monitoring.drift.rule import Rule
from monitoring.quality.calibration import calibration, gap
from monitoring.quality.findings import Cohort
from monitoring.quality.intervals import intervals
from monitoring.quality.scores import LabelledRow, realised
from monitoring.watched import Watched


def cohort(
    rows: Sequence[LabelledRow], predictions: int, watched: Watched, span: tuple[str, str], least: int, rule: Rule
) -> Cohort:
    """What labels say of a cohort.

    Args:
        rows: Its labelled predictions.
        predictions: All of them.
        watched: Whose.
        span: From when to before when they were made.
        least: Fewer labels are not enough.
        rule: When a gap matters.
    """
    found = realised(rows, watched.manifest)
    labelled = found.labels + found.strangers
    empty = Cohort(
        since=span[0],
        until=span[1],
        predictions=predictions,
        labels=found.labels,
        coverage=min(1.0, labelled / predictions) if predictions else None,
    )
    if found.labels < least:
        return empty
    probability = watched.reference.probability if watched.manifest.output == "probability" else None
    return msgspec.structs.replace(
        empty,
        measures=dict(found.measures),
        intervals=intervals(rows, found.measures, len(watched.manifest.classes)),
        calibration=calibration(rows, probability.edges) if probability else None,
        gap=gap(rows, rule) if probability else None,
    )
