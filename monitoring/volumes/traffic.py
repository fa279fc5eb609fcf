"""Made-up traffic: the flights that a model was trained on, as the logs of a service that was asked about them.

DuckDB writes the rows, for Python would take minutes for what is counted in seconds. All of a row follows from its number,
so the same rows come out whatever they are written as.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

import duckdb

from monitoring.counting.archive import STAGE, Archive
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.hours import HOUR_FORMAT
from monitoring.counting.segments import PARQUET_SUFFIX
from monitoring.counting.store import Store
from monitoring.quality.labelled import LABEL_COLUMNS
from monitoring.watched import Watched

_SEGMENT = timedelta(minutes=5)  # the age at which the service closes one
HOUR: Final = timedelta(hours=1)
DAY, MONTH = 24 * HOUR, 28 * 24 * HOUR
LABELLED: Final = 3  # one in so many predictions has its label
LAG: Final = 2 * HOUR  # after which it comes
_WRITERS = 2
_LINES = "service-8001-{:%Y%m%dT%H%M%S}.jsonl"
_PARQUET = f"hour={{:{HOUR_FORMAT}}}/part-0{PARQUET_SUFFIX}"

# The three random parts of a UUIDv7, by the row's number; its last 16 bits are 0, as of the only row of a request.
_UUID = """CAST((CAST(epoch_ms(moment) AS UHUGEINT) << 80) + (CAST(28672 + (hash(row, 1) & 4095) AS UHUGEINT) << 64)
    + (CAST((1::UBIGINT << 47) + (hash(row, 2) & 70368744177663) AS UHUGEINT) << 16) AS UUID)"""
_RFC_3339 = "'%Y-%m-%dT%H:%M:%S.%gZ'"


@dataclass(frozen=True)
class Traffic:
    """So many predictions of ``watched``, evenly over a time that ends before ``until``, by two clients."""

    watched: Watched
    rows: int
    span: timedelta
    until: datetime

    @property
    def since(self) -> datetime:
        """When the first one was asked for."""
        return self.until - self.span

    def parts(self, length: timedelta) -> Iterator[tuple[datetime, int, int]]:
        """Divide it by time: the begin of each part that has rows, its first row, and the first one after it."""
        count = self.span // length
        for place in range(count):
            first, last = (-(-self.rows * edge // count) for edge in (place, place + 1))
            if first < last:
                yield self.since + place * length, first, last


class Writer:
    """Writes a traffic's logs."""

    def __init__(self, traffic: Traffic, progress: Callable[[str], None] = lambda _: None) -> None:
        self._traffic = traffic
        self._progress = progress
        self._connection = duckdb.connect()
        for setting in (
            "threads = 1",  # of each writer
            "TimeZone = 'UTC'",
            # Rows stay in the order of time: the flights are what is looked up, however few the rows are.
            "disabled_optimizers = 'join_order,build_side_probe_side'",
        ):
            self._connection.execute(f"SET {setting}")
        self._tell_flights()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def write_lines(self, events: Path, labels: Path | None) -> None:
        """The logs as lines, in segments such as the service closes."""
        length = _SEGMENT if self._traffic.span <= DAY else HOUR  # of a month it would be 16,000 files
        self._write(events, length, self._events, _LINES, "json")
        if labels is not None:
            self._write(labels, length, self._labels, _LINES, "json", LAG)

    def write_archive(self, events: Path, labels: Path | None) -> None:
        """The same as the archive keeps it: Parquet by hour, and an index that names it."""
        self._archive(events, self._events, EVENT_COLUMNS)
        if labels is not None:
            self._archive(labels, self._labels, LABEL_COLUMNS, LAG)

    def _archive(
        self,
        folder: Path,
        selection: Callable[[int, int], str],
        columns: Mapping[str, str],
        lag: timedelta = timedelta(0),
    ) -> None:
        kept = ", ".join(f"to_json({name}) AS {name}" if kind == "json" else name for name, kind in columns.items())

        def hourly(first: int, last: int) -> str:
            return f"SELECT {kept} FROM ({selection(first, last)})"  # noqa: S608 - names of ours

        self._write(folder / STAGE, HOUR, hourly, _PARQUET, "parquet, COMPRESSION zstd", lag)
        with Store() as store:
            Archive(folder, columns).adopt(store, [_LINES.format(self._traffic.since)])

    def _write(
        self,
        folder: Path,
        length: timedelta,
        selection: Callable[[int, int], str],
        name: str,
        form: str,
        lag: timedelta = timedelta(0),
    ) -> None:
        def write(part: tuple[datetime, int, int]) -> None:
            begin, first, last = part
            path = folder / name.format(begin + lag)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection.cursor().execute(f"COPY ({selection(first, last)}) TO '{path}' (FORMAT {form})")
            ended = (begin + lag + length).timestamp()
            os.utime(path, (ended, ended))

        parts = [part for part in self._traffic.parts(length) if part[0] + lag < self._traffic.until]
        with ThreadPoolExecutor(_WRITERS) as pool:
            for place, _ in enumerate(pool.map(write, parts), 1):
                if place % -(-len(parts) // 5) == 0:
                    self._progress(f"{self._traffic.rows:,} rows: {place} of {len(parts)} files")

    def _tell_flights(self) -> None:
        """A table with a row of what was asked, answered and true for each row of the training data."""
        cells, threshold = self._traffic.watched.reference.cells, self._traffic.watched.manifest.threshold
        if cells is None or threshold is None:
            raise ValueError(f"{self._traffic.watched.name}: its reference counts no combinations with a probability")
        self._connection.execute(
            "CREATE TABLE cells (asked VARCHAR[], rows INT, late INT, probability DOUBLE, label INT)"
        )
        self._connection.executemany(
            "INSERT INTO cells VALUES (?, ?, ?, round(?, 6), ?)",
            [
                (list(map(str, values)), rows, late, total / rows, int(total / rows >= threshold))
                for values, total, rows, late in zip(
                    cells.values, cells.probability_sums, cells.rows, cells.positives, strict=True
                )
            ],
        )
        names = ", ".join(
            f"'{name}': asked[{place + 1}]::{'INT' if isinstance(cells.values[0][place], int) else 'VARCHAR'}"
            for place, name in enumerate(cells.features)
        )
        self._connection.execute(
            f"""CREATE TABLE flights AS SELECT row_number() OVER () - 1 AS flight, {{{names}}} AS features, label,
            probability, (number < late)::INT AS truth FROM cells, range(rows) AS numbers(number)"""  # noqa: S608 - ours
        )

    def _events(self, first: int, last: int) -> str:
        name, version = self._traffic.watched.name, self._traffic.watched.version
        return f"""SELECT 1 AS schema, strftime(moment, {_RFC_3339}) AS ts, id, id AS request_id,
            CASE WHEN row % 4 = 0 THEN 'web' ELSE 'ops' END AS client, '{name}' AS model, '{version}' AS version,
            features, label, probability FROM ({self._rows(first, last)})"""  # noqa: S608 - the package's names

    def _labels(self, first: int, last: int) -> str:
        came = f"moment + INTERVAL {LAG.total_seconds()} SECONDS"
        return f"""SELECT 1 AS schema, strftime({came}, {_RFC_3339}) AS ts, id AS request_id, 'ops' AS client, id,
            truth AS label FROM ({self._rows(first, last)}) WHERE row % {LABELLED} = 0"""  # noqa: S608 - numbers

    def _rows(self, first: int, last: int) -> str:
        begin, rows = int(self._traffic.since.timestamp() * 1e6), self._traffic.rows
        after = f"row::HUGEINT * {self._traffic.span // timedelta(microseconds=1)} // {rows}"
        return f"""SELECT row, moment, {_UUID}::VARCHAR AS id, flights.*
            FROM (SELECT row, make_timestamp({begin} + ({after})::BIGINT) AS moment, hash(row) % {self._flights} AS of
                FROM range({first}, {last}) AS rows(row)) JOIN flights ON flight = of"""  # noqa: S608 - numbers

    @property
    def _flights(self) -> int:
        return self._traffic.watched.reference.rows
