"""Burns: for every pair of windows that can be the first to see one, an alert at the computed time."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from slo.burn import Pair
from slo.promql import plain
from slo.proofs.case import BUSY, Case, Check, Subject
from slo.proofs.inputs import Phase
from slo.rules import INTERVAL, reads_counters

_NEVER = 10**9  # seconds
_CALM = "1d"  # before a burn, at most: three days of calm prove no more and take promtool minutes
_STRENGTHS = (Decimal(4), Decimal(2))  # times a threshold: weak enough to be seen coming


def burns(subject: Subject, severity: str, step: int) -> Iterator[Case]:
    """Calm, a burn, and calm again.

    The burn lasts so much longer than it takes the alert to fire that the long window is still over its threshold after
    the second calm: it is the short one that ends the alert.
    """
    spec, pace = subject.spec, subject.pace
    pairs = subject.windows.pairs(spec, severity)
    calm = min(pace.seconds(_CALM), max(pace.seconds(pair.long) for pair in pairs))
    rest = max(pace.seconds(pair.short) for pair in pairs) + 2 * subject.lag
    for ratio, pair, after in _first_seen(subject, pairs, calm, step):
        lasting = _up(after + after * rest // calm + 2 * subject.lag, step)
        bad = Phase(lasting, BUSY, ratio / subject.worst)
        phases = [Phase(_up(calm, step), BUSY), bad, Phase(_up(rest, step), BUSY)]
        checks = [
            # 2 % for the first sample; a rate is extrapolated to both ends of its window, which is worth two more
            Check(_up(calm + after - after // 50, step) - 2 * step, subject.firing(severity), 0),
            Check(_up(calm + after + subject.lag, step), subject.firing(severity), 1),
            Check(_up(calm + lasting + rest, step), subject.firing(severity), 0),
        ]
        title = (
            f"{severity}: after {calm} s without an error, an error ratio of {plain(ratio)} is over "
            f"{plain(pair.threshold(spec))} of {pair.long} in {after} s: it fires then, once, and is silent after recovery"
        )
        yield Case(title, subject.series(phases, step), checks, step)


def fires_after(subject: Subject, pair: Pair, ratio: Decimal, calm: int, step: int) -> int:
    """Seconds of an error ratio until a pair alerts, where there was nothing but so many calm seconds before.

    While the long window is not full yet, all that there is counts: bad / (calm + bad) > threshold. And there have to be
    as many failures as the guard against little traffic asks for; of days, it takes a sample for ``INTERVAL`` seconds of a rate.
    """
    spec, threshold = subject.spec, pair.threshold(subject.spec)
    if threshold >= ratio:
        return _NEVER
    after = threshold * calm / (ratio - threshold)
    long = subject.pace.seconds(pair.long)
    burnt = after if calm + after <= long else threshold / ratio * long
    if spec.sli.composite is not None:
        return int(burnt)
    if spec.sli.slices is not None:  # the first bad one is there at once
        burnt, enough = burnt - step, Decimal(spec.alerting.min_failures - 1) * step
    else:
        enough = spec.alerting.min_failures / (BUSY * ratio)
        if not reads_counters(spec, pair.long):
            enough *= Decimal(step) / subject.pace.step(INTERVAL)
    return int(max(enough, burnt))


def _first_seen(subject: Subject, pairs: Sequence[Pair], calm: int, step: int) -> Sequence[tuple[Decimal, Pair, int]]:
    """Error ratios with the pair that sees each first, and after how many seconds; the weakest for every such pair."""
    found: dict[Pair, tuple[Decimal, Pair, int]] = {}
    strengths = (
        {subject.worst}
        if subject.slices
        else {min(subject.worst, strength * pair.threshold(subject.spec)) for pair in pairs for strength in _STRENGTHS}
    )
    for ratio in sorted(strengths, reverse=True):
        times = [(fires_after(subject, pair, ratio, calm, step), pair) for pair in pairs]
        times.sort(key=lambda one: one[0])
        after, pair = times[0]
        if after < _NEVER and (pair not in found or len(times) == 1 or times[1][0] - after > subject.lag):
            found[pair] = ratio, pair, after
    return tuple(found.values())


def _up(moment: int, step: int) -> int:
    """The next moment at which there is a sample."""
    return -(-moment // step) * step
