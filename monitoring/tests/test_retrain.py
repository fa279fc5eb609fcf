"""When to train again: its reasons, what is still missing, and who is told."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from monitoring import run
from monitoring.pages import words
from monitoring.quality.findings import Cohort, Gap
from monitoring.quality.retrain import recommend
from monitoring.report import Report
from monitoring.schedule.exposition import Exposition
from monitoring.settings import Settings
from monitoring.tests.logs import flight_events, label, write
from monitoring.tests.test_run import july
from monitoring.watched import Watched

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 10, 13, tzinfo=UTC)
DAY = timedelta(days=1)
Make = Callable[..., Settings]


def matured(*, is_drift: bool) -> Cohort:
    """A cohort with or without concept drift."""
    gap = Gap(0.7, 0.8, -0.1, (-0.12, -0.08), 1e-9, is_drift)
    return Cohort(since="", until="", predictions=1000, labels=1000, coverage=1.0, gap=gap)


@pytest.mark.parametrize(
    ("alerts", "verdict", "labels", "is_drift", "reasons", "awaited"),
    [
        ((), "good", 900, False, (), 0),
        ((), "not_enough_labels", 10, False, (), 0),
        (("OPERA",), "good", 500, False, ("drift",), 0),
        (("OPERA",), "not_enough_labels", 120, False, (), 380),
        ((), "low", 900, False, ("quality",), 0),
        ((), "good", 900, True, ("concept",), 0),
        (("OPERA",), "low", 900, True, ("drift", "quality", "concept"), 0),
    ],
)
def test_each_reason_is_one_and_drift_needs_labels(
    alerts: tuple[str, ...], verdict: str, labels: int, is_drift: bool, reasons: tuple[str, ...], awaited: int
) -> None:
    """Without a reason nothing is recommended."""
    found = recommend(alerts, verdict, labels, matured(is_drift=is_drift), 500)
    assert (found.reasons, found.labels_awaited, found.is_recommended) == (reasons, awaited, bool(reasons))
    assert recommend((), "good", labels, None, 500).reasons == ()


def metric(settings: Settings) -> float | None:
    """What Prometheus is told."""
    return Exposition(settings.reports_dir, ()).registry.get_sample_value(
        "retrain_recommended", {"model": "flight-delay", "version": "1"}
    )


def log(settings: Settings, flights: Watched, changed: float) -> None:
    """Eleven days of July's flights and their labels a day later: as the model expects, or more often late by ``changed``."""
    generator = random.Random(1)  # noqa: S311 - nothing depends on its being hard to guess
    events = flight_events(flights, july(flights, 13_000), END - 11 * DAY, 11 * DAY)
    write(settings.events_dir, events)
    labels = []
    for place, line in enumerate(events):
        logged: dict[str, Any] = msgspec.json.decode(line)
        at = datetime.fromisoformat(logged["ts"])
        late = generator.random() < logged["probability"] + changed
        if at + DAY < AT:
            labels.append(label(at + DAY, str(place), int(late)))
    write(settings.labels_dir, labels)


def test_a_world_as_it_was_asks_for_nothing(make_settings: Make, flights: Watched) -> None:
    """Labels as the probabilities promise: the estimate holds, on a cohort as long as the window whose labels are due."""
    settings = make_settings()
    log(settings, flights, 0.0)
    report = run.run(settings, AT, ("1d",))[0]
    cohort = report.quality.matured
    assert cohort is not None
    assert (cohort.since, cohort.until) == ("2026-07-02T13:00:00Z", "2026-07-03T13:00:00Z")
    assert cohort.predictions == cohort.labels == pytest.approx(1180, abs=30)
    assert cohort.coverage == 1
    assert set(cohort.intervals) == set(cohort.measures) == {"accuracy", "precision", "recall", "f1", "auc", "brier"}
    assert cohort.gap is not None
    assert not cohort.gap.is_drift
    assert report.quality.labels < 100  # of the window itself, whose labels are not due
    assert (report.quality.measures, report.quality.intervals) == ({}, {})
    assert not report.retrain.is_recommended
    assert metric(settings) == 0
    assert list(words.retrain(report)) == []
    assert any("what it learnt still holds" in line for line in words.quality(report))


def test_a_world_that_has_changed_asks_for_training(make_settings: Make, flights: Watched) -> None:
    """Flights that the model takes to be on time are late: what is asked has not moved, and its labels tell."""
    settings = make_settings()
    log(settings, flights, -0.25)
    report = run.run(settings, AT, ("1d",))[0]
    assert report.views["aligned"].verdict == "none"
    assert report.retrain.reasons == ("concept",)
    assert metric(settings) == 1
    said = " ".join(words.retrain(report))
    assert "Train the model again: it is less often right than it expects of itself" in said
    assert "python -m monitoring dataset --model flight-delay --out flight-delay.csv" in said
    assert any("(concept drift)" in line for line in words.quality(report))
    page = (settings.reports_dir / report.place).with_suffix(".html").read_text()
    assert "Train the model again" in page
    assert 'aria-label="calibration"' in page


def test_drift_alone_waits_for_labels(make_settings: Make, flights: Watched) -> None:
    """And says for how many."""
    settings = make_settings()
    write(settings.events_dir, flight_events(flights, july(flights, 3000, 500), END - 2 * DAY, 2 * DAY))
    report = run.run(settings, AT, ("1d",))[0]
    assert report.views["aligned"].verdict == "alert"
    assert (report.retrain.reasons, report.retrain.labels_awaited) == ((), 500)
    assert "500 more labels are needed" in " ".join(words.retrain(report))
    write(settings.labels_dir, [label(END, str(place), 0) for place in range(3500)])
    assert "drift" in run.run(settings, AT, ("1d",))[0].retrain.reasons


def test_a_report_of_before_is_read_still(make_settings: Make) -> None:
    """What was written without these fields."""
    settings = make_settings()
    report = run.run(settings, AT, ("1d",))[0]
    document = msgspec.to_builtins(report)
    del document["retrain"], document["quality"]["matured"], document["quality"]["intervals"]
    assert not msgspec.convert(document, Report).retrain.is_recommended
