"""PromQL of OpenSLO's metric sources read back into selectors, by a PromQL parser."""

import re
from collections.abc import Iterable
from decimal import Decimal

import promql_parser as promql

from slo.openslo.field import Field
from slo.openslo.queries import Gauge
from slo.spec import Matchers, Selector

_SUM = 'a sum of counters, such as sum(rate(requests_total{code=~"5.."}[5m])) or sum(a_total) + sum(b_total)'
_GAUGE = (
    'a gauge, such as memory_bytes{instance="a"}, time() - last_success_timestamp_seconds or max by (model) (alert)'
)


def read_counters(query: Field) -> tuple[Selector, ...]:
    """The counters of a sum, with or without ``rate`` or ``increase``, in their order.

    Raises:
        SpecError: for any other PromQL, or none.
    """
    return tuple(_added(_parse(query, _SUM), query))


def read_gauge(query: Field) -> Gauge:
    """The series of a gauge, or of the times whose age is asked, one by one or the worst of some.

    Raises:
        SpecError: for any other PromQL, or none.
    """
    expr, worst, by, age = _bare(_parse(query, _GAUGE)), "", tuple[str, ...](), False
    if isinstance(expr, promql.AggregateExpr) and str(expr.op) in {"max", "min"} and expr.modifier is not None:
        if expr.modifier.type != promql.AggModifierType.By or not expr.modifier.labels:
            raise query.wrong(_GAUGE)
        worst, by, expr = str(expr.op), tuple(expr.modifier.labels), _bare(expr.expr)
    if isinstance(expr, promql.BinaryExpr) and str(expr.op) == "-" and str(expr.lhs) == "time()":
        age, expr = True, _bare(expr.rhs)
    if not isinstance(expr, promql.VectorSelector):
        raise query.wrong(_GAUGE)
    return Gauge(_selector(expr, query, _GAUGE), age, worst, by)


def bound(selector: Selector, query: Field) -> Decimal:
    """The upper bound of a histogram's bucket, in seconds.

    Raises:
        SpecError: if it is no number.
    """
    le = selector.match["le"]
    if not re.fullmatch(r"\d+(\.\d+)?", le):
        raise query.wrong('a bucket with a bound, such as le="0.4"')
    return Decimal(le)


def _parse(query: Field, expected: str) -> promql.Expr:
    try:
        return promql.parse(query.text)
    except ValueError as error:
        raise query.wrong(f"{expected} ({error})") from error


def _bare(expr: promql.Expr) -> promql.Expr:
    while isinstance(expr, promql.ParenExpr):
        expr = expr.expr
    return expr


def _added(expr: promql.Expr, query: Field) -> Iterable[Selector]:
    expr = _bare(expr)
    if isinstance(expr, promql.BinaryExpr) and str(expr.op) == "+" and expr.modifier is None:
        yield from _added(expr.lhs, query)
        yield from _added(expr.rhs, query)
        return
    if isinstance(expr, promql.AggregateExpr) and str(expr.op) == "sum" and expr.modifier is None:
        expr = _bare(expr.expr)
    if isinstance(expr, promql.Call) and expr.func.name in {"rate", "increase"}:
        expr = expr.args[0]
        expr = expr.vector_selector if isinstance(expr, promql.MatrixSelector) else expr
    if not isinstance(expr, promql.VectorSelector):
        raise query.wrong(_SUM)
    yield _selector(expr, query, _SUM)


def _selector(vector: promql.VectorSelector, query: Field, expected: str) -> Selector:
    if not vector.name or vector.offset or vector.at or vector.matchers.or_matchers:
        raise query.wrong(f"{expected}, without offset, @ or `or`, by the metric's name")
    match: Matchers = {}
    exclude: Matchers = {}
    for matcher in vector.matchers.matchers:
        found = match if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.Re) else exclude
        if not matcher.value or matcher.name in found:
            raise query.wrong(f"{expected}, each label matched once, by something: {matcher.name}")
        literal = matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual) and matcher.name != "le"
        found[matcher.name] = _escaped(matcher.value) if literal else matcher.value
    return Selector(metric=vector.name, match=match, exclude=exclude)


def _escaped(text: str) -> str:
    """A regular expression that matches a text and nothing else."""
    return re.sub(r"[.^$*+?()\[\]{}|\\]", r"\\\g<0>", text)
