"""wrk: run it with this room's script and read what it measured."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from load_tests.paths import WRK_SCRIPT

# Past its own duration, wrk waits for answers at most its --timeout (2 s by default).
PATIENCE_SECONDS = 30.0


class WrkError(RuntimeError):
    """wrk is missing, or failed; the message says what it printed."""


@dataclass(frozen=True)
class Measurement:
    """What one run of wrk saw.

    Latencies are in milliseconds, of a closed loop: each connection asks again as soon as it is answered.
    """

    requests: int
    seconds: float
    bytes_read: int
    connect_errors: int
    read_errors: int
    write_errors: int
    timeouts: int
    statuses: dict[int, int]
    latency_ms: dict[str, float]
    client_cpu_seconds: float

    @property
    def requests_per_second(self) -> float:
        """Answers per second of the run."""
        return self.requests / self.seconds

    def problems(self) -> list[str]:
        """Everything that was no 2xx answer, in words."""
        found = [
            f"{count} {what}"
            for count, what in (
                (self.connect_errors, "connections refused"),
                (self.read_errors, "connections broken while reading"),
                (self.write_errors, "connections broken while writing"),
                (self.timeouts, "timeouts"),
            )
            if count
        ]
        found += [
            f"{count} answers {status}"
            for status, count in sorted(self.statuses.items())
            if status not in range(200, 300)
        ]
        if not self.requests:
            found.append("no answer at all")
        return found


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
    before = os.times()
    try:
        done = subprocess.run(  # noqa: S603 - wrk, on an address this program made
            [*command, "--", str(bodies), *headers],
            capture_output=True,
            text=True,
            timeout=duration + PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WrkError(f"wrk did not end {PATIENCE_SECONDS:.0f} s after its {duration} s: {url}") from error
    after = os.times()
    if done.returncode != 0:
        raise WrkError(f"wrk failed on {url}: {(done.stderr or done.stdout).strip()}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return parse(done.stdout, client_cpu_seconds=used)


def parse(output: str, *, client_cpu_seconds: float = 0.0) -> Measurement:
    """Read the JSON line that ``predict.lua`` prints last.

    Raises:
        WrkError: if there is none.
    """
    line = next((line for line in reversed(output.splitlines()) if line.startswith("{")), None)
    if line is None:
        raise WrkError(f"wrk printed no JSON line, expected one from predict.lua: {output.strip()[-200:]}")
    try:
        said: dict[str, Any] = json.loads(line)
        errors = said["errors"]
        return Measurement(
            requests=said["requests"],
            seconds=said["duration_us"] / 1e6,
            bytes_read=said["bytes"],
            connect_errors=errors["connect"],
            read_errors=errors["read"],
            write_errors=errors["write"],
            timeouts=errors["timeout"],
            statuses={int(status): count for status, count in said["statuses"].items()},
            latency_ms={name: value / 1e3 for name, value in said["latency_us"].items()},
            client_cpu_seconds=client_cpu_seconds,
        )
    except (ValueError, KeyError) as error:
        raise WrkError(
            f"wrk's JSON line is not predict.lua's ({type(error).__name__}: {error}): {line[:200]}"
        ) from error
