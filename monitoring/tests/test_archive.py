"""Past days as Parquet hold what their segments held."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.counting.archive import Archive, ArchiveError
from monitoring.counting.store import Store
from monitoring.tests.logs import event, write
from monitoring.tests.test_cube import rows
from monitoring.watched import Watched, read

NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LATAM = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}


def at(folder: Path, name: str, moment: datetime, lines: list[bytes]) -> None:
    """A segment that was last written at a moment."""
    segment = write(folder, lines, name)
    os.utime(segment.path, (moment.timestamp(), moment.timestamp()))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two segments of each of two past days, one of today, and one that a killed process left open."""
    folder = tmp_path / "events"
    for day in (2, 1):
        for part in (1, 2):
            moment = NOW - day * DAY + timedelta(minutes=part)
            lines = [event(moment, LATAM, id_=f"{day}-{part}"), event(moment, {"OPERA": 'a "b", \\', "MES": None})]
            at(folder, f"s-{day}-{part}.jsonl", moment, [*lines, b"garbage\n"])
    at(folder, "s-0-1.jsonl", NOW, [event(NOW, LATAM)])
    at(folder, "s-1-9.jsonl.open", NOW - DAY, [event(NOW - DAY, LATAM), b'{"schema'])
    return folder


def test_past_days_become_a_file_each_and_hold_the_same(tmp_path: Path, log: Path, flights: Watched) -> None:
    """Today's and open segments stay lines; counts before and after are equal, for every model."""
    archive = Archive(tmp_path / "archive")
    before = archive.list_segments(log)
    with Store() as store:
        made = archive.compact(store, log, NOW)
        after = archive.list_segments(log)
        assert [path.name[:17] for path in made] == ["events-2026-07-08", "events-2026-07-09"]
        assert len(before) == 6
        assert sorted(segment.path.suffix for segment in after) == [".jsonl", ".open", ".parquet", ".parquet"]
        assert rows(after, flights, store) == rows(before, flights, store)
        assert sum(rows(after, flights, store).values()) == 10
        lines = store.read(after, {"id": "string"})
        assert store.fetch(lines.filter(lines.id.isnull()).count().as_table()) == [(5,)]  # garbled lines are told still


def test_numbers_and_other_models_hold_the_same(tmp_path: Path, small_models: Path) -> None:
    """Values of every type come back as they were."""
    watched = read(small_models / "mixed/1")
    changes: list[dict[str, object]] = [
        {},
        {"age": None},
        {"age": -3.25e5},
        {"stops": 17},
        {"member": True},
        {"city": 3},
    ]
    lines = [event(NOW - DAY, dict(watched.manifest.example) | one, "late", 0.7, model="mixed") for one in changes]
    at(tmp_path / "events", "a.jsonl", NOW - DAY, lines)
    archive = Archive(tmp_path / "archive")
    with Store() as store:
        before = rows(archive.list_segments(tmp_path / "events"), watched, store)
        archive.compact(store, tmp_path / "events", NOW)
        assert rows(archive.list_segments(tmp_path / "events"), watched, store) == before


def test_again_there_is_nothing_to_do(tmp_path: Path, log: Path) -> None:
    """Until another day has passed, or a segment is closed late: it gets a file of its own."""
    archive = Archive(tmp_path / "archive")
    with Store() as store:
        archive.compact(store, log, NOW)
        assert archive.compact(store, log, NOW) == []
        (log / "s-1-9.jsonl.open").rename(log / "s-1-9.jsonl")
        assert [path.name[:17] for path in archive.compact(store, log, NOW)] == ["events-2026-07-09"]
        assert len(archive.compact(store, log, NOW + DAY)) == 1
        assert {segment.path.suffix for segment in archive.list_segments(log)} == {".parquet"}


def test_a_log_that_was_cleared_is_counted_from_its_archive(tmp_path: Path, log: Path, flights: Watched) -> None:
    """Segments may go once they are held."""
    archive = Archive(tmp_path / "archive")
    with Store() as store:
        archive.compact(store, log, NOW)
        whole = rows(archive.list_segments(log), flights, store)
        for path in log.glob("s-[12]-[12].jsonl"):
            path.unlink()
        assert rows(archive.list_segments(log), flights, store) == whole
        assert len(archive.list_segments(log, since=(NOW - DAY).timestamp())) == 3


def test_a_compaction_that_is_cut_short_changes_nothing(
    tmp_path: Path, log: Path, flights: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the index does not name is not read, and is made again."""
    archive = Archive(tmp_path / "archive")
    with Store() as store:
        whole = rows(archive.list_segments(log), flights, store)
        with monkeypatch.context() as patched:
            patched.setattr(
                "monitoring.counting.archive.write_bytes", lambda *_: (_ for _ in ()).throw(OSError("full"))
            )
            with pytest.raises(OSError, match="full"):
                archive.compact(store, log, NOW)
        assert list((tmp_path / "archive").glob("*.parquet"))
        assert rows(archive.list_segments(log), flights, store) == whole
        assert len(archive.compact(store, log, NOW)) == 2
        assert rows(archive.list_segments(log), flights, store) == whole


def test_an_index_that_cannot_be_read_is_named(tmp_path: Path, log: Path) -> None:
    """Nothing is guessed: an event could be counted twice."""
    (tmp_path / "archive.json").write_text("{")
    with pytest.raises(ArchiveError, match="archive.json"):
        Archive(tmp_path).list_segments(log)
