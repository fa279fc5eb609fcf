"""The comparison as a Markdown table: what was so, and what each set of rules made of it."""

import math
from collections.abc import Mapping, Sequence

from slo.comparison.contest import OURS, SLOTH, Verdict
from slo.comparison.scenarios import Scenario
from slo.comparison.sloth import PUBLISHED

MADE_BY = "Made by `python -m slo.comparison`"

_OFF = 0.1  # of the true error ratio: further off is wrong
_MINUTE = 60

_TEXT = """\
# Puerta's rules beside Sloth's

{made_by} ({version}).

{brief}

**Bold is wrong**: an SLI whose error ratio is more than a tenth off, no number where there is one, an alert that was
wanted and did not come, or that came unwanted. Alerts are told by how long after the first bad event, or the last data,
they fired.

## What it says

- **Where there is traffic, both alert at the same times**: windows of hours are read from the counters by both.
- **Sloth's 30-day SLI and budget are a mean of 5-minute ratios unless one asks otherwise**: wrong in both directions when
  traffic changes, and NaN for 30 days after five minutes without a request. With `disableOptimized: true` they are right
  everywhere, a little more exactly than ours; each evaluation then reads 30 days of every raw series, where ours reads
  two records. Who writes `> 0` behind the total query is rid of the NaN too, not of the mean.
- **One failure in a quiet hour alerts with Sloth and not with ours. The price: when a very quiet service is down, ours
  pages later**, once the failures in a window reach `min_failures`, 5 here.
- **When nothing is measured, Sloth has no alert**; ours pages.
- **A page that can never fire is a rule like any other to Sloth**; our specs refuse it when they are read. Neither wakes
  anybody.

Not compared: Sloth's plugin `denominator_corrected_rules`, which weighs failures by traffic so that little traffic makes
less noise, and needs 30 days of history.

## All of it

The objective is `gateway-availability`, 30 days, 99.95 % unless the scenario says another. Each scenario is evaluated
every 30 s from empty counters on and asked at its end. Sloth's rules are made of the same queries by
[sloth.py](sloth.py); of Sloth's own example spec that makes, rule by rule, what Sloth published:
{published}.

{table}

{scenarios}
"""


def report(results: Mapping[Scenario, Mapping[str, Verdict]], version: str) -> str:
    """The whole page."""
    said = [f"- **{scenario.title}**: {scenario.what}" for scenario in results]
    for by_name in results.values():
        said += [
            f"  {name} refuses the page when the spec is read: {v.refused}." for name, v in by_name.items() if v.refused
        ]
    return _TEXT.format(
        made_by=MADE_BY,
        version=version,
        brief=brief(results),
        published=PUBLISHED,
        table=table(results),
        scenarios="\n".join(said),
    )


def table(results: Mapping[Scenario, Mapping[str, Verdict]]) -> str:
    """What was so, and what each made of it, scenario by scenario."""
    lines = [("", "", "SLI", "budget left", "page", "ticket")]
    for scenario, by_name in results.items():
        lines.append((f"**{scenario.title}**", "*the truth*", *_truth(scenario)))
        lines += [("", name, *_told(scenario, verdict)) for name, verdict in by_name.items()]
    return _markdown(lines)


def brief(results: Mapping[Scenario, Mapping[str, Verdict]]) -> str:
    """The budget and the page only, of ours and of Sloth as it comes: a line for each scenario."""
    lines = [("", "budget left", OURS, SLOTH, "page", OURS, SLOTH)]
    for scenario, by_name in results.items():
        _, true, wanted, _ = _truth(scenario)
        (_, ours, our_page, _), (_, theirs, their_page, _) = (_told(scenario, by_name[name]) for name in (OURS, SLOTH))
        lines.append((scenario.title, true, ours, theirs, wanted, our_page, their_page))
    return _markdown(lines)


def _truth(scenario: Scenario) -> tuple[str, str, str, str]:
    ratio = scenario.traffic.error_ratio
    left = None if ratio is None else 1 - ratio / float(1 - scenario.objective / 100)
    wanted = {True: "wanted", False: "unwanted", None: "-"}
    return _percent(_good(ratio), 3), _percent(left, 1), wanted[scenario.page], wanted[scenario.ticket]


def _told(scenario: Scenario, verdict: Verdict) -> tuple[str, str, str, str]:
    """SLI, budget, page and ticket of one set of rules, what is wrong in bold."""
    off = _is_off(verdict.error_ratio, scenario.traffic.error_ratio)
    page = _alert(scenario, verdict.page, verdict.absent, wanted=scenario.page)
    return (
        _marked(_percent(_good(verdict.error_ratio), 3), wrong=off),
        _marked(_percent(verdict.left, 1), wrong=off),
        "refused in the spec" if verdict.refused else page,
        _alert(scenario, verdict.ticket, None, wanted=scenario.ticket),
    )


def _is_off(said: float | None, true: float | None) -> bool:
    if said is None or true is None:
        return said is not true
    return math.isnan(said) or abs(said - true) > _OFF * true


def _alert(scenario: Scenario, burn: float | None, absent: float | None, *, wanted: bool | None) -> str:
    fired = [moment for moment in (burn, absent) if moment is not None]
    if not fired:
        return _marked("silent", wrong=wanted is True)
    minutes = (min(fired) - scenario.traffic.trouble) / _MINUTE
    how = " (not measured)" if burn is None else ""
    return _marked(f"{minutes:.1f} min{how}", wrong=wanted is False)


def _good(ratio: float | None) -> float | None:
    return None if ratio is None else 1 - ratio


def _percent(ratio: float | None, digits: int) -> str:
    if ratio is None:
        return "-"
    return "NaN" if math.isnan(ratio) else f"{ratio * 100:,.{digits}f} %"


def _marked(text: str, *, wrong: bool) -> str:
    return f"**{text}**" if wrong else text


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    ruled = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in ruled)
