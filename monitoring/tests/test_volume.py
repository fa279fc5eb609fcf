"""A day's rows beside the days before it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.drift.rule import Rule
from monitoring.drift.volume import Volume, volume
from monitoring.pages.words import faults
from monitoring.run import run
from monitoring.settings import Settings
from monitoring.tests.logs import flight_events, write
from monitoring.watched import Watched

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
END = AT.replace(hour=13, minute=0)
DAY = timedelta(days=1)
WEEK = [1000, 1100, 900, 1050, 950, 400, 300]  # its Sunday has less than half of a Monday


@pytest.mark.parametrize(
    ("rows", "level"), [(1000, "none"), (300, "none"), (290, "warn"), (0, "warn"), (1899, "none"), (1900, "warn")]
)
def test_half_or_twice_the_usual_is_told(rows: int, level: str) -> None:
    """But no Sunday, as there was one like it in the week before."""
    found = volume(rows, WEEK, Rule())
    assert found == Volume(950, 7, level)  # type: ignore[arg-type]  # a level


def test_of_few_days_nothing_is_usual() -> None:
    """Two days are no habit, and those before anybody asked are none."""
    assert volume(1, [1000, 1000], Rule()) is None
    assert volume(1, [0, 0, 0, 1000, 1000], Rule()) is None
    assert volume(1000, [0, 1000, 0, 1000], Rule()) == Volume(1000, 3, "none")


@given(st.lists(st.integers(1, 10**9), min_size=3, max_size=7), st.data())
def test_a_day_like_one_before_is_never_told(before: list[int], data: st.DataObject) -> None:
    """Whatever the days were."""
    found = volume(data.draw(st.sampled_from(before)), before, Rule())
    assert found is not None
    assert found.level == "none"


def test_a_run_tells_of_a_day_that_dried_up_and_of_a_value_that_never_changes(
    make_settings: Callable[..., Settings], flights: Watched
) -> None:
    """As numbers in the report, and in words on its page; the month is the calendar's, so it is no constant."""
    settings = make_settings(drift_min_rows=100)
    for number in range(1, 9):
        mix = (
            {("Grupo LATAM", "I", 7): 400}
            if number == 1
            else {("Grupo LATAM", "I", 7): 900, ("Sky Airline", "N", 7): 900}
        )
        write(settings.events_dir, flight_events(flights, mix, END - number * DAY, DAY), f"service-{number}.jsonl")
    day, week = run(settings, AT, ("1d", "7d"))
    assert day.volume == Volume(1800, 7, "warn")
    assert day.constant == {"OPERA": "Grupo LATAM", "TIPOVUELO": "I"}
    assert week.volume is None
    assert week.constant == {}
    said = list(faults(day))
    assert "TIPOVUELO is the same in every prediction: I. In training it was not." in said
    assert "400 predictions are far from the usual 1,800 a day (the median of the 7 days before)." in said
