"""Counts of the hours that a run looks at, in an embedded DuckDB."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import duckdb
import ibis

from monitoring.counting.cube import CUBE_COLUMNS, EVENT_COLUMNS, cube
from monitoring.counting.segments import PARQUET_SUFFIX, Segment
from monitoring.pace import Grain
from monitoring.watched import Watched

Row = tuple[Any, ...]


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
            self.sql(f"SET temp_directory = {_quoted(str(spill))}")

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
        name = self._name()
        self.sql(f"CREATE TEMP VIEW {name} AS {_selection(segments, columns)}")
        return ibis.table(named, name=name)

    def save(self, segments: Sequence[Segment], columns: Mapping[str, str], path: Path) -> None:
        """Write the lines of segments to a Parquet file in one step; those that are no JSON too, as null everywhere.

        Raises:
            duckdb.Error: if it can't be written; then there is none.
        """
        partial = path.with_name(f".{path.name}.partial")
        kept = ", ".join(columns)
        selection = f"SELECT {kept} FROM ({_selection(segments, columns)})"  # noqa: S608 - names and paths of ours
        try:
            self.sql(f"COPY ({selection}) TO {_quoted(str(partial))} (FORMAT parquet, COMPRESSION zstd)")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def save_csv(self, expression: Any, path: Path) -> None:
        """Write the rows of an expression to a CSV file in one step; null is an empty field.

        Raises:
            duckdb.Error: if it can't be written; then there is none.
        """
        partial = path.with_name(f".{path.name}.partial")
        try:
            self.sql(f"COPY ({_compiled(expression)}) TO {_quoted(str(partial))} (FORMAT csv, HEADER)")
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
        self.sql(f"INSERT INTO {table.get_name()} {_compiled(expression)}")

    def fetch(self, expression: Any) -> list[Row]:
        """The rows of an expression, as plain values."""
        return self.sql(_compiled(expression))

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


def _selection(segments: Sequence[Segment], columns: Mapping[str, str]) -> str:
    """SQL for all lines of segments; every name in it is ours, and every path is quoted."""
    named = {name: _KINDS[kind] for name, kind in columns.items()}
    parquet = [segment for segment in segments if segment.path.suffix == PARQUET_SUFFIX]
    lines = [segment for segment in segments if segment.path.suffix != PARQUET_SUFFIX]
    parts = []
    if lines:
        kinds = ", ".join(f"{name}: '{kind}'" for name, kind in named.items())
        parts.append(
            f"SELECT * FROM read_json({_paths(lines)}, columns = {{{kinds}}},"  # noqa: S608
            " format = 'newline_delimited', ignore_errors = true, filename = true)"
        )
    if parquet:
        casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in named.items())
        parts.append(f"SELECT {casts}, filename FROM read_parquet({_paths(parquet)}, filename = true)")  # noqa: S608
    return " UNION ALL BY NAME ".join(parts)


def _paths(segments: Iterable[Segment]) -> str:
    return "[" + ", ".join(_quoted(str(segment.path)) for segment in segments) + "]"


def _compiled(expression: Any) -> str:
    return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def naive(moment: datetime) -> datetime:
    """As the counts hold times: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
