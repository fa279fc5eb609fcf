"""What a report says, in sentences."""

from collections.abc import Iterator

from monitoring.drift.subject import Moved, Subject
from monitoring.pages.trend import Trend
from monitoring.report import QualityReport, Report

_MOST_NAMED = 3
_CONCEPT = 0.03  # difference of realised and estimated accuracy that is worth a word
_DIGITS = ((0.1, 0), (0.001, 1))  # of a percentage, from a share on
_SUBJECTS = {"prediction": "the answers", "probability": "the probability", "joint": "combinations of features"}
_FAULTS = {
    "unseen": "values that the training data does not know",
    "missing": "missing values",
    "invalid": "values of another type",
    "below": "numbers below any in training",
    "above": "numbers above any in training",
}


def headline(report: Report) -> str:
    """The verdict of the aligned view in one sentence."""
    view = report.views["aligned"]
    match view.verdict:
        case "insufficient_data":
            return f"Too few predictions to tell: {report.rows:,}, where {report.min_rows:,} are needed."
        case "alert":
            return f"What is asked has drifted from the training data: {_listed(list(map(_name, view.alerts)))}."
        case "warn":
            moved = [_name(subject.name) for subject in view.subjects if subject.level != "none"]
            return f"Something has moved, and no alert stands yet: {_listed(moved)}."
    return "Nothing that matters has moved."


def consequence(report: Report) -> str:
    """Whether it matters, and what to do."""
    match report.views["aligned"].verdict:
        case "insufficient_data":
            return "No verdict is neither good nor bad news. A longer window may have one."
        case "alert":
            kept = report.quality.verdict == "good"
            return (
                "Labels say that the model is as good as it was; watch it, and plan to train again."
                if kept
                else "Look at what moved: if it is there to stay, train the model again on data that has it."
            )
        case "warn":
            return (
                "It is real and small, or new. An alert stands once it shows large in two windows one after the other."
            )
    return "There is nothing to do."


def movements(report: Report, trend: Trend) -> Iterator[str]:
    """What moved, by how much and since when, for each subject that is more than noise."""
    for subject in report.views["aligned"].subjects:
        if subject.level == "none":
            continue
        since = trend.since(subject.name)
        when = (
            f" Since the window that ended {_time(since)}."
            if since and since != report.until
            else " For the first time."
        )
        name = _name(subject.name)
        yield f"{name[0].upper()}{name[1:]} moved: {_shares(subject)}.{when}"


def faults(report: Report) -> Iterator[str]:
    """Values that are missing, unseen, of another type or out of range."""
    for feature, found in report.faults.items():
        for fault, share in found.items():
            if share:
                yield f"{percent(share)} of {feature} are {_FAULTS[fault]}."


def quality(report: Report) -> Iterator[str]:
    """What the labels say."""
    found = report.quality
    if found.coverage is None:
        yield "Nothing was predicted, so no label is awaited."
        return
    half = found.lag_seconds.get("0.5")
    pace = f", half of them within {duration(half)}" if half is not None else ""
    yield f"{percent(found.coverage)} of the predictions have their label{pace}."
    if found.strangers:
        yield f"{found.strangers:,} labels are none of the model's classes."
    if found.verdict == "not_enough_labels":
        yield f"{found.labels:,} labels are not enough to tell how good the model was."
    else:
        low = [name for name, is_below in found.below.items() if is_below]
        yield (
            f"Lower than the held-out test lets expect: {_listed(low)}."
            if low
            else "As good as the held-out test lets expect, or nearly."
        )
    yield from _without_labels(found)


def percent(share: float) -> str:
    """A part of 1 in percent, with as many digits as say something."""
    digits = next((digits for least, digits in _DIGITS if share >= least), 2) if share else 0
    return f"{share:.{digits}%}"


def duration(seconds: float) -> str:
    """A time in the unit that people would choose."""
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _without_labels(found: QualityReport) -> Iterator[str]:
    estimated, realised = found.estimated.get("accuracy"), found.measures.get("accuracy")
    if estimated is None:
        return
    if realised is None:
        yield f"Without labels, the model itself expects an accuracy of {percent(estimated)}."
    elif abs(realised - estimated) > _CONCEPT:
        yield (
            f"The model expects an accuracy of {percent(estimated)} of itself and has {percent(realised)}:"
            " what it learnt may no longer hold (concept drift)."
        )
    else:
        yield f"It expects {percent(estimated)} of itself, and has {percent(realised)}: what it learnt still holds."


def _shares(subject: Subject) -> str:
    if subject.shift is not None:
        return f"its mean changed by {100 * subject.shift:+.1f} points, most of all {_share(subject.moved[0])}"
    named = [_share(moved) for moved in subject.moved[:_MOST_NAMED] if abs(moved.share - moved.reference_share) > 0]
    return "; ".join(named) or "in many small ways"


def _share(moved: Moved) -> str:
    points = 100 * (moved.share - moved.reference_share)
    return f"{moved.value} {percent(moved.share)}, {percent(moved.reference_share)} in training ({points:+.1f} points)"


def _name(subject: str) -> str:
    return _SUBJECTS.get(subject, subject)


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _time(text: str) -> str:
    return text.replace("T", " ").removesuffix(":00Z") + " UTC"
