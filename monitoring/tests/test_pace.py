"""A day that lasts seconds: the same windows, counts and verdicts as a real one; and the real year at that pace."""

import csv
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from monitoring import run
from monitoring.pace import REAL, Pace
from monitoring.report import read_latest
from monitoring.settings import Settings
from monitoring.tests.conftest import ROOT
from monitoring.tests.logs import flight_events, label, write
from monitoring.watched import Watched

START = datetime(2026, 7, 10, 12, 0, 0, tzinfo=UTC)
DAY, SECOND = timedelta(seconds=30), timedelta(seconds=1)
MONTHS = range(1, 13)
Month = dict[tuple[str, str, int], tuple[int, int]]  # of each kind of flight: how many, how many of them late


def test_a_real_day_has_real_hours() -> None:
    """Hours are what windows are made of, and begin and end with the clock's."""
    at = datetime(2026, 7, 10, 12, 34, 56, 789, tzinfo=UTC)
    assert (REAL.grain, REAL.hours(24), REAL.days(0.5)) == ("h", timedelta(days=1), timedelta(hours=12))
    assert (REAL.begin(at), REAL.end(at)) == (START, START + timedelta(hours=1))
    assert REAL.end(START) == START + timedelta(hours=1)


def test_a_short_day_has_whole_seconds() -> None:
    """A day of 30 s has a day's windows; what is no whole second is rounded up, so that no window is empty."""
    pace = Pace(30)
    at = datetime(2026, 7, 10, 12, 34, 56, 789, tzinfo=UTC)
    assert (pace.grain, pace.hours(24), pace.hours(7 * 24)) == ("s", DAY, 7 * DAY)
    assert (pace.hours(1), pace.hours(0), pace.days(0.5)) == (timedelta(seconds=2), timedelta(0), DAY / 2)
    assert (pace.begin(at).second, pace.end(at).second, pace.begin(at).microsecond) == (56, 57, 0)


@pytest.fixture(scope="module")
def year(flights: Watched) -> dict[int, Month]:
    """The shipped flights by month."""
    months: defaultdict[int, Month] = defaultdict(dict)
    assert flights.reference.cells is not None
    known = set(map(tuple, flights.reference.cells.values))
    with (ROOT / "model-files/flight-counts.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            flight = (line["OPERA"], line["TIPOVUELO"], int(line["MES"]))
            if flight in known:  # the training data is where the tests find what the model answers
                count, late = months[flight[2]].get(flight, (0, 0))
                months[flight[2]][flight] = count + int(line["flights"]), late + int(line["delayed"])
    return months


def log(settings: Settings, flights: Watched, month: int, counts: Month) -> None:
    """The events and the labels of a month, in its day of 30 s: the labels come in the evening."""
    midnight = START + (month - 1) * DAY
    outcomes = {flight: iter([1] * late + [0] * (count - late)) for flight, (count, late) in counts.items()}
    events, labels = [], []
    for line in flight_events(flights, {flight: count for flight, (count, _) in counts.items()}, midnight, DAY / 2):
        event = msgspec.json.decode(line)
        features = event["features"]
        event["id"] = f"{month}-{event['id']}"
        events.append(msgspec.json.encode(event) + b"\n")
        outcome = next(outcomes[features["OPERA"], features["TIPOVUELO"], features["MES"]])
        labels.append(label(midnight + 0.9 * DAY, event["id"], outcome))
    write(settings.events_dir, events, f"service-{month}.jsonl")
    write(settings.labels_dir, labels, f"service-{month}.jsonl")


@pytest.mark.slow
def test_the_replayed_year(make_settings: Callable[..., Settings], flights: Watched, year: dict[int, Month]) -> None:
    """Each day has its month and nothing else; July is no drift, calendar taken into account; the model knows itself.

    What it expects of itself without labels (CBPE) is within 0.01 of the accuracy that the year's labels show.
    """
    settings = make_settings(drift_day_seconds=30)
    for month, counts in year.items():
        log(settings, flights, month, counts)
    midnights = [START + month * DAY for month in MONTHS]
    days = [run.run(settings, midnight - SECOND, ("1d",))[0] for midnight in midnights]
    (whole,) = run.run(settings, midnights[-1] - SECOND, ("28d",))
    assert [report.rows for report in days] == [sum(count for count, _ in year[month].values()) for month in MONTHS]
    assert len({report.place for report in days}) == 12
    assert {report.views["aligned"].verdict for report in [*days, whole]} == {"none"}
    assert [report.views["plain"].verdict for report in days] == ["warn"] + [
        "alert"
    ] * 11  # no day was before the first
    assert {report.quality.coverage for report in days} == {1.0}
    assert {report.quality.verdict for report in days} == {"good"}
    assert whole.rows == sum(report.rows for report in days)
    assert whole.quality.estimated["accuracy"] == pytest.approx(whole.quality.measures["accuracy"], abs=0.01)
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    assert latest.due[0].due == sum(report.rows for report in days[:5])  # a week after it was made, a label is due
    assert latest.due[0].late == 0
