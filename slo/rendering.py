"""Rule groups as a Prometheus rules file, each rule under a comment that says what it is."""

import json

from slo.pace import REAL, Pace
from slo.rules import Group, Rule
from slo.spec import Spec

MADE_BY_COMMAND = "Made by `python -m slo generate`; change slo/specs instead."
MADE_BY = f"# {MADE_BY_COMMAND}"


def rules_file(spec: Spec, groups: tuple[Group, ...], pace: Pace = REAL) -> str:
    """The rules file of one objective."""
    lines = [MADE_BY, f"# {spec.title}: {spec.objective} % over {spec.window}."]
    if pace != REAL:
        lines.append(
            f"# For tests and drills: every duration divided by {pace.faster}, the names of records as they are."
        )
    lines.append("groups:")
    for group in groups:
        lines += [f"  - name: {group.name}", f"    interval: {group.interval}s", "    rules:"]
        for rule in group.rules:
            lines += _rule(rule)
    return "\n".join(lines) + "\n"


def _rule(rule: Rule) -> list[str]:
    kind = f"record: {rule.record}" if rule.record else f"alert: {rule.alert}"
    lines = [f"      # {rule.comment}", f"      - {kind}"]
    if "\n" in rule.expr:
        lines += ["        expr: |", *(f"          {line}" for line in rule.expr.splitlines())]
    else:
        lines.append(f"        expr: {json.dumps(rule.expr)}")
    if rule.hold:
        lines.append(f"        for: {rule.hold}")
    for name, values in (("labels", rule.labels), ("annotations", rule.annotations)):
        if values:
            lines.append(f"        {name}:")
            lines += [f"          {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return lines
