"""The metrics are what the newest reports on disk say."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.exposition import generate_latest

from monitoring import run
from monitoring.report import LATEST
from monitoring.schedule.exposition import Exposition
from monitoring.settings import Settings
from monitoring.tests.logs import flight_events, label, write
from monitoring.tests.test_run import july
from monitoring.watched import Watched

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 10, 13, tzinfo=UTC)
DAY = timedelta(days=1)
MODELS = [("flight-delay", "1")]
Make = Callable[..., Settings]


def samples(exposition: Exposition) -> dict[str, float]:
    """What a scrape reads: ``name{labels}`` with the model left out, and its value."""
    lines = generate_latest(exposition.registry).decode().splitlines()
    found = {}
    for line in lines:
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            rest = re.sub(r',?(model="flight-delay"|version="1")', "", name)
            found[rest.replace("{,", "{")] = float(value)
    return found


def test_before_the_first_run_nothing_is_claimed(make_settings: Make) -> None:
    """Never is 0, counters begin at 0, and there is neither a score nor a verdict."""
    found = samples(Exposition(make_settings().reports_dir, MODELS))
    found = {name: value for name, value in found.items() if "_created" not in name}
    assert found == {
        "drift_last_success_timestamp_seconds": 0,
        "label_due_total{}": 0,
        "label_late_total{}": 0,
        'drift_runs_total{result="success"}': 0,
        'drift_runs_total{result="failure"}': 0,
    }


def test_a_report_is_metrics(make_settings: Make, flights: Watched) -> None:
    """Scores and alerts of every subject in both views, verdicts one-hot, rows, unseen parts, labels and quality."""
    settings = make_settings(label_min_count=100, label_due_days=1.0)
    write(settings.events_dir, flight_events(flights, july(flights, 3000, 500), END - 2 * DAY, 2 * DAY))
    write(settings.labels_dir, [label(END - DAY / 24, str(place), 0) for place in range(3400)])
    run.run(settings, AT, ("1d",))
    found = samples(Exposition(settings.reports_dir, MODELS))
    window = 'window="1d"'
    aligned = f'view="aligned",{window}'
    assert found["drift_last_success_timestamp_seconds"] > 0
    subjects = ("OPERA", "TIPOVUELO", "MES", "prediction", "probability", "joint")
    for view in ("aligned", "plain"):
        for name in subjects:
            assert found[f'drift_score{{feature="{name}",view="{view}",{window}}}'] >= 0
    assert found[f'drift_alert{{feature="OPERA",{aligned}}}'] == 1
    assert found[f'drift_alert{{feature="MES",{aligned}}}'] == 0
    verdicts = {name: value for name, value in found.items() if name.startswith("drift_verdict") and "aligned" in name}
    assert sorted(verdicts.values()) == [0, 0, 0, 1]
    assert verdicts[f'drift_verdict{{verdict="alert",{aligned}}}'] == 1
    assert found[f"drift_window_rows{{{window}}}"] == pytest.approx(1750, abs=20)
    assert found[f'drift_unseen_ratio{{feature="OPERA",{window}}}'] == 0
    assert 0.9 < found[f"label_coverage_ratio{{{window}}}"] <= 1
    assert found[f'label_lag_seconds{{quantile="0.9",{window}}}'] > 0
    assert found[f'quality_score{{measure="recall",{window}}}'] == 0
    assert found[f'quality_below_baseline{{measure="f1",{window}}}'] == 1
    assert found[f'quality_verdict{{verdict="low",{window}}}'] == 1
    assert found['quality_baseline{measure="accuracy"}'] == pytest.approx(flights.manifest.metrics["accuracy"])
    assert found["label_due_total{}"] > 1500
    assert found["label_late_total{}"] <= found["label_due_total{}"]


def test_where_rows_are_insufficient_there_is_a_verdict_and_no_score(make_settings: Make) -> None:
    """No sample is neither good nor bad."""
    settings = make_settings()
    run.run(settings, AT, ("1d",))
    found = samples(Exposition(settings.reports_dir, MODELS))
    assert found['drift_verdict{verdict="insufficient_data",view="aligned",window="1d"}'] == 1
    assert found['quality_verdict{verdict="not_enough_labels",window="1d"}'] == 1
    assert not [
        name for name in found if name.startswith(("drift_score", "drift_alert", "quality_below", "quality_score"))
    ]


def test_a_run_by_hand_shows_at_the_next_scrape(make_settings: Make) -> None:
    """It is read when it is there; nobody tells."""
    settings = make_settings()
    exposition = Exposition(settings.reports_dir, MODELS)
    assert samples(exposition)["drift_last_success_timestamp_seconds"] == 0
    run.run(settings, AT, ("1d",))
    assert samples(exposition)["drift_last_success_timestamp_seconds"] > 0


def test_reports_that_cannot_be_read_leave_the_old_metrics(
    make_settings: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says why."""
    settings = make_settings()
    run.run(settings, AT, ("1d",))
    exposition = Exposition(settings.reports_dir, MODELS)
    before = samples(exposition)
    (settings.reports_dir / LATEST).write_text("{")
    assert samples(exposition) == before
    assert "reports not read" in caplog.text
    (settings.reports_dir / LATEST).unlink()
    assert samples(exposition) == before


def test_runs_are_counted_by_what_came_of_them(make_settings: Make) -> None:
    """Successes and failures."""
    exposition = Exposition(make_settings().reports_dir, MODELS)
    exposition.count("failure")
    found = samples(exposition)
    assert found['drift_runs_total{result="failure"}'] == 1
    assert found['drift_runs_total{result="success"}'] == 0
