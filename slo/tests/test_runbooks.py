"""Runbooks: whoever is woken up finds one."""

from pathlib import Path

import pytest

from slo.burn import Windows
from slo.rules import groups
from slo.spec import Spec
from slo.tests.conftest import ROOM

ROOT = ROOM.parent
NAMES = sorted(path.stem for path in (ROOM / "specs").glob("*.yaml"))


def test_every_alert_has_one(specs: dict[str, Spec], windows: Windows) -> None:
    """At the path that the alert names, and in the overview; none is left over."""
    named = set()
    for spec in specs.values():
        for group in groups(spec, windows):
            named |= {rule.annotations["runbook_url"] for rule in group.rules if rule.alert}
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "monitoring" / "runbooks").glob("*.md")}
    assert there == named | {"monitoring/runbooks/README.md"}
    overview = (ROOT / "monitoring" / "runbooks" / "README.md").read_text()
    assert all(f"({Path(path).name})" in overview for path in named)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_to_do(name: str) -> None:
    """What it means, what to look at, what to do; its links lead somewhere."""
    path = ROOT / "monitoring" / "runbooks" / f"{name}.md"
    text = path.read_text()
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## What it means", "## What to look at", "## What to do"]
    links = [part.split(")")[0] for part in text.split("](")[1:]]
    assert [link for link in links if not (path.parent / link).exists()] == []
