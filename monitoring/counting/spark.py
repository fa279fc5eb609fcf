"""The same counts in Spark, where a log outgrows one machine.

Spark is handed SQL that is compiled here from the same expressions; no row goes through Python on its workers. Lines of
JSON are its VARIANT, which keeps the type of a value as the log has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import ibis
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers import PySparkCompiler

from monitoring.counting.segments import PARQUET_SUFFIX, Segment
from monitoring.counting.store import Row, Store

_KINDS: Final = {
    "string": "STRING",
    "json": "VARIANT",
    "float64": "DOUBLE",
    "int16": "SMALLINT",
    "int64": "BIGINT",
    "timestamp": "TIMESTAMP_NTZ",
}


class _Compiler(PySparkCompiler):  # type: ignore[misc]  # Ibis has no types
    """Ibis's, with JSON as VARIANT: its own is text, in which "7" and 7 are the same, and is read by Python."""

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802 - Ibis's name
        if to.is_json() and op.arg.dtype.is_string():
            return self.f.anon.try_parse_json(arg)
        if to.is_string() and op.arg.dtype.is_json():
            return self.f.anon.to_json(arg)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_JSONGetItem(self, op: Any, *, arg: Any, index: Any) -> Any:  # noqa: ARG002, N802 - Ibis's names
        name = str(op.index.value).strip('"')  # an expression has quotes around a name that is not plain
        return self._read(arg, "variant", f'$["{name}"]')

    def visit_UnwrapJSONString(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802 - Ibis's names
        return self._unwrap(arg, "STRING", "string")

    def visit_UnwrapJSONInt64(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802 - Ibis's names
        return self._unwrap(arg, "BIGINT", "bigint")

    def visit_UnwrapJSONFloat64(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802 - Ibis's names
        return self._unwrap(arg, "BIGINT|DOUBLE|DECIMAL.*", "double")

    def visit_UnwrapJSONBoolean(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802 - Ibis's names
        return self._unwrap(arg, "BOOLEAN", "boolean")

    def _unwrap(self, arg: Any, kinds: str, kind: str) -> Any:
        """The value as ``kind`` if it is of ``kinds``, a regular expression of Spark's names; else null."""
        is_kind = self.f.anon.regexp(self.f.anon.schema_of_variant(arg), f"^({kinds})$")
        return self.if_(is_kind, self._read(arg, kind, "$"), sge.Null())

    def _read(self, arg: Any, kind: str, path: str) -> Any:
        return self.f.anon.try_variant_get(arg, path, kind)


class SparkStore(Store):
    """Does in Spark what a ``Store`` does in DuckDB: its tables are views of the session, and stay in the cluster."""

    def __init__(self, session: Any) -> None:
        """``session`` is a ``pyspark.sql.SparkSession``, and is left open; the cluster must see the segments' paths."""
        super().__init__()
        self._session = session
        self._views: dict[str, Any] = {}
        session.conf.set("spark.sql.session.timeZone", "UTC")
        ibis.pyspark  # noqa: B018 - makes Ibis know the options that its compiler reads

    def __exit__(self, *reason: object) -> None:
        for name, frame in self._views.items():
            self._session.catalog.dropTempView(name)
            frame.unpersist()
        super().__exit__(*reason)

    def read(self, segments: Sequence[Segment], columns: Mapping[str, str]) -> Any:
        """The lines of segments as a table of ``columns``, and ``filename``; a line that is no JSON is null everywhere.

        Raises:
            pyspark.errors.PySparkException: if one of them is not there any more.
        """
        named = dict(columns) | {"filename": "string"}
        table = self.empty(named)
        parquet = [_path(segment) for segment in segments if segment.path.suffix == PARQUET_SUFFIX]
        lines = [_path(segment) for segment in segments if segment.path.suffix != PARQUET_SUFFIX]
        file = "url_decode(replace(regexp_replace(_metadata.file_path, '^file:(//)?', ''), '+', '%2B')) AS filename"
        if lines:
            text = self._session.read.text(lines, lineSep="\n").where("value != ''")
            read = text.selectExpr("try_parse_json(value) AS line", file)
            self._add(table, read.selectExpr(*(_from_line(*column) for column in columns.items()), "filename"))
        if parquet:
            read = self._session.read.parquet(*parquet)
            self._add(table, read.selectExpr(*(_from_parquet(*column) for column in columns.items()), file))
        return table

    def save(self, *_: object) -> None:
        """Segments are compacted on the machine that has them."""
        raise NotImplementedError

    def empty(self, columns: Mapping[str, str]) -> Any:
        """A new table without rows."""
        name = self._name()
        schema = ", ".join(f"`{column}` {_KINDS[kind]}" for column, kind in columns.items())
        self._put(name, self._session.createDataFrame([], schema))
        return ibis.table(dict(columns), name=name)

    def insert(self, table: Any, expression: Any) -> None:
        """Add the rows of an expression to a table of the same columns."""
        self._add(table, self._session.sql(_compiled(expression)).persist())

    def fetch(self, expression: Any) -> list[Row]:
        """The rows of an expression, as plain values."""
        return [tuple(row) for row in self._session.sql(_compiled(expression)).collect()]
