"""Expressions as statements for BigQuery."""

from typing import Any

import sqlglot.expressions as sge
from ibis.backends.sql.compilers import BigQueryCompiler


class _Compiler(BigQueryCompiler):  # type: ignore[misc]  # Ibis has no types
    """Ibis's, but for what BigQuery refuses.

    These are casts to JSON and from it, of a text that names its zone to DATETIME,
    and functions of a TIMESTAMP on a DATETIME, which is what a moment without a zone is there.
    """

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802 - Ibis's name
        if to.is_json() and op.arg.dtype.is_string():
            return self.f.anon["safe.parse_json"](arg)
        if to.is_json():
            return self.f.anon.to_json(arg)
        if to.is_string() and op.arg.dtype.is_json():
            return self.f.anon.to_json_string(arg)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_JSONGetItem(self, op: Any, *, arg: Any, index: Any) -> Any:  # noqa: ARG002, N802 - Ibis's names
        name = str(op.index.value).strip('"')  # an expression has quotes around a name that is not plain
        return arg[sge.convert(name)]

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802 - Ibis's name
        if to.is_timestamp() and to.timezone is None and op.arg.dtype.is_string():
            moment = super().visit_TryCast(op, arg=arg, to=to.copy(timezone="UTC"))
            return self.f.anon.datetime(moment, sge.convert("UTC"))
        return super().visit_TryCast(op, arg=arg, to=to)

    def visit_ExtractEpochSeconds(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002, N802 - Ibis's name
        return self.f.unix_seconds(self.f.anon.timestamp(arg))

    def visit_TimestampAdd(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802 - Ibis's name
        if op.left.dtype.timezone is None:
            return self.f.anon.datetime_add(left, right)
        return super().visit_TimestampAdd(op, left=left, right=right)

    def visit_HexDigest(self, op: Any, *, arg: Any, how: str) -> Any:  # noqa: ARG002, N802 - Ibis's name
        return self.f.anon.to_hex(self.f.anon[how](arg))


def sql(expression: Any) -> str:
    """An expression as one statement for BigQuery."""
    return str(_Compiler().to_sqlglot(expression.unbind()).sql(dialect="bigquery", pretty=True))
