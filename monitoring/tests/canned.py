"""Reports made by hand, for what only reads them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitoring import moment
from monitoring.drift.rule import Rule
from monitoring.drift.subject import Level, Subject
from monitoring.report import LATEST, DueLabels, Latest, LogReport, QualityReport, Report, ViewReport, write

END = datetime(2026, 7, 10, 13, tzinfo=UTC)
DAY = timedelta(days=1)


def subject(name: str, score: float, level: Level) -> Subject:
    """A subject that is as its score says."""
    return Subject(name, score, score, 0.0, 0.5, 4, level, (), ())


def report(until: datetime = END, *, scores: Mapping[str, float] | None = None, **values: Any) -> Report:
    """A report of a day in which ``scores`` from 0.1 on alert and stand, and accuracy is 0.8 of 900 labels."""
    rule = Rule()
    levels = {name: rule.of_score(score) for name, score in (scores or {}).items()}
    alerts = tuple(name for name, level in levels.items() if level == "alert")
    subjects = tuple(subject(name, (scores or {})[name], level) for name, level in levels.items())
    verdict = "alert" if alerts else "warn" if "warn" in levels.values() else "none" if levels else "insufficient_data"
    view = ViewReport(verdict=verdict, reference_rows=1e4, alerts=alerts, before={}, subjects=subjects)  # type: ignore[arg-type]
    quality = QualityReport(
        verdict="good",
        labels=900,
        strangers=0,
        coverage=0.6,
        lag_seconds={"0.5": 7200.0, "0.9": 86_400.0},
        measures={"accuracy": 0.8},
        baseline={"accuracy": 0.75, "auc": 0.7},
        expected={"accuracy": 0.78},
        below={"accuracy": False},
        estimated={"accuracy": 0.79},
        intervals={"accuracy": (0.77, 0.83)},
    )
    usual: dict[str, Any] = {
        "model": "delays",
        "version": "1",
        "window": "1d",
        "since": moment.text(until - DAY),
        "until": moment.text(until),
        "before_until": moment.text(until - DAY),
        "rows": 1500,
        "min_rows": 1000,
        "faults": {},
        "thresholds": asdict(rule),
        "views": {"aligned": view, "plain": view},
        "quality": quality,
    }
    return Report(**(usual | values))


def put(folder: Path, reports: list[Report], **log: Any) -> Latest:
    """Write reports, of which the last one of each model and window is named as the newest."""
    newest = {}
    for one in reports:
        write(folder, one, one.place)
        newest[one.model, one.version, one.window] = one.place
    usual: dict[str, Any] = {"segments": 2, "events": 1500, "unreadable": 0, "unwatched": {}, "hours": {}}
    latest = Latest(
        finished=moment.text(END + timedelta(minutes=5)),
        due_until=None,
        due=(DueLabels("delays", "1", 1000, 100),),
        log=LogReport(**(usual | log)),
        reports=tuple(newest.values()),
    )
    write(folder, latest, LATEST)
    return latest
