"""From a spec to Prometheus rules: what is counted, what is left of the budget, and who is told when it burns.

Bad and total events are recorded by themselves and divided last, so that an idle minute weighs nothing and a busy one
what it should; a mean of ratios would not, and would be NaN for a whole period after five idle minutes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from slo.burn import PERIODS, Pair, Windows, seconds
from slo.promql import RATE, absent, bad, plain, total
from slo.spec import Spec

INTERVAL = 30  # seconds between two evaluations; the guard against little traffic counts events with it
RATIO_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
ABSENT_FOR = "10m"

TOTAL = "slo:sli_total:rate5m"
BAD = "slo:sli_bad:rate5m"
RUNBOOKS = "monitoring/runbooks"


@dataclass(frozen=True)
class Rule:
    """One rule: a record where ``record`` is set, an alert otherwise. ``comment`` says what the expression is."""

    expr: str
    comment: str
    record: str = ""
    alert: str = ""
    hold: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after another."""

    name: str
    rules: tuple[Rule, ...]


def groups(spec: Spec, windows: Windows) -> tuple[Group, ...]:
    """Every group of an objective."""
    return (
        Group(f"slo-{spec.name}-sli", tuple(_sli(spec))),
        Group(f"slo-{spec.name}-budget", tuple(_budget(spec))),
        Group(f"slo-{spec.name}-alerts", tuple(_alerts(spec, windows))),
    )


def period(spec: Spec) -> str:
    """The window over which the budget holds, as a duration."""
    return PERIODS[spec.window]


def labels(spec: Spec) -> dict[str, str]:
    """The labels of every series of an objective. Sloth's own are among them: dashboards made for it load."""
    return {
        "slo": spec.name,
        "sloth_id": f"{spec.service}-{spec.name}",
        "sloth_service": spec.service,
        "sloth_slo": spec.name,
    }


def events_in(spec: Spec, record: str, window: str) -> str:
    """How many events a record of them adds up to in a window: a rate holds for the time between two evaluations."""
    per_sample = 1 if spec.sli.slices is not None else INTERVAL
    summed = f"sum_over_time({_of(record, spec)}[{window}])"
    return summed if per_sample == 1 else f"{summed} * {per_sample}"


def _sli(spec: Spec) -> Iterator[Rule]:
    own = labels(spec)
    if spec.sli.composite is None:
        counted = "slices" if spec.sli.slices is not None else "events a second"
        yield Rule(total(spec), f"all {counted}", record=TOTAL, labels=own)
        yield Rule(bad(spec), f"bad {counted}", record=BAD, labels=own)
    for window in (*RATIO_WINDOWS, period(spec)):
        yield Rule(
            _ratio(spec, window),
            f"bad / total, {window}; nothing where there was no event",
            record=f"slo:sli_error:ratio_rate{window}",
            labels={**own, "sloth_window": window},
        )


def _ratio(spec: Spec, window: str) -> str:
    composite = spec.sli.composite
    if composite is not None:
        weight = sum(composite.weights.values())
        parts = [
            f'{plain(share)} * on () slo:sli_error:ratio_rate{window}{{slo="{part}"}}'
            for part, share in composite.weights.items()
        ]
        return f"({' + on () '.join(parts)}) / {plain(Decimal(weight))}"
    if window == RATE:
        return f"{_of(BAD, spec)} / ({_of(TOTAL, spec)} > 0)"
    return f"sum_over_time({_of(BAD, spec)}[{window}]) / (sum_over_time({_of(TOTAL, spec)}[{window}]) > 0)"


def _budget(spec: Spec) -> Iterator[Rule]:
    own = labels(spec)
    budget, whole = plain(spec.budget), period(spec)
    yield Rule(f"vector({plain(spec.ratio)})", "the objective", record="slo:objective:ratio", labels=own)
    yield Rule(f"vector({budget})", "1 - objective", record="slo:error_budget:ratio", labels=own)
    days = seconds(whole) // 86_400
    yield Rule(f"vector({days})", "the period in days", record="slo:time_period:days", labels=own)
    yield Rule(
        f"{_of('slo:sli_error:ratio_rate5m', spec)} / {budget}",
        "error ratio of 5 minutes / budget: 1 uses the budget up exactly at the period's end",
        record="slo:current_burn_rate:ratio",
        labels=own,
    )
    yield Rule(
        f"{_of(f'slo:sli_error:ratio_rate{whole}', spec)} / {budget}",
        "error ratio of the period / budget: the part of the budget that is gone",
        record="slo:period_burn_rate:ratio",
        labels=own,
    )
    yield Rule(
        f"1 - {_of('slo:period_burn_rate:ratio', spec)}",
        "1 - what is gone; below 0 the objective is missed",
        record="slo:period_error_budget_remaining:ratio",
        labels=own,
    )
    told = {"slo_objective": plain(spec.objective), "slo_owner": spec.owner, "slo_window": spec.window}
    yield Rule("vector(1)", "what the objective is, in labels", record="slo:info", labels={**own, **told})


def _alerts(spec: Spec, windows: Windows) -> Iterator[Rule]:
    for severity in spec.alerting.severities:
        pairs = windows.pairs(spec, severity)
        left_out = [pair for pair in windows.all_pairs(spec, severity) if pair not in pairs]
        said = [
            f"{pair.long}/{pair.short}: ratio > {plain(pair.factor)} x {plain(spec.budget)}, fires after "
            f"{plain(pair.threshold(spec))} / ratio x {pair.long}"
            for pair in pairs
        ]
        said += [
            f"{pair.long}/{pair.short} left out: {plain(pair.factor)} x {plain(spec.budget)} >= 1" for pair in left_out
        ]
        yield Rule(
            # One alert, whichever of the pairs burns.
            "max without (sloth_window) (\n" + "\nor\n".join(_burning(spec, pair) for pair in pairs) + "\n)",
            "; ".join(said),
            alert=alert_name(spec, severity),
            labels={**labels(spec), "severity": severity, "sloth_severity": severity},
            annotations=_words(spec, f"{spec.title}: the error budget burns too fast", spec.alerting.text),
        )
    if spec.sli.composite is None:
        severity = "page" if "page" in spec.alerting.severities else "ticket"
        text = "Nothing is known of this objective: no series of what it is measured by is there."
        yield Rule(
            absent(spec),
            "no data is no good news",
            alert=f"{_camel(spec.name)}Absent",
            hold=ABSENT_FOR,
            labels={**labels(spec), "severity": severity},
            annotations=_words(spec, f"{spec.title}: not measured", text),
        )


def alert_name(spec: Spec, severity: str) -> str:
    """The name of a burn alert, such as ``GatewayAvailabilityBudgetPage``."""
    return f"{_camel(spec.name)}Budget{severity.title()}"


def _burning(spec: Spec, pair: Pair) -> str:
    threshold = plain(pair.threshold(spec))
    both = (
        f"{_of(f'slo:sli_error:ratio_rate{pair.long}', spec)} > {threshold}\n"
        f"  and on (slo) {_of(f'slo:sli_error:ratio_rate{pair.short}', spec)} > {threshold}"
    )
    if spec.sli.composite is None:
        both += f"\n  and on (slo) {events_in(spec, BAD, pair.long)} >= {spec.alerting.min_failures}"
    return f"(\n  {both}\n)"


def _words(spec: Spec, summary: str, text: str) -> dict[str, str]:
    return {"summary": summary, "description": text, "runbook_url": f"{RUNBOOKS}/{spec.name}.md", "owner": spec.owner}


def _of(record: str, spec: Spec) -> str:
    return f'{record}{{slo="{spec.name}"}}'


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.split("-"))
