"""Whether what the dashboards ask for is there: every metric, label and bucket, at the running parts or in the rules."""

import re
from collections.abc import Iterable, Iterator, Mapping

import promql_parser

from dashboards.expression import Place, parse, selectors, walk
from dashboards.preview.model import Dashboard
from slo.burn import Windows
from slo.contract import SCRAPED, Exposed
from slo.rules import groups
from slo.spec import Spec

PROMETHEUS: Exposed = {"up": {}, "ALERTS": {"alertname": frozenset(), "alertstate": frozenset({"firing", "pending"})}}
"""Series that Prometheus makes itself; ``ALERTS`` has the labels of the rules' alerts too."""

_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+),\s*(?P<label>\w+)\)", re.DOTALL)


def recorded(specs: Iterable[Spec], windows: Windows) -> Exposed:
    """The records that the objectives' rules make, and their alerts, with their labels."""
    every = tuple(specs)
    found: dict[str, dict[str, set[str]]] = {}
    for spec in every:
        for group in groups(spec, windows, composites=[one for one in every if one.sli.composite is not None]):
            for rule in group.rules:
                labels = found.setdefault(rule.record or "ALERTS", {})
                for name, value in rule.labels.items():
                    labels.setdefault(name, set()).add(value)
    return merged(
        PROMETHEUS, {record: {n: frozenset(v) for n, v in labels.items()} for record, labels in found.items()}
    )


def merged(*parts: Exposed) -> Exposed:
    """What several parts expose together."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for part in parts:
        for metric, labels in part.items():
            known = found.setdefault(metric, {})
            known.update({name: known.get(name, frozenset()) | values for name, values in labels.items()})
    return found


def queries(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """Every PromQL of a dashboard, after the place where it stands."""
    for variable in dashboard.variables:
        if found := _LABEL_VALUES.fullmatch(variable.query):
            yield f"variable {variable.name}", f"count by ({found['label']}) ({found['selector']})"
    for annotation in dashboard.annotations:
        yield f"annotation {annotation.name}", annotation.expr
    for panel in dashboard.panels:
        for target in panel.targets:
            yield f"{panel.title} ({target.ref})", target.expr


def missing(dashboard: Dashboard, exposed: Exposed) -> list[str]:
    """What a dashboard asks for and nobody exposes, in words: that panel would be empty for ever."""
    found: dict[str, None] = {}
    for place, expr in queries(dashboard):
        tree = parse(expr)
        unknown = [what for one in selectors(tree) for what in _unknown(one, exposed)]
        unlabelled = [what for one in walk(tree) for what in _unlabelled(one, exposed)]
        found |= dict.fromkeys(f"{dashboard.name}: {place}: {what}" for what in unknown or unlabelled)
    return list(found)


def metrics(expr: str) -> set[str]:
    """The metrics that an expression selects."""
    return {place.node.name for place in selectors(parse(expr))}


def _unknown(place: Place, exposed: Exposed) -> Iterator[str]:
    metric = place.node.name
    if metric not in exposed:
        yield f"there is no metric {metric}"
        return
    labels = _labels(metric, exposed)
    for one in place.node.matchers.matchers:
        if one.name not in labels:
            yield f"{metric} has no label {one.name}; it has {', '.join(sorted(labels)) or 'none'}"
        elif one.name == "le":
            bounds = [bound.replace("[.]", ".") for bound in one.value.split("|")]
            gone = [bound for bound in bounds if bound not in exposed[metric]["le"]]
            yield from (f"{metric} has no bucket le={bound!r}" for bound in gone)


def _unlabelled(place: Place, exposed: Exposed) -> Iterator[str]:
    """Labels that are added up by and that nothing in the sum has."""
    node = place.node
    if not isinstance(node, promql_parser.AggregateExpr) or node.modifier is None:
        return
    known = {label for one in selectors(node.expr) for label in _labels(one.node.name, exposed)}
    yield from (f"nothing in {node} has a label {name}" for name in node.modifier.labels if name not in known)


def _labels(metric: str, exposed: Exposed) -> frozenset[str]:
    own: Mapping[str, frozenset[str]] = exposed.get(metric, {})
    scraped = frozenset() if metric.startswith("slo:") or metric == "ALERTS" else SCRAPED
    return frozenset(own) | scraped
