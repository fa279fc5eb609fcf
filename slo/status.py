"""How the objectives stand, as a Prometheus that evaluates their rules knows it."""

import json
import math
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from http.client import HTTPException
from typing import Annotated, Literal
from urllib.error import HTTPError

import msgspec
from msgspec import Meta

from slo import month
from slo.pace import REAL, Pace
from slo.policy import Policies, Policy, Release
from slo.promql import plain
from slo.rules import TOTAL, alert_name, events_left, ratio_record
from slo.spec import Spec

BURN_WINDOWS = ("1h", "6h", "3d")

Verdict = Literal["healthy", "burning", "exhausted", "no data"]


class Sample(msgspec.Struct, frozen=True):
    """One series of an instant vector: its labels, and a time in seconds with its value as Prometheus writes it."""

    metric: dict[str, str]
    value: tuple[float, Annotated[str, Meta(pattern=r"^([+-]?Inf|NaN|[+-]?[0-9.]+(e[+-]?[0-9]+)?)$")]]

    @property
    def number(self) -> float:
        """The value; NaN and infinity among them."""
        return float(self.value[1])


Ask = Callable[[str], Sequence[Sample]]  # PromQL in, the instant vector of its answer out


class _Vector(msgspec.Struct, frozen=True):
    type: Literal["vector"] = msgspec.field(name="resultType")
    result: tuple[Sample, ...]


class _Answer(msgspec.Struct, frozen=True):
    status: Literal["success", "error"]
    data: _Vector | None = None
    error: str = "no data"


class StatusError(RuntimeError):
    """A Prometheus that does not answer as one does."""


@dataclass(frozen=True)
class Status:
    """One objective, now. Ratios are parts of 1, times are seconds; None is what nobody knows.

    ``measured`` is whether there are data of it now; of a composite, of all its parts. ``level`` is that of the
    objective's policy, with the ``releases`` that it allows where it is ``about`` them.
    """

    name: str
    objective: float
    sli: float | None
    budget_left: float | None
    budget_left_events: float | None
    burn_rates: dict[str, float | None]
    exhausted_in_seconds: float | None
    firing: tuple[str, ...]
    measured: bool
    verdict: Verdict
    about: str
    level: str | None
    consequence: str | None
    releases: tuple[Release, ...]


def prometheus(url: str, timeout: float = 10.0) -> Ask:
    """Asks a Prometheus for an instant vector (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

    def ask(query: str) -> Sequence[Sample]:
        where = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            return read_answer(_fetched(where, timeout))
        except (OSError, HTTPException, ValueError, StatusError) as error:
            raise StatusError(f"{url}: no answer of a Prometheus to {query}: {error}") from error

    return ask


def read_answer(body: bytes) -> Sequence[Sample]:
    """The instant vector of an answer.

    Raises:
        StatusError: in a Prometheus' own words, if it refuses.
        ValueError: if this is no such answer.
    """
    answer = msgspec.json.decode(body, type=_Answer)
    if answer.data is None:
        raise StatusError(answer.error)
    return answer.data.result


def _fetched(where: str, timeout: float) -> bytes:
    try:
        with urllib.request.urlopen(where, timeout=timeout) as answer:  # noqa: S310 - the address is the caller's own
            return bytes(answer.read())
    except HTTPError as error:
        if "json" not in error.headers.get("Content-Type", ""):
            raise
        return error.read()  # what is wrong, in words


def statuses(specs: Iterable[Spec], ask: Ask, policies: Policies, pace: Pace = REAL) -> list[Status]:
    """How every objective stands, at the pace of the rules that this Prometheus evaluates.

    Raises:
        StatusError: if the Prometheus does not answer.
    """
    return [_status(spec, ask, policies[spec.policy], pace) for spec in specs]


def _status(spec: Spec, ask: Ask, policy: Policy, pace: Pace) -> Status:
    def value(query: str) -> float | None:
        number = next((sample.number for sample in ask(query)), math.nan)
        return number if math.isfinite(number) else None

    own = f'{{slo="{spec.name}"}}'
    error = value(f"{ratio_record(spec.window)}{own}")
    left = value(f"slo:period_error_budget_remaining:ratio{own}")
    events = None if spec.sli.composite is not None else value(events_left(spec, pace))
    burns = {window: value(f"{ratio_record(window)}{own} / {plain(spec.budget)}") for window in BURN_WINDOWS}
    gone = _exhausted_in(left, burns["1h"], value(f"slo:time_period:days{own}"))
    if gone is not None and spec.window == "month" and gone > (value(month.LEFT) or 0):
        gone = None  # by then the budget is full again
    level = None if left is None else policy.level(left)
    firing = ask(f'ALERTS{{alertstate="firing",slo="{spec.name}"}}')
    names = tuple(sorted({sample.metric["alertname"] for sample in firing}))
    burning = any(alert_name(spec, severity) in names for severity in spec.alerting.severities)
    parts = spec.sli.composite.weights if spec.sli.composite is not None else (spec.name,)
    measured = value(f'count({TOTAL}{{slo=~"{"|".join(parts)}"}})') == len(parts)
    return Status(
        name=spec.name,
        objective=float(spec.ratio),
        sli=None if error is None else 1 - error,
        budget_left=left,
        budget_left_events=events,
        burn_rates=burns,
        exhausted_in_seconds=gone,
        firing=names,
        measured=measured,
        verdict=_verdict(left, burning=burning, measured=measured),
        about=policy.about,
        level=None if level is None else level.name,
        consequence=None if level is None else level.text,
        releases=() if level is None else level.allows,
    )


def _exhausted_in(left: float | None, burn: float | None, days: float | None) -> float | None:
    """Seconds until nothing is left at the last hour's pace: what is left x period / burn rate."""
    if left is None or days is None or not burn or burn <= 0:
        return None
    return max(0.0, left) * days * 86_400 / burn


def _verdict(left: float | None, *, burning: bool, measured: bool) -> Verdict:
    """As the dashboards have it: what is not measured now is not healthy, however much was left of its budget."""
    if left is None:
        return "no data"
    if left <= 0:
        return "exhausted"
    if burning:
        return "burning"
    return "healthy" if measured else "no data"


def refusals(found: Iterable[Status], least: Decimal, kind: Release | None = None) -> list[str]:
    """Why a release has to wait, in words: the error-budget gate, by the objectives whose policy is about releases.

    Of each of them more than ``least`` of the budget must be left, and its policy must allow this kind of release; where
    nobody knows what is left, or it is not measured now, nothing is released.
    """
    said = []
    for one in found:
        if one.about != "releases":
            continue
        if one.budget_left is None:
            said.append(f"{one.name}: nobody knows what is left of its budget")
        elif not one.measured:
            said.append(f"{one.name}: it is not measured now, whatever was left of its budget")
        elif one.budget_left <= least:
            said.append(f"{one.name}: {one.budget_left:.1%} of its budget is left, expected more than {least:.1%}")
        elif kind is not None and kind not in one.releases:
            said.append(f"{one.name}: {one.budget_left:.1%} of its budget is left ({one.level}): {one.consequence}")
    return said


HEAD = ("objective", "target", "SLI", "budget left", "in events", "burn 1h", "6h", "3d", "gone in", "policy", "verdict")


def rows(found: Iterable[Status]) -> list[tuple[str, ...]]:
    """One line an objective, for people; a dash is what nobody knows."""
    return [
        (
            one.name,
            f"{one.objective * 100:.10g}%",
            _text(one.sli, "{:.3%}"),
            _text(one.budget_left, "{:.1%}"),
            _text(one.budget_left_events, "{:,.0f}"),
            *(_text(one.burn_rates[window], "{:.2f}") for window in BURN_WINDOWS),
            _duration(one.exhausted_in_seconds),
            one.level or "-",
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
