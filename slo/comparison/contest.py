"""Every scenario through every set of rules."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec

from slo.burn import Windows
from slo.comparison import sloth
from slo.comparison.promtool import Case, ask
from slo.comparison.scenarios import Scenario, Traffic
from slo.promql import total
from slo.reading import SpecError, read_specs
from slo.rendering import rules_file
from slo.rules import INTERVAL, Group, alert_name, groups
from slo.spec import Events, Sli, Spec

NAME = "gateway-availability"
OURS, SLOTH, EXACT = "Puerta", "Sloth", "Sloth, `disableOptimized`"

_GOOD = 'gateway_requests_total{code="200",route="predict"}'
_BAD = 'gateway_requests_total{code="503",route="predict"}'
_OTHER = 'up{job="other"}'


@dataclass(frozen=True)
class Verdict:
    """What one set of rules made of a scenario: ratios, and the seconds at which alerts fired first; None is nothing.

    ``refused`` is why an alert that the scenario asks for can't be written.
    """

    error_ratio: float | None
    left: float | None
    page: float | None
    ticket: float | None
    absent: float | None
    refused: str = ""


def verdicts(scenario: Scenario, room: Path, windows: Windows, program: str) -> dict[str, Verdict]:
    """What each set of rules says at the end of a scenario."""
    spec, refused = _read(room / "specs" / f"{NAME}.yaml", scenario.objective, windows)
    theirs = objective(spec)
    made = {
        OURS: (groups(spec, windows), refused),
        SLOTH: (sloth.groups(theirs), ""),
        EXACT: (sloth.groups(theirs, optimized=False), ""),
    }
    return {name: verdict(spec, rules, scenario.traffic, program, why) for name, (rules, why) in made.items()}


def verdict(spec: Spec, made: Sequence[Group], traffic: Traffic, program: str, refused: str = "") -> Verdict:
    """What rules that were made for an objective say at the end of some traffic."""
    series: dict[str, Sequence[int]] = {_OTHER: [1] * (traffic.seconds // INTERVAL + 1)}
    if traffic.good:
        series |= {_GOOD: traffic.good, _BAD: traffic.bad}
    case = Case(rules_file(spec, tuple(made)), [group.name for group in made], series, traffic.seconds)
    own = f'{{sloth_slo="{spec.name}"}}'
    absent = f"{alert_name(spec, '').removesuffix('Budget')}Absent"
    answers = ask(
        program,
        case,
        {
            "error_ratio": f"sum(slo:sli_error:ratio_rate30d{own})",
            "left": f"sum(slo:period_error_budget_remaining:ratio{own})",
            "page": _first('sloth_severity="page"', traffic),
            "ticket": _first('sloth_severity="ticket"', traffic),
            "absent": _first(f'alertname="{absent}"', traffic),
        },
    )
    return Verdict(**answers, refused=refused)


def objective(spec: Spec) -> sloth.Objective:
    """The same objective as Sloth's spec would say it.

    Raises:
        ValueError: where it is none of events.
    """
    events = spec.sli.events
    if events is None:
        raise ValueError(f"{spec.name} is not measured by events")
    failures = msgspec.structs.replace(spec, sli=Sli(events=Events(total=events.bad, bad=events.bad)))
    return sloth.Objective(
        service=spec.service,
        name=spec.name,
        percent=float(spec.objective),
        error_query=total(failures, "{{.window}}"),
        total_query=total(spec, "{{.window}}"),
        alert="GatewayAvailability",
    )


def _read(path: Path, objective: Decimal, windows: Windows) -> tuple[Spec, str]:
    """The spec with another objective, read as any spec is; without its page, and why, where that is refused."""
    text = _replaced(path.read_text(encoding="utf-8"), "objective: 99.95", f"objective: {objective}")
    try:
        return _parsed(text, path.name, windows), ""
    except SpecError as error:
        text = _replaced(text, "[page, ticket]", "[ticket]")
        return _parsed(text, path.name, windows), str(error).rpartition("alerting.severities: ")[2]


def _parsed(text: str, name: str, windows: Windows) -> Spec:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_text(text, encoding="utf-8")
        return read_specs(Path(folder), windows)[0]


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"the spec has no {old!r}")
    return text.replace(old, new)


def _first(matcher: str, traffic: Traffic) -> str:
    fired = f'timestamp(ALERTS{{alertstate="firing",{matcher}}})'
    return f"min(min_over_time({fired}[{traffic.seconds + INTERVAL}s:{INTERVAL}s]))"
