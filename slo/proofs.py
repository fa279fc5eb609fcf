"""promtool tests of an objective: that its alerts fire when they should, and are silent when they should be.

What goes in is made here from the spec: counters, buckets or gauges whose good and bad parts are known, so that the time
at which an alert must fire can be computed: threshold / error ratio x long window, once that window is full.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from slo.burn import Pair, Windows, seconds
from slo.promql import bound, plain
from slo.rendering import MADE_BY
from slo.rules import INTERVAL, alert_name, period
from slo.spec import Events, Selector, Spec

_STEPS = {"page": INTERVAL, "ticket": 120}  # seconds between two samples: a ticket takes days, a page hours
_BUSY = Decimal(10)  # events a second
_NEVER = 10**9  # seconds
_CALM = 86_400  # seconds before a burn, at most: three days of them prove no more and take promtool minutes
_LAG = 360  # seconds: the lowest level is a rate of five minutes, which sees all of a change after as many
_STRENGTHS = (Decimal(4), Decimal(2))  # times a threshold: weak enough to be seen coming


@dataclass(frozen=True)
class Phase:
    """Some time with so many events a second, a part of them bad."""

    seconds: int
    events: Decimal
    bad: Decimal = Decimal(0)


def proof_files(spec: Spec, specs: Sequence[Spec], windows: Windows) -> dict[str, str]:
    """The promtool tests of one objective by name: each severity's burns, and with the first one everything else."""
    named = {one.name: one for one in specs}
    parts = [named[part] for part in spec.sli.composite.weights] if spec.sli.composite else []
    made = {}
    for severity in spec.alerting.severities:
        step = INTERVAL if spec.sli.slices is not None else _STEPS[severity]
        cases = list(_burns(spec, parts, severity, windows.pairs(spec, severity), step))
        made[f"{spec.name}-{severity}"] = _file([*parts, spec], cases, step)
    others = [_healthy(spec, parts)]
    if not parts:
        others.append(_missing(spec))
    if spec.sli.events is not None or spec.sli.latency is not None:
        others += [_quiet(spec), _idle(spec), _weighted(spec)]
    made[spec.name] = _file([*parts, spec], others, INTERVAL)
    return made


def _file(specs: Sequence[Spec], cases: Sequence[list[str]], step: int) -> str:
    lines = [
        MADE_BY,
        "rule_files:",
        *(f"  - ../rules/{one.name}.yaml" for one in specs),
        f"evaluation_interval: {step}s",
        "tests:",
        *(line for case in cases for line in case),
    ]
    return "\n".join(lines) + "\n"


def _healthy(spec: Spec, parts: Sequence[Spec]) -> list[str]:
    phases = [Phase(7200, _BUSY)]
    checks = [
        (7200, _firing(spec, *spec.alerting.severities), "0"),
        (7200, f"count(slo:sli_error:ratio_rate1h{_slo(spec)} == 0)", "1"),
        (7200, f"count(slo:period_error_budget_remaining:ratio{_slo(spec)} == 1)", "1"),
    ]
    title = "silent when all is well, and nothing of the budget is gone"
    return _case(title, _series(spec, parts, phases, INTERVAL), checks, INTERVAL)


def _burns(spec: Spec, parts: Sequence[Spec], severity: str, pairs: Sequence[Pair], step: int) -> Iterator[list[str]]:
    """A burn for every pair that can be the first to see one."""
    share = _worst(spec, parts)
    calm = min(_CALM, max(seconds(pair.long) for pair in pairs))
    rest = max(seconds(pair.short) for pair in pairs) + 2 * _LAG
    for ratio, pair, after in _first_seen(spec, pairs, share, calm):
        lasting = _up(after + 2 * _LAG, step)
        phases = [Phase(_up(calm, step), _BUSY), Phase(lasting, _BUSY, ratio / share), Phase(_up(rest, step), _BUSY)]
        checks = [
            (_up(calm + after - after // 50, step) - step, _firing(spec, severity), "0"),  # 2 % for the first sample
            (_up(calm + after + _LAG, step), _firing(spec, severity), "1"),
            (_up(calm + lasting + rest, step), _firing(spec, severity), "0"),
        ]
        title = (
            f"{severity}: after {calm} s without an error, an error ratio of {plain(ratio)} is over "
            f"{plain(pair.threshold(spec))} of {pair.long} in {after} s: it fires then, once, and is silent after recovery"
        )
        yield _case(title, _series(spec, parts, phases, step), checks, step)


def _first_seen(spec: Spec, pairs: Sequence[Pair], share: Decimal, calm: int) -> Sequence[tuple[Decimal, Pair, int]]:
    """Error ratios with the pair that sees each first, and after how many seconds; the weakest for every such pair."""
    found: dict[Pair, tuple[Decimal, Pair, int]] = {}
    strengths = (
        {share}
        if spec.sli.slices is not None
        else {min(share, strength * pair.threshold(spec)) for pair in pairs for strength in _STRENGTHS}
    )
    for ratio in sorted(strengths, reverse=True):
        times = sorted(((_fires_after(spec, pair, ratio, calm), pair) for pair in pairs), key=lambda one: one[0])
        after, pair = times[0]
        if after < _NEVER and (pair not in found or len(times) == 1 or times[1][0] - after > _LAG):
            found[pair] = ratio, pair, after
    return tuple(found.values())


def _fires_after(spec: Spec, pair: Pair, ratio: Decimal, calm: int) -> int:
    """Seconds of an error ratio until a pair alerts, where there was nothing but so many calm seconds before.

    While the long window is not full yet, all that there is counts: bad / (calm + bad) > threshold.
    """
    threshold = pair.threshold(spec)
    if threshold >= ratio:
        return _NEVER
    after = threshold * calm / (ratio - threshold)
    long = seconds(pair.long)
    enough = (spec.alerting.min_failures - 1) * INTERVAL if spec.sli.slices is not None else 0
    return max(enough, int(after if calm + after <= long else threshold / ratio * long))


def _missing(spec: Spec) -> list[str]:
    name = alert_name(spec, "").removesuffix("Budget") + "Absent"
    checks = [(1200, f'count(ALERTS{{alertname="{name}",alertstate="firing"}})', "1")]
    checks.append((1200, f"count(slo:sli_error:ratio_rate1h{_slo(spec)}) or vector(0)", "0"))
    title = "nothing is measured: an alert, and no ratio that looks healthy"
    return _case(title, ['up{job="other"} 1x60'], checks, INTERVAL)


def _quiet(spec: Spec) -> list[str]:
    one = Phase(INTERVAL, 1 / Decimal(INTERVAL), Decimal(1))
    slow = Phase(1800, Decimal(1) / 300)
    checks = [(at, _firing(spec, *spec.alerting.severities), "0") for at in range(1800, 5400, 300)]
    title = "silent on one failure in an hour with a dozen requests"
    return _case(title, _series(spec, [], [slow, one, slow, slow], INTERVAL), checks, INTERVAL)


def _idle(spec: Spec) -> list[str]:
    phases = [Phase(3600, _BUSY), Phase(14_400, Decimal(0))]
    whole = f"slo:period_error_budget_remaining:ratio{_slo(spec)}"
    checks = [
        (18_000, f"count(slo:sli_error:ratio_rate1h{_slo(spec)}) or vector(0)", "0"),
        (18_000, f"count({whole} != {whole}) or vector(0)", "0"),
        (18_000, f"count({whole} == 1)", "1"),
    ]
    title = "idle for hours: no NaN, and the budget is what it was"
    return _case(title, _series(spec, [], phases, INTERVAL), checks, INTERVAL)


def _weighted(spec: Spec) -> list[str]:
    phases = [Phase(3600, 99 * _BUSY), Phase(3600, _BUSY, Decimal("0.5")), Phase(600, Decimal(0))]
    checks = [(7800, f"count(abs(slo:sli_error:ratio_rate{period(spec)}{_slo(spec)} - 0.005) < 0.0003)", "1")]
    title = "a busy clean hour and a quiet bad one: every event weighs alike, 0.5 % are bad and not 25 %"
    return _case(title, _series(spec, [], phases, INTERVAL), checks, INTERVAL)


def _worst(spec: Spec, parts: Sequence[Spec]) -> Decimal:
    """The error ratio when all events (of the weightiest part) are bad."""
    if not parts or spec.sli.composite is None:
        return Decimal(1)
    weights = spec.sli.composite.weights
    return max(weights.values()) / sum(weights.values())


def _series(spec: Spec, parts: Sequence[Spec], phases: Sequence[Phase], step: int) -> list[str]:
    """Input series; of a composite the weightiest part has the phases' failures, the others have none."""
    if spec.sli.composite is not None:
        weights = spec.sli.composite.weights
        worst = max(weights, key=lambda name: weights[name])
        clean = [Phase(phase.seconds, phase.events) for phase in phases]
        return [line for part in parts for line in _series(part, [], phases if part.name == worst else clean, step)]
    if spec.sli.events is not None:
        return _event_series(spec.sli.events, phases, step)
    if spec.sli.latency is not None:
        latency = spec.sli.latency
        own = _labels(Selector(metric=latency.histogram, match=latency.match, exclude=latency.exclude))
        within = {**own, "le": bound(latency.threshold)}
        return [
            f"{latency.histogram}_count{_written(own)} {_counter(phases, step, good=True, bad=True)}",
            f"{latency.histogram}_bucket{_written(within)} {_counter(phases, step, good=True, bad=False)}",
        ]
    slices = spec.sli.slices
    if slices is None:
        raise ValueError(f"{spec.name} is measured by nothing")
    limit = slices.above if slices.above is not None else slices.below or Decimal(0)
    low, high = plain(limit / 2), plain(limit * 2)
    good, bad = (low, high) if slices.above is not None else (high, low)
    values = [f"{bad if phase.bad else good}x{phase.seconds // step - 1}" for phase in phases]
    return [
        f"{slices.metric}{_written(_labels(Selector(metric=slices.metric, match=slices.match)))} {' '.join(values)}"
    ]


def _event_series(events: Events, phases: Sequence[Phase], step: int) -> list[str]:
    bad = events.bad[0]
    bad_labels = _labels(bad)
    counted = any(_selects(total, bad.metric, bad_labels) for total in events.total)
    good = events.total[0]
    avoid = bad.match if bad.metric == good.metric else {}
    good_labels = _labels(good, avoid)
    lines = [f"{good.metric}{_written(good_labels)} {_counter(phases, step, good=True, bad=not counted)}"]
    lines.append(f"{bad.metric}{_written(bad_labels)} {_counter(phases, step, good=False, bad=True)}")
    return lines


def _counter(phases: Sequence[Phase], step: int, *, good: bool, bad: bool) -> str:
    """A counter in promtool's notation, one piece a phase; it goes on where the last one ended."""
    value, pieces = Decimal(0), []
    for phase in phases:
        count = phase.seconds // step
        added = phase.events * step * ((1 - phase.bad if good else 0) + (phase.bad if bad else 0))
        pieces.append(f"{plain(value + added)}+{plain(added)}x{count - 1}" if count > 1 else plain(value + added))
        value += added * count
    return " ".join(pieces)


def _selects(selector: Selector, metric: str, labels: Mapping[str, str]) -> bool:
    return (
        selector.metric == metric
        and all(re.fullmatch(value, labels.get(name, "")) for name, value in selector.match.items())
        and not any(re.fullmatch(value, labels.get(name, "")) for name, value in selector.exclude.items())
    )


def _labels(selector: Selector, avoid: Mapping[str, str] | None = None) -> dict[str, str]:
    """Labels of a series that a selector selects, and that the matchers to avoid do not."""
    found = {name: _example(value) for name, value in selector.match.items()}
    for name, value in {**selector.exclude, **(avoid or {})}.items():
        if name not in found or re.fullmatch(value, found[name]):
            found[name] = next(one for one in ("200", "other") if not re.fullmatch(value, one))
    return found


def _example(pattern: str) -> str:
    """A text that a matcher matches: its first choice, with nothing for ``.*`` and a digit for a dot.

    Raises:
        ValueError: for a regular expression that is less plain than that.
    """
    text = pattern.split("|", maxsplit=1)[0].replace(".*", "").replace(".", "0")
    if not re.fullmatch(pattern, text):
        raise ValueError(f"no example is made of the matcher {pattern!r}: expected plain choices with . and .*")
    return text


def _firing(spec: Spec, *severities: str) -> str:
    names = "|".join(alert_name(spec, severity) for severity in severities)
    return f'count(ALERTS{{alertname=~"{names}",alertstate="firing"}}) or vector(0)'


def _case(title: str, series: Sequence[str], checks: Sequence[tuple[int, str, str]], step: int) -> list[str]:
    lines = [f"  - name: {json.dumps(title)}", f"    interval: {step}s", "    input_series:"]
    for one in series:
        name, _, values = one.partition(" ")
        lines += [f"      - series: {json.dumps(name)}", f"        values: {json.dumps(values)}"]
    lines.append("    promql_expr_test:")
    for at, expr, value in checks:
        lines += [f"      - expr: {json.dumps(expr)}", f"        eval_time: {at}s", "        exp_samples:"]
        lines.append(f'          - {{labels: "{{}}", value: {value}}}')
    return lines


def _slo(spec: Spec) -> str:
    return f'{{slo="{spec.name}"}}'


def _written(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _up(moment: int, step: int) -> int:
    """The next moment at which there is a sample."""
    return -(-moment // step) * step
