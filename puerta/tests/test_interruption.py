"""Asking once is asking politely, asking again is asking to hurry."""

import os
import signal
from collections.abc import Iterator

import pytest

from puerta.interruption import Interruption

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """What other tests do on these signals stays as it was."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def clock() -> list[float]:
    """What time it is, for the tests to say."""
    return [0.0]


@pytest.mark.parametrize("number", SIGNALS)
def test_count(number: signal.Signals, clock: list[float]) -> None:
    """The first of any of the signals asks to stop, one more asks to hurry."""
    interruption = Interruption(lambda: clock[0])
    interruption.listen()
    assert (interruption.asked, interruption.hurry) == (False, False)
    os.kill(os.getpid(), number)
    assert (interruption.asked, interruption.hurry) == (True, False)
    clock[0] = 2.0
    os.kill(os.getpid(), signal.SIGTERM)
    assert (interruption.asked, interruption.hurry) == (True, True)


def test_echo(clock: list[float]) -> None:
    """The same signal come twice, from the terminal and from make, is one."""
    interruption = Interruption(lambda: clock[0])
    interruption.listen()
    for clock[0] in (0.0, 0.3, 0.9):
        os.kill(os.getpid(), signal.SIGINT)
    assert (interruption.asked, interruption.hurry) == (True, False)
