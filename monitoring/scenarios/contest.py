"""How often each rule says drift, where it is known whether there is any."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.counting.counts import gather, of_reference
from monitoring.drift.alignment import align
from monitoring.drift.rule import Rule, worst
from monitoring.drift.verdict import judge
from monitoring.scenarios import others
from monitoring.scenarios.draws import Drawn, Draws, Shares
from monitoring.watched import Watched

SIZES = (187, 1_300, 5_700, 100_000, 3_000_000)
OURS, OURS_PLAIN = "Puerta", "Puerta, plain"
NANNYML, NANNYML_WHOLE = "NannyML, default", "NannyML, whole chunks"
RULES = (
    OURS,
    OURS_PLAIN,
    "Evidently, default",
    "Evidently, PSI 0.1",
    "Evidently, chi2",
    NANNYML,
    NANNYML_WHOLE,
    "Vertex, 0.3",
    "Vertex, 0.01",
)


@dataclass(frozen=True)
class Scenario:
    """Shares to draw from (None: the reference's), the chance of an unseen airline, and whether it is to be told."""

    name: str
    shares: Shares | None
    unseen: float
    drift: bool


@dataclass(frozen=True)
class Line:
    """The part of the windows of ``rows`` rows in which each rule said drift; None where it can't be used."""

    scenario: str
    drift: bool
    rows: int
    found: Mapping[str, float | None]


def scenarios(draws: Draws) -> tuple[Scenario, ...]:
    """What the flights may do, small to large."""
    large, second, small = "Grupo LATAM", "Sky Airline", "JetSmart SPA"

    def moved(points: float) -> Shares:
        return draws.shifted(
            "OPERA", {large: draws.share("OPERA", large) - points, second: draws.share("OPERA", second) + points}
        )

    together = draws.shares.copy()
    for (airline, kind), points in {
        (large, "I"): 0.035,
        (large, "N"): -0.035,
        (second, "N"): 0.035,
        (second, "I"): -0.035,
    }.items():
        flown = np.array([values[:2] == (airline, kind) for values in draws.values])
        together[flown] *= 1 + points / together[flown].sum()
    july = draws.shifted("MES", {month: float(month == 7) for month in range(1, 13)})  # noqa: PLR2004 - July
    return (
        Scenario("nothing changed", None, 0.0, drift=False),
        Scenario("July alone, nothing else changed", july, 0.0, drift=False),
        Scenario("0.3 points from one airline to another", moved(0.003), 0.0, drift=False),
        Scenario("a small airline from 1.6 to 6 %", draws.shifted("OPERA", {small: 0.06}), 0.0, drift=True),
        Scenario("5 points from one large airline to another", moved(0.05), 0.0, drift=True),
        Scenario("an unseen airline at 1 %", None, 0.01, drift=True),
        Scenario("3.5 points between combinations, no feature", together, 0.0, drift=True),
    )


def contest(
    watched: Watched,
    windows: int,
    sizes: Sequence[int] = SIZES,
    progress: Callable[[str], None] = lambda _: None,
    names: Sequence[str] | None = None,
) -> Iterator[Line]:
    """Let every rule judge the same windows.

    Args:
        watched: Whose reference is drawn from.
        windows: Drawn for each scenario and size.
        sizes: Rows of a window.
        progress: Told what is being judged.
        names: Of scenarios; None for all.
    """
    draws = Draws(watched)
    columns = others.columns_of(draws)
    for rows in sizes:
        rules = _rules(draws, columns, rows)
        for scenario in scenarios(draws):
            if names is not None and scenario.name not in names:
                continue
            progress(f"{scenario.name}, {rows:,} rows")
            found = dict.fromkeys(RULES, 0)
            for _ in range(windows):
                drawn = draws.draw(rows, scenario.shares, scenario.unseen)
                for name, rule in rules.items():
                    found[name] += rule(drawn)
            shares = {name: found[name] / windows if name in rules else None for name in RULES}
            yield Line(scenario.name, scenario.drift, rows, shares)


def _rules(draws: Draws, columns: others.Columns, rows: int) -> dict[str, others.Judge]:
    found = {
        OURS: _ours(draws, aligned=True),
        OURS_PLAIN: _ours(draws, aligned=False),
        "Evidently, default": others.evidently_default(columns),
        "Evidently, PSI 0.1": others.evidently_psi(columns),
        "Evidently, chi2": others.evidently_chi2(columns),
        "Vertex, 0.3": others.vertex_usual(columns),
        "Vertex, 0.01": others.vertex_example(columns),
    }
    for name in (NANNYML, NANNYML_WHOLE):
        judge = others.nannyml(columns, rows, np.random.default_rng(rows), whole=name == NANNYML_WHOLE)
        if judge is not None:
            found[name] = judge
    return found


def _ours(draws: Draws, *, aligned: bool) -> others.Judge:
    """A verdict of any level, though below 1,000 rows the reports would say that there are too few."""
    rule, reference = Rule(), of_reference(draws.watched)

    def drifts(drawn: Drawn) -> bool:
        window = gather(draws.cube(drawn), draws.watched)
        there = align(reference, window, draws.watched) if aligned else reference
        return worst([subject.level for subject in judge(window, there, draws.watched, rule)]) != "none"

    return drifts
