"""One promtool test: what goes in, and what must come out when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from slo.burn import Windows
from slo.pace import REAL, Pace
from slo.promql import RATE, plain
from slo.proofs import inputs
from slo.proofs.inputs import Phase
from slo.rules import INTERVAL, alert_name
from slo.spec import Spec

BUSY = Decimal(10)  # events a second


@dataclass(frozen=True)
class Check:
    """At so many seconds after the start an expression has one value, without labels."""

    at: int
    expr: str
    value: int


@dataclass(frozen=True)
class Case:
    """One test, with samples every ``step`` seconds."""

    title: str
    series: Sequence[str]
    checks: Sequence[Check]
    step: int

    def lines(self) -> list[str]:
        """As promtool's YAML."""
        lines = [f"  - name: {json.dumps(self.title)}", f"    interval: {self.step}s", "    input_series:"]
        for one in self.series:
            name, _, values = one.partition(" ")
            lines += [f"      - series: {json.dumps(name)}", f"        values: {json.dumps(values)}"]
        lines.append("    promql_expr_test:")
        for check in self.checks:
            lines += [f"      - expr: {json.dumps(check.expr)}", f"        eval_time: {check.at}s"]
            lines += ["        exp_samples:", f'          - {{labels: "{{}}", value: {check.value}}}']
        return lines


@dataclass(frozen=True)
class Subject:
    """The objective under proof, with the parts of a composite."""

    spec: Spec
    parts: tuple[Spec, ...]
    windows: Windows
    pace: Pace = REAL

    @property
    def worst(self) -> Decimal:
        """The error ratio when all events (of the weightiest part) are bad."""
        composite = self.spec.sli.composite
        return max(composite.weights.values()) / sum(composite.weights.values()) if composite else Decimal(1)

    @property
    def lag(self) -> int:
        """Seconds: the lowest level is a rate, which sees all of a change after its window and an evaluation or two."""
        return self.pace.seconds(RATE) + 2 * self.pace.step(INTERVAL)

    @property
    def slo(self) -> str:
        """The matcher of the objective's records."""
        return f'{{slo="{self.spec.name}"}}'

    def series(self, phases: Sequence[Phase], step: int) -> list[str]:
        """Input series; of a composite the weightiest part has the phases' failures, the others have none."""
        composite = self.spec.sli.composite
        if composite is None:
            return inputs.series(self.spec, phases, step)
        worst = max(composite.weights, key=lambda name: composite.weights[name])
        clean = [replace(phase, bad=Decimal(0)) for phase in phases]
        return [
            line for part in self.parts for line in inputs.series(part, phases if part.name == worst else clean, step)
        ]

    def firing(self, *severities: str) -> str:
        """How many of the burn alerts fire."""
        names = "|".join(alert_name(self.spec, severity) for severity in severities or self.spec.alerting.severities)
        return f'count(ALERTS{{alertname=~"{names}",alertstate="firing"}}) or vector(0)'


def near(expr: str, value: Decimal, off: Decimal) -> str:
    """1 where an expression is so near to a value."""
    return f"count(abs({expr} - {plain(round(value, 6))}) < {plain(off)})"
