"""Proofs of objectives that are not those that ship: of every shape that a spec may have."""

import subprocess
from pathlib import Path

import pytest

from slo.burn import Windows
from slo.generated import rules_files
from slo.proofs.files import proof_files
from slo.proofs.labels import LabelError, examples, good, selects
from slo.reading import read_specs
from slo.spec import Events, Selector

SPEC = """\
name: {name}
title: One
description: Whatever.
owner: shop
objective: {objective}
window: {window}
sli:
  {sli}
alerting: {{text: It fails., severities: {severities}}}
"""
EVENTS = "events: {{total: [{{metric: {metric}, {total}}}], bad: [{{metric: {metric}, {bad}}}]}}"
SHARED = EVENTS.format(
    metric="a_total", total='match: {route: "/v1/.*"}', bad='match: {route: "/v1/.*", code: "[45].."}'
)
OTHERS = EVENTS.format(metric="b_total", total="match: {app: web}", bad='match: {app: web}, exclude: {code: "2..|4.."}')


def _spec(name: str, sli: str, objective: str = "99.9", window: str = "30d", severities: str = "[page]") -> str:
    return SPEC.format(name=name, sli=sli, objective=objective, window=window, severities=severities)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("5..", ["500"]),
        ("(5..|429)", ["500"]),
        ("[45]..|x", ["400", "x"]),
        (r"5\d\d", ["500"]),
        ("/v1/.*predict|/v2/(?:a|b)/infer", ["/v1/predict", "/v2/a/infer"]),
        (r"a\.b\+", ["a.b+"]),
        (".+", ["0"]),
        (".*", [""]),
    ],
)
def test_an_example_is_made_of_a_matcher(pattern: str, expected: list[str]) -> None:
    """One of each choice; every one is matched."""
    assert examples(pattern) == expected


def test_good_events_are_of_all_and_not_bad() -> None:
    """By whatever label tells them apart; where nothing does, it is said."""
    every = Selector(metric="a", match={"route": "/v1/.*"}, exclude={"probe": "yes"})
    for bad in (
        Selector(metric="a", match={"route": "/v1/.*", "code": "5.."}, exclude={"probe": "yes"}),
        Selector(metric="a", match={"route": "/v1/.*"}, exclude={"code": "2..|4.."}),
        Selector(metric="a", match={"code": ".+"}),
        Selector(metric="b"),
    ):
        labels = good(Events(total=(every,), bad=(bad,)))
        assert selects(every, "a", labels)
        assert not selects(bad, "a", labels)
    with pytest.raises(LabelError, match="no series was found"):
        good(Events(total=(every,), bad=(every,)))


@pytest.mark.platform
@pytest.mark.parametrize(
    "specs",
    [
        [_spec("shared", SHARED)],
        [_spec("others", OTHERS, window="28d")],
        [_spec("silent", SHARED, severities="[]")],
        [_spec("below", "slices: {metric: g, below: -1.5}", "99")],
        [_spec("tight", "latency: {histogram: h, threshold: 0.1}", "99.99", "28d")],
        [
            _spec("shared", SHARED),
            _spec("slices", "slices: {metric: g, above: 5}", "99"),
            _spec("third", OTHERS),
            _spec("whole", "composite: {weights: {shared: 1, slices: 1, third: 1}}", "90"),
        ],
    ],
    ids=["shared-match", "all-but", "no-severity", "below", "latency-28d", "equal-parts"],
)
def test_every_shape_is_proven(promtool: str, tmp_path: Path, windows: Windows, specs: list[str]) -> None:
    """By promtool, and no proof is empty: events that share matchers, all but some, parts none of which could fire alone."""
    for folder in ("specs", "rules", "tests"):
        (tmp_path / folder).mkdir()
    for text in specs:
        (tmp_path / "specs" / f"{text.split()[1]}.yaml").write_text(text)
    found = read_specs(tmp_path / "specs", windows)
    for path, text in rules_files(found, windows).items():
        (tmp_path / path).write_text(text)
    last = next(spec for spec in found if spec.name == specs[-1].split()[1])
    for name, text in proof_files(last, found, windows).items():
        (tmp_path / "tests" / f"{name}.yaml").write_text(text)
        assert "exp_samples:" in text
    proofs = sorted((tmp_path / "tests").iterdir())
    done = subprocess.run([promtool, "test", "rules", *proofs], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_two_proofs_have_one_name(windows: Windows, tmp_path: Path) -> None:
    """An objective may be called as another with a severity."""
    for name in ("shared", "shared-page"):
        (tmp_path / f"{name}.yaml").write_text(_spec(name, SHARED))
    found = read_specs(tmp_path, windows)
    made = [name for spec in found for name in proof_files(spec, found, windows)]
    assert len(made) == len(set(made)) == 4
