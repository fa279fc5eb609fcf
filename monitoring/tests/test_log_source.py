"""What is counted of a log is the same however it came, and nothing is read twice that is counted already."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from monitoring.counting import hours
from monitoring.counting.cube import EVENT_COLUMNS, cube
from monitoring.counting.log import lines_of, told
from monitoring.counting.log_source import LogSource
from monitoring.counting.segments import Segment, list_segments
from monitoring.counting.snapshot import archives
from monitoring.counting.source import SourceError
from monitoring.counting.store import Store
from monitoring.counting.unseen import unseen_values
from monitoring.quality.due import due
from monitoring.quality.labelled import JOINED_COLUMNS, LABEL_COLUMNS, join, labelled, lags
from monitoring.settings import Settings
from monitoring.tests.logs import event, label
from monitoring.watched import Watched

START = datetime(2026, 7, 9, 22, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SINCE, UNTIL = START - DAY, START + DAY
AFTER = timedelta(hours=5)
AIRLINES = ("Grupo LATAM", "Sky Airline", "Ryanair", "Pan Am", None)
Make = Callable[..., Settings]
Counts = dict[str, Counter[tuple[Any, ...]]]


@dataclass
class Log:
    """Both logs of a service, and what was read of their archive."""

    settings: Settings
    segments: int = 0
    read: set[str] = field(default_factory=set)

    def write(self, kind: str, lines: Iterable[bytes], *, is_open: bool = False) -> Path:
        """A segment that has just been written."""
        folder = self.settings.events_dir if kind == "events" else self.settings.labels_dir
        folder.mkdir(exist_ok=True)
        self.segments += 1
        path = folder / f"s-{self.segments:03d}.jsonl{'.open' if is_open else ''}"
        path.write_bytes(b"".join(lines))
        os.utime(path, (UNTIL.timestamp(), UNTIL.timestamp()))
        return path

    def ask(self, id_: str, hour: int, airline: str | None = "Grupo LATAM") -> bytes:
        """An event so many hours after the start."""
        features = {"OPERA": airline, "TIPOVUELO": "N", "MES": 7}
        return event(START + hour * HOUR + timedelta(minutes=len(id_)), features, 0, 0.17, id_=id_)

    def count(self, watched: Watched, said: list[str] | None = None) -> Counts:
        """Everything that a run asks for, by a source as a run makes it."""
        self.read = set()
        with _Recording(self.read) as store:
            source = LogSource.of(store, self.settings, self.copies(), (said if said is not None else []).append)
            self.read.clear()  # what was archived just now was read for that
            log = source.look([watched], SINCE, UNTIL)
            counted = source.count([watched], SINCE, UNTIL, (said if said is not None else []).append)
            names = source.unseen(watched, ["OPERA", "MES"], SINCE, UNTIL)
            self.read -= {"due"}
            read = set(self.read)
            rows = source.due(SINCE, UNTIL - 10 * HOUR, AFTER)
            self.read = read
            tables = {"cube": counted.cube, "labelled": counted.labelled, "lags": counted.lags}
            found = {name: _rows(store, table) for name, table in tables.items()}
        found["log"] = Counter({(hour,): rows for hour, rows in log.hours.items()})
        found["log"][("unreadable",)] = log.unreadable
        found["unseen"] = Counter({(name, value): rows for name in names for value, rows in names[name].items()})
        found["due"] = Counter({(model, "due"): due for model, _, due, _ in rows})
        found["due"] += Counter({(model, "late"): late for model, _, _, late in rows})
        return found

    def copies(self) -> Path:
        """A run's own folder."""
        folder = self.settings.state_dir / "work"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def hours_read(self) -> set[str]:
        """The hours of the archive that the last run read, of predictions."""
        return {Path(name).parent.name.removeprefix("hour=") for name in self.read if "/labels/" not in name}


class _Recording(Store):
    def __init__(self, read: set[str]) -> None:
        super().__init__()
        self._read = read

    def view(self, statement: str) -> str:
        self._read |= {part for part in statement.split("'") if "/hour=" in part}
        return super().view(statement)


def at_once(log: Log, watched: Watched) -> Counts:
    """The same from all lines, without archive or cache."""
    with Store() as store:
        segments, labelling = list_segments(log.settings.events_dir), list_segments(log.settings.labels_dir)
        events, labels = store.read(segments, EVENT_COLUMNS), store.read(labelling, LABEL_COLUMNS)
        joined = store.empty(JOINED_COLUMNS)
        store.insert(joined, join(events, labels))
        tables = {"cube": cube(events, watched), "labelled": labelled(joined, watched), "lags": lags(joined)}
        found = {name: _rows(store, table) for name, table in tables.items()}
        report = told(lines_of(store, segments), [watched], SINCE, UNTIL, segments=len(segments))
        names = unseen_values(store, events, watched, ["OPERA", "MES"], SINCE, UNTIL)
        rows = store.fetch(due(events, labels, SINCE, UNTIL - 10 * HOUR, AFTER))
    found["log"] = Counter({(hour,): rows for hour, rows in report.hours.items()})
    found["log"][("unreadable",)] = report.unreadable
    found["unseen"] = Counter({(name, value): rows for name in names for value, rows in names[name].items()})
    found["due"] = Counter({(model, "due"): count for model, _, count, _ in rows})
    found["due"] += Counter({(model, "late"): late for model, _, _, late in rows})
    return found


def _rows(store: Store, table: Any) -> Counter[tuple[Any, ...]]:
    """By key the rows and, last in the key, what they sum up to in hundredths."""
    sums = [name for name, kind in table.schema().items() if kind.is_floating()]
    keys = [name for name in table.columns if name not in {*sums, "rows"}]
    added = {name: (100 * table[name].sum()).round().cast("int64") for name in sums}
    grouped = table.group_by(keys).agg(count=table.rows.sum(), **added)
    return Counter({(*key,): count for *key, count in store.fetch(grouped.select(*keys, *sums, "count"))})


@pytest.fixture
def log(make_settings: Make) -> Log:
    """Empty logs."""
    return Log(make_settings())


def test_a_second_run_reads_nothing_but_counts(log: Log, flights: Watched) -> None:
    """Nor a third, and what it tells is the same."""
    log.write("events", [log.ask(f"e{hour}-{place}", hour) for hour in range(4) for place in range(5)])
    log.write("labels", [label(START + 6 * HOUR, f"e{hour}-0", hour % 2) for hour in range(4)])
    first = log.count(flights)
    assert log.hours_read() == {"2026-07-09T22", "2026-07-09T23", "2026-07-10T00", "2026-07-10T01"}
    assert first == at_once(log, flights)
    for _ in range(2):
        assert log.count(flights) == first
        assert log.read == set()


def test_only_hours_with_something_new_are_read_again(log: Log, flights: Watched) -> None:
    """A late event, and a label: each its own hour, and of that hour only the new file for the counts."""
    log.write("events", [log.ask(f"e{hour}-{place}", hour) for hour in range(4) for place in range(5)])
    log.count(flights)
    log.write("events", [log.ask("late", 1)])
    found = log.count(flights)
    assert log.hours_read() == {"2026-07-09T23"}
    assert len(log.read) == 1
    assert found == at_once(log, flights)
    log.write("labels", [label(START + 6 * HOUR, "e3-1", 1), label(START + 6 * HOUR, "unknown", 1)])
    found = log.count(flights)
    assert log.hours_read() - {"2026-07-09T23"} >= {"2026-07-10T01"}
    assert sum(found["labelled"].values()) == 1
    assert found == at_once(log, flights)
    log.write("labels", [label(START + 7 * HOUR, "e3-1", 0)])
    found = log.count(flights)
    assert {key[4] for key in found["labelled"]} == {0}  # what was said of it last
    assert found == at_once(log, flights)


def test_what_is_still_written_is_counted_in_every_run_and_never_kept(log: Log, flights: Watched) -> None:
    """Open segments of both logs; once they are closed nothing counts twice."""
    log.write("events", [log.ask(f"e{place}", 1) for place in range(5)])
    log.count(flights)
    events = log.write("events", [log.ask("f", 2), log.ask("g", 1), b'{"schema'], is_open=True)
    labels = log.write("labels", [label(START, "e1", 1), label(START, "f", 1)], is_open=True)
    for _ in range(2):
        found = log.count(flights)
        assert found == at_once(log, flights)
        assert sum(found["labelled"].values()) == 2
    for path in (events, labels):
        path.write_bytes(path.read_bytes().removesuffix(b'{"schema'))
        path.rename(path.with_suffix(""))
    assert log.count(flights) == at_once(log, flights)
    assert log.count(flights) == at_once(log, flights)
    assert log.read == set()


def test_another_reference_is_counted_anew(log: Log, flights: Watched) -> None:
    """Counts are of a package; what another one of the same name and version gave is not believed."""
    log.write("events", [log.ask(f"e{place}", 1, airline) for place, airline in enumerate(AIRLINES)])
    log.count(flights)
    opera = flights.reference.features["OPERA"]
    values = (*opera.values[:-1], "Ryanair")  # type: ignore[union-attr]
    features = dict(flights.reference.features) | {"OPERA": msgspec.structs.replace(opera, values=values)}
    other = Watched(flights.manifest, msgspec.structs.replace(flights.reference, features=features))
    found = log.count(other)
    assert log.hours_read() == {"2026-07-09T23"}
    assert found == at_once(log, other)
    assert found["cube"] != log.count(flights)["cube"]


def test_what_is_counted_in_another_form_is_counted_anew(
    log: Log, flights: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of counts, those that are of all models too."""
    log.write("events", [log.ask(f"e{place}", 1) for place in range(5)])
    first, index = log.count(flights), log.settings.archive_dir / "counts/counts.json"
    before = msgspec.json.decode(index.read_bytes())["kinds"]
    monkeypatch.setattr("monitoring.counting.cache.FORM", 0)
    assert log.count(flights) == first
    after = msgspec.json.decode(index.read_bytes())["kinds"]
    assert {kind.split("/")[0] for kind in after.keys() - before} == {"cube", "labelled", "lags"}


def damage_bytes(path: Path) -> None:
    """One byte that is another one."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Half of it."""
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("damage", [damage_bytes, cut, Path.unlink])
def test_damaged_counts_are_counted_again_and_it_is_said(
    log: Log, flights: Watched, damage: Callable[[Path], None]
) -> None:
    """Never wrong: a file that is not what was written is not believed."""
    log.write("events", [log.ask(f"e{place}", 1, airline) for place, airline in enumerate(AIRLINES)])
    log.write("labels", [label(START, "e1", 1)])
    first = log.count(flights)
    paths = list((log.settings.archive_dir / "counts").rglob("*.parquet"))
    assert {path.relative_to(log.settings.archive_dir / "counts").parts[0] for path in paths} == {
        "cube",
        "labelled",
        "lags",
        "unseen",
    }
    for path in paths:
        damage(path)
    said: list[str] = []
    assert log.count(flights, said) == first
    assert log.hours_read() == {"2026-07-09T23"}
    assert len([one for one in said if "counted again" in one]) == len(paths)
    assert log.count(flights) == first
    assert log.read == set()


@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_a_damaged_index_of_counts_has_everything_counted_again(
    log: Log, flights: Watched, damage: Callable[[Path], None]
) -> None:
    """And what it named is deleted."""
    log.write("events", [log.ask(f"e{place}", 1) for place in range(5)])
    first = log.count(flights)
    damage(log.settings.archive_dir / "counts/counts.json")
    assert log.count(flights) == first
    assert log.hours_read() == {"2026-07-09T23"}
    assert log.count(flights) == first
    assert log.read == set()


def test_counts_outlive_the_events_that_they_are_of(log: Log, flights: Watched) -> None:
    """Rows are dropped, counts stay."""
    log.write("events", [log.ask(f"e{place}", 1) for place in range(5)])
    log.write("labels", [label(START, "e1", 1)])
    first = log.count(flights)
    events, _ = archives(log.settings.archive_dir)
    for name in events.held():
        (log.settings.events_dir / name).unlink()
    assert events.drop(START + 3 * HOUR) == 1
    for _ in range(2):
        again = log.count(flights)
        assert {name: again[name] for name in again if name != "due"} == {
            name: first[name] for name in first if name != "due"
        }


def test_labels_that_are_dropped_stay_joined(log: Log, flights: Watched) -> None:
    """What was counted of them is kept; a new label has only its own hour joined again, with the labels that are left."""
    log.write("events", [log.ask("e1", 1), log.ask("e3", 3)])
    log.write("labels", [label(START + 2 * HOUR, "e1", 1)])
    assert sum(log.count(flights)["labelled"].values()) == 1
    _, labels = archives(log.settings.archive_dir)
    for name in labels.held():
        (log.settings.labels_dir / name).unlink()
    assert labels.drop(START + 4 * HOUR) == 1
    log.write("labels", [label(START + 5 * HOUR, "e3", 0)])
    found = log.count(flights)
    assert sum(found["labelled"].values()) == 2
    assert log.count(flights)["labelled"] == found["labelled"]


def test_counts_of_a_file_that_is_damaged_are_kept(log: Log, flights: Watched) -> None:
    """It is named, and what was counted of it before counts still."""
    segment = log.write("events", [log.ask(f"e{place}", 1) for place in range(5)])
    first = log.count(flights)
    segment.unlink()
    (path,) = log.settings.archive_dir.glob("hour=*/*.parquet")
    cut(path)
    said: list[str] = []
    found = log.count(flights, said)
    assert found["cube"] == first["cube"]
    assert [one for one in said if path.name in one]


@pytest.mark.parametrize("kind", ["events", "labels"])
def test_a_file_whose_bytes_have_changed_is_named(log: Log, flights: Watched, kind: str) -> None:
    """It is as long as it was, so nobody knows before it is read. Once it is deleted, it is made again from the log."""
    log.write("events", [log.ask(f"e{place}", 1) for place in range(500)])
    log.write("labels", [label(START, f"e{place}", place % 2) for place in range(500)])
    first = log.count(flights)
    shutil.rmtree(log.settings.archive_dir / "counts")
    (path,) = (log.settings.archive_dir / ("" if kind == "events" else "labels")).glob("hour=*/*.parquet")
    whole = path.read_bytes()
    path.write_bytes(b"\xff" * (len(whole) * 3 // 4) + whole[len(whole) * 3 // 4 :])
    with pytest.raises(SourceError, match=f"{path.name}: can't be read"):
        log.count(flights)
    path.unlink()
    assert log.count(flights) == first


@pytest.mark.parametrize("kind", ["events", "labels"])
def test_a_batch_that_is_made_again_may_part_an_hour_otherwise(
    log: Log, flights: Watched, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """DuckDB writes several files an hour as it likes: what was counted of one beside a damaged one is not kept."""
    write, order = hours.write, ["<", ">="]

    def write_in_two(store: Store, segments: Sequence[Segment], columns: Mapping[str, str], folder: Path) -> None:
        write(store, segments, columns, folder)
        for path in folder.glob("hour=*/*.parquet"):
            if len(store.sql(f"SELECT DISTINCT id < 'e3' FROM '{path}'")) == 1:  # noqa: S608 - the test's own
                continue
            for place, side in enumerate(order):
                part = f"SELECT * FROM '{path}' WHERE id {side} 'e3'"  # noqa: S608 - the test's own
                store.sql(f"COPY ({part}) TO '{path.parent}/half-{place}.parquet' (FORMAT parquet)")
            path.unlink()

    monkeypatch.setattr(hours, "write", write_in_two)
    said = [log.ask(f"e{place}", 1 + (kind == "labels" and place > 2), AIRLINES[place]) for place in range(5)]
    paths = {
        "events": log.write("events", said),
        "labels": log.write("labels", [label(START + HOUR, f"e{place}", place % 2) for place in range(5)]),
    }
    events, labels = archives(log.settings.archive_dir)
    with Store() as store:
        events.compact(store, log.settings.events_dir)
        labels.compact(store, log.settings.labels_dir)
    log_folder, content = log.settings.archive_dir / ("labels" if kind == "labels" else ""), paths[kind].read_bytes()
    paths[kind].unlink()
    cut(next(path for path in log_folder.glob("hour=*/*-1.parquet")))
    assert sum(log.count(flights)["labelled"].values()) == 3
    paths[kind].write_bytes(content)
    order.reverse()
    assert log.count(flights) == at_once(log, flights)


def test_a_full_disk_stops_no_run(log: Log, flights: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be archived or kept the lines are counted, and it is said."""
    log.write("events", [log.ask(f"e{place}", 1) for place in range(5)])
    log.write("labels", [label(START, "e1", 1)])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for module in ("index", "cache"):
        monkeypatch.setattr(f"monitoring.counting.{module}.write_bytes", full)
    said: list[str] = []
    assert log.count(flights, said) == at_once(log, flights)
    assert [one for one in said if "No space left" in one]


def test_short_days_are_counted_without_an_archive(make_settings: Make, flights: Watched) -> None:
    """But what another pace archived before counts too."""
    log = Log(make_settings())
    log.write("events", [log.ask(f"e{place}", 1) for place in range(5)])
    log.count(flights)
    quick = Log(make_settings(drift_day_seconds=60), segments=10)
    quick.write("events", [quick.ask(f"f{place}", 2) for place in range(5)])
    quick.write("labels", [label(START, "e1", 1), label(START, "f1", 1)])
    found = quick.count(flights)
    assert sum(found["cube"].values()) == 10
    assert sum(found["labelled"].values()) == 2
    assert len(quick.hours_read()) == 1
    assert quick.count(flights) == found


an_id = st.integers(0, 12).map(lambda number: f"id{number}")
an_event = st.tuples(st.just("events"), an_id, st.integers(0, 5), st.sampled_from(AIRLINES))
a_label = st.tuples(st.just("labels"), an_id, st.integers(0, 9), st.sampled_from([0, 1, 1.0, "late"]))
a_segment = st.tuples(st.lists(st.one_of(an_event, a_label), min_size=1, max_size=8), st.booleans())


@examples(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(a_segment, min_size=1, max_size=3), min_size=2, max_size=3))
def test_however_events_and_labels_come_they_are_counted_once(
    make_settings: Make, flights: Watched, drawn: list[list[tuple[list[tuple[str, str, int, Any]], bool]]]
) -> None:
    """Late events, labels before their event, late and changed ones, open segments: as if counted at once from lines."""
    settings = make_settings()
    for folder in (settings.events_dir, settings.labels_dir, settings.archive_dir):
        shutil.rmtree(folder, ignore_errors=True)
    log, opened = Log(settings), list[Path]()
    for run in drawn:
        for path in opened:
            path.rename(path.with_suffix(""))
        opened = []
        for lines, is_open in run:
            events = [log.ask(id_, hour, what) for kind, id_, hour, what in lines if kind == "events"]
            labels = [label(START + hour * HOUR, id_, what) for kind, id_, hour, what in lines if kind == "labels"]
            for kind, written in (("events", events), ("labels", labels)):
                if written:
                    path = log.write(kind, written, is_open=is_open)
                    opened += [path] if is_open else []
        if opened:  # the last line of an open segment may be half written, and does not count as garbled
            for path in opened:
                path.write_bytes(path.read_bytes() + b'{"sch')
        assert log.count(flights) == at_once(log, flights)
        for path in opened:
            path.write_bytes(path.read_bytes().removesuffix(b'{"sch'))
