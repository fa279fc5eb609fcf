"""The JSON Schema says of a policy what reading it says, as far as a schema can."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import yaml
from hypothesis import given, settings

from gateway_config.gcp.marks import MARKS
from gateway_config.policy.document import Document, DocumentError
from gateway_config.policy.reading import PolicyError, parse_policy
from gateway_config.policy.schema import DESCRIPTIONS, TYPES, policy_schema
from gateway_config.tests.contracts import WHOLE, fields, policy_data, spoiled

HERE = Path(__file__).parents[1]
VALIDATOR = jsonschema_rs.Draft202012Validator(policy_schema(), validate_formats=True)


def readable(data: Any, folder: Path) -> bool:
    """Whether a policy has the right form, as reading says."""
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(data))
    try:
        parse_policy(Document.read(path))
    except (PolicyError, DocumentError):
        return False
    return True


def complete(data: Any) -> bool:
    """Whether a policy that can be read has what is only looked for later: this machine, and known rules."""
    accepts = data["environments"].get("gcp", {}).get("accepts", {})
    return "local" in data["environments"] and set(accepts) <= {mark.rule for mark in MARKS}


def test_every_field_is_described() -> None:
    """Types and fields have a description each, and no description is left over."""
    expected = {kind.__name__ for kind in TYPES}
    expected |= {f"{kind.__name__}.{field.name}" for kind in TYPES for field in msgspec.structs.fields(kind)}
    assert expected == set(DESCRIPTIONS)


def test_policies_are_accepted() -> None:
    """What ships, and the tests' policies, meet it; it is itself valid JSON Schema."""
    assert jsonschema_rs.meta.is_valid(policy_schema())
    for path in (HERE / "policy.yaml", HERE.parents[1] / "policy.yaml"):
        VALIDATOR.validate(yaml.safe_load(path.read_text()))
    VALIDATOR.validate(WHOLE)


def test_the_whole_has_every_field() -> None:
    """The policy below which fields are spoiled has each that there is."""
    there = {step for steps in fields(WHOLE) for step in steps}
    assert {field.name for kind in TYPES for field in msgspec.structs.fields(kind)} <= there


@settings(deadline=None)  # a busy machine is no failure
@given(data=spoiled())
def test_schema_and_reading_agree(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One field set to anything, or taken out, is accepted by both or refused by both."""
    assert VALIDATOR.is_valid(data) is (readable(data, tmp_path_factory.getbasetemp()) and complete(data))


def test_rules_that_can_be_accepted() -> None:
    """An editor offers the rules that there are, and no others."""
    accepts = policy_schema()["$defs"]["Environment"]["properties"]["accepts"]
    assert set(accepts["properties"]) == {mark.rule for mark in MARKS}
    assert not VALIDATOR.is_valid(policy_data(environments__gcp__accepts={"weather": "rain"}))
