"""What the tests share: the room's own windows and specs."""

from pathlib import Path

import pytest

from slo.burn import Windows
from slo.reading import read_specs
from slo.spec import Spec

ROOM = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def windows() -> Windows:
    """The burn windows that ship."""
    return Windows.read(ROOM / "burn-windows.yaml")


@pytest.fixture(scope="session")
def specs(windows: Windows) -> dict[str, Spec]:
    """The specs that ship, by name."""
    return {spec.name: spec for spec in read_specs(ROOM / "specs", windows)}
