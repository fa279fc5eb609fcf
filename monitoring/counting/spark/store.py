"""The same counts in Spark, where a log outgrows one machine.

Spark is handed SQL that is compiled here from the same expressions; no row goes through Python on its workers. Lines of
JSON are its VARIANT, which keeps the type of a value as the log has it.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import ibis
import sqlglot.expressions as sge
from ibis.backends.sql.compilers import PySparkCompiler

from monitoring.counting.segments import PARQUET_SUFFIX, Segment
from monitoring.counting.store import Row, Store
from monitoring.files import write_bytes

_DEPTH: Final = 3  # readings in one another: a text as JSON, a member of it, that as a type
_READINGS: Final = {"try_parse_json", "try_variant_get"}
_KINDS: Final = {
    "string": "STRING",
    "boolean": "BOOLEAN",
    "json": "VARIANT",
    "float64": "DOUBLE",
    "int16": "SMALLINT",
    "int64": "BIGINT",
    "timestamp": "TIMESTAMP_NTZ",
}


class _Compiler(PySparkCompiler):  # type: ignore[misc]  # Ibis has no types
    """Ibis's, with JSON as VARIANT: its own is text, in which "7" and 7 are the same, and is read by Python."""

    SIMPLE_OPS: ClassVar[dict[Any, str]] = {}  # or the superclass's would replace the methods below

    def visit_Field(self, op: Any, *, rel: Any, name: str) -> Any:  # noqa: N802 - Ibis's name
        return super(PySparkCompiler, self).visit_Field(
            op, rel=rel, name=name
        )  # its own asks an option of a connection

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802 - Ibis's name
        if dtype.is_floating():
            return super(PySparkCompiler, self).visit_NonNullLiteral(op, value=value, dtype=dtype)  # the same
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

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
        return self._read(self.if_(is_kind, arg, sge.Null()), kind, "$")

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

    def save_csv(self, expression: Any, path: Path) -> None:
        """Write the rows of an expression, few as they are, to a CSV file in one step; null is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(expression.columns)
        writer.writerows(self.fetch(expression))
        write_bytes(path, text.getvalue().encode())

    def save(self, *_: object) -> None:
        """Refuse: segments are compacted on the machine that has them.

        Raises:
            io.UnsupportedOperation: always.
        """
        raise io.UnsupportedOperation("segments are compacted by DuckDB on the machine that has them, not by Spark")

    def empty(self, columns: Mapping[str, str]) -> Any:
        """A new table without rows."""
        name = self._name()
        nulls = (f"CAST(NULL AS {_KINDS[kind]}) AS {column}" for column, kind in columns.items())
        self._put(name, self._session.range(0).selectExpr(*nulls))
        return ibis.table(dict(columns), name=name)

    def insert(self, table: Any, expression: Any) -> None:
        """Add the rows of an expression to a table of the same columns."""
        self._add(table, self._session.sql(_compiled(expression)).persist())

    def fetch(self, expression: Any) -> list[Row]:
        """The rows of an expression, as plain values."""
        return [tuple(row) for row in self._session.sql(_compiled(expression)).collect()]

    def _add(self, table: Any, frame: Any) -> None:
        name = table.get_name()
        self._put(name, self._views[name].unionByName(frame))

    def _put(self, name: str, frame: Any) -> None:
        frame.createOrReplaceTempView(name)
        self._views[name] = frame


def _from_line(name: str, kind: str) -> str:
    return f"try_variant_get(line, '$.{name}', '{_KINDS[kind]}') AS {name}"


def _from_parquet(name: str, kind: str) -> str:
    """DuckDB keeps JSON as text in Parquet."""
    return f"try_parse_json({name}) AS {name}" if kind == "json" else f"CAST({name} AS {_KINDS[kind]}) AS {name}"


def _path(segment: Segment) -> str:
    return str(segment.path.absolute())


def _compiled(expression: Any) -> str:
    query = _Compiler().to_sqlglot(expression.unbind()).copy()  # Ibis has one node in several places
    for select in reversed(list(query.find_all(sge.Select))):  # the innermost first, as what is above copies it
        for depth in range(_DEPTH):
            _read_once(select, f"read_{depth}")
    return str(query.sql(dialect="spark"))


def _read_once(select: sge.Select, prefix: str) -> None:
    """Move what a selection reads of JSON more than once into one below it; what is in another reading first.

    Ibis folds selections into one, so a value is read anew wherever it is compared, and Spark compiles code for each.
    """
    calls = [call for column in select.expressions for call in column.find_all(sge.Anonymous) if call.name in _READINGS]
    repeated = {call for call, count in Counter(calls).items() if count > 1}
    nested = {
        call for call in repeated for part in call.find_all(sge.Anonymous) if part is not call and part in repeated
    }
    names = {call: f"{prefix}_{place}" for place, call in enumerate(repeated - nested)}
    if not names:
        return
    source = select.args["from_"].this
    below = sge.select(sge.Column(this=sge.Star(), table=sge.to_identifier(source.alias, quoted=True)))
    below = below.select(*(call.copy().as_(name, quoted=True) for call, name in names.items())).from_(source.copy())
    below.set("where", select.args.pop("where", None))
    for call in calls:
        if call in names:
            call.replace(sge.column(names[call], table=source.alias, quoted=True))
    source.replace(below.subquery(source.alias, copy=False))
