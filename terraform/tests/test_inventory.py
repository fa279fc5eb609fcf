"""Inventories, costs and pictures as commands: what they write, and what they say of what is stale."""

from pathlib import Path
from typing import Any

import pytest

from terraform import costs, diagrams
from terraform.__main__ import main
from terraform.inventory import Inventory


def change(address: str, *actions: str, mode: str = "managed") -> dict[str, Any]:
    """One of a plan's changes."""
    return {"address": address, "type": address.split(".")[-2], "mode": mode, "change": {"actions": list(actions)}}


def test_an_inventory_counts_what_is_created() -> None:
    """Resources by type and every address, in order; data sources are none of it."""
    plan = {
        "resource_changes": [
            change("module.a.google_b.two", "create"),
            change("google_a.one", "create"),
            change("module.a.google_b.one", "create"),
            change("data.google_c.read", "read", mode="data"),
        ]
    }
    made = Inventory.of(plan)
    assert made.types == {"google_a": 1, "google_b": 2}
    assert made.addresses == ("google_a.one", "module.a.google_b.one", "module.a.google_b.two")
    assert "resources: 3\n" in made.text()


def test_a_first_plan_only_creates() -> None:
    """A plan that changes or replaces is none of an empty project."""
    with pytest.raises(ValueError, match="google_a.one"):
        Inventory.of({"resource_changes": [change("google_a.one", "delete", "create")]})


def test_stale_costs_are_told_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` writes nothing and exits with 1 where the page is stale; without it the table is put in."""
    page = tmp_path / "README.md"
    page.write_text("<!-- BEGIN COSTS -->\nold\n<!-- END COSTS -->\n")
    monkeypatch.setattr(costs, "README", page)
    assert main(["costs", "--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert "old" in page.read_text()
    assert main(["costs"]) == 0
    assert main(["costs", "--check"]) == 0
    assert "API Gateway" in page.read_text()


def test_stale_pictures_are_told_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same of the pictures, by name."""
    monkeypatch.setattr(diagrams, "FOLDER", tmp_path)
    assert main(["diagrams", "--check"]) == 1
    assert "request.svg" in capsys.readouterr().err
    assert main(["diagrams"]) == 0
    assert main(["diagrams", "--check"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"deployment.svg", "request.svg"}
