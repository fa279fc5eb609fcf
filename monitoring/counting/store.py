"""Counts of the hours that a run looks at, in an embedded DuckDB."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import ibis
import msgspec

from monitoring.counting.cube import CUBE_COLUMNS, EVENT_COLUMNS, cube
from monitoring.counting.segments import PARQUET_SUFFIX, Segment
from monitoring.pace import Grain
from monitoring.watched import Watched

Row = tuple[Any, ...]
_BATCH: Final = 20_000  # rows that are added in one statement


class Store:
    """A database in memory that counts what log segments hold; what does not fit goes to ``spill``.

    Expressions are Ibis's, over tables of which only the columns are told: they are compiled here, and run by DuckDB
    itself, so that no row goes through a data frame.
    """

    def __init__(self, *, memory_megabytes: int = 1024, spill: Path | None = None) -> None:
        self._connection = duckdb.connect()
        self._tables = 0
        self.sql(f"SET memory_limit = '{memory_megabytes}MiB'")
        self.sql("SET TimeZone = 'UTC'")
        self.sql("SET preserve_insertion_order = false")  # nothing depends on the order of lines
        if spill is not None:
            self.sql(f"SET temp_directory = {quoted(str(spill))}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def read(self, segments: Sequence[Segment], columns: Mapping[str, str]) -> Any:
        """The lines of segments as a table of ``columns``, and ``filename``; a line that is no JSON is null everywhere.

        Raises:
            duckdb.IOException: if one of them is not there any more.
        """
        named = dict(columns) | {"filename": "string"}
        if not segments:
            return self.empty(named)
        return ibis.table(named, name=self.view(selection(segments, columns)))

    def view(self, statement: str) -> str:
        """A new view of what a statement selects, by name."""
        name = self._name()
        self.sql(f"CREATE TEMP VIEW {name} AS {statement}")
        return name

    def save_csv(self, expression: Any, path: Path) -> None:
        """Write the rows of an expression to a CSV file in one step; null is an empty field.

        Raises:
            duckdb.Error: if it can't be written; then there is none.
        """
        partial = path.with_name(f".{path.name}.partial")
        try:
            self.sql(f"COPY ({compiled(expression)}) TO {quoted(str(partial))} (FORMAT csv, HEADER)")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def count(self, segments: Sequence[Segment], watched: Iterable[Watched], *, grain: Grain = "h") -> Any:
        """A table of ``CUBE_COLUMNS`` that holds the counts of every watched model."""
        events = self.read(segments, EVENT_COLUMNS)
        table = self.empty(CUBE_COLUMNS)
        for each in watched:
            self.insert(table, cube(events, each, grain=grain))
        return table

    def empty(self, columns: Mapping[str, str]) -> Any:
        """A new table without rows."""
        name = self._name()
        kinds = ", ".join(f'"{column}" {_KINDS[kind]}' for column, kind in columns.items())
        self.sql(f"CREATE TEMP TABLE {name} ({kinds})")
        return ibis.table(dict(columns), name=name)

    def insert(self, table: Any, expression: Any) -> None:
        """Add the rows of an expression to a table of the same columns."""
        self.sql(f"INSERT INTO {table.get_name()} BY NAME {compiled(expression)}")

    def add(self, table: Any, rows: Iterable[Row]) -> None:
        """Add rows that were counted elsewhere, as plain values in the order of the table's columns."""
        kinds = {name: _KINDS[str(kind)] for name, kind in table.schema().items()}
        shape = msgspec.json.encode([kinds]).decode()
        insert = f"INSERT INTO {table.get_name()} BY NAME SELECT unnest(from_json(?, ?), recursive := true)"
        waiting = iter(rows)
        while some := [dict(zip(kinds, row, strict=True)) for row in islice(waiting, _BATCH)]:
            self._connection.execute(insert, [msgspec.json.encode(some).decode(), shape])

    def fetch(self, expression: Any) -> list[Row]:
        """The rows of an expression, as plain values."""
        return self.sql(compiled(expression))

    def sql(self, statement: str) -> list[Row]:
        """Run one statement."""
        rows: list[Row] = self._connection.execute(statement).fetchall()
        return rows

    def _name(self) -> str:
        self._tables += 1
        return f"t{self._tables}"


_KINDS = {
    "string": "VARCHAR",
    "json": "JSON",
    "boolean": "BOOLEAN",
    "float64": "DOUBLE",
    "int16": "SMALLINT",
    "int64": "BIGINT",
    "timestamp": "TIMESTAMP",
}


def selection(segments: Sequence[Segment], columns: Mapping[str, str]) -> str:
    """SQL for all lines of segments; every name in it is ours, and every path is quoted."""
    named = {name: _KINDS[kind] for name, kind in columns.items()}
    parquet = [segment for segment in segments if segment.path.suffix == PARQUET_SUFFIX]
    lines = [segment for segment in segments if segment.path.suffix != PARQUET_SUFFIX]
    parts = []
    if lines:
        kinds = ", ".join(f"{name}: '{kind}'" for name, kind in named.items())
        parts.append(
            f"SELECT * FROM read_json({paths(lines)}, columns = {{{kinds}}},"  # noqa: S608
            " format = 'newline_delimited', ignore_errors = true, filename = true)"
        )
    if parquet:
        casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in named.items())
        parts.append(f"SELECT {casts}, filename FROM read_parquet({paths(parquet)}, filename = true)")  # noqa: S608
    return " UNION ALL BY NAME ".join(parts)


def paths(segments: Iterable[Segment]) -> str:
    """Their paths as a list in SQL."""
    return "[" + ", ".join(quoted(str(segment.path)) for segment in segments) + "]"


def compiled(expression: Any) -> str:
    """An expression as SQL for DuckDB."""
    return _compiled(expression.op())


@lru_cache(maxsize=64)  # a schedule's next run, and a model's next segments, ask the same again
def _compiled(operation: Any) -> str:
    from ibis.backends.sql.compilers import DuckDBCompiler  # all of Ibis's databases, so only where one is asked

    return str(DuckDBCompiler().to_sqlglot(operation.to_expr()).sql(dialect="duckdb", copy=False))


def quoted(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def naive(moment: datetime) -> datetime:
    """As the counts hold times: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
