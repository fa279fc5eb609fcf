"""What is old is deleted, and nothing that is needed still."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring import run
from monitoring.counting.cache import Cache
from monitoring.counting.log_source import CACHE_FOLDER
from monitoring.counting.snapshot import archives
from monitoring.retention import clear, prune
from monitoring.settings import Settings, SettingsError, read_settings
from monitoring.tests.logs import event, label, write

NOW = datetime(2026, 7, 10, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)
Make = Callable[..., Settings]


def test_the_last_days_stay_whole_and_the_time_before_by_its_days(tmp_path: Path) -> None:
    """By the report of the day's end, which is what a run that catches up would make again, or else the day's last one.

    What is named stays, however old; a page goes with its report.
    """
    folder = tmp_path / "drift/flight-delay/1/1d"
    folder.mkdir(parents=True)
    for hours in range(24 * 12):
        name = (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%HZ")
        (folder / f"{name}.json").touch()
        (folder / f"{name}.html").touch()
    (folder / "2026-07-06T00Z.json").unlink()
    named = "drift/flight-delay/1/1d/2026-06-29T05Z.json"
    assert (tmp_path / named).is_file()
    deleted = prune(tmp_path, NOW, 7, [named])
    left = sorted(path.stem for path in folder.glob("*.json"))
    assert len(left) + deleted == 24 * 12 - 1
    assert left[0] == "2026-06-29T05Z"
    assert left[1:6] == ["2026-07-04T00Z", "2026-07-05T00Z", "2026-07-05T23Z", "2026-07-07T00Z", "2026-07-08T00Z"]
    assert left[6:] == [(NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%HZ") for hours in range(47, -1, -1)]
    assert {path.stem for path in folder.glob("*.html")} - {"2026-07-06T00Z"} == set(left)
    assert prune(tmp_path, NOW, 7, [named]) == 0


def test_of_a_model_that_is_gone_nothing_stays(tmp_path: Path) -> None:
    """Neither what Evidently made of it; what is no report of ours is left alone."""
    for window in ("1d", "7d"):
        folder = tmp_path / "drift/gone/1" / window
        folder.mkdir(parents=True)
        for name in ("2026-06-29T05Z.json", "2026-06-29T05Z.html", "evidently.html", "evidently.json"):
            (folder / name).touch()
    stray = tmp_path / "drift/gone/1/7d/fooZ.json"
    (tmp_path / "drift/gone/1/7d/2026-07-10T05Z.json").touch()
    stray.touch()
    assert prune(tmp_path, NOW, 7, []) == 2
    assert not (tmp_path / "drift/gone/1/1d").exists()
    assert {path.name for path in (tmp_path / "drift/gone/1/7d").iterdir()} == {
        "2026-07-10T05Z.json",
        "fooZ.json",
        "evidently.html",
        "evidently.json",
    }


def test_segments_go_only_once_they_are_held(tmp_path: Path) -> None:
    """An open one never, a young one neither."""
    for name, age in (("old.jsonl", 9), ("waits.jsonl", 9), ("young.jsonl", 1), ("open.jsonl.open", 9)):
        at(tmp_path, name, NOW - age * DAY)
    assert clear(tmp_path, {"old.jsonl", "young.jsonl", "open.jsonl.open"}, NOW - 7 * DAY) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["open.jsonl.open", "waits.jsonl", "young.jsonl"]


def at(folder: Path, name: str, moment: datetime, lines: tuple[bytes, ...] = ()) -> Path:
    """A segment that was last written at a moment."""
    path = write(folder, lines, name).path
    os.utime(path, (moment.timestamp(), moment.timestamp()))
    return path


def test_what_is_old_goes_and_its_counts_stay_longer(make_settings: Make) -> None:
    """Events and labels of ninety days, counts of two hundred; what is still looked at gives the same reports."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    settings = make_settings(drift_min_rows=10, events_keep_days=90, labels_keep_days=90, counts_keep_days=200)
    flight = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
    for age in (300, 150, 80, 2):
        day = now - age * DAY
        at(settings.events_dir, f"e{age}.jsonl", day, tuple(event(day, flight, id_=f"{age}-{n}") for n in range(20)))
        at(settings.labels_dir, f"l{age}.jsonl", day, tuple(label(day, f"{age}-{n}", 0) for n in range(10)))
    told: list[str] = []
    ever = make_settings(drift_min_rows=10, events_keep_days=0, labels_keep_days=0, counts_keep_days=0)
    past = [run.run(ever, now - age * DAY, ("1d",))[0] for age in (300, 150, 80, 2)]
    assert [report.rows for report in past] == [20] * 4
    assert len(list(settings.events_dir.iterdir())) == len(list(settings.labels_dir.iterdir())) == 4
    run.run(settings, now, progress=told.append)
    assert sorted(path.name for path in settings.events_dir.iterdir()) == ["e2.jsonl", "e80.jsonl"]
    assert sorted(path.name for path in settings.labels_dir.iterdir()) == ["l2.jsonl", "l80.jsonl"]
    events, labels = archives(settings.archive_dir)
    hours = {f"{now - age * DAY:%Y-%m-%dT%H}" for age in (80, 2)}
    for archive, log in ((events, settings.events_dir), (labels, settings.labels_dir)):
        assert {f"hour={hour}" for hour in hours} == {
            segment.path.parent.name for segment in archive.list_segments(log)
        }
    assert [line for line in told if line.startswith("deleted")] == [
        f"deleted 2 segments of {settings.events_dir} that are older than 90 days",
        f"deleted 2 files of the archive of {settings.events_dir} that are older than 90 days",
        f"deleted 2 segments of {settings.labels_dir} that are older than 90 days",
        f"deleted 2 files of the archive of {settings.labels_dir} that are older than 90 days",
        told[-2],
    ]
    assert "of counts that are older than 200 days" in told[-2]
    kept = Cache(settings.archive_dir / CACHE_FOLDER).hours(["cube/"])
    assert f"{now - 150 * DAY:%Y-%m-%dT%H}" in kept
    assert f"{now - 300 * DAY:%Y-%m-%dT%H}" not in kept
    again = [run.run(ever, now - age * DAY, ("1d",))[0] for age in (300, 150, 80, 2)]
    assert again[1:] == past[1:]
    assert again[0].rows == 0


@pytest.mark.parametrize("name", ["EVENTS", "LABELS", "COUNTS"])
def test_what_reports_need_cannot_be_deleted(name: str) -> None:
    """Fewer days than they look back are refused; 0 is for ever."""
    variable = f"PUERTA_{name}_KEEP_DAYS"
    with pytest.raises(SettingsError, match=f"{variable} is 30, expected 0 or at least 64: reports look back so far"):
        read_settings({variable: "30"})
    assert getattr(read_settings({variable: "64"}), f"{name.lower()}_keep_days") == 64
    assert getattr(read_settings({variable: "0"}), f"{name.lower()}_keep_days") == 0
    with pytest.raises(SettingsError, match="at least 87"):
        read_settings({variable: "64", "PUERTA_LABEL_DUE_DAYS": "29.5"})
