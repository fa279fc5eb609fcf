"""How the objectives stand, as a Prometheus that evaluates their rules knows it."""

import json
import math
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.error import URLError

from slo.burn import seconds
from slo.rules import BAD, TOTAL, events_in, period
from slo.spec import Spec

BURN_WINDOWS = ("1h", "6h", "3d")

Verdict = Literal["healthy", "burning", "exhausted", "no data"]
Ask = Callable[[str], list[dict[str, Any]]]  # PromQL in, the instant vector of its answer out


class StatusError(RuntimeError):
    """A Prometheus that does not answer as one does."""


@dataclass(frozen=True)
class Status:
    """One objective, now. Ratios are parts of 1, times are seconds; None is what nobody knows."""

    name: str
    objective: float
    sli: float | None
    budget_left: float | None
    budget_left_events: float | None
    burn_rates: dict[str, float | None]
    exhausted_in_seconds: float | None
    firing: tuple[str, ...]
    verdict: Verdict


def prometheus(url: str, timeout: float = 10.0) -> Ask:
    """Asks a Prometheus for an instant vector (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

    def ask(query: str) -> list[dict[str, Any]]:
        where = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(where, timeout=timeout) as answer:  # noqa: S310 - the address is the caller's own
                result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        except (URLError, OSError, ValueError, KeyError) as error:
            raise StatusError(f"{url}: no answer of a Prometheus to {query}: {error}") from error
        return result

    return ask


def statuses(specs: Iterable[Spec], ask: Ask) -> list[Status]:
    """How every objective stands.

    Raises:
        StatusError: if the Prometheus does not answer.
    """
    return [_status(spec, ask) for spec in specs]


def _status(spec: Spec, ask: Ask) -> Status:
    def value(query: str) -> float | None:
        found = ask(query)
        number = float(found[0]["value"][1]) if found else math.nan
        return None if math.isnan(number) else number

    own = f'{{slo="{spec.name}"}}'
    whole = period(spec)
    error = value(f"slo:sli_error:ratio_rate{whole}{own}")
    left = value(f"slo:period_error_budget_remaining:ratio{own}")
    events = None
    if spec.sli.composite is None:
        allowed = f"{spec.budget} * {events_in(spec, TOTAL, whole)} - {events_in(spec, BAD, whole)}"
        events = value(allowed)
    burns = {window: value(f"slo:sli_error:ratio_rate{window}{own} / {spec.budget}") for window in BURN_WINDOWS}
    firing = ask(f'ALERTS{{alertstate="firing",slo="{spec.name}"}}')
    names = tuple(sorted({series["metric"]["alertname"] for series in firing}))
    return Status(
        name=spec.name,
        objective=float(spec.ratio),
        sli=None if error is None else 1 - error,
        budget_left=left,
        budget_left_events=events,
        burn_rates=burns,
        exhausted_in_seconds=_exhausted_in(left, burns["1h"], seconds(whole)),
        firing=names,
        verdict=_verdict(left, names),
    )


def _exhausted_in(left: float | None, burn: float | None, whole: int) -> float | None:
    """Seconds until nothing is left at the last hour's pace: what is left x period / burn rate."""
    if left is None or not burn or burn <= 0:
        return None
    return max(0.0, left) * whole / burn


def _verdict(left: float | None, firing: Sequence[str]) -> Verdict:
    if left is None:
        return "no data"
    if left <= 0:
        return "exhausted"
    return "burning" if firing else "healthy"


def allows_release(found: Iterable[Status], least: Decimal) -> bool:
    """The error-budget gate: everything is known, and more than ``least`` of every budget is left."""
    return all(one.budget_left is not None and one.budget_left > least for one in found)


HEAD = ("objective", "target", "SLI", "budget left", "in events", "burn 1h", "6h", "3d", "gone in", "verdict")


def rows(found: Iterable[Status]) -> list[tuple[str, ...]]:
    """One line an objective, for people; a dash is what nobody knows."""
    return [
        (
            one.name,
            f"{one.objective:.2%}",
            _text(one.sli, "{:.3%}"),
            _text(one.budget_left, "{:.1%}"),
            _text(one.budget_left_events, "{:,.0f}"),
            *(_text(one.burn_rates[window], "{:.2f}") for window in BURN_WINDOWS),
            _duration(one.exhausted_in_seconds),
            one.verdict + (f": {', '.join(one.firing)}" if one.firing else ""),
        )
        for one in found
    ]


def document(found: Iterable[Status]) -> str:
    """The same as JSON."""
    return json.dumps([asdict(one) for one in found], indent=2)


def _text(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _duration(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value / 86_400:.1f} d" if value >= 86_400 else f"{value / 3600:.1f} h"  # noqa: PLR2004 - a day
