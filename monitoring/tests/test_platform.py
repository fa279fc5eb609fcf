"""From the service's own files to Prometheus' text: the real service, the real scheduler, nothing between them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway_config.ports import free_port
from monitoring.tests.conftest import ROOT
from service.tests.process import ServiceProcess
from service.tests.wire import post

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("monitoring")]

_PATIENCE = 90  # seconds; only what hangs takes them


def eventually(happens: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    until = time.monotonic() + _PATIENCE
    while not happens():
        assert time.monotonic() < until, what
        time.sleep(0.05)


class Schedule:
    """``python -m monitoring schedule`` in a process of its own."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.port, self.console = free_port(), free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PUERTA_")}
        common = {
            "state_dir": folder,
            "models_dir": ROOT / "model-files",
            "monitoring_metrics_port": self.port,
            "console_port": self.console,
            "drift_min_rows": 100,
            "drift_step_hours": 0,
            "label_min_count": 100,
        }
        environment |= {f"PUERTA_{name.upper()}": str(value) for name, value in (common | settings).items()}
        self.environment = environment
        self.log = folder / "monitoring.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "monitoring", "schedule"], env=environment, stderr=log, cwd=ROOT
            )

    def get(self, path: str) -> str:
        """The body of an answer; empty where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return str(answer.read(), "utf-8")
        except OSError:
            return ""

    def has(self, metric: str, value: float) -> bool:
        """Whether a scrape reads a sample of so much."""
        return f"{metric} {value}" in self.get("/metrics")

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)


def test_predictions_and_labels_of_the_service_become_metrics(tmp_path: Path) -> None:
    """Answered, labelled, reported at once, scraped, seen again after a run by hand; and SIGTERM ends it cleanly."""
    flights = [{"OPERA": "JetSmart SPA", "TIPOVUELO": "N", "MES": 1 + month} for month in range(12)] * 25
    with ServiceProcess(tmp_path, ROOT / "model-files", default_model="flight-delay") as service:
        service.until_ready()
        answer = service.ask(post("/v1/predict", json.dumps({"instances": flights}).encode()))
        assert answer.status == 200
        ids = [prediction["id"] for prediction in json.loads(answer.body)["predictions"]]
        labels = [{"id": id_, "label": 0} for id_ in ids[:150]]
        assert service.ask(post("/v1/labels", json.dumps({"labels": labels}).encode())).status == 200
        # The service still runs: its segments are open, as they are on a platform.
        schedule = Schedule(tmp_path)
        try:
            eventually(lambda: schedule.get("/health/ready") == "ok\n", "never ready")
            window = 'model="flight-delay",version="1",window="1d"'
            eventually(lambda: schedule.has(f"drift_window_rows{{{window}}}", 300.0), "its rows were never seen")
            eventually(lambda: schedule.has('drift_runs_total{result="success"}', 1.0), "the run was never counted")
            assert schedule.has(f"label_coverage_ratio{{{window}}}", 0.5)
            alert = 'drift_alert{feature="OPERA",model="flight-delay",version="1",view="aligned",window="1d"}'
            assert schedule.has(alert, 1.0)
            assert schedule.get("/elsewhere") == ""
            assert service.ask(post("/v1/predict", json.dumps({"instances": flights}).encode())).status == 200
            command = [sys.executable, "-m", "monitoring", "drift", "run", "--window", "1d", "--quiet"]
            by_hand = subprocess.run(command, env=schedule.environment, capture_output=True, cwd=ROOT, check=False)
            assert by_hand.returncode == 1, by_hand.stderr
            assert schedule.has(f"drift_window_rows{{{window}}}", 600.0)
            assert schedule.stop() == 0
        finally:
            schedule.process.kill()
            schedule.process.wait()
    said = schedule.log.read_text()
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Exit code 2, and the log says which."""
    first = Schedule(tmp_path)
    try:
        eventually(lambda: first.get("/health/live") == "ok\n", "never there")
        second = subprocess.run(
            [sys.executable, "-m", "monitoring", "schedule"],
            env=first.environment,
            capture_output=True,
            cwd=ROOT,
            check=False,
        )
        assert second.returncode == 2
        assert f"127.0.0.1:{first.port}".encode() in second.stderr
    finally:
        first.process.kill()
        first.process.wait()
