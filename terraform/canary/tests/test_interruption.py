"""An interruption is told by a signal's handler, in the thread that waits for it."""

import os
import signal
import threading
import time

import pytest

from terraform.canary.interruption import Interruption


@pytest.mark.timeout(30)
def test_told_at_any_moment() -> None:
    """A signal may come while the wait begins or ends, and it goes on: the timer runs only while there is something to do."""
    told = Interruption()

    def handler(_number: int, _frame: object) -> None:
        told.set()

    before = signal.signal(signal.SIGVTALRM, handler)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.001, 0.001)
    try:
        for _ in range(30):
            told = Interruption()
            while not told.is_set():
                told.wait(0)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def test_a_wait_ends_when_it_is_told() -> None:
    """Not only when its time is over; and afterwards nobody waits any more."""
    told = Interruption()

    def handler(_number: int, _frame: object) -> None:
        told.set()

    before = signal.signal(signal.SIGUSR2, handler)
    sender = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR2))
    sender.start()
    try:
        begun = time.monotonic()
        told.wait(20)
        told.wait(20)
        assert time.monotonic() - begun < 20
    finally:
        sender.join()
        signal.signal(signal.SIGUSR2, before)
