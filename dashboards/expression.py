"""A panel's PromQL as a tree: Grafana's variables are put in first, then the parser of Prometheus' language reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import promql_parser

RATE_INTERVAL = timedelta(seconds=7919)  # stands for $__rate_interval, and for nothing that one writes by hand
_DURATIONS = {"__rate_interval": "7919s", "__interval": "7907s", "__range": "7901s"}
_VARIABLE = re.compile(r'"(?:[^"\\]|\\.)*"|\$\{?(?P<name>\w+)(?::\w+)?\}?')


@dataclass(frozen=True)
class Place:
    """A node of the tree, and what it is inside of, innermost last."""

    node: Any
    parents: tuple[Any, ...]


def parse(expr: str) -> Any:
    """The tree of an expression. Variables within quotes stay as they are: they are compared as they are written.

    Raises:
        ValueError: if it is no PromQL.
    """

    def put_in(found: re.Match[str]) -> str:
        name = found["name"]
        return found[0] if name is None else _DURATIONS.get(name, "1")

    return promql_parser.parse(_VARIABLE.sub(put_in, expr))


def walk(node: Any, parents: tuple[Any, ...] = ()) -> Iterator[Place]:
    """The node, and everything in it."""
    yield Place(node, parents)
    for child in _children(node):
        yield from walk(child, (*parents, node))


def selectors(node: Any) -> Iterator[Place]:
    """Every selector of series."""
    return (place for place in walk(node) if isinstance(place.node, promql_parser.VectorSelector))


def _children(node: Any) -> list[Any]:
    match node:
        case promql_parser.BinaryExpr():
            return [node.lhs, node.rhs]
        case promql_parser.AggregateExpr():
            return [one for one in (node.param, node.expr) if one is not None]
        case promql_parser.Call():
            return list(node.args)
        case promql_parser.MatrixSelector():
            return [node.vector_selector]
        case promql_parser.ParenExpr() | promql_parser.SubqueryExpr() | promql_parser.UnaryExpr():
            return [node.expr]
    return []
