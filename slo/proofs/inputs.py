"""What goes into a promtool test: series of an objective whose good and bad parts are known.

The notation is promtool's (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from slo.promql import bound, plain, selectors
from slo.proofs.labels import good, selected, selects
from slo.spec import Events, Latency, Selector, Slices, Spec


@dataclass(frozen=True)
class Phase:
    """Some time with so many events a second, a part of them bad; without events nothing happens, or is there."""

    seconds: int
    events: Decimal
    bad: Decimal = Decimal(0)


def series(spec: Spec, phases: Sequence[Phase], step: int) -> list[str]:
    """The series of an objective that is no composite, with a sample every ``step`` seconds.

    Raises:
        ValueError: for an objective that is measured by nothing itself.
    """
    sli = spec.sli
    if sli.events is not None:
        return _events(sli.events, phases, step)
    if sli.latency is not None:
        return _latency(sli.latency, phases, step)
    if sli.slices is not None:
        return _slice_series(sli.slices, phases, step)
    raise ValueError(f"{spec.name} is measured by nothing itself")


def _slice_series(slices: Slices, phases: Sequence[Phase], step: int) -> list[str]:
    own = selected(slices.selector)
    lines = [f"{slices.metric}{_written(own)} {_slices(slices, phases, step)}"]
    if slices.by:  # beside it one that is always well, and must not make it look better
        well = [replace(phase, bad=Decimal(0)) for phase in phases]
        lines.append(f"{slices.metric}{_written({**own, 'beside': 'well'})} {_slices(slices, well, step)}")
    return [*lines, *presence(slices, phases, step)]


def presence(slices: Slices, phases: Sequence[Phase], step: int) -> list[str]:
    """The series that is there even where slices may be missing."""
    if slices.presence is None:
        return []
    return [f"{_named(slices.presence)} 1x{sum(phase.seconds for phase in phases) // step - 1}"]


def never(spec: Spec, length: int, step: int) -> list[str]:
    """A time that is still 0, for so many seconds."""
    return [f"{_own(spec)} 0x{length // step - 1}"]


def _own(spec: Spec) -> str:
    return _named(selectors(spec)[0])


def _named(selector: Selector) -> str:
    return f"{selector.metric}{_written(selected(selector))}"


def _slices(slices: Slices, phases: Sequence[Phase], step: int) -> str:
    """A gauge at its limit while all is well, and one beyond it while it is not."""
    limit = slices.above if slices.above is not None else slices.below or Decimal(0)
    beyond = limit + (1 if slices.above is not None else -1)
    begin, pieces = 0, []
    for number, phase in enumerate(phases):
        count = phase.seconds // step + (number == len(phases) - 1)  # still there when the last phase is over
        value = beyond if phase.bad else limit
        first, more = (f"{plain(begin - value)}+{step}", "") if slices.age else (plain(value), "")
        if not phase.events:
            first, more, count = "_", "stale ", count - 1
        pieces.append(f"{more}{first}x{count if first == '_' else count - 1}")
        begin += phase.seconds
    return " ".join(pieces)


def _latency(latency: Latency, phases: Sequence[Phase], step: int) -> list[str]:
    own = selected(latency.selector)
    within = {**own, "le": bound(latency.threshold)}
    return [
        f"{latency.histogram}_count{_written(own)} {_counter(phases, step, good=True, bad=True)}",
        f"{latency.histogram}_bucket{_written(within)} {_counter(phases, step, good=True, bad=False)}",
    ]


def _events(events: Events, phases: Sequence[Phase], step: int) -> list[str]:
    bad = events.bad[0]
    labels = selected(bad)
    counted = any(selects(total, bad.metric, labels) for total in events.total)
    return [
        f"{events.total[0].metric}{_written(good(events))} {_counter(phases, step, good=True, bad=not counted)}",
        f"{bad.metric}{_written(labels)} {_counter(phases, step, good=False, bad=True)}",
    ]


def _counter(phases: Sequence[Phase], step: int, *, good: bool, bad: bool) -> str:
    """A counter, one piece a phase; it goes on where the last one ended."""
    value, pieces = Decimal(0), []
    for phase in phases:
        count = phase.seconds // step
        added = phase.events * step * ((1 - phase.bad if good else 0) + (phase.bad if bad else 0))
        pieces.append(f"{plain(value + added)}+{plain(added)}x{count - 1}" if count > 1 else plain(value + added))
        value += added * count
    return " ".join(pieces)


def _written(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""
