"""PromQL of an SLI: how many events there are and how many of them are bad, for each second or at each evaluation."""

from collections.abc import Mapping
from decimal import Decimal

from slo.spec import Latency, Selector, Slices, Spec

RATE = "5m"  # the window of the level from which everything else is summed up


def plain(number: Decimal) -> str:
    """A decimal as one writes it: no exponent, no digits that say nothing."""
    return f"{number.normalize():f}"


def bound(number: Decimal) -> str:
    """A bucket's bound as Python's Prometheus client writes it: 1.0, never 1."""
    return str(float(number))


def total(spec: Spec, window: str = RATE) -> str:
    """All events a second, or all slices.

    Raises:
        ValueError: for a composite, which has no events of its own.
    """
    sli = spec.sli
    if sli.events is not None:
        return _added(sli.events.total, window)
    if sli.latency is not None:
        return f"sum(rate({series(_count(sli.latency))}[{window}]))"
    if sli.slices is not None:
        return f"count({_value(sli.slices)})"
    raise ValueError(f"{spec.name} is made of other objectives and has no events of its own")


def bad(spec: Spec, window: str = RATE) -> str:
    """The bad ones of them. Where no series of bad events is there yet, there are none: 0, as long as there is a total.

    Raises:
        ValueError: for a composite, which has no events of its own.
    """
    sli = spec.sli
    if sli.events is not None:
        return f"({_added(sli.events.bad, window)}) or on () 0 * ({total(spec, window)})"
    if sli.latency is not None:
        within = _bucket(sli.latency)
        return f"{total(spec, window)} - sum(rate({series(within)}[{window}]))"
    if sli.slices is not None:
        return f"sum(({_value(sli.slices)}) {_limit(sli.slices)})"
    raise ValueError(f"{spec.name} is made of other objectives and has no events of its own")


def absent(spec: Spec) -> str:
    """Fires where what the objective is measured by is not there at all."""
    slices = spec.sli.slices
    presence = slices.presence if slices is not None else None
    return f"absent({series(presence or selectors(spec)[0])})"


def selectors(spec: Spec) -> tuple[Selector, ...]:
    """Every selector that an objective is measured by, those of all events first."""
    sli = spec.sli
    if sli.events is not None:
        return (*sli.events.total, *sli.events.bad)
    if sli.latency is not None:
        return (_count(sli.latency), _bucket(sli.latency))
    if sli.slices is not None:
        own = sli.slices.selector
        return (own,) if sli.slices.presence is None else (own, sli.slices.presence)
    return ()


def _added(selectors: tuple[Selector, ...], window: str) -> str:
    return " + ".join(f"sum(rate({series(selector)}[{window}]))" for selector in selectors)


def _count(latency: Latency) -> Selector:
    return Selector(metric=f"{latency.histogram}_count", match=latency.match, exclude=latency.exclude)


def _bucket(latency: Latency) -> Selector:
    match = {**latency.match, "le": bound(latency.threshold)}
    return Selector(metric=f"{latency.histogram}_bucket", match=match, exclude=latency.exclude)


def _value(slices: Slices) -> str:
    """What is compared with the limit: each series, or its age, or the worst of those that belong together."""
    value = series(slices.selector)
    if slices.age:
        value = f"time() - {value}"
    if slices.by:
        return f"{'max' if slices.above is not None else 'min'} by ({', '.join(slices.by)}) ({value})"
    return value


def _limit(slices: Slices) -> str:
    if slices.above is not None:
        return f"> bool {plain(slices.above)}"
    return f"< bool {plain(slices.below or Decimal(0))}"


def series(selector: Selector) -> str:
    """A selector as PromQL writes it."""
    matchers = [*_matchers(selector.match, "="), *_matchers(selector.exclude, "!")]
    return selector.metric + (f"{{{','.join(matchers)}}}" if matchers else "")


def _matchers(labels: Mapping[str, str], sign: str) -> list[str]:
    """A plain value is compared, anything else is a regular expression, which Prometheus anchors at both ends."""
    found = []
    for name, value in labels.items():
        simple = value.replace("_", "").replace(".", "").replace("-", "").isalnum() and (
            name == "le" or "." not in value
        )
        operator = {"=": "=" if simple else "=~", "!": "!=" if simple else "!~"}[sign]
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        found.append(f'{name}{operator}"{escaped}"')
    return found
