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
    def failing(self) -> tuple[Spec, ...]:
        """What fails: of a composite the weightiest part, or all of them where it alone could not fire every alert."""
        composite = self.spec.sli.composite
        if composite is None:
            return (self.spec,)
        pairs = [self.windows.pairs(self.spec, severity) for severity in self.spec.alerting.severities]
        needed = max((min(pair.threshold(self.spec) for pair in one) for one in pairs), default=Decimal(0))
        worst = max(self.parts, key=lambda part: composite.weights[part.name])
        return (worst,) if composite.share(worst.name) > needed else self.parts

    @property
    def worst(self) -> Decimal:
        """The error ratio when all events of what fails are bad."""
        composite = self.spec.sli.composite
        return sum(map(composite.share, (part.name for part in self.failing)), Decimal(0)) if composite else Decimal(1)

    @property
    def slices(self) -> bool:
        """Whether what fails is measured in slices, each of which is good or bad as a whole."""
        return any(part.sli.slices is not None for part in self.failing)

    @property
    def lag(self) -> int:
        """Seconds: a rate of five minutes, of which days are made, sees all of a change after as long and a look or two."""
        return self.pace.seconds(RATE) + 2 * self.pace.step(INTERVAL)

    @property
    def slo(self) -> str:
        """The matcher of the objective's records."""
        return f'{{slo="{self.spec.name}"}}'

    def series(self, phases: Sequence[Phase], step: int) -> list[str]:
        """Input series; of a composite the parts that fail have the phases' failures, the others have none."""
        clean, failing = [replace(phase, bad=Decimal(0)) for phase in phases], self.failing
        return [
            line
            for part in self.parts or (self.spec,)
            for line in inputs.series(part, phases if part in failing else clean, step)
        ]

    def firing(self, *severities: str) -> str:
        """How many of the burn alerts fire."""
        names = "|".join(alert_name(self.spec, severity) for severity in severities or self.spec.alerting.severities)
        return f'count(ALERTS{{alertname=~"{names}",alertstate="firing"}}) or vector(0)'


def near(expr: str, value: Decimal, off: Decimal) -> str:
    """1 where an expression is so near to a value."""
    return f"count(abs({expr} - {plain(round(value, 6))}) < {plain(off)})"
