"""All that is proven beside burns: health, silence, idleness, and that what is not known is not taken for good."""

from collections.abc import Iterator
from decimal import Decimal

from slo.burn import seconds
from slo.proofs import inputs
from slo.proofs.burns import fires_after
from slo.proofs.case import BUSY, Case, Check, Subject, near
from slo.proofs.inputs import Phase
from slo.rules import ABSENT_FOR, INTERVAL, absent_name, ratio_record
from slo.spec import Slices, Spec

_COARSE = 300  # seconds between two samples where a day has to pass: as long as Prometheus takes one for the present


def cases(subject: Subject) -> Iterator[Case]:
    """Every case that the kind of the objective has, with a sample at each evaluation."""
    spec = subject.spec
    yield _healthy(subject)
    if spec.sli.composite is not None:
        return
    yield _missing(subject)
    yield _idle(subject)
    if spec.sli.slices is not None:
        yield _one_slice(subject)
        if spec.sli.slices.presence is not None:
            yield _unknown(subject, spec.sli.slices)
    else:
        yield _quiet(subject)
        yield _weighted(subject)
        if spec.alerting.severities:
            yield _after_idle(subject)


def never_written(subject: Subject) -> Iterator[Case]:
    """Where ages are measured: a time that is still 0 is as old as can be. promtool's own clock begins at 0."""
    spec = subject.spec
    slices = spec.sli.slices
    if slices is None or not slices.age or slices.above is None:
        return
    limit = int(slices.above)
    for severity in spec.alerting.severities:
        pairs = subject.windows.pairs(spec, severity)
        after = min(fires_after(subject, pair, Decimal(1), limit, _COARSE) for pair in pairs)
        first = limit // _COARSE * _COARSE + _COARSE  # the first look at which it is too old
        at = first + after + subject.lag
        fired = at // _COARSE * _COARSE + _COARSE
        checks = [
            Check(first - _COARSE, f"{ratio_record('5m')}{subject.slo}", 0),
            Check(first, f"{ratio_record('5m')}{subject.slo}", 1),
            Check(fired, subject.firing(severity), 1),
        ]
        checks = [Check(one.at, f"sum({one.expr})", one.value) for one in checks]
        title = f"{severity}: what was never written is bad"
        yield Case(title, inputs.never(spec, fired + _COARSE, _COARSE), checks, _COARSE)


def _healthy(subject: Subject) -> Case:
    checks = [
        Check(4200, subject.firing(), 0),
        Check(4200, f"count({ratio_record('1h')}{subject.slo} == 0)", 1),
        Check(4200, f"count({_left(subject)} == 1)", 1),
    ]
    title = "silent when all is well, and nothing of the budget is gone"
    return Case(title, subject.series([Phase(4200, BUSY)], INTERVAL), checks, INTERVAL)


def _missing(subject: Subject) -> Case:
    checks = [
        Check(2 * seconds(ABSENT_FOR), _absent(subject.spec), 1),
        Check(2 * seconds(ABSENT_FOR), _known(subject), 0),
    ]
    title = "nothing is measured: an alert, and no ratio that looks healthy"
    return Case(title, ['up{job="other"} 1x60'], checks, INTERVAL)


def _unknown(subject: Subject, slices: Slices) -> Case:
    series = inputs.presence(slices, [Phase(3600, BUSY)], INTERVAL)
    checks = [Check(3600, _absent(subject.spec), 0), Check(3600, subject.firing(), 0), Check(3600, _known(subject), 0)]
    title = "measured, and too little is known for a verdict: no alert, and no ratio that looks healthy"
    return Case(title, series, checks, INTERVAL)


def _quiet(subject: Subject) -> Case:
    one = Phase(INTERVAL, 1 / Decimal(INTERVAL), Decimal(1))
    slow = Phase(1800, Decimal(1) / 300)
    checks = [Check(at, subject.firing(), 0) for at in range(1800, 5400, 300)]
    title = "silent on one failure in an hour with a dozen requests"
    return Case(title, subject.series([slow, one, slow, slow], INTERVAL), checks, INTERVAL)


def _one_slice(subject: Subject) -> Case:
    phases = [Phase(1800, BUSY), Phase(INTERVAL, BUSY, Decimal(1)), Phase(3570, BUSY)]
    checks = [Check(at, subject.firing(), 0) for at in range(1800, 5400, 300)]
    checks.append(Check(5370, f"count({ratio_record('1h')}{subject.slo} > 0)", 1))
    title = "silent on one bad slice in an hour, which is counted"
    return Case(title, subject.series(phases, INTERVAL), checks, INTERVAL)


def _idle(subject: Subject) -> Case:
    left = _left(subject)
    phases = [Phase(3600, BUSY), Phase(5400, Decimal(0))]
    checks = [
        Check(9000, _known(subject), 0),
        Check(9000, f"count({left} != {left}) or vector(0)", 0),
        Check(9000, f"count({left} == 1)", 1),
        Check(9000, subject.firing(), 0),
    ]
    title = "idle for more than an hour: no NaN, and the budget is what it was"
    return Case(title, subject.series(phases, INTERVAL), checks, INTERVAL)


def _after_idle(subject: Subject) -> Case:
    calm, idle = 1800, 5400
    severity = subject.spec.alerting.severities[0]
    after = min(
        fires_after(subject, pair, Decimal(1), calm if seconds(pair.long) > idle else 0, INTERVAL)
        for pair in subject.windows.pairs(subject.spec, severity)
    )
    fired = -(-(calm + idle + after + subject.lag) // INTERVAL) * INTERVAL
    before = (calm + idle + after - after // 50) // INTERVAL * INTERVAL - INTERVAL
    checks = [Check(before, subject.firing(severity), 0), Check(fired, subject.firing(severity), 1)]
    bad = Phase(fired + INTERVAL - calm - idle, BUSY, Decimal(1))
    title = f"{severity}: idle time weighs nothing, an outage after it is over a threshold in {after} s"
    return Case(title, subject.series([Phase(calm, BUSY), Phase(idle, Decimal(0)), bad], INTERVAL), checks, INTERVAL)


def _weighted(subject: Subject) -> Case:
    phases = [Phase(1800, 99 * BUSY), Phase(1800, BUSY, Decimal("0.5")), Phase(600, Decimal(0))]
    ratio = f"{ratio_record(subject.spec.window)}{subject.slo}"
    checks = [Check(4200, near(ratio, Decimal("0.005"), Decimal("0.0003")), 1)]
    title = "busy and clean for half an hour, then quiet and bad: every event weighs alike, 0.5 % are bad and not 25 %"
    return Case(title, subject.series(phases, INTERVAL), checks, INTERVAL)


def _left(subject: Subject) -> str:
    return f"slo:period_error_budget_remaining:ratio{subject.slo}"


def _known(subject: Subject) -> str:
    return f"count({ratio_record('1h')}{subject.slo}) or vector(0)"


def _absent(spec: Spec) -> str:
    return f'count(ALERTS{{alertname="{absent_name(spec)}",alertstate="firing"}}) or vector(0)'
