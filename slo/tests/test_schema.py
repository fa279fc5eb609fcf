"""The JSON Schemas for editors: they accept what is committed, and tell what is wrong while it is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from slo.tests.conftest import ROOM

SPECS = sorted((ROOM / "specs").glob("*.yaml"))
DOCUMENTS = [(path, "spec") for path in SPECS] + [
    (ROOM / "burn-windows.yaml", "burn-windows"),
    (ROOM / "budget-policies.yaml", "budget-policies"),
]


def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for(json.loads((ROOM / "generated" / f"{name}.schema.json").read_text()))


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize(("path", "schema"), DOCUMENTS, ids=lambda one: getattr(one, "stem", one))
def test_what_is_committed_is_accepted_and_names_its_schema(path: Path, schema: str) -> None:
    """In its first line, by a path that leads there."""
    assert [str(error) for error in _validator(schema).iter_errors(_read(path))] == []
    first = path.read_text().splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (path.parent / first.removeprefix(prefix)).resolve() == ROOM / "generated" / f"{schema}.schema.json"


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: spec.pop("title"),
        lambda spec: spec.update(ownr="x"),
        lambda spec: spec.update(objective="high"),
        lambda spec: spec.update(objective=100),
        lambda spec: spec.update(objective=0),
        lambda spec: spec.update(window="31d"),
        lambda spec: spec.update(name="No name"),
        lambda spec: spec.update(sli={}),
        lambda spec: spec["sli"].update(composite={"weights": {"a": 1, "b": 2}}),
        lambda spec: spec["sli"]["slices"].update(metric="7 days"),
        lambda spec: spec["sli"]["slices"].update(presence={}),
        lambda spec: spec["alerting"].update(severities=["mail"]),
        lambda spec: spec["alerting"].update(min_failures=0),
        lambda spec: spec.update(runbook="../drift.md"),
    ],
)
def test_mistakes_in_a_spec_are_told(change: Change) -> None:
    """Unknown, missing and wrong fields."""
    spec = _read(ROOM / "specs" / "drift.yaml")
    assert _validator("spec").is_valid(spec)
    change(spec)
    assert not _validator("spec").is_valid(spec)


def test_mistakes_in_the_tables_are_told() -> None:
    """A misspelt field, a duration that is none, a kind of release that there is not."""
    windows, policies = (_read(ROOM / f"{name}.yaml") for name in ("burn-windows", "budget-policies"))
    windows["30d"]["page"][0]["long"] = "1 hour"
    assert not _validator("burn-windows").is_valid(windows)
    policies["release"]["levels"][0]["allows"] = ["big"]
    assert not _validator("budget-policies").is_valid(policies)
