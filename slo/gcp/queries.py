"""PromQL of burn alerts over raw metrics: with the metrics sidecar alone nothing can be recorded on GCP.

The thresholds, the two windows and the guard against little traffic are those of the recorded rules; events are counted
by ``increase``, slices by looking back in steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from slo.burn import Pair, seconds
from slo.promql import plain, selectors, series
from slo.rules import INTERVAL
from slo.spec import Selector, Slices, Spec

_LOOK = "1m"  # between two looks back at a slice: as often as the sidecar looks at an instance, or half as often


@dataclass(frozen=True)
class _Counts:
    """How many there were in a window, and how many of them were bad; ``failures`` in evaluations of the local rules."""

    total: str
    bad: str
    failures: str

    @property
    def ratio(self) -> str:
        """The bad part; where there was none at all it is NaN, which is over no threshold."""
        return f"{self.bad} / {self.total}"

    @property
    def share(self) -> str:
        """The same where others are added to it: bad ones of which there is no series yet are none."""
        return f"({self.bad} or 0 * {self.total}) / {self.total}"


def burning(spec: Spec, pairs: Sequence[Pair], parts: Mapping[str, Spec]) -> str:
    """What is true while an objective's budget burns too fast in both windows of one of the pairs.

    ``parts`` are the objectives that a composite is made of, by name. The result has one sample without labels, or none.
    """
    return "\nor\n".join(_both(spec, pair, parts) for pair in pairs)


def _both(spec: Spec, pair: Pair, parts: Mapping[str, Spec]) -> str:
    threshold = plain(pair.threshold(spec))
    lines = [f"{_ratio(spec, window, parts)} > {threshold}" for window in (pair.long, pair.short)]
    if spec.sli.composite is None:
        lines.append(f"{_counts(spec, pair.long).failures} >= {spec.alerting.min_failures}")
    return "(\n  " + "\n  and\n  ".join(lines) + "\n)"


def _ratio(spec: Spec, window: str, parts: Mapping[str, Spec]) -> str:
    composite = spec.sli.composite
    if composite is None:
        return _counts(spec, window).ratio
    weighed = [f"{plain(share)} * {_counts(parts[name], window).share}" for name, share in composite.weights.items()]
    return f"({' + '.join(weighed)}) / {plain(sum(composite.weights.values(), Decimal(0)))}"


def _counts(spec: Spec, window: str) -> _Counts:
    """Counts of one objective that is measured by itself.

    Raises:
        ValueError: for a composite.
    """
    sli = spec.sli
    if sli.events is not None:
        bad = _added(sli.events.bad, window)
        return _Counts(_added(sli.events.total, window), bad, bad)
    if sli.latency is not None:
        count, bucket = selectors(spec)
        bad = f"({_added([count], window)} - {_added([bucket], window)})"
        return _Counts(_added([count], window), bad, bad)
    if sli.slices is not None:
        return _slices(sli.slices, series(selectors(spec)[0]), window)
    raise ValueError(f"{spec.name} is made of other objectives and has no events of its own")


def _added(of: Sequence[Selector], window: str) -> str:
    added = " + ".join(f"sum(increase({series(selector)}[{window}]))" for selector in of)
    return added if len(of) == 1 else f"({added})"


def _slices(slices: Slices, gauge: str, window: str) -> _Counts:
    value = f"time() - {gauge}" if slices.age else gauge
    worst = "max" if slices.above is not None else "min"
    value = f"{worst} by ({', '.join(slices.by)}) ({value})" if slices.by else f"({value})"
    limit = slices.above if slices.above is not None else slices.below
    if limit is None:
        raise ValueError(f"{slices.metric} has no limit")
    beyond = ">" if slices.above is not None else "<"
    bad = f"sum(sum_over_time(({value} {beyond} bool {plain(limit)})[{window}:{_LOOK}]))"
    total = f"sum(count_over_time({value}[{window}:{_LOOK}]))"
    return _Counts(total, bad, f"{bad} * {seconds(_LOOK) // INTERVAL}")
