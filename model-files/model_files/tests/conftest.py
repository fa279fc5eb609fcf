"""What several test modules share: the flights, and the model that the code trains from them."""

from pathlib import Path

import pytest

from model_files import flights as data
from model_files.candidates import candidates
from model_files.flights import Flights
from model_files.training import Trained, fit

ROOM = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def room() -> Path:
    """The folder that the shipped packages are in."""
    return ROOM


@pytest.fixture(scope="session")
def flights() -> Flights:
    """The counts that ship."""
    return data.load(ROOM / data.COUNTS_FILE)


@pytest.fixture(scope="session")
def trained(flights: Flights) -> Trained:
    """The shipped candidate, fitted and calibrated here and now."""
    candidate = next(c for c in candidates() if c.name == "logistic regression with pairs, C = 0.3")
    return fit(candidate, flights.tally("train"))
