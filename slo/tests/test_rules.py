"""Rules: what they are made of, and that a real promtool accepts and proves every one of them."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from slo.burn import Windows
from slo.generated import Stale, files, require_fresh, write
from slo.rules import groups
from slo.spec import Spec
from slo.tests.conftest import ROOM

NAMES = sorted(path.stem for path in (ROOM / "specs").glob("*.yaml"))


def test_nothing_generated_is_stale(specs: dict[str, Spec], windows: Windows) -> None:
    """What is committed is what the specs say."""
    require_fresh(files(tuple(specs.values()), windows), ROOM / "generated")


def test_stale_files_are_named_and_written_anew(specs: dict[str, Spec], windows: Windows, tmp_path: Path) -> None:
    """Changed, missing, and left over ones."""
    made = files(tuple(specs.values()), windows)
    write(made, tmp_path)
    require_fresh(made, tmp_path)
    (tmp_path / "rules" / "memory.yaml").write_text("other")
    (tmp_path / "rules" / "old.yaml").write_text("left over")
    (tmp_path / "tests" / "memory.yaml").unlink()
    with pytest.raises(Stale) as told:
        require_fresh(made, tmp_path)
    assert [line.split(":")[0].rpartition("/")[2] for line in str(told.value).splitlines()[:3]] == [
        "memory.yaml", "memory.yaml", "old.yaml",
    ]  # fmt: skip
    assert len(write(made, tmp_path)) == 3
    require_fresh(made, tmp_path)


@pytest.mark.platform
@pytest.mark.parametrize("name", NAMES)
def test_rules_are_accepted(promtool: str, name: str) -> None:
    """By promtool's own check."""
    path = ROOM / "generated" / "rules" / f"{name}.yaml"
    done = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOM / "generated" / "tests").glob("*.yaml")))
def test_rules_are_proven(promtool: str, name: str) -> None:
    """Every scenario of the objective: silent, firing at the computed time, recovered, idle, weighted, absent."""
    path = ROOM / "generated" / "tests" / f"{name}.yaml"
    done = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.platform
@pytest.mark.parametrize(
    ("name", "proof", "case", "old", "new"),
    [
        ("gateway-availability", "", "all is well", "gateway_requests_total", "gateway_request_total"),
        ("gateway-availability", "", "idle for", " > 0)", ")"),
        ("gateway-availability", "", "one failure", ">= 5", ">= 1"),
        ("gateway-availability", ".page", "of 1h", "> 0.0072", "> 0.072"),
        ("gateway-availability", ".page", "of 6h", "> 0.003\n", "> 0.03\n"),
        ("gateway-availability", ".ticket", "of 3d", "> 0.0005\n", "> 0.005\n"),
        ("memory", ".ticket", "fires then, once", "max without (sloth_window) (", "("),
        ("memory", "", "all is well", "> bool 268435456", ">= bool 268435456"),
        ("memory", "", "one bad slice", ">= 10", ">= 1"),
        ("drift", ".ticket", "fires then", "max by (model, version) (", "min by (model, version) ("),
        ("drift", ".ticket", "fires then", "max by (model, version) (", "("),
        ("drift", "", "too little is known", "absent(drift_verdict", "absent(drift_alert"),
        ("drift", "", "all is well", "sum((max by", "1 - sum((max by"),
        ("quality", ".ticket", "fires then", "> 0.05\n", "> 0.05 and on () vector(0) > 1\n"),
        ("drift-freshness", ".never", "never written", "(time() - ", "(time() % 86400 - "),
        ("drift-freshness", "", "all is well", "> bool 93600", "> bool 3600"),
        ("label-arrival", ".ticket", "fires then", "label_late_total", "label_late"),
    ],
)
def test_a_proof_can_fail(promtool: str, tmp_path: Path, name: str, proof: str, case: str, old: str, new: str) -> None:
    """A renamed metric, a wrong threshold, no guard, two alerts for one burn: each is found by the case that is about it."""
    shutil.copytree(ROOM / "generated" / "rules", tmp_path / "rules")
    rules = tmp_path / "rules" / f"{name}.yaml"
    text = rules.read_text()
    assert old in text
    rules.write_text(text.replace(old, new))
    document = yaml.safe_load((ROOM / "generated" / "tests" / f"{name}{proof}.yaml").read_text())
    document["tests"] = [one for one in document["tests"] if case in one["name"]]
    assert len(document["tests"]) == 1
    test = tmp_path / "tests" / "one.yaml"
    test.parent.mkdir()
    test.write_text(yaml.safe_dump(document))
    done = subprocess.run([promtool, "test", "rules", test], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "got:" in done.stdout + done.stderr, "the rules were refused, not seen to be wrong"


def test_events_are_added_up_before_they_are_divided(specs: dict[str, Spec], windows: Windows) -> None:
    """No rule takes a mean of ratios."""
    for spec in specs.values():
        for group in groups(spec, windows):
            assert not any("avg_over_time" in rule.expr for rule in group.rules)


def test_every_alert_says_what_to_do(specs: dict[str, Spec], windows: Windows) -> None:
    """In plain words, with its owner and its runbook."""
    for spec in specs.values():
        alerts = [rule for rule in groups(spec, windows)[2].rules if rule.alert]
        assert len(alerts) == len(spec.alerting.severities) + (spec.sli.composite is None)
        for rule in alerts:
            assert set(rule.annotations) == {"summary", "description", "runbook_url", "owner"}
            assert rule.labels["severity"] in {"page", "ticket"}


def test_generated_rules_are_yaml(specs: dict[str, Spec], windows: Windows) -> None:
    """With no record twice."""
    for name, text in files(tuple(specs.values()), windows).items():
        if name.startswith("rules/"):
            document = yaml.safe_load(text)
            records = [r.get("record", r.get("alert")) for group in document["groups"] for r in group["rules"]]
            assert len(records) == len(set(records))
