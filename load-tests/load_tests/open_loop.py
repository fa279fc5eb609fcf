"""An open loop: requests at a constant rate, each one timed from the moment at which it was due.

A closed loop (wrk) asks again once it is answered: while the server stalls, nobody asks, and the stall is one slow
request. Callers do not wait for each other. Here a request is due whether or not the one before was answered; where no
connection is free it waits, and the wait is part of its latency. That leaves no coordinated omission
(https://www.youtube.com/watch?v=lJ8ydIuPFeU, "How NOT to Measure Latency").

The client is a process of its own (``load_tests.open_client``), like wrk: with its own core if it is given one, and told
what it was asked over its standard input, so that no key shows among the arguments.

wrk2 has the same aim and is not used even where it is there: its timers are in whole milliseconds, which is more than an
answer takes here, and it discards what it measures in its first ten seconds.
"""

import subprocess
import sys
from pathlib import Path

import msgspec

from load_tests.arrivals import Arrivals
from load_tests.measurement import Measurement
from load_tests.order import Order
from load_tests.paths import ROOT

PATIENCE_SECONDS = 30.0


class OpenLoopError(RuntimeError):
    """The client could not do what it was asked, or failed; the message says what it printed."""


def run(
    url: str,
    bodies: Path,
    *,
    rate: float,
    seconds: float,
    connections: int = 64,
    headers: tuple[str, ...] = (),
    arrivals: Arrivals = "fixed",
    authority: Path | None = None,
) -> Measurement:
    """Ask ``url`` with the bodies of a file, ``rate`` times a second; ``Order`` tells what each argument is.

    Raises:
        OpenLoopError: if nobody listens, or the client failed.
    """
    trusted = None if authority is None else str(authority)
    return carry_out(Order(url, str(bodies), rate, seconds, connections, headers, arrivals, trusted))


def carry_out(order: Order) -> Measurement:
    """Start the client with an order and wait for its end; the affinity of this process is the client's too.

    Raises:
        OpenLoopError: if nobody listens, or the client failed.
    """
    limit = order.seconds + order.timeout + PATIENCE_SECONDS
    try:
        done = subprocess.run(
            [sys.executable, "-m", "load_tests.open_client"],
            input=msgspec.json.encode(order),
            capture_output=True,
            timeout=limit,
            check=False,
            cwd=ROOT,
        )
    except subprocess.TimeoutExpired as error:
        raise OpenLoopError(f"the client of the open loop did not end within {limit:.0f} s: {order.url}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-400:]
        raise OpenLoopError(f"the open loop failed on {order.url}: {said}")
    return msgspec.json.decode(done.stdout, type=Measurement)
