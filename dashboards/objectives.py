"""PromQL of how objectives stand, from the records of their rules; of all of them, or of the chosen one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.palette import BROKEN, HEALTHY, NEUTRAL, NOTICE, UNKNOWN, WARNING, State, Step, rising
from slo import month
from slo.burn import Windows
from slo.policy import Policies
from slo.promql import plain
from slo.rules import TOTAL, events_left, ratio_record
from slo.spec import Spec

NOT_YET = 1_000_000_000  # seconds: longer than the period will last

VERDICTS = (
    State(0, "no data", UNKNOWN),
    State(1, "healthy", HEALTHY),
    State(2, "burning", WARNING),
    State(3, "exhausted", BROKEN),
)
ALERTS = (State(0, "none", UNKNOWN), State(1, "ticket", WARNING), State(2, "page", BROKEN))
EVENTS_STEPS = (Step(-1e15, BROKEN), Step(0, NEUTRAL))  # how many are few, the budget's part tells
GONE_STATES = (State(0, "exhausted", BROKEN), State(NOT_YET, "not in this period", HEALTHY))
GONE_STEPS = (Step(0, BROKEN), Step(86_400, WARNING), Step(7 * 86_400, NOTICE))

SHOWN_BURNS = ("1h", "6h", "3d")
_SCOPE = "<scope>"


@dataclass(frozen=True)
class Objectives:
    """Expressions over the objectives that ``chosen`` selects, such as ``slo="latency"``; each answers by label slo."""

    specs: Sequence[Spec]
    windows: Windows
    policies: Policies
    chosen: str = ""

    def of(self, record: str) -> str:
        """A record of the objectives."""
        return f"{record}{{{self.chosen}}}" if self.chosen else record

    def by_slo(self, expr: str) -> str:
        """Only the label that names the objective."""
        return f"max by (slo) ({expr})"

    def known(self, expr: str) -> str:
        """An expression's values for the objectives that are measured now: a budget of yesterday is no news of today."""
        return f"({expr}) and on (slo) ({self.measured})"

    @property
    def left(self) -> str:
        """What is left of the budget, a part of 1; below 0 the objective is missed."""
        return self.by_slo(self.of("slo:period_error_budget_remaining:ratio"))

    @property
    def left_events(self) -> str:
        """How many more events may be bad in the period; one expression for all objectives that count alike."""
        alike: dict[str, list[str]] = {}
        for spec in self._with(composite=False):
            own, budget = f'slo="{spec.name}"', f"{plain(spec.budget)} * "
            text = events_left(spec).replace(budget, f"slo:error_budget:ratio{{{own}}} * ", 1).replace(own, _SCOPE)
            alike.setdefault(text, []).append(spec.name)
        parts = [text.replace(_SCOPE, self._scope(names)) for text, names in alike.items()]
        return f"{self.by_slo(' or '.join(f'({part})' for part in parts))} and on (slo) {self.left}"

    @property
    def objective(self) -> str:
        """The objective, a part of 1."""
        return self.by_slo(self.of("slo:objective:ratio"))

    @property
    def sli(self) -> str:
        """The good part of the period's events."""
        ratios = dict.fromkeys(ratio_record(spec.window) for spec in self.specs)
        parts = [
            f"{ratio}{{{self._scope([spec.name for spec in self.specs if ratio_record(spec.window) == ratio])}}}"
            for ratio in ratios
        ]
        return f"1 - {self.by_slo(' or '.join(parts))}"

    def good(self, window: str) -> str:
        """The good part of a window's events."""
        return f"1 - {self.by_slo(self.of(f'slo:sli_error:ratio_rate{window}'))}"

    def burn(self, window: str) -> str:
        """The burn rate of a window: 1 uses the budget up exactly at the period's end."""
        ratio, budget = self.of(f"slo:sli_error:ratio_rate{window}"), self.of("slo:error_budget:ratio")
        return f"max by (slo) ({ratio}) / on (slo) max by (slo) ({budget})"

    @property
    def burn_steps(self) -> tuple[Step, ...]:
        """Of a burn rate: from 1 on the budget won't last; from the least and the greatest that a page is for."""
        pages = {pair.factor for spec in self.specs for pair in self.windows.all_pairs(spec, "page")}
        return rising(notice=1, warning=float(min(pages)), broken=float(max(pages)))

    @property
    def left_steps(self) -> tuple[Step, ...]:
        """Of what is left: the policies' levels. Above all of them is well; below all of them the objective is missed."""
        levels = [level for policy in self.policies.values() for level in policy.levels]
        bounds = sorted({float(level.above) / 100 for level in levels if level.above is not None})
        colours = {-1e6: BROKEN, **dict.fromkeys(bounds, NOTICE), bounds[0]: WARNING, bounds[-1]: HEALTHY}
        return tuple(Step(bound, colour) for bound, colour in colours.items())

    @property
    def gone_in(self) -> str:
        """Seconds until nothing is left at the last hour's pace: what is left x period / burn rate; or ``NOT_YET``.

        A calendar month's budget is full again when the month turns: what lasts until then lasts.
        """
        whole = f"(86400 * {self.by_slo(self.of('slo:time_period:days'))})"
        left = f"clamp_min({self.left}, 0)"
        pace = f"clamp_min({self.burn('1h')}, 1e-9)"
        lasting = f"({left} * on (slo) {whole} / on (slo) {pace})"
        months = [spec.name for spec in self.specs if spec.window == "month"]
        turn = f"{self.by_slo(self._info(months))} * 0 + scalar({month.LEFT}) or on (slo) " if months else ""
        return f"{lasting} < on (slo) ({turn}{whole}) or on (slo) {lasting} * 0 + {NOT_YET}"

    @property
    def measured(self) -> str:
        """Objectives that are measured now; of one that is made of others, that all of them are."""
        parts = [self.by_slo(self.of(TOTAL))]
        for spec in self._with(composite=True):
            weights = spec.sli.composite.weights if spec.sli.composite else {}
            names = "|".join(weights)
            whole = f'count({TOTAL}{{slo=~"{names}"}}) == {len(weights)}'
            parts.append(f"{self.by_slo(self._info([spec.name]))} * 0 + on () group_left () ({whole})")
        return " or ".join(parts)

    @property
    def verdict(self) -> str:
        """One of ``VERDICTS``. What is not measured now is not healthy, however much was left of its budget."""
        burning = 'ALERTS{alertstate="firing",alertname=~".*Budget(Page|Ticket)"}'
        left = self.left
        return (
            f"({left} <= 0) * 0 + 3"
            f" or on (slo) ({left} and on (slo) {burning}) * 0 + 2"
            f" or on (slo) ({left} and on (slo) ({self.measured})) * 0 + 1"
            f" or on (slo) {self.by_slo(self.of('slo:info'))} * 0"
        )

    @property
    def firing(self) -> str:
        """How many alerts fire for each objective; 0 is known only where its rules are evaluated."""
        chosen = self.chosen or 'slo!=""'  # some alerts are about what watches, and no objective
        return f'count by (slo) (ALERTS{{alertstate="firing",{chosen}}}) or on (slo) {self.by_slo(self.of("slo:info"))} * 0'

    @property
    def loudest(self) -> str:
        """One of ``ALERTS``: the loudest alert that fires."""
        chosen = self.chosen or 'slo!=""'  # some alerts are about what watches, and no objective
        pages, tickets = (
            f'max by (slo) (ALERTS{{alertstate="firing",severity="{severity}",{chosen}}})'
            for severity in ("page", "ticket")
        )
        return f"2 * {pages} or on (slo) {tickets} or on (slo) {self.by_slo(self.of('slo:info'))} * 0"

    @property
    def level(self) -> str:
        """One of ``levels``: where each objective stands in its error-budget policy."""
        parts, number = [], 0
        for name, policy in self.policies.items():
            specs = [spec.name for spec in self.specs if spec.policy == name]
            left = f"slo:period_error_budget_remaining:ratio{{{self._scope(specs)}}}"
            for level in policy.levels:
                bound = "" if level.above is None else f" > {plain(level.above / 100)}"
                parts += [f"{self.by_slo(left + bound)} * 0 + {number}"] if specs else []
                number += 1
        return self.known(" or on (slo) ".join(parts))

    @property
    def levels(self) -> tuple[State, ...]:
        """The levels of all policies, by number, from well to worse in each."""
        found: list[State] = []
        for policy in self.policies.values():
            colours = (HEALTHY, *((NOTICE, WARNING, BROKEN)[-len(policy.levels) + 1 :]))
            found += [
                State(len(found) + place, level.name, colours[min(place, len(colours) - 1)])
                for place, level in enumerate(policy.levels)
            ]
        return tuple(found)

    def thresholds(self) -> Iterator[tuple[str, str]]:
        """The burn rates from which on alerts fire: the name of each, and its expression."""
        found: dict[str, dict[str, list[str]]] = {}
        for spec in self.specs:
            for severity in spec.alerting.severities:
                for pair in self.windows.pairs(spec, severity):
                    factors = found.setdefault(f"{severity} {pair.long}/{pair.short}", {})
                    factors.setdefault(plain(pair.factor), []).append(spec.name)
        for name, factors in found.items():
            parts = [f"{factor} * {self.by_slo(self._info(names))}" for factor, names in factors.items()]
            yield name, " or ".join(parts)

    def _with(self, *, composite: bool) -> list[Spec]:
        return [spec for spec in self.specs if (spec.sli.composite is not None) is composite]

    def _scope(self, names: Sequence[str]) -> str:
        return f'slo=~"{"|".join(names)}"' + (f",{self.chosen}" if self.chosen else "")

    def _info(self, names: Sequence[str]) -> str:
        return f"slo:info{{{self._scope(names)}}}"
