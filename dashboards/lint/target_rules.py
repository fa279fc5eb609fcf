"""Rules of a query."""

import re
from collections.abc import Iterator

import promql_parser

from dashboards.expression import RATE_INTERVAL, Place, parse, walk
from dashboards.lint.model import Json, asks_prometheus

_RATES = ("rate", "irate")
_RISES = (*_RATES, "increase")
_RANGE = re.compile(r"\[([^]]*)\]")


def target_promql(dashboard: Json, panel: Json, target: Json) -> Iterator[str]:
    """It is PromQL."""
    del panel
    if not asks_prometheus(dashboard):
        return
    try:
        parse(target.get("expr", ""))
    except ValueError as error:
        yield f"{target.get('expr')!r} is no PromQL: {error}"


def target_rate_interval(dashboard: Json, panel: Json, target: Json) -> Iterator[str]:
    """A rate is taken over ``$__rate_interval``, which fits both the scrapes and the shown time."""
    del panel
    for place in _places(dashboard, target):
        node = place.node
        if not isinstance(node, promql_parser.MatrixSelector) or node.range == RATE_INTERVAL:
            continue
        if (
            place.parents
            and isinstance(place.parents[-1], promql_parser.Call)
            and place.parents[-1].func.name in _RATES
        ):
            yield f"a rate is taken over {node.range}, not $__rate_interval"


def target_job(dashboard: Json, panel: Json, target: Json) -> Iterator[str]:
    """Every selector is held to the chosen jobs."""
    del panel
    return _matched(dashboard, target, "job")


def target_instance(dashboard: Json, panel: Json, target: Json) -> Iterator[str]:
    """Every selector is held to the chosen instances."""
    del panel
    return _matched(dashboard, target, "instance")


def target_counter_agg(dashboard: Json, panel: Json, target: Json) -> Iterator[str]:
    """What ends in ``_total`` is a counter: its value says nothing, its rise does."""
    del panel
    for place in _places(dashboard, target):
        node = place.node
        if not isinstance(node, promql_parser.VectorSelector) or not (node.name or "").endswith("_total"):
            continue
        ranged = [parent for parent in place.parents[-1:] if isinstance(parent, promql_parser.MatrixSelector)]
        calls = [parent for parent in place.parents[-2:-1] if isinstance(parent, promql_parser.Call)]
        if not ranged or not calls or calls[0].func.name not in _RISES:
            yield f"counter {node.name} is in no rate, irate or increase"


def target_logql(dashboard: Json, panel: Json, target: Json) -> Iterator[str]:
    """It is LogQL; none can be checked here, so nothing asks Loki."""
    del dashboard
    if _asks_loki(panel, target):
        yield f"{target.get('expr')!r} asks Loki, whose language is checked by nothing here"


def target_logql_auto(dashboard: Json, panel: Json, target: Json) -> Iterator[str]:
    """A range of LogQL is ``$__auto``."""
    del dashboard
    if _asks_loki(panel, target):
        for found in _RANGE.findall(target.get("expr", "")):
            if found.strip() != "$__auto":
                yield f"a range is {found}, not $__auto"


def _matched(dashboard: Json, target: Json, name: str) -> Iterator[str]:
    for place in _places(dashboard, target):
        if not isinstance(place.node, promql_parser.VectorSelector):
            continue
        found = [one for one in place.node.matchers.matchers if one.name == name]
        if not any(one.op == promql_parser.MatchOp.Re and one.value == f"${name}" for one in found):
            yield f'{place.node.name or place.node} has no {name}=~"${name}"'


def _places(dashboard: Json, target: Json) -> Iterator[Place]:
    if not asks_prometheus(dashboard):
        return iter(())
    try:
        return walk(parse(target.get("expr", "")))
    except ValueError:  # another rule's
        return iter(())


def _asks_loki(panel: Json, target: Json) -> bool:
    return any((one.get("datasource") or {}).get("type") == "loki" for one in (panel, target))
