"""Scenarios as files."""

from pathlib import Path

import pytest

from load_tests.scenarios import scenario
from load_tests.scenarios.scenario import ScenarioError

GOOD = """\
title: A test
about: Of nothing.
phases:
  - {name: first, seconds: 5}
  - {name: second, seconds: 5, rate: 100}
"""


def test_every_scenario_of_the_issue_is_there_and_can_be_read() -> None:
    """They are named as their files, and each has something to run."""
    wanted = ["batches", "challenge", "ramp", "slow-clients", "smoke", "soak", "spike", "steady"]
    assert scenario.names() == wanted
    for name in wanted:
        found = scenario.find(name)
        assert found.name == name
        assert found.steps


def test_the_challenge_is_the_requirement() -> None:
    """50,000 requests in 45 s have to be answered; nine times as many, with a P90 under 10 ms, are the goal."""
    found = scenario.find("challenge")
    assert sum(phase.seconds for phase in found.steps) == 45
    assert found.limits.requests == 50_000
    assert (found.goals.requests, found.goals.p90_ms) == (450_000, 10)


def test_a_soak_is_ten_minutes_at_seven_tenths_of_the_knee() -> None:
    """And judges growth and drift."""
    found = scenario.find("soak")
    (phase,) = found.steps
    assert (phase.seconds, phase.knee_share) == (600, 0.7)
    assert found.knee_wanted
    assert found.limits.growth_mb
    assert found.limits.p99_drift


def test_a_ramp_is_a_phase_for_each_step() -> None:
    """From the first rate to the last, both included."""
    ramp = scenario.Ramp(first=100, last=300, step=100, seconds=2, p99_ms=10)
    assert [phase.rate for phase in ramp.phases()] == [100, 200, 300]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seconds: 5}", "seconds: 0}", "scenario.yaml:4: phases[0].seconds: Expected `int` >= 1"),
        ("rate: 100", "rate: fast", "scenario.yaml:5: phases[1].rate: Expected `float | null`, got `str`"),
        ("rate: 100", "pace: 100", "scenario.yaml:5: phases[1]: Object contains unknown field `pace`"),
        ("title: A test", "title: ''", "scenario.yaml:1: title: Expected `str` of length >= 1"),
        ("about: Of nothing.", "", "the document: Object missing required field `about`"),
        ("about: Of nothing.", "about: a\nabout: b", "scenario.yaml:3: about is there twice"),
        ("name: second", "name: first", "scenario.yaml:5: phases[1].name: 'first' is there twice"),
        ("rate: 100", "rate: 100, knee_share: 0.5", "phases[1].knee_share: a rate is there too"),
        ("title: A test", "name: x\ntitle: A test", "scenario.yaml:1: name: a scenario is called as its file is"),
        (
            "title: A test",
            "title: A test\nramp: {first: 1, last: 2, step: 1, seconds: 1, p99_ms: 1}",
            "phases: expected phases or a ramp, one of the two",
        ),
        ("phases:", "phases: [", "scenario.yaml:"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    """File, line and field; nothing is guessed, nothing unknown passed over."""
    path = tmp_path / "scenario.yaml"
    path.write_text(GOOD)
    assert len(scenario.read(path).steps) == 2
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ScenarioError) as refused:
        scenario.find(str(path))
    assert said in str(refused.value)


def test_an_unknown_scenario_is_told_with_those_there_are(tmp_path: Path) -> None:
    """By name, or as a file that is not there."""
    with pytest.raises(ScenarioError, match=r"no scenario 'smokes', expected one of batches, .*smoke"):
        scenario.find("smokes")
    with pytest.raises(ScenarioError, match="no such file"):
        scenario.find(str(tmp_path / "none.yaml"))
