"""What the tests share: the room's own windows and specs."""

from pathlib import Path

import pytest

from slo.burn import Windows
from slo.policy import Policies, read_policies
from slo.reading import read_specs
from slo.spec import Spec
from tests.parts import require

ROOM = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def windows() -> Windows:
    """The burn windows that ship."""
    return Windows.read(ROOM / "burn-windows.yaml")


@pytest.fixture(scope="session")
def policies() -> Policies:
    """The error-budget policies that ship."""
    return read_policies(ROOM / "budget-policies.yaml")


@pytest.fixture(scope="session")
def specs(windows: Windows) -> dict[str, Spec]:
    """The specs that ship, by name."""
    return {spec.name: spec for spec in read_specs(ROOM / "specs", windows)}


@pytest.fixture(scope="session")
def promtool() -> str:
    """The program; its absence is a failure in CI."""
    return require("promtool", "apt install prometheus")
