"""The same counts from a Spark cluster."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.counting.cache import Cache
from monitoring.counting.log_source import LogSource
from monitoring.counting.snapshot import Snapshot, archives
from monitoring.counting.source import Source
from monitoring.counting.store import Store
from monitoring.run import run
from monitoring.settings import Settings
from monitoring.tests.logs import event, flight_events, label, write
from monitoring.watched import Watched, read
from tests.parts import require

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SINCE = START.replace(minute=0) - HOUR
UNTIL = SINCE + timedelta(days=1)
LATAM = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}

Both = tuple[tuple[Store, Source], tuple[Store, Source]]

pytestmark = [
    pytest.mark.platform,
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pyspark leaves its own sockets to the collector
]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on a master and two workers, each a process."""
    require("java", "apt install openjdk-17-jre-headless")
    from monitoring.tests.cluster import spark_session

    with spark_session(tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture(scope="module")
def models(small_models: Path, flights: Watched) -> list[Watched]:
    """Categories in combination, and numbers, truth values and categories one by one."""
    return [flights, read(small_models / "mixed/1")]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory, models: list[Watched]) -> Snapshot:
    """Logs with all that logs may have: unseen, missing, of another type, out of range, garbled, cut short, Parquet."""
    folder = tmp_path_factory.mktemp("log")
    flight_values: Sequence[dict[str, Any]] = [
        {},
        {"OPERA": "Ryanair"},
        {"OPERA": None},
        {"OPERA": "null", "MES": 7.5},
        {"MES": "7", "TIPOVUELO": 3},
        {"MES": 13},
    ]
    mixed_values: list[dict[str, Any]] = [
        {},
        {"age": None},
        {"age": 1e9},
        {"age": -1},
        {"age": "old"},
        {"city": "Quito"},
    ]
    mixed_values += [{"stops": 17}, {"stops": True}, {"member": "yes"}, {"city": None}, {"age": 30}, {"age": 30.5}]
    mixed: dict[str, Any] = dict(models[1].manifest.example)
    lines = [
        event(
            START + hours * HOUR,
            LATAM | change,
            hours % 2,
            0.1 + hours / 20,
            client=client,
            id_=f"{place}-{hours}-{client}",
        )
        for place, change in enumerate(flight_values)
        for hours in range(3)
        for client in ("demo", "Añañuca", None)
    ]
    lines += [event(START, mixed | change, "late", 0.7, model="mixed", id_=str(change)) for change in mixed_values]
    lines += [event(START, mixed, answer, chance, model="mixed") for answer, chance in ((None, None), (3, 1), ("?", 0))]
    spoilt = [b"garbage\xff\n", b"[1]\n", b"{}\n", b"\n", event(START, LATAM).replace(b"2026-07-01T10", b"yesterday")]
    events, labels, copies = (folder / name for name in ("events", "labels", "copies"))
    copies.mkdir()
    archived = archives(folder / "archive")
    write(events, lines, "0.jsonl")
    write(labels, [label(START + 5 * HOUR, f"0-{hours}-demo", 0) for hours in range(3)], "0.jsonl")
    with Store() as store:
        archived[0].compact(store, events)
        archived[1].compact(store, labels)
    write(events, [*lines, *spoilt], "1.jsonl")
    write(events, [*lines[::3], event(START, LATAM)[:-30]], "a b+c.jsonl.open")
    truths = [("0-1-demo", 1), ("1-1-demo", True), ("2-2-demo", 7.5), ("nobody", 1), (str(mixed_values[0]), "late")]
    changed = [label(START + 9 * HOUR, "0-1-demo", 0), label(START + 9 * HOUR, "0-1-demo", 1)]
    write(labels, [*(label(START + 8 * HOUR, *truth) for truth in truths), *changed, *spoilt], "1.jsonl.open")
    snapshot = Snapshot(events, labels, *archived, copies)
    suffixes = {segment.path.suffix for segment in snapshot.events.segments()}
    assert suffixes == {".jsonl", ".open", ".parquet"}
    return snapshot


@pytest.fixture(scope="module")
def sources(session: Any, snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """DuckDB and the cluster over the same files, each with the store that its counts come to."""
    from monitoring.counting.spark.source import SparkSource
    from monitoring.counting.spark.store import SparkStore

    cache = Cache(tmp_path_factory.mktemp("counts"), print)
    with Store() as one, Store() as other, SparkStore(session) as there:
        yield (one, LogSource(one, snapshot, cache)), (other, SparkSource(other, there, snapshot))


def rows(store: Store, table: Any) -> Counter[str]:
    """Every row; what an hour has in several parts added up, without the last digits, which the order decides."""
    sums = [name for name, kind in table.schema().items() if name == "rows" or kind.is_floating()]
    keys = [name for name in sorted(table.columns) if name not in sums]
    found = store.fetch(table.group_by(keys).agg(**{name: table[name].sum() for name in sums}).select(*keys, *sums))
    return Counter(str([round(part, 9) if isinstance(part, float) else part for part in row]) for row in found)


def test_the_cluster_is_one(session: Any) -> None:
    """Two workers do the work, and none of it is done in the driver."""
    assert session.sparkContext.master.startswith("spark://")
    assert session.range(100).count() == 100
    executors = session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
    assert executors == 2


def test_a_cluster_counts_what_one_machine_counts(sources: Both, models: list[Watched]) -> None:
    """Row by row the same, from JSON lines and from Parquet: inputs and answers, labels, and how long these took."""
    (one, here), (other, there) = sources
    expected, found = (source.count(models, SINCE, UNTIL, print) for source in (here, there))
    assert len(rows(one, expected.cube)) > 60
    assert rows(other, found.cube) == rows(one, expected.cube)
    assert len(rows(one, expected.labelled)) > 3
    assert rows(other, found.labelled) == rows(one, expected.labelled)
    assert len(rows(one, expected.lags)) > 3
    assert rows(other, found.lags) == rows(one, expected.lags)


def test_a_cluster_sees_what_else_is_in_the_log(sources: Both, models: list[Watched]) -> None:
    """Lines that are no events, of the same files, and models that nobody watches."""
    expected, found = (source.look(models[:1], SINCE, UNTIL) for _, source in sources)
    assert expected.unreadable >= 3
    assert expected.unwatched
    assert found == expected


def test_a_cluster_tells_which_labels_were_late(sources: Both) -> None:
    """Of every model, in the hours that are asked for."""
    expected, found = (sorted(source.due(SINCE, START + HOUR, 8 * HOUR)) for _, source in sources)
    assert any(0 < late < due for _, _, due, late in expected)
    assert found == expected


def test_a_cluster_names_what_training_did_not_know(sources: Both, models: list[Watched]) -> None:
    """The values and their rows, of the features that are asked for."""
    expected, found = (source.unseen(models[0], ["OPERA", "MES"], SINCE, UNTIL) for _, source in sources)
    assert expected["OPERA"]["Ryanair"] > 0
    assert expected["MES"]["13"] > 0
    assert found == expected


def test_a_whole_run_can_be_the_cluster_s(
    session: Any, make_settings: Callable[..., Settings], flights: Watched, tmp_path: Path
) -> None:
    """`PUERTA_SPARK_MASTER` is all that it takes; reports are the same to the byte."""
    usual = make_settings()
    mix = {("Grupo LATAM", "N", 7): 700, ("Sky Airline", "N", 7): 500}
    events = flight_events(flights, mix, START - 23 * HOUR, 23 * HOUR)
    strange = [event(START - HOUR, LATAM | {"OPERA": "Ryanair"}, id_=f"r{place}") for place in range(20)]
    write(usual.events_dir, [*events, *strange])
    write(usual.labels_dir, [label(START, str(place), place % 2) for place in range(600)])
    on_spark = make_settings(spark_master=session.sparkContext.master, reports_dir=tmp_path / "spark")
    expected, found = (run(each, START, ("1d",)) for each in (usual, on_spark))
    assert expected[0].rows == 1220
    assert expected[0].quality.labels == 600
    assert found == expected
