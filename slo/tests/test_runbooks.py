"""Runbooks: whoever is woken up finds one."""

import subprocess
from pathlib import Path

import pytest
import yaml

from slo.burn import Windows
from slo.rules import RUNBOOKS, groups
from slo.spec import Spec
from slo.tests.conftest import ROOM

ROOT = ROOM.parent
NAMES = sorted(path.stem for path in (ROOM / "specs").glob("*.yaml"))


def test_every_alert_has_one(specs: dict[str, Spec], windows: Windows) -> None:
    """At the path that the alert names, and in the overview; none is left over."""
    alerts = [rule for spec in specs.values() for group in groups(spec, windows) for rule in group.rules if rule.alert]
    named = {rule.annotations["runbook_url"].replace(RUNBOOKS, "monitoring/runbooks") for rule in alerts}
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "monitoring" / "runbooks").glob("*.md")}
    named |= {watching.replace(RUNBOOKS, "monitoring/runbooks") for watching in _watching()}
    assert there == named | {"monitoring/runbooks/README.md"}
    overview = (ROOT / "monitoring" / "runbooks" / "README.md").read_text()
    assert all(f"({Path(path).name})" in overview for path in named)


def _watching() -> set[str]:
    """What the alerts name that watch over what watches."""
    rules = yaml.safe_load((ROOT / "monitoring" / "prometheus" / "watching.yaml").read_text())
    return {rule["annotations"]["runbook_url"] for group in rules["groups"] for rule in group["rules"]}


@pytest.mark.parametrize("name", [*NAMES, "retrain", "watching"])
def test_it_says_what_to_do(name: str) -> None:
    """What it means, what to look at, what to do; its links lead somewhere."""
    path = ROOT / "monitoring" / "runbooks" / f"{name}.md"
    text = path.read_text()
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## What it means", "## What to look at", "## What to do"]
    links = [part.split(")")[0] for part in text.split("](")[1:]]
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.platform
@pytest.mark.parametrize(
    ("external", "link"),
    [("{}", "monitoring/runbooks/memory.md"), ("{runbooks: 'https://wiki.example/runbooks'}", "https://wiki.example/runbooks/memory.md")],
)  # fmt: skip
def test_a_prometheus_that_knows_where_they_are_makes_links(
    promtool: str, tmp_path: Path, external: str, link: str
) -> None:
    """By its external label; elsewhere it is the path in the repository."""
    test = tmp_path / "test.yaml"
    test.write_text(f"""\
rule_files: [{ROOM / "generated" / "rules" / "memory.yaml"}]
evaluation_interval: 30s
tests:
  - interval: 30s
    external_labels: {external}
    input_series: [{{series: up, values: 1x60}}]
    alert_rule_test:
      - eval_time: 20m
        alertname: MemoryAbsent
        exp_alerts:
          - exp_labels:
              {{job: service, severity: ticket, slo: memory, sloth_id: puerta-memory, sloth_service: puerta, sloth_slo: memory}}
            exp_annotations:
              summary: "Instances use at most 256 MB: not measured"
              description: "Nothing is known of this objective: no series of what it is measured by is there."
              owner: platform
              runbook_url: {link}
""")
    done = subprocess.run([promtool, "test", "rules", str(test)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
