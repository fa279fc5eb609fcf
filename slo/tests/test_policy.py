"""Error-budget policies: what is left decides what follows, and only policies about releases hold any back."""

from pathlib import Path

import pytest

from slo.burn import Windows
from slo.policy import Policies, read_policies
from slo.reading import SpecError, read_specs
from slo.spec import Spec
from slo.tests.conftest import ROOM


@pytest.mark.parametrize(
    ("left", "level", "releases"),
    [
        (1.0, "normal", ("normal", "low-risk")),
        (0.51, "normal", ("normal", "low-risk")),
        (0.5, "careful", ("normal", "low-risk")),
        (0.25, "low-risk only", ("low-risk",)),
        (0.01, "low-risk only", ("low-risk",)),
        (0.0, "freeze", ()),
        (-3.0, "freeze", ()),
    ],
)
def test_levels_of_a_release_policy(policies: Policies, left: float, level: str, releases: tuple[str, ...]) -> None:
    """More than half, more than a quarter, something, nothing; a bound belongs to the lower level."""
    policy = policies["release"]
    assert (policy.level(left).name, policy.level(left).allows) == (level, releases)


def test_objectives_of_models_and_data_hold_no_release_back(specs: dict[str, Spec], policies: Policies) -> None:
    """Drift and quality are about retraining, late labels about who sends them; everything else is about releases."""
    other = {name: policies[spec.policy].about for name, spec in specs.items() if spec.policy != "release"}
    assert other == {"drift": "models", "quality": "models", "label-arrival": "data"}


GOOD = (ROOM / "budget-policies.yaml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("above: 25", "above: 60", "levels[1].above: 60 came, expected less than 50"),
        ("above: 25", "over: 25", "unknown field `over`"),
        ("allows: [low-risk]", "allows: [big]", "levels[2].allows[0]: Invalid enum value 'big'"),
        (
            "      above: 0\n      allows: [low-risk]",
            "      allows: [low-risk]",
            "levels[2].above: expected a percentage",
        ),
        ("allows: [normal, low-risk]", "allows: [normal]", "levels[1].allows: low-risk came, which the level before"),
        ("about: releases", "about: models", "release.about: models came, expected releases where a level allows"),
        ("about: models", "about: releases", "retrain.levels[0].allows: nothing came, expected a kind of release"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, said: str) -> None:
    """With file, line and field."""
    assert old in GOOD
    path = tmp_path / "policies.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(SpecError) as told:
        read_policies(path)
    assert said in str(told.value)
    assert str(told.value).startswith(f"{path}:")


def test_a_policy_that_is_not_there_is_told(tmp_path: Path, windows: Windows, policies: Policies) -> None:
    """At the spec's own line."""
    text = (ROOM / "specs" / "memory.yaml").read_text().replace("window: 30d", "window: 30d\npolicy: none")
    (tmp_path / "memory.yaml").write_text(text)
    line = text.splitlines().index("policy: none") + 1
    with pytest.raises(SpecError, match=rf"memory.yaml:{line}: policy: 'none' came, expected one of release, retrain"):
        read_specs(tmp_path, windows, policies)
