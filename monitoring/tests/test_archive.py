"""Closed segments as Parquet by hour hold what they held."""

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest

from monitoring.counting import hours
from monitoring.counting.archive import Archive
from monitoring.counting.cube import CUBE_COLUMNS, EVENT_COLUMNS, cube
from monitoring.counting.index import ArchiveError
from monitoring.counting.store import Store, selection
from monitoring.quality.labelled import LABEL_COLUMNS
from monitoring.tests.logs import event, label, write
from monitoring.tests.test_cube import rows
from monitoring.watched import Watched, read

NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATAM = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}


def at(folder: Path, name: str, moment: datetime, lines: list[bytes]) -> Path:
    """A segment that was last written at a moment."""
    segment = write(folder, lines, name)
    os.utime(segment.path, (moment.timestamp(), moment.timestamp()))
    return segment.path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two segments of each of two hours, one of which has a late event; and one that a killed process left open."""
    folder = tmp_path / "events"
    for hour in (2, 1):
        for part in (1, 2):
            moment = NOW - hour * HOUR + timedelta(minutes=part)
            lines = [event(moment, LATAM, id_=f"{hour}-{part}"), event(moment, {"OPERA": 'a "b", \\', "MES": None})]
            at(folder, f"s-{hour}-{part}.jsonl", moment, [*lines, b"garbage\n"])
    at(folder, "s-0-1.jsonl", NOW, [event(NOW - 5 * HOUR, LATAM, id_="late")])
    at(folder, "s-0-2.jsonl.open", NOW, [event(NOW, LATAM), b'{"schema'])
    return folder


def whole(archive: Archive, log: Path, watched: Watched) -> dict[tuple[object, ...], int]:
    """Everything that is counted of a log and its archive."""
    with Store() as store:
        return rows(archive.list_segments(log), watched, store)


def test_closed_segments_become_a_file_an_hour_and_hold_the_same(tmp_path: Path, log: Path, flights: Watched) -> None:
    """By the hour of the event, late ones too; the open one stays lines; the index tells what is in them."""
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    with Store() as store:
        made = archive.compact(store, log).files
        assert [(file.hour, file.rows) for file in made] == [
            ("2026-07-10T07", 1),
            ("2026-07-10T10", 4),
            ("2026-07-10T11", 4),
            ("2026-07-10T11", 4),
        ]
        assert all(file.name.startswith(f"hour={file.hour}/") for file in made)
        assert made[1].kinds == {"flight-delay/1": 4}
        assert made[1].ids == ("2-1", "id")
        assert made[3].unreadable == 4  # of lines without a time, the newest hour of their batch
        lines = store.read(archive.list_segments(log), {"id": "string"})
        assert store.fetch(lines.filter(lines.id.isnull()).count().as_table()) == [(5,)]  # and they are told still
    assert archive.held() == {"s-2-1.jsonl", "s-2-2.jsonl", "s-1-1.jsonl", "s-1-2.jsonl", "s-0-1.jsonl"}
    assert sum(before.values()) == 10
    assert whole(archive, log, flights) == before


def test_an_hour_that_is_read_off_the_path_is_counted_the_same(tmp_path: Path, log: Path, flights: Watched) -> None:
    """The hour alone is enough of a time, and what is no event has none of a model."""
    archive = Archive(tmp_path / "archive")
    with Store() as store:
        before = rows([one for one in archive.list_segments(log) if not one.is_open], flights, store)
        archive.compact(store, log)
        listing = archive.list_all(log)
        segments = [listing.segment(file) for files in listing.hours.values() for file in files]
        table = store.empty(CUBE_COLUMNS)
        store.insert(table, cube(hours.read(store, segments, EVENT_COLUMNS), flights))
        found = store.fetch(table.select("hour", "client", "subject", "cell", "label", "bin", "rows"))
    assert {tuple(key): count for *key, count in found} == before


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
    lines = [event(NOW - HOUR, dict(watched.manifest.example) | one, "late", 0.7, model="mixed") for one in changes]
    at(tmp_path / "events", "a.jsonl", NOW - HOUR, lines)
    archive = Archive(tmp_path / "archive")
    before = whole(archive, tmp_path / "events", watched)
    with Store() as store:
        assert archive.compact(store, tmp_path / "events").files
    assert whole(archive, tmp_path / "events", watched) == before


def test_labels_are_archived_by_the_hour_in_which_they_came(tmp_path: Path) -> None:
    """As they were said, text or number."""
    lines = [label(NOW, "a", 1), label(NOW - HOUR, "b", "late"), label(NOW, "c", True), b"garbage\n"]
    at(tmp_path / "labels", "l.jsonl", NOW, lines)
    archive = Archive(tmp_path / "archive", LABEL_COLUMNS)
    with Store() as store:
        made = archive.compact(store, tmp_path / "labels").files
        table = store.read(archive.list_segments(tmp_path / "labels"), LABEL_COLUMNS)
        found = store.fetch(table.filter(table.id.notnull()).select("id", table.label.cast("string").name("said")))
    assert [(file.hour, file.kinds, file.unreadable) for file in made] == [
        ("2026-07-10T11", {"labels": 1}, 0),
        ("2026-07-10T12", {"labels": 2}, 0),
        ("2026-07-10T12", {}, 1),
    ]
    assert sorted(found) == [("a", "1"), ("b", '"late"'), ("c", "true")]


def test_again_there_is_nothing_to_do(tmp_path: Path, log: Path, flights: Watched) -> None:
    """Until a segment is closed: each is in exactly one batch."""
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    with Store() as store:
        archive.compact(store, log)
        assert archive.compact(store, log).files == ()
        (log / "s-0-2.jsonl.open").rename(log / "s-0-2.jsonl")
        made = archive.compact(store, log).files
    assert [(file.hour, file.rows) for file in made] == [("2026-07-10T12", 1)] * 2  # the half line is one too
    assert {segment.path.suffix for segment in archive.list_segments(log)} == {".parquet"}
    assert whole(archive, log, flights) == before


def test_a_log_that_was_cleared_is_counted_from_its_archive(tmp_path: Path, log: Path, flights: Watched) -> None:
    """Segments may go once they are held; of what is listed, only hours that are wanted are."""
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    with Store() as store:
        archive.compact(store, log)
    for name in archive.held():
        (log / name).unlink()
    assert whole(archive, log, flights) == before
    assert len(archive.list_segments(log, since=(NOW - HOUR).timestamp())) == 3
    assert len(archive.list_segments(log, since=NOW.timestamp())) == 1


def test_a_segment_that_is_compressed_once_it_is_held_does_not_count_again(
    tmp_path: Path, log: Path, flights: Watched
) -> None:
    """It is the same one; and what was held of it can be made again from it."""
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    with Store() as store:
        made = archive.compact(store, log).files
        for name in archive.held():
            (log / f"{name}.gz").write_bytes(gzip.compress((log / name).read_bytes()))
            (log / name).unlink()
        assert archive.compact(store, log).files == ()
        assert whole(archive, log, flights) == before
        (tmp_path / "archive" / made[0].name).unlink()
        assert [file.rows for file in archive.compact(store, log).files] == [file.rows for file in made]
    assert whole(archive, log, flights) == before


def test_hours_that_are_dropped_are_told_of_still(tmp_path: Path, log: Path, flights: Watched) -> None:
    """Their files go, the index keeps what they held, and no segment that was held is read again."""
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    with Store() as store:
        archive.compact(store, log)
        assert archive.drop(NOW - HOUR + timedelta(minutes=20)) == 2
        assert archive.drop(NOW - HOUR) == 0
        assert archive.compact(store, log).damaged == ()
    assert not (tmp_path / "archive/hour=2026-07-10T10").exists()
    listing = archive.list_all(log)
    assert [file.rows for file in listing.hours["2026-07-10T10"]] == [4]
    assert sum(whole(archive, log, flights).values()) == sum(before.values()) - 5


def test_a_compaction_that_is_cut_short_changes_nothing(
    tmp_path: Path, log: Path, flights: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that the index does not name are not read, and are gone after the next compaction."""
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    with Store() as store:
        with monkeypatch.context() as patched:
            patched.setattr("monitoring.counting.index.write_bytes", lambda *_: (_ for _ in ()).throw(OSError("full")))
            with pytest.raises(OSError, match="full"):
                archive.compact(store, log)
        assert list((tmp_path / "archive").glob("hour=*/*.parquet"))
        assert whole(archive, log, flights) == before
        (log / "s-0-2.jsonl.open").rename(log / "s-0-2.jsonl")  # another batch than the one that was cut short
        made = archive.compact(store, log).files
    there = {str(path.relative_to(tmp_path / "archive")) for path in (tmp_path / "archive").glob("hour=*/*")}
    assert there == {file.name for file in made}
    assert whole(archive, log, flights) == before


def test_segments_that_cannot_be_read_are_named_and_the_others_held(
    tmp_path: Path, log: Path, flights: Watched
) -> None:
    """A compressed one that was cut short."""
    packed = gzip.compress(b"".join(event(NOW, LATAM, id_=str(place)) for place in range(1000)))
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    (log / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    with Store() as store:
        found = archive.compact(store, log)
        assert found.damaged == ("cut.jsonl.gz",)
        assert len(found.files) == 4
    assert "cut.jsonl.gz" not in archive.held()
    (log / "cut.jsonl.gz").unlink()
    assert whole(archive, log, flights) == before


@pytest.mark.parametrize("are_there", [True, False])
def test_a_file_that_was_cut_short_is_made_again_or_named(
    tmp_path: Path, log: Path, flights: Watched, *, are_there: bool
) -> None:
    """From its segments where they are there; else what it held is lost, and nothing besides."""
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    with Store() as store:
        file = archive.compact(store, log).files[1]
        if not are_there:
            (log / "s-2-1.jsonl").unlink()
        os.truncate(tmp_path / "archive" / file.name, file.size // 2)
        found = archive.compact(store, log)
    if are_there:
        assert found.damaged == ()
        assert whole(archive, log, flights) == before
    else:
        assert found.damaged == (file.name,)
        with pytest.raises(duckdb.Error):
            whole(archive, log, flights)


def test_an_archive_of_days_is_made_one_of_hours(tmp_path: Path, log: Path, flights: Watched) -> None:
    """As it was before: a Parquet file a day. Until it is made anew it is read as it is, though its segments are gone."""
    archive = Archive(tmp_path / "archive")
    before = whole(archive, log, flights)
    held = ["s-2-1.jsonl", "s-2-2.jsonl"]
    with Store() as store:
        lines = selection([write(log, [(log / name).read_bytes()], name) for name in held], EVENT_COLUMNS)
        (tmp_path / "archive").mkdir()
        day = tmp_path / "archive/events-2026-07-10-0123abcd.parquet"
        store.sql(f"COPY (SELECT * EXCLUDE filename FROM ({lines})) TO '{day}'")  # noqa: S608 - the test's own
        index = [{"name": day.name, "modified": NOW.timestamp(), "segments": held}]
        (tmp_path / "archive/archive.json").write_bytes(msgspec.json.encode(index))
        for name in held:
            (log / name).unlink()
        assert archive.held() == set(held)
        assert whole(archive, log, flights) == before
        archive.compact(store, log)
    assert not day.exists()
    assert archive.held() > set(held)
    assert whole(archive, log, flights) == before


@pytest.mark.parametrize("text", ["{", '{"schema":2,"files":7}', "[7]"])
def test_an_index_that_cannot_be_read_is_named(tmp_path: Path, log: Path, text: str) -> None:
    """Nothing is guessed: an event could be counted twice."""
    (tmp_path / "archive.json").write_text(text)
    with pytest.raises(ArchiveError, match=r"archive\.json"):
        Archive(tmp_path).list_segments(log)
