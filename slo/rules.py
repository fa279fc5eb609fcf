"""From a spec to Prometheus rules: what is counted, what is left of the budget, and who is told when it burns.

Bad and total events are added up by themselves and divided last, so that an idle minute weighs nothing and a busy one
what it should; a mean of ratios would not, and would be NaN for a whole period after five idle minutes. Windows of hours
read the counters themselves: they see a failure at once. Windows of days add up records, or each evaluation would read
days of every series.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from slo import month
from slo.burn import PERIODS, Pair, Windows, seconds
from slo.pace import REAL, Pace
from slo.promql import RATE, absent, bad, plain, total
from slo.spec import Spec

INTERVAL = 30  # seconds between two evaluations; the guard against little traffic counts the events of days with it
RATIO_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")  # of every objective; and those of burn-windows.yaml
LONGEST_OF_COUNTERS = "6h"
ABSENT_FOR = "10m"

TOTAL = "slo:sli_total:rate5m"
BAD = "slo:sli_bad:rate5m"
BY_MONTH = "_month"  # the same with the month as a label
RUNBOOKS = '{{ or $externalLabels.runbooks "monitoring/runbooks" }}'  # a Prometheus may know where they are published


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
    interval: int = INTERVAL


def groups(spec: Spec, windows: Windows, pace: Pace = REAL, composites: Iterable[Spec] = ()) -> tuple[Group, ...]:
    """Every group of an objective. Of those ``composites`` that it is a part of, it is measured over their windows too."""
    wanted = {spec.window: None} | {whole.window: None for whole in composites if spec.name in _parts(whole)}
    ratios = sorted({*RATIO_WINDOWS, *windows.lengths}, key=seconds)
    made = _sli(spec, tuple(dict.fromkeys((*ratios, *wanted))), pace), _budget(spec, pace), _alerts(spec, windows, pace)
    interval = pace.step(INTERVAL)
    return tuple(Group(name, tuple(rules), interval) for name, rules in zip(group_names(spec), made, strict=True))


def group_names(spec: Spec) -> tuple[str, str, str]:
    """The names of the groups: what is measured, what is left of the budget, who is told."""
    return f"slo-{spec.name}-sli", f"slo-{spec.name}-budget", f"slo-{spec.name}-alerts"


def period(spec: Spec) -> str:
    """The window over which the budget holds, as a duration; of a calendar month the 30 days for which it can burn."""
    return PERIODS[spec.window]


def ratio_record(window: str) -> str:
    """The record of the error ratio over a window: a duration, or ``month`` for what there is of this month."""
    return "slo:sli_error:ratio_month" if window == "month" else f"slo:sli_error:ratio_rate{window}"


def labels(spec: Spec) -> dict[str, str]:
    """The labels of every series of an objective. Sloth's own are among them: dashboards made for it load."""
    return {
        "slo": spec.name,
        "sloth_id": f"{spec.service}-{spec.name}",
        "sloth_service": spec.service,
        "sloth_slo": spec.name,
    }


def events_in(spec: Spec, record: str, window: str, pace: Pace = REAL) -> str:
    """How many events a record of them adds up to in a window: a rate holds for the time between two evaluations."""
    per_sample = 1 if spec.sli.slices is not None else pace.step(INTERVAL)
    summed = _summed(spec, record, window, pace)
    return summed if per_sample == 1 else f"{summed} * {per_sample}"


def reads_counters(spec: Spec, window: str) -> bool:
    """Whether a window is measured at the counters themselves, not at records of them; slices and composites have none."""
    if spec.sli.slices is not None or spec.sli.composite is not None or window in {RATE, "month"}:
        return False
    return seconds(window) <= seconds(LONGEST_OF_COUNTERS)


def events_left(spec: Spec, pace: Pace = REAL) -> str:
    """How many more events may be bad: budget x all events of the period - bad ones.

    A month has as many events as it would have if the rest of it were like what has passed.
    """
    every, wrong = (events_in(spec, record, spec.window, pace) for record in (TOTAL, BAD))
    if spec.window == "month":
        every = f"{every} / scalar({month.ELAPSED})"
    return f"{plain(spec.budget)} * {every} - {wrong}"


def _sli(spec: Spec, windows: tuple[str, ...], pace: Pace) -> Iterator[Rule]:
    own = labels(spec)
    if spec.sli.composite is None:
        counted = "slices" if spec.sli.slices is not None else "events a second"
        rate = pace.duration(RATE)
        yield Rule(total(spec, rate), f"all {counted}", record=TOTAL, labels=own)
        yield Rule(bad(spec, rate), f"bad {counted}", record=BAD, labels=own)
        if "month" in windows:
            for record in (TOTAL, BAD):
                comment = "the same with its month, by which a calendar month's are told from the last one's"
                yield Rule(month.labelled(_of(record, spec)), comment, record=record + BY_MONTH, labels=own)
    for window in windows:
        length = "this month so far" if window == "month" else pace.duration(window)
        yield Rule(
            _ratio(spec, window, pace),
            f"bad / total, {length}; nothing where there was no event",
            record=ratio_record(window),
            labels={**own, "sloth_window": window},
        )


def _ratio(spec: Spec, window: str, pace: Pace) -> str:
    composite = spec.sli.composite
    if composite is not None:
        weight = sum(composite.weights.values())
        parts = [
            f'{plain(share)} * on () {ratio_record(window)}{{slo="{part}"}}'
            for part, share in composite.weights.items()
        ]
        return f"({' + on () '.join(parts)}) / {plain(Decimal(weight))}"
    if window == RATE:
        return f"{_of(BAD, spec)} / ({_of(TOTAL, spec)} > 0)"
    if reads_counters(spec, window):
        return f"({bad(spec, pace.duration(window))}) / ({total(spec, pace.duration(window))} > 0)"
    return f"{_summed(spec, BAD, window, pace)} / ({_summed(spec, TOTAL, window, pace)} > 0)"


def _summed(spec: Spec, record: str, window: str, pace: Pace) -> str:
    if window == "month":
        return month.summed(_of(record + BY_MONTH, spec))
    return f"sum_over_time({_of(record, spec)}[{pace.duration(window)}])"


def _parts(spec: Spec) -> Iterable[str]:
    return spec.sli.composite.weights if spec.sli.composite is not None else ()


def _budget(spec: Spec, pace: Pace) -> Iterator[Rule]:
    own = labels(spec)
    budget = plain(spec.budget)
    yield Rule(f"vector({plain(spec.ratio)})", "the objective", record="slo:objective:ratio", labels=own)
    yield Rule(f"vector({budget})", "1 - objective", record="slo:error_budget:ratio", labels=own)
    yield Rule(_days(spec, pace), "the period in days", record="slo:time_period:days", labels=own)
    yield Rule(
        f"{_of(ratio_record(RATE), spec)} / {budget}",
        f"error ratio of {pace.duration(RATE)} / budget: 1 uses the budget up exactly at the period's end",
        record="slo:current_burn_rate:ratio",
        labels=own,
    )
    gone, comment = f"{_of(ratio_record(spec.window), spec)} / {budget}", "error ratio of the period / budget"
    if spec.window == "month":
        gone, comment = f"{gone} * scalar({month.ELAPSED})", f"{comment} x the part of the month that has passed"
    yield Rule(gone, f"{comment}: the part of the budget that is gone", record="slo:period_burn_rate:ratio", labels=own)
    yield Rule(
        f"1 - {_of('slo:period_burn_rate:ratio', spec)}",
        "1 - what is gone; below 0 the objective is missed",
        record="slo:period_error_budget_remaining:ratio",
        labels=own,
    )
    told = {"slo_objective": plain(spec.objective), "slo_owner": spec.owner, "slo_window": spec.window}
    yield Rule("vector(1)", "what the objective is, in labels", record="slo:info", labels={**own, **told})


def _days(spec: Spec, pace: Pace) -> str:
    if spec.window == "month":
        return month.DAYS
    return f"vector({plain(Decimal(pace.seconds(spec.window)) / 86_400)})"


def _alerts(spec: Spec, windows: Windows, pace: Pace) -> Iterator[Rule]:
    for severity in spec.alerting.severities:
        pairs = windows.pairs(spec, severity)
        left_out = [pair for pair in windows.all_pairs(spec, severity) if pair not in pairs]
        said = [
            f"{pair.long}/{pair.short}: ratio > {plain(pair.factor)} x {plain(spec.budget)}, fires after "
            f"{plain(pair.threshold(spec))} / ratio x {pace.duration(pair.long)}"
            for pair in pairs
        ]
        said += [
            f"{pair.long}/{pair.short} left out: {plain(pair.factor)} x {plain(spec.budget)} >= 1" for pair in left_out
        ]
        yield Rule(
            # One alert, whichever of the pairs burns.
            "max without (sloth_window) (\n" + "\nor\n".join(_burning(spec, pair, pace) for pair in pairs) + "\n)",
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
            alert=absent_name(spec),
            hold=pace.duration(ABSENT_FOR),
            labels={**labels(spec), "severity": severity},
            annotations=_words(spec, f"{spec.title}: not measured", text),
        )


def runbook(spec: Spec) -> str:
    """The name of an objective's runbook, without ``.md``."""
    return spec.runbook or spec.name


def alert_name(spec: Spec, severity: str) -> str:
    """The name of a burn alert, such as ``GatewayAvailabilityBudgetPage``."""
    return f"{_camel(spec.name)}Budget{severity.title()}"


def absent_name(spec: Spec) -> str:
    """The name of the alert that nothing is measured, such as ``MemoryAbsent``."""
    return f"{_camel(spec.name)}Absent"


def _burning(spec: Spec, pair: Pair, pace: Pace) -> str:
    threshold = plain(pair.threshold(spec))
    both = (
        f"{_of(ratio_record(pair.long), spec)} > {threshold}\n"
        f"  and on (slo) {_of(ratio_record(pair.short), spec)} > {threshold}"
    )
    if reads_counters(spec, pair.long):
        failures = f"({bad(spec, pace.duration(pair.long))}) * {pace.seconds(pair.long)}"
        both += f"\n  and on () {failures} >= {spec.alerting.min_failures}"
    elif spec.sli.composite is None:
        both += f"\n  and on (slo) {events_in(spec, BAD, pair.long, pace)} >= {spec.alerting.min_failures}"
    return f"(\n  {both}\n)"


def _words(spec: Spec, summary: str, text: str) -> dict[str, str]:
    return {
        "summary": summary,
        "description": text,
        "runbook_url": f"{RUNBOOKS}/{runbook(spec)}.md",
        "owner": spec.owner,
    }


def _of(record: str, spec: Spec) -> str:
    return f'{record}{{slo="{spec.name}"}}'


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
