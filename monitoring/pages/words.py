"""What a report says, in sentences."""

from collections.abc import Iterator

from monitoring.drift.subject import Moved, Subject
from monitoring.pages.numbers import furthest, went
from monitoring.pages.trend import Trend
from monitoring.quality.findings import Comparison, Gap, Reason
from monitoring.report import QualityReport, Report

_MOST_NAMED = 3
_CHANCE = 1e-3  # p-value below which a difference is no chance
_DIGITS = ((0.1, 0), (0.001, 1))  # of a percentage, from a share on
_SUBJECTS = {"prediction": "the answers", "probability": "the probability", "joint": "combinations of features"}
_REASONS: dict[Reason, str] = {
    "drift": "what is asked has drifted, and there are labels enough to learn from it",
    "quality": "its answers are worse than its held-out test lets expect",
    "concept": "it is less often right than it expects of itself, so the world has changed (concept drift)",
}
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


def season(report: Report) -> str:
    """What has moved only beside the whole year, and not beside the same part of it; empty where nothing has."""
    moved = {subject.name for subject in report.views["aligned"].subjects if subject.level != "none"}
    found = [
        f"mean {subject.name} {100 * subject.shift:+.1f} points"
        if subject.shift is not None
        else f"{subject.name} = {most.value} {percent(most.share)} ({percent(most.reference_share)})"
        for subject in report.views["plain"].subjects
        if subject.level != "none" and subject.name not in {*moved, "joint"}
        for most in subject.moved[:1]
    ]
    return (
        f"Of the season, and so no drift (in brackets all of the training data): {', '.join(found)}." if found else ""
    )


def faults(report: Report) -> Iterator[str]:
    """Values that are missing, unseen, of another type, out of range or all the same; and too many rows, or too few."""
    numbers = {subject.name: subject.numbers for subject in report.views["aligned"].subjects}
    for feature, found in report.faults.items():
        for fault, share in found.items():
            if share:
                names = report.unseen.get(feature, {}) if fault == "unseen" else {}
                told = ", ".join(f"{name} ({rows:,})" for name, rows in names.items())
                told = f": {told}" if told else furthest(fault, numbers.get(feature))
                yield f"{percent(share)} of {feature} are {_FAULTS[fault]}{told}."
    for feature, value in report.constant.items():
        yield f"{feature} is the same in every prediction: {value}. In training it was not."
    volume = report.volume
    if volume is not None and volume.level != "none":
        yield (
            f"{report.rows:,} predictions are far from the usual {volume.usual:,.0f} a day"
            f" (the median of the {volume.days} days before)."
        )


def segments(report: Report) -> Iterator[str]:
    """The clients, and the values of the widest category, in which something moved."""
    for segment in report.segments:
        if segment.level != "none":
            yield (
                f"{segment.by} {segment.value} ({segment.rows:,} predictions): {_name(segment.subject)} moved:"
                f" {'; '.join(map(_share, segment.moved[:1]))}."
            )


def beside(report: Report) -> Iterator[str]:
    """What other versions said that were answering too."""
    for found in report.beside:
        own, other = found.own, found.other
        yield (
            f"Version {other.version} answered {other.rows:,} beside the {own.rows:,} of version {own.version};"
            f" {percent(found.agreement)} of their mixes of answers are the same"
            f" ({'chance explains the rest' if found.p >= _CHANCE else 'the rest is no chance'})."
        )
        if own.mean_probability is not None and other.mean_probability is not None:
            yield (
                f"On average version {other.version} says {percent(other.mean_probability)},"
                f" version {own.version} {percent(own.mean_probability)}."
            )
        yield _better(found)


def _better(found: Comparison) -> str:
    own, other = found.own, found.other
    if found.gain is None or found.gain_interval is None:
        return f"Labels are too few to tell which is better: {other.labels:,} and {own.labels:,}."
    low, high = found.gain_interval
    verdict = (
        f"version {other.version} is better"
        if low > 0
        else f"version {own.version} is better"
        if high < 0
        else "labels do not tell which is better"
    )
    return (
        f"Version {other.version} is right {percent(other.measures['accuracy'])} of the time, version {own.version}"
        f" {percent(own.measures['accuracy'])}: {100 * found.gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}),"
        f" as far as both were asked alike; {verdict}."
    )


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
    yield from _matured(found)


def retrain(report: Report) -> Iterator[str]:
    """Whether to train again, and why; nothing where there is no reason."""
    found = report.retrain
    if found.is_recommended:
        yield f"Train the model again: {'; '.join(_REASONS[reason] for reason in found.reasons)}."
        yield (
            "The labelled predictions as training data:"
            f" python -m monitoring dataset --model {report.model} --out {report.model}.csv"
            " (--onto FILE: what it was trained on before, for the months that the log lacks)"
        )
    if found.labels_awaited:
        yield (
            "The drift alert alone is no reason to train again yet:"
            f" {found.labels_awaited:,} more labels are needed to learn from what is asked now."
        )


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
    else:
        yield (
            f"The model expects an accuracy of {percent(estimated)} of itself,"
            f" and has {percent(realised)} on the labels that have come."
        )


def _matured(found: QualityReport) -> Iterator[str]:
    """What is told once labels are due: whether what the model learnt still holds, and whether to believe it."""
    cohort = found.matured
    if cohort is None or cohort.gap is None:
        return
    gap, (low, high) = cohort.gap, cohort.gap.interval
    points = f"a difference of {100 * gap.difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    yield (
        f"Of {cohort.labels:,} predictions from {_time(cohort.since)} to {_time(cohort.until)}, whose labels are due,"
        f" it expected {percent(gap.estimated)} right and {percent(gap.realised)} were: {points}, {_meaning(gap)}."
    )
    if cohort.calibration is not None:
        error, noise = 100 * cohort.calibration.error, 100 * cohort.calibration.noise
        yield f"Its probabilities were off by {error:.1f} points on average; {noise:.1f} of that is chance's own."


def _meaning(gap: Gap) -> str:
    if gap.is_drift:
        return "more than chance makes: what it learnt no longer holds (concept drift)"
    if gap.interval[0] <= 0 <= gap.interval[1]:
        return "which chance explains: what it learnt still holds"
    return (
        "which is better than it thought" if gap.difference > 0 else "too little or too unsure to call it concept drift"
    )


def _shares(subject: Subject) -> str:
    if subject.shift is not None:
        return f"its mean changed by {100 * subject.shift:+.1f} points, most of all {_share(subject.moved[0])}"
    named = [_share(moved) for moved in subject.moved[:_MOST_NAMED] if abs(moved.share - moved.reference_share) > 0]
    if subject.numbers is not None:
        return "; ".join([went(subject.numbers), *named[:1]])
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
    return text.replace("T", " ").removesuffix("Z").removesuffix(":00") + " UTC"
