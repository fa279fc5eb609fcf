"""What several tests need: the model packages, a stand-in for the service, and wrk."""

import sys
from pathlib import Path

import pytest

from load_tests import oracle, servers
from load_tests.oracle import Oracle
from load_tests.paths import MODELS
from tests.parts import missing, require

STAND_IN = (sys.executable, "-m", "load_tests.tests.stand_in")


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of the packaged models."""
    if not list(MODELS.glob("*/*/manifest.json")):
        missing("a packaged model", "python -m model_files train")
    return MODELS


@pytest.fixture(scope="session")
def flight_delay(models: Path) -> Oracle:
    """The default model's oracle."""
    return Oracle(oracle.newest(models, servers.DEFAULT_MODEL))


@pytest.fixture(scope="session")
def one_hot(models: Path) -> Oracle:
    """The one-hot model's oracle."""
    return Oracle(oracle.newest(models, servers.ONE_HOT_MODEL))


@pytest.fixture
def wrk_installed() -> None:
    """Asks for wrk."""
    require("wrk", "apt install wrk")
