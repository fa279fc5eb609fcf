"""PromQL of what the newest report of drift and quality says, and of whether it can still be believed."""

from dashboards.limits import Limits
from dashboards.palette import BROKEN, HEALTHY, NOTICE, UNKNOWN, State
from dashboards.promql import of

MODEL = 'model=~"$model"'
WINDOW = 'window=~"$window"'
VIEW = 'view=~"$view"'

DRIFT = (
    State(0, "not known", UNKNOWN),
    State(1, "no drift", HEALTHY),
    State(2, "some drift", NOTICE),
    State(3, "drift", BROKEN),
)
QUALITY = (State(0, "not known", UNKNOWN), State(1, "good", HEALTHY), State(2, "low", BROKEN))


def age() -> str:
    """Seconds since the newest report that was written whole."""
    return f"time() - max({of('drift_last_success_timestamp_seconds')})"


def age_once_written() -> str:
    """The same, but nothing as long as there is no report: a chart of years says little of hours."""
    return f"time() - (max({of('drift_last_success_timestamp_seconds')}) > 0)"


def believed(expr: str, limits: Limits) -> str:
    """An expression's values as long as the newest report is young enough."""
    return f"{expr} and on () ({age()} < {limits.above('drift-freshness'):.0f})"


def drift_verdicts(*matchers: str) -> str:
    """One of ``DRIFT`` for each model and window."""
    return _one_hot("drift_verdict", {"insufficient_data": 0, "none": 1, "warn": 2, "alert": 3}, VIEW, *matchers)


def quality_verdicts(*matchers: str) -> str:
    """One of ``QUALITY`` for each model and window."""
    return _one_hot("quality_verdict", {"not_enough_labels": 0, "good": 1, "low": 2}, *matchers)


def _one_hot(metric: str, numbers: dict[str, int], *matchers: str) -> str:
    """A verdict as one number: of its series, one for each thing that it may say, one is 1 and the others are 0."""
    said = {number: f'verdict="{verdict}"' for verdict, number in numbers.items()}
    terms = [f"{number} * {of(metric, MODEL, *matchers, verdict)}" for number, verdict in said.items()]
    return f"sum by (model, version, window) ({' or '.join(terms)})"
