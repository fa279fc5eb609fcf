"""PromQL of panels: every selector is held to the dashboard's jobs and instances, and nothing is ever NaN.

An idle ratio has no events to divide by: it is empty and shown as "no data", neither 0 nor 100 %.
"""

from slo.spec import Selector

RANGE = "$__rate_interval"
SCOPE = 'job=~"$job",instance=~"$instance"'


def of(metric: str, *matchers: str) -> str:
    """The series of a metric, at the chosen jobs and instances."""
    return f"{metric}{{{','.join((SCOPE, *matchers))}}}"


def rate(metric: str, *matchers: str, by: str = "") -> str:
    """Events a second of a counter, added up; by labels, or all of them."""
    return f"{_sum(by)}(rate({of(metric, *matchers)}[{RANGE}]))"


def increase(metric: str, *matchers: str, by: str = "", window: str = RANGE) -> str:
    """Events of a counter in a window, added up."""
    return f"{_sum(by)}(increase({of(metric, *matchers)}[{window}]))"


def lately(metric: str, *matchers: str, by: str = "", window: str = "1h") -> str:
    """Events of a counter in a long window, of those instances that answer now: of the others nobody knows."""
    return f"{_sum(by)}(increase({of(metric, *matchers)}[{window}]) and on (job, instance) ({of('up')} == 1))"


def ratio(part: str, whole: str, on: str = "") -> str:
    """A part of a whole; nothing where there is no whole."""
    matching = f"on ({on}) " if on else ""
    return f"{part} / {matching}({whole} > 0)"


def share(bad: str, every: str, on: str = "") -> str:
    """The bad part of some events: 0 where no series of bad ones is there yet, nothing where there was no event."""
    return ratio(f"({bad} or 0 * {every})", every, on)


def quantile(part: float, histogram: str, *matchers: str, by: str = "") -> str:
    """A quantile of a histogram's observations, such as 0.9 of the requests; nothing where there was none.

    ``histogram_quantile`` is NaN without observations, and NaN is not >= 0.
    """
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({part:g}, {rate(f'{histogram}_bucket', *matchers, by=labels)}) >= 0"


def mean(histogram: str, *matchers: str, by: str = "") -> str:
    """The mean of a histogram's observations; nothing where there was none."""
    return ratio(rate(f"{histogram}_sum", *matchers, by=by), rate(f"{histogram}_count", *matchers, by=by), on=by)


def rate_of(selector: Selector, by: str = "") -> str:
    """Events a second of what a spec's selector counts."""
    return rate(selector.metric, *matchers(selector), by=by)


def matchers(selector: Selector) -> tuple[str, ...]:
    """The matchers of a spec's selector."""
    kept = [f'{name}{"=" if name == "le" else "=~"}"{_quoted(value)}"' for name, value in selector.match.items()]
    return (*kept, *(f'{name}!~"{_quoted(value)}"' for name, value in selector.exclude.items()))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
