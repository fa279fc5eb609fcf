"""The same counts from a Spark cluster."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.counting.archive import Archive
from monitoring.counting.log import look
from monitoring.counting.segments import Segment
from monitoring.counting.store import Store
from monitoring.tests.logs import event, write
from monitoring.watched import Watched, read
from tests.parts import require

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
LATAM = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}

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
def segments(tmp_path_factory: pytest.TempPathFactory, models: list[Watched]) -> list[Segment]:
    """A log with all that a log may have: unseen, missing, of another type, out of range, garbled, cut short, Parquet."""
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
        event(START + hours * timedelta(hours=1), LATAM | change, hours % 2, 0.1 + hours / 20, client=client)
        for change in flight_values
        for hours in range(3)
        for client in ("demo", "Añañuca", None)
    ]
    lines += [event(START, mixed | change, "late", 0.7, model="mixed") for change in mixed_values]
    lines += [event(START, mixed, answer, chance, model="mixed") for answer, chance in ((None, None), (3, 1), ("?", 0))]
    spoilt = [b"garbage\xff\n", b"[1]\n", b"{}\n", b"\n", event(START, LATAM).replace(b"2026-07-01T10", b"yesterday")]
    past = write(folder / "past", lines)
    archive = Archive(folder / "archive")
    with Store() as store:
        archive.compact(store, folder / "past", datetime.now(UTC) + timedelta(days=2))
    [parquet] = archive.list_segments(folder / "past")
    assert parquet.path.suffix == ".parquet"
    cut = event(START, LATAM)[:-30]
    return [
        parquet,
        write(folder, [*lines, *spoilt], "1.jsonl"),
        write(folder, [*lines[::3], cut], "a b+c.jsonl.open"),
        past,
    ]


@pytest.fixture(scope="module")
def stores(session: Any) -> Iterator[tuple[Store, Store]]:
    """DuckDB and the cluster."""
    from monitoring.counting.spark import SparkStore

    with Store() as here, SparkStore(session) as there:
        yield here, there


def counted(store: Store, segments: Sequence[Segment], models: Sequence[Watched]) -> Counter[str]:
    """Every row of the cube; a sum without the last digits, which the order of adding decides."""
    rows = store.fetch(store.count(segments, models))
    return Counter(str((*row[:-1], None if row[-1] is None else round(row[-1], 9))) for row in rows)


def test_the_cluster_is_one(session: Any) -> None:
    """Two workers do the work, and none of it is done in the driver."""
    assert session.sparkContext.master.startswith("spark://")
    assert session.range(100).count() == 100
    executors = session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
    assert executors == 2


def test_a_cluster_counts_what_one_machine_counts(
    stores: tuple[Store, Store], segments: list[Segment], models: list[Watched]
) -> None:
    """Row by row the same, from JSON lines and from Parquet."""
    here, there = stores
    expected = counted(here, segments, models)
    assert len(expected) > 60
    assert counted(there, segments, models) == expected


def test_a_cluster_sees_what_else_is_in_the_log(
    stores: tuple[Store, Store], segments: list[Segment], models: list[Watched]
) -> None:
    """Lines that are no events, of the same files, and models that nobody watches."""
    here, there = stores
    expected = look(here, segments, models[:1])
    assert expected.unreadable >= 3
    assert expected.unwatched
    assert look(there, segments, models[:1]) == expected
