"""wrk: run it with this room's script and read what it measured."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from load_tests.histogram import Histogram, exact_ms
from load_tests.measurement import Measurement, Second
from load_tests.paths import WRK_SCRIPT

# Past its own duration, wrk waits for answers at most its --timeout (2 s by default).
PATIENCE_SECONDS = 30.0


class WrkError(RuntimeError):
    """wrk is missing, or failed; the message says what it printed."""


def run(
    url: str,
    bodies: Path,
    *,
    connections: int,
    seconds: float,
    headers: tuple[str, ...] = (),
) -> Measurement:
    """Load ``url`` with the bodies of a file for whole ``seconds``; the affinity of this process is wrk's too.

    Raises:
        WrkError: if wrk is not installed, fails or does not end.
    """
    program = shutil.which("wrk")
    if program is None:
        raise WrkError("wrk is not on the PATH, expected it there (Debian: apt install wrk)")
    duration = max(1, round(seconds))
    command = [program, "-t1", f"-c{connections}", f"-d{duration}s", "--latency", "-s", str(WRK_SCRIPT), url]
    with tempfile.TemporaryDirectory(prefix="puerta-wrk-") as name:
        out = Path(name) / "run.json"
        before = os.times()
        try:
            done = subprocess.run(  # noqa: S603 - wrk, on an address this program made
                [*command, "--", str(bodies), *headers, f"out={out}"],
                capture_output=True,
                text=True,
                timeout=duration + PATIENCE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise WrkError(f"wrk did not end {PATIENCE_SECONDS:.0f} s after its {duration} s: {url}") from error
        after = os.times()
        if done.returncode != 0 or not out.exists():
            raise WrkError(f"wrk failed on {url}: {(done.stderr or done.stdout).strip()[-400:]}")
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return parse(out.read_text(), connections=connections, client_cpu_seconds=used)


def parse(text: str, *, connections: int = 1, client_cpu_seconds: float = 0.0) -> Measurement:
    """Read the file that ``predict.lua`` writes, without the latencies that wrk has added.

    Raises:
        WrkError: if it is another.
    """
    try:
        said: dict[str, Any] = json.loads(text)
        errors = said["errors"]
        requests, duration = said["requests"], said["duration_us"]
        pairs = np.asarray(said["latency"], np.int64).reshape(-1, 2)
        values, counts = uncorrected(pairs, duration, requests, connections)
        return Measurement(
            requests=requests,
            seconds=duration / 1e6,
            bytes_read=said["bytes"],
            connect_errors=errors["connect"],
            read_errors=errors["read"],
            write_errors=errors["write"],
            timeouts=errors["timeout"],
            statuses={int(status): count for status, count in said["statuses"].items()},
            latency_ms=exact_ms(values, counts),
            client_cpu_seconds=client_cpu_seconds,
            started=said["started"],
            histogram=Histogram.of(values, counts),
            corrected_ms={name: value / 1e3 for name, value in said["latency_us"].items()},
            by_second=_seconds(said["by_second"], said["started"], duration / 1e6),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise WrkError(
            f"this is not what predict.lua writes ({type(error).__name__}: {error}): {text[:200]}"
        ) from error


def uncorrected(
    pairs: NDArray[np.int64], duration_us: int, requests: int, connections: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Take back the latencies that wrk adds at the end, which no request had.

    For each latency of at least twice the mean interval of a connection, ``stats_correct`` of wrk's stats.c adds that
    latency less one interval, less two, and so on. It goes upwards and adds only below, so going downwards undoes it.

    Args:
        pairs: latency in microseconds and how many had it, ascending, of shape (n, 2).
        duration_us: how long wrk ran.
        requests: how many answers it read.
        connections: over how many connections.

    Returns:
        The latencies in microseconds and how many requests had each, both of shape (m,).
    """
    rounds = requests // connections
    if not len(pairs) or not rounds:
        return pairs[:, 0].astype(np.float64), pairs[:, 1]
    interval = duration_us // rounds
    counts = np.zeros(int(pairs[-1, 0]) + 1, np.int64)
    counts[pairs[:, 0]] = pairs[:, 1]
    for value in pairs[::-1, 0]:
        if value < 2 * interval:
            break
        if counts[value]:
            counts[value - interval : interval : -interval] -= counts[value]
    if counts.min() < 0:
        raise ValueError("latencies that wrk's correction can't have made")
    there = np.flatnonzero(counts)
    return there.astype(np.float64), counts[there]


def _seconds(each: list[dict[str, int]], started: float, duration: float) -> tuple[Second, ...]:
    return tuple(
        Second(
            at=started + number,
            seconds=max(1e-3, min(1.0, duration - number)),
            statuses={int(status): count for status, count in counts.items()},
        )
        for number, counts in enumerate(each)
    )
