"""Locust, in an environment of its own, with this room's locustfile and the labels that the model gives.

It is not installed beside the project: it brings gevent's way of doing things, a web server, and a pytest plugin whose
options every test run would have.
"""

import csv
import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from load_tests.oracle import Oracle
from load_tests.paths import ROOM, ROOT, WRK_BODIES
from load_tests.peers import environments

FOLDER = ROOM / "locust"
LOCUSTFILE = FOLDER / "locustfile.py"
REQUIREMENTS = FOLDER / "requirements.txt"
ENVIRONMENT = ROOT / ".local" / "locust"
PATIENCE_SECONDS = 60.0


class LocustError(RuntimeError):
    """Locust could not run; the message holds the end of what it printed."""


@dataclass(frozen=True)
class Options:
    """How to run Locust: against what, with how many users who never wait, and where its report goes."""

    url: str
    key_file: Path | None
    users: int
    seconds: int
    report: Path
    environment: Path = ENVIRONMENT


@dataclass(frozen=True)
class Outcome:
    """What Locust counted; ``failures`` by reason."""

    requests: int
    requests_per_second: float
    latency_ms: dict[str, float]
    failures: dict[str, int]


def run(options: Options, oracle: Oracle, say: Callable[[str], None]) -> Outcome:
    """Run Locust without its page and write its HTML report; an answer with a label that is not the oracle's is a failure.

    Raises:
        InstallError: if its environment cannot be made.
        LocustError: if it fails or does not end.
    """
    python = environments.make(REQUIREMENTS, options.environment, say)
    with tempfile.TemporaryDirectory(prefix="puerta-locust-") as name:
        flights = Path(name) / "flights.tsv"
        flights.write_bytes(labelled(WRK_BODIES.read_bytes(), oracle))
        counts = Path(name) / "counts"
        command = [
            *(str(python), "-m", "locust", "--locustfile", str(LOCUSTFILE), "--host", options.url, "--headless"),
            *("--users", str(options.users), "--spawn-rate", str(options.users), "--run-time", f"{options.seconds}s"),
            *("--flights", str(flights), "--html", str(options.report), "--csv", str(counts)),
            *("--only-summary", "--exit-code-on-error", "0"),
            *(() if options.key_file is None else ("--key-file", str(options.key_file))),
        ]
        options.report.parent.mkdir(parents=True, exist_ok=True)
        try:
            done = subprocess.run(  # noqa: S603 - Locust, on the address that was asked for
                command, capture_output=True, text=True, timeout=options.seconds + PATIENCE_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise LocustError(f"Locust did not end {PATIENCE_SECONDS:.0f} s after its {options.seconds} s") from error
        if done.returncode:
            raise LocustError(f"Locust failed with {done.returncode}: {done.stderr.strip()[-400:]}")
        return _outcome(_rows(Path(f"{counts}_stats.csv")), _rows(Path(f"{counts}_failures.csv")))


def labelled(bodies: bytes, oracle: Oracle) -> bytes:
    """Write behind each body of one flight the label that its answer must have."""
    lines = bodies.splitlines()
    labels = [one.label for line in lines for one in oracle.predict(json.loads(line)["instances"])]
    return b"".join(line + f"\t{label}\n".encode() for line, label in zip(lines, labels, strict=True))


def _outcome(stats: list[dict[str, str]], failures: list[dict[str, str]]) -> Outcome:
    whole = next(row for row in stats if row["Name"] == "Aggregated")
    reasons = [row["Error"].removeprefix("CatchResponseError('").removesuffix("')") for row in failures]
    return Outcome(
        requests=int(whole["Request Count"]),
        requests_per_second=float(whole["Requests/s"]),
        latency_ms={f"p{share}": float(whole[f"{share}%"]) for share in (50, 90, 99) if whole[f"{share}%"] != "N/A"},
        failures={reason: int(row["Occurrences"]) for reason, row in zip(reasons, failures, strict=True)},
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
