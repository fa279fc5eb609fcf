"""The rules that Sloth makes of an events objective, for a comparison with ours.

Sloth (https://github.com/slok/sloth, Xabier Larrakoetxea, Apache-2.0) publishes what it makes of its example specs.
``PUBLISHED`` names one of those files; what is made here of the same spec is held to it rule by rule: group, name,
expression but for white space, labels. Left out is what no rule reads: the annotations and the record
``sloth_slo_info``.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from slo.rules import Group, Rule

PUBLISHED = (
    "slok/sloth, examples/_gen/slo-plugin-getting-started.yml at commit 8a91523d3056c5aee36cbc3a69e7c5e7a81e4523"
)
PUBLISHED_RULES = "31a25d7307abfcd40206c300fc84f2a62d1f51e61c6539e06dbd8225261ab987"  # digest() of them

_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_PERIOD = "30d"
_PAIRS = {"page": (("5m", "1h", "14.4"), ("30m", "6h", "6")), "ticket": (("2h", "1d", "3"), ("6h", "3d", "1"))}
_INFO = "sloth_slo_info"
_AS_SLOTH = "as Sloth writes it"

Told = tuple[str, str, str, dict[str, str]]  # group, record or alert, expression without white space, labels


@dataclass(frozen=True)
class Objective:
    """An objective as Sloth's own spec says it: ``{{.window}}`` in a query stands for the window."""

    service: str
    name: str
    percent: float
    error_query: str
    total_query: str
    alert: str
    labels: Mapping[str, str] = field(default_factory=dict)
    alert_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def groups(objective: Objective, *, optimized: bool = True) -> tuple[Group, ...]:
    """Sloth's three groups; ``optimized`` is its default, False its setting ``disableOptimized: true``."""
    name = f"{objective.service}-{objective.name}"
    return (
        Group(f"sloth-slo-sli-recordings-{name}", tuple(_sli(objective, optimized=optimized))),
        Group(f"sloth-slo-meta-recordings-{name}", tuple(_meta(objective))),
        Group(f"sloth-slo-alerts-{name}", tuple(_alerts(objective))),
    )


def told(groups: Iterable[Group]) -> list[Told]:
    """What rules say, for a comparison."""
    return [
        (group.name, rule.record or rule.alert, "".join(rule.expr.split()), dict(rule.labels))
        for group in groups
        for rule in group.rules
    ]


def told_by_file(document: Mapping[str, Any]) -> list[Told]:
    """The same of a rules file that Sloth wrote, read as YAML."""
    return [
        (group["name"], rule.get("record") or rule["alert"], "".join(rule["expr"].split()), rule.get("labels", {}))
        for group in document["groups"]
        for rule in group["rules"]
        if rule.get("record") != _INFO
    ]


def digest(rules: Iterable[Told]) -> str:
    """SHA-256 of what rules say."""
    return hashlib.sha256(json.dumps(list(rules), sort_keys=True).encode()).hexdigest()


def example() -> Objective:
    """The spec that the published file was made of."""
    series = 'http_request_duration_seconds_count{job="myservice"'
    return Objective(
        service="myservice",
        name="requests-availability",
        percent=99.9,
        error_query=f'sum(rate({series},code=~"(5..|429)"}}[{{{{.window}}}}]))',
        total_query=f"sum(rate({series}}}[{{{{.window}}}}]))",
        alert="MyServiceHighErrorRate",
        labels={"cmd": "examplesgen.sh", "owner": "myteam", "repo": "myorg/myservice", "tier": "2"},
        alert_labels={
            "page": {"category": "availability", "routing_key": "myteam", "severity": "pageteam"},
            "ticket": {"category": "availability", "severity": "slack", "slack_channel": "#alerts-myteam"},
        },
    )


def _sli(objective: Objective, *, optimized: bool) -> Iterator[Rule]:
    for window in (*_WINDOWS, _PERIOD):
        bad = objective.error_query.replace("{{.window}}", window)
        total = objective.total_query.replace("{{.window}}", window)
        expr = f"({bad}) / ({total})"
        if optimized and window == _PERIOD:
            short = _of(objective, _ratio("5m"))
            expr = f"sum_over_time({short}[{window}]) / ignoring (sloth_window) count_over_time({short}[{window}])"
        yield Rule(expr, _AS_SLOTH, record=_ratio(window), labels={**_labels(objective), "sloth_window": window})


def _meta(objective: Objective) -> Iterator[Rule]:
    # Go and Python write the same shortest digits of a float, and Sloth computes in floats.
    ratio = objective.percent / 100
    per_budget = f" / on(sloth_id, sloth_slo, sloth_service) group_left {_of(objective, 'slo:error_budget:ratio')}"
    for record, expr in (
        ("slo:objective:ratio", f"vector({ratio})"),
        ("slo:error_budget:ratio", f"vector(1-{ratio})"),
        ("slo:time_period:days", "vector(30)"),
        ("slo:current_burn_rate:ratio", _of(objective, _ratio("5m")) + per_budget),
        ("slo:period_burn_rate:ratio", _of(objective, _ratio(_PERIOD)) + per_budget),
        ("slo:period_error_budget_remaining:ratio", f"1 - {_of(objective, 'slo:period_burn_rate:ratio')}"),
    ):
        yield Rule(expr, _AS_SLOTH, record=record, labels=_labels(objective))


def _alerts(objective: Objective) -> Iterator[Rule]:
    budget = (100 - objective.percent) / 100
    for severity, pairs in _PAIRS.items():
        burning = [
            " and ".join(
                f"max({_of(objective, _ratio(window))} > ({factor} * {budget})) without (sloth_window)"
                for window in (short, long)
            )
            for short, long, factor in pairs
        ]
        yield Rule(
            " or ".join(f"({pair})" for pair in burning),
            _AS_SLOTH,
            alert=objective.alert,
            labels={**objective.alert_labels.get(severity, {}), "sloth_severity": severity},
        )


def _labels(objective: Objective) -> dict[str, str]:
    return {
        **objective.labels,
        "sloth_id": f"{objective.service}-{objective.name}",
        "sloth_service": objective.service,
        "sloth_slo": objective.name,
    }


def _of(objective: Objective, record: str) -> str:
    own = f"{objective.service}-{objective.name}"
    return f'{record}{{sloth_id="{own}", sloth_service="{objective.service}", sloth_slo="{objective.name}"}}'


def _ratio(window: str) -> str:
    return f"slo:sli_error:ratio_rate{window}"
