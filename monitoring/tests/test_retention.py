"""Reports do not fill the disk."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitoring.retention import prune

NOW = datetime(2026, 7, 10, 12, 30, tzinfo=UTC)


def test_the_last_days_stay_whole_and_the_time_before_by_its_days(tmp_path: Path) -> None:
    """What is named stays, however old; a page goes with its report."""
    folder = tmp_path / "drift/flight-delay/1/1d"
    folder.mkdir(parents=True)
    for hours in range(24 * 12):
        name = (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%HZ")
        (folder / f"{name}.json").touch()
        (folder / f"{name}.html").touch()
    named = "drift/flight-delay/1/1d/2026-06-29T05Z.json"
    assert (tmp_path / named).is_file()
    deleted = prune(tmp_path, NOW, 7, [named])
    left = sorted(path.stem for path in folder.glob("*.json"))
    assert sorted(path.stem for path in folder.glob("*.html")) == left
    assert len(left) + deleted == 24 * 12
    assert left[0] == "2026-06-29T05Z"
    assert left[1:6] == ["2026-07-03T23Z", "2026-07-04T23Z", "2026-07-05T23Z", "2026-07-06T23Z", "2026-07-07T23Z"]
    assert left[6:] == [(NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%HZ") for hours in range(47, -1, -1)]
    assert prune(tmp_path, NOW, 7, [named]) == 0
