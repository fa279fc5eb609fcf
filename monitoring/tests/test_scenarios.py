"""The contest of drift rules: what its results say still comes out, and other tools' formulas are theirs."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.counting.counts import gather
from monitoring.evidently_report import process
from monitoring.quality.scores import estimated
from monitoring.scenarios import __main__, others, plot, report
from monitoring.scenarios.contest import NANNYML, OURS, RULES, Line, contest, scenarios
from monitoring.scenarios.draws import Draws
from monitoring.tests.conftest import ROOT
from monitoring.watched import Watched
from tests.parts import missing

RESULTS = ROOT / "monitoring/results/scenarios.md"
NOTHING, JULY, TRIVIAL = "nothing changed", "July alone, nothing else changed", "0.3 points from one airline to another"
SMALL, FIVE = "a small airline from 1.6 to 6 %", "5 points from one large airline to another"
UNSEEN, JOINT = "an unseen airline at 1 %", "3.5 points between combinations, no feature"
WINDOWS = 40


def published() -> dict[tuple[str, int], dict[str, float | None]]:
    """The committed table: by scenario and rows, the part of the windows in which each rule said drift."""
    found = {}
    scenario = ""
    for line in RESULTS.read_text().splitlines():
        cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        if len(cells) == len(RULES) + 2 and re.fullmatch(r"[\d,]+", cells[1]):
            scenario = cells[0] or scenario
            shares = [None if cell == "-" else float(cell) / 100 for cell in cells[2:]]
            found[scenario, int(cells[1].replace(",", ""))] = dict(zip(RULES, shares, strict=True))
    return found


@pytest.mark.parametrize("rows", [1300, 100_000])
def test_the_published_results_still_come_out(flights: Watched, rows: int) -> None:
    """With fewer windows, to five standard errors, for every scenario and rule."""
    table = published()
    lines = list(contest(flights, WINDOWS, (rows,)))
    assert len(lines) == 7
    for line in lines:
        for rule, share in line.found.items():
            expected = table[line.scenario, rows][rule]
            if expected is None or share is None:
                assert expected is share, (line.scenario, rule)
                continue
            error = math.sqrt(max(expected * (1 - expected), 0.01) / WINDOWS)
            assert share == pytest.approx(expected, abs=5 * error), (line.scenario, rule)


def test_the_published_results_are_good_enough() -> None:
    """False alarms in at most 1 % of windows of 1,000 rows and more, July none, and every named shift caught."""
    table = published()
    assert len(table) == 7 * 5
    for (scenario, rows), found in table.items():
        share = found[OURS]
        assert share is not None
        if scenario in {NOTHING, JULY, TRIVIAL} and rows >= 1000:
            assert share <= 0.01, (scenario, rows)
        if scenario in {SMALL, UNSEEN} and rows >= 1000:
            assert share >= 0.99, (scenario, rows)
        if scenario in {FIVE, JOINT} and rows >= 5000:
            assert share >= 0.99, (scenario, rows)


def test_scenarios_are_what_they_are_called(flights: Watched) -> None:
    """Shares that are told in the names."""
    draws = Draws(flights)
    found = {scenario.name: scenario for scenario in scenarios(draws)}

    def share(name: str, place: int, value: object) -> float:
        shares = found[name].shares
        assert shares is not None
        assert shares.sum() == pytest.approx(1)
        return float(sum(part for part, values in zip(shares, draws.values, strict=True) if values[place] == value))

    assert share(SMALL, 0, "JetSmart SPA") == pytest.approx(0.06)
    assert draws.share("OPERA", "JetSmart SPA") == pytest.approx(0.016, abs=0.001)
    assert share(JULY, 2, 7) == pytest.approx(1)
    for name, points in ((TRIVIAL, 0.003), (FIVE, 0.05)):
        assert share(name, 0, "Sky Airline") - draws.share("OPERA", "Sky Airline") == pytest.approx(points)
    for place, feature in ((0, "OPERA"), (1, "TIPOVUELO")):
        for value in {values[place] for values in draws.values}:
            assert share(JOINT, place, value) == pytest.approx(draws.share(feature, value))


_EVIDENTLY = """
import json, sys
import numpy as np, pandas as pd
from evidently.legacy.calculations.stattests import chisquare_stattest, jensenshannon, psi, wasserstein_distance_norm
from evidently.legacy.core import ColumnType
said = []
for there, here in json.load(sys.stdin)["categories"]:
    reference, current = (pd.Series(np.repeat(np.arange(len(side)), np.array(side, int))) for side in (there, here))
    said.append([float(function(reference, current, ColumnType.Categorical, 0.1)[0]) for function in (
        jensenshannon._jensenshannon, psi._psi, chisquare_stattest._chi_stat_test)])
print(json.dumps(said))
"""


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("evidently")
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_evidently_s_formulas_are_evidently_s(flights: Watched) -> None:
    """Distance, index and p-value of the same counts, with small windows, zeros and an unseen category among them."""
    if not process.is_installed():
        missing("Evidently", "make develop")
    draws = Draws(flights, seed=3)
    columns = others.columns_of(draws)
    windows = [draws.draw(187), draws.draw(1300, unseen=0.01), draws.draw(20_000)]
    pairs = [pair for drawn in windows for pair in columns.categories(drawn)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _EVIDENTLY],
        input=json.dumps({"categories": [[side.tolist() for side in pair] for pair in pairs]}),
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"DO_NOT_TRACK": "1"},
    )
    for (there, here), (distance, index, p) in zip(pairs, json.loads(done.stdout), strict=True):
        assert others.distance(there, here, None) == pytest.approx(distance, abs=1e-9)
        assert others.index(there, here) == pytest.approx(index, abs=1e-9)
        assert others.chi2(there, here) == pytest.approx(p, abs=1e-9)


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """What NannyML itself said: of four windows, and of the reference in chunks."""
    found: dict[str, Any] = json.loads((RESULTS.parent / "nannyml.json").read_bytes())
    return found


@pytest.mark.parametrize("name", ["default", "whole"])
def test_nannyml_s_rule_is_nannyml_s(flights: Watched, said: dict[str, Any], name: str) -> None:
    """Distance, threshold and alert of every column, as it comes and without the rows that fill no chunk."""
    columns = others.columns_of(Draws(flights))
    chunks = [np.array(chunk) for chunk in said["chunks"]]
    np.testing.assert_array_equal(sum(chunks), columns.reference)
    theirs = said[name]
    limits = others.limits(columns, chunks if name == "default" else chunks[:-1])
    np.testing.assert_allclose(limits, list(theirs["limits"].values()), rtol=0, atol=1e-9)
    for window, counts in said["windows"].items():
        distances = others.distances(columns, np.array(counts))
        np.testing.assert_allclose(distances, list(theirs["distances"][window].values()), rtol=0, atol=1e-9)
        assert (distances > limits).tolist() == list(theirs["alerts"][window].values())


def test_our_estimate_of_quality_is_nannyml_s(flights: Watched, said: dict[str, Any]) -> None:
    """Accuracy, precision, recall and F1 without labels (CBPE): the same where it takes the model at its word.

    As it comes it calibrates a calibrated model once more, on the rows that the model was fitted to: that is 0.01 at most.
    """
    draws = Draws(flights)
    for window, counts in said["windows"].items():
        if counts[-1]:
            continue  # the contest's unseen rows are called otherwise
        ours = estimated(gather(draws.cube(np.array(counts)), flights), flights.manifest)
        assert ours == pytest.approx(said["estimated_as_said"][window], abs=1e-6)
        assert ours == pytest.approx(said["estimated"][window], abs=0.01)


def test_chunks_are_the_reference(flights: Watched) -> None:
    """Each row once, the rest last; where there are too few, as NannyML warns below six, the rule is not used."""
    columns = others.columns_of(Draws(flights))
    generator = np.random.default_rng(0)
    found = list(others.chunks(columns.reference, 5700, generator))
    np.testing.assert_array_equal(sum(found), columns.reference)
    assert [chunk.sum() for chunk in found] == [5700] * 8 + [98]
    assert others.nannyml(columns, 5700, generator, whole=True) is not None
    assert others.nannyml(columns, 20_000, generator, whole=True) is None


def test_the_page_marks_what_is_wrong(flights: Watched, tmp_path: Path) -> None:
    """Bold where a rule errs, plain below 1,000 rows, a dash where it can't be used."""
    shares = dict.fromkeys(RULES, 0.0) | {OURS: 0.004, NANNYML: None, "Evidently, chi2": 0.91}
    lines = [
        Line(NOTHING, False, 187, shares),
        Line(NOTHING, False, 100_000, shares),
        Line(SMALL, True, 100_000, shares),
    ]
    text = report.page(lines, 250, flights)
    small, large, drift = (line for line in text.splitlines() if "| 187 |" in line or "| 100,000 |" in line)
    assert small == f"| {NOTHING} | 187 | 0.4 | 0 | 0 | 0 | 91 | - | 0 | 0 | 0 |"
    assert large == "|  | 100,000 | 0.4 | 0 | 0 | 0 | **91** | - | 0 | 0 | 0 |"
    assert drift == f"| {SMALL} | 100,000 | **0.4** | **0** | **0** | **0** | **91** | - | **0** | **0** | **0** |"
    plot.draw(lines, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_package_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is written."""
    assert __main__.main(["--model", str(tmp_path / "none/1"), "--write", str(tmp_path / "results")]) == 1
    assert "none/1" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()
