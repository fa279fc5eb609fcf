"""What is said of a replayed year, from reports that are there, are late, or never come."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from puerta.replay.retrospect import Day, retrospect
from puerta.replay.year import Year
from puerta.settings import Settings
from puerta.tests.replay.test_year import counts

MIDNIGHT = datetime(2026, 7, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAYS = [Day(6, MIDNIGHT.timestamp()), Day(7, MIDNIGHT.timestamp() + 30)]


def report(folder: Path, window: str, until: datetime, aligned: str = "none", accuracy: float | None = 0.5) -> None:
    """A report as far as it is read: July with an airline that came."""
    july = until > MIDNIGHT + 40 * SECOND
    moved = {"name": "OPERA", "level": "alert", "moved": [{"value": "New", "share": 0.1, "reference_share": 0.02}]}
    document: dict[str, Any] = {
        "until": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "views": {
            "plain": {"verdict": "alert" if july else "warn", "subjects": [moved] if july else []},
            "aligned": {"verdict": aligned, "subjects": []},
        },
        "quality": {
            "measures": {} if accuracy is None else {"accuracy": accuracy},
            "estimated": {"accuracy": 0.51},
            "coverage": 0.6,
        },
    }
    path = folder / "reports/drift/flight-delay/1" / window / f"{until:%Y-%m-%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


class Clock:
    """Passes while somebody sleeps; a report is written at its time."""

    def __init__(self, folder: Path) -> None:
        self.now = MIDNIGHT.timestamp() + 75
        self._folder = folder

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        if self.now >= MIDNIGHT.timestamp() + 95:
            report(self._folder, "28d", MIDNIGHT + 92 * SECOND)


@pytest.fixture
def year(tmp_path: Path) -> Year:
    """Two months, and an airline that comes in the second."""
    return Year.read(counts(tmp_path / "c.csv", "Old,6,100,10", "Old,7,90,27", "New,7,10,3"))


def told(folder: Path, year: Year, clock: Clock, *, monitoring: bool = True) -> list[str]:
    """Every line."""
    settings = Settings(state_dir=folder, demo=True, monitoring=monitoring)
    said = retrospect(settings, year, DAYS, "flight-delay", clock=clock, sleep=clock.sleep)
    return [line for text in said for line in text.splitlines() if line]


def test_each_month_has_its_own_report(tmp_path: Path, year: Year) -> None:
    """Of several, the one whose window has the day and no other; where there is none, that is said."""
    report(tmp_path, "1d", MIDNIGHT + 15 * SECOND, aligned="alert")  # begins before the day
    report(tmp_path, "1d", MIDNIGHT + 32 * SECOND, accuracy=None)
    report(tmp_path, "1d", MIDNIGHT + 75 * SECOND, aligned="alert")  # made too late: the day's beginning is not in it
    clock = Clock(tmp_path)
    lines = told(tmp_path, year, clock)
    assert lines[:2] == ["The year is over. July was worst: 30.0% of its flights were late.", lines[1]]
    assert lines[1] == "New arrived in July and had 10.0% of July's flights."
    june, july = (next(line.split() for line in lines if line.startswith(month)) for month in ("June", "July  "))
    assert june == ["June", "warn", "none", "-", "51.0%", "60.0%"]
    assert " ".join(july) == "July no report was made of it"
    assert clock.now >= MIDNIGHT.timestamp() + 95  # it waited for the report after the last label
    assert next(line for line in lines if line.startswith("Together")).split() == (
        ["Together", "alert", "none", "50.0%", "51.0%", "60.0%", "New:", "10.0%,", "2.0%", "in", "training"]
    )


def test_reports_that_never_come(tmp_path: Path, year: Year) -> None:
    """It does not wait for ever."""
    clock = Clock(tmp_path / "elsewhere")
    lines = told(tmp_path, year, clock)
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith(("June", "July  ", "Together"))] == [
        "no report was made of it"
    ] * 3


def test_without_reports(tmp_path: Path, year: Year) -> None:
    """What the flights say is said all the same."""
    lines = told(tmp_path, year, Clock(tmp_path), monitoring=False)
    assert lines[-1] == "Nothing was reported of it: PUERTA_MONITORING is off."
