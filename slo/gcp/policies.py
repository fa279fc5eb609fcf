"""Alert policies of Cloud Monitoring: each alert of the rules, its condition made of raw metrics.

Attribute names are those of ``google_monitoring_alert_policy`` in Terraform's Google provider (8.7).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slo.burn import Windows, seconds
from slo.gcp.place import placed
from slo.gcp.queries import burning
from slo.promql import absent, selectors
from slo.rules import Rule, alert_name, groups, runbook
from slo.spec import Spec

_SEVERITIES = {"page": "CRITICAL", "ticket": "WARNING"}
# Seconds between two evaluations, multiples of 30: Cloud Monitoring bills what each of them reads, and a ticket's windows
# are of days.
_EVERY = {"page": 60, "ticket": 300}


def policies(specs: Sequence[Spec], windows: Windows) -> dict[str, dict[str, Any]]:
    """Every alert by its name, as Terraform's ``for_each`` takes it.

    Beside the provider's attributes each has ``metrics``, what its query reads: an alert on metrics that a deployment does
    not have (``gateway_*``, where the gateway is GCP's own) is left out by it; and ``runbook``, the name of a file.
    """
    named = {spec.name: placed(spec) for spec in specs}
    return {
        str(rule.alert): _policy(named[spec.name], rule, group.name, named, windows)
        for spec in specs
        for group in groups(spec, windows)
        for rule in group.rules
        if rule.alert
    }


def _policy(spec: Spec, rule: Rule, group: str, named: Mapping[str, Spec], windows: Windows) -> dict[str, Any]:
    severity = rule.labels["severity"]
    weights = spec.sli.composite.weights if spec.sli.composite is not None else {}
    parts = {name: named[name] for name in weights}
    burns = rule.alert == alert_name(spec, severity)
    query = burning(spec, windows.pairs(spec, severity), parts) if burns else absent(spec)
    every = _EVERY[severity]
    return {
        "display_name": f"{group}/{rule.alert}",
        "combiner": "OR",
        "severity": _SEVERITIES[severity],
        "user_labels": {"slo": spec.name, "service": _label(spec.service), "owner": _label(spec.owner), "severity": severity},
        "documentation": {
            "subject": rule.annotations["summary"],
            "mime_type": "text/markdown",
            "content": "\n\n".join([
                rule.annotations["description"],
                f"**{spec.title}**: {spec.objective} % over {spec.window}. {spec.description}",
                f"Why now: {rule.comment}.",
                f"What to do: monitoring/runbooks/{runbook(spec)}.md. Who: {spec.owner}.",
            ]),
        },
        "conditions": [{
            "display_name": rule.annotations["summary"],
            "condition_prometheus_query_language": {
                "query": query,
                "duration": f"{seconds(rule.hold) if rule.hold else 0}s",
                "evaluation_interval": f"{every}s",
                "labels": {"slo": spec.name, "severity": severity},
                "rule_group": group,
                "alert_rule": rule.alert,
                "disable_metric_validation": True,
            },
        }],
        "metrics": sorted({one.metric for part in (spec, *parts.values()) for one in selectors(part)}),
        "runbook": runbook(spec),
    }  # fmt: skip


def _label(text: str) -> str:
    """A text as a user label may be: lowercase letters, digits, dashes, at most 63 of them."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower())[:63]
