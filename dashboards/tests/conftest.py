"""What the tests share: the objectives that ship, and the dashboards that are made of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from dashboards.generated import files
from slo.burn import Windows
from slo.policy import Policies, read_policies
from slo.reading import read_specs
from slo.spec import Spec

ROOM = Path(__file__).parents[1]
OBJECTIVES = ROOM.parent / "slo"


@pytest.fixture(scope="session")
def windows() -> Windows:
    """The burn windows that ship."""
    return Windows.read(OBJECTIVES / "burn-windows.yaml")


@pytest.fixture(scope="session")
def policies() -> Policies:
    """The error-budget policies that ship."""
    return read_policies(OBJECTIVES / "budget-policies.yaml")


@pytest.fixture(scope="session")
def specs(windows: Windows) -> tuple[Spec, ...]:
    """The specs that ship."""
    return read_specs(OBJECTIVES / "specs", windows)


@pytest.fixture(scope="session")
def made(specs: tuple[Spec, ...], windows: Windows, policies: Policies) -> dict[str, str]:
    """Every generated file by its name."""
    return files(specs, windows, policies)


@pytest.fixture
def documents(made: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every dashboard's JSON by its name, for a test to break."""
    return {name.removesuffix(".json"): json.loads(text) for name, text in made.items()}
