"""What the tests release on: a service whose revisions get the traffic that ``gcloud`` gave them, and a real Prometheus."""

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.parts import require

RATE = 4000.0  # requests a second, of all revisions together
SCRAPE = "200ms"
_START_SECONDS = 20.0
_LABELS = 'namespace="puerta",revision_name="{revision}"'
_METRICS = (
    ("http_server_request_duration_seconds_count", 'route="/v1/predict",method="POST",code="200"', "good"),
    ("http_server_request_duration_seconds_count", 'route="/v1/predict",method="POST",code="500"', "failed"),
    ("http_server_request_duration_seconds_bucket", 'route="/v1/predict",method="POST",code="200",le="0.4"', "fast"),
    ("http_server_request_duration_seconds_bucket", 'route="/v1/predict",method="POST",code="200",le="1.0"', "fast"),
    ("http_server_request_duration_seconds_bucket", 'route="/v1/predict",method="POST",code="500",le="0.4"', "failed"),
    ("http_server_request_duration_seconds_bucket", 'route="/v1/predict",method="POST",code="500",le="1.0"', "failed"),
    ("prediction_log_written_total", "", "good"),
    ("prediction_log_failed_total", "", "none"),
    ("prediction_input_rejected_total", 'reason="unseen_category"', "rejected"),
)


@dataclass
class Revision:
    """What comes of its requests, in parts of 1."""

    failed: float = 0.0
    slow: float = 0.0
    rejected: float = 0.0
    counts: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("good", "failed", "fast", "rejected", "none"), 0.0)
    )

    def serve(self, requests: float) -> None:
        """Count so many."""
        failed = requests * self.failed
        self.counts["failed"] += failed
        self.counts["good"] += requests - failed
        self.counts["fast"] += (requests - failed) * (1 - self.slow)
        self.counts["rejected"] += requests * self.rejected


class Platform:
    """The service as its metrics show it. ``state`` is the file that ``gcloud`` keeps."""

    def __init__(self, state: Path, revisions: Mapping[str, Revision]) -> None:
        """No request was served yet."""
        self.state = state
        self._revisions = revisions
        self._looked = time.monotonic()
        self._lock = threading.Lock()

    def exposition(self) -> str:
        """What a scrape gets: since the last one every revision served its part."""
        with self._lock:
            now = time.monotonic()
            passed, self._looked = now - self._looked, now
            for name, part in json.loads(self.state.read_text())["traffic"].items():
                self._revisions[name].serve(RATE * part / 100 * passed)
            return "".join(
                f"{metric}{{{','.join(filter(None, (_LABELS.format(revision=name), labels)))}}} {revision.counts[what]}\n"
                for metric, labels, what in _METRICS
                for name, revision in self._revisions.items()
            )


@dataclass(frozen=True)
class Stage:
    """A Prometheus, and what it looks at."""

    url: str
    exposed: list[Platform]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))  # of revisions: a series is of one test alone

    def show(self, platform: Platform) -> None:
        """Let it look at this from now on."""
        self.exposed[:] = [platform]


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A real Prometheus that scrapes a stand-in for the metrics sidecar."""
    program = require("prometheus", "apt install prometheus")
    exposed: list[Platform] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = "".join(platform.exposition() for platform in exposed).encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = folder / "prometheus.yaml"
    config.write_text(
        f"global: {{scrape_interval: {SCRAPE}, scrape_timeout: {SCRAPE}}}\n"
        f"scrape_configs: [{{job_name: run, static_configs: [{{targets: ['127.0.0.1:{server.server_port}']}}]}}]\n"
    )
    port = _free_port()
    command = (
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(f"{url}/-/ready", folder / "prometheus.log")
            yield Stage(url, exposed)
        finally:
            process.terminate()
            process.wait(10)
            server.shutdown()
            server.server_close()


def gcloud(folder: Path, state: dict[str, Any]) -> tuple[Path, dict[str, str]]:
    """A folder with the stand-in ``gcloud``: the file that it keeps, and the environment that has it first on the PATH."""
    program = folder / "gcloud"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I {Path(__file__).parent / "gcloud.py"} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    kept = folder / "gcloud.json"
    kept.write_text(json.dumps({"latest": False, "ready": {}, "fail": [], "calls": [], **state}))
    return kept, {"PATH": f"{folder}:{os.environ['PATH']}", "GCLOUD_STATE": str(kept)}


def _wait(url: str, log: Path) -> None:
    limit = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urlopen(url, timeout=1):  # noqa: S310 - this machine
                return
        except OSError as error:
            if time.monotonic() > limit:
                raise AssertionError(log.read_text()) from error
        time.sleep(0.05)


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
