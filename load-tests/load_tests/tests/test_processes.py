"""Starting, watching and stopping programs."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from gateway_config.ports import free_port
from load_tests import processes
from load_tests.processes import Cores, Launch, ProcessError, Server

SERVING = """
import http.server, sys
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def _server(folder: Path, code: str, environment: dict[str, str] | None = None) -> Server:
    port = free_port()
    launch = Launch("tried", (sys.executable, "-c", code, str(port)), environment or {}, port, "/")
    return Server(launch, folder)


def test_two_cores_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server gets the first core this process may use, the client the last."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 2, 3}, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    cores = Cores.split()
    assert cores == Cores(2, 5, "server on core 2, client on core 5")
    assert cores.on_server(("serve", "it")) == ("taskset", "--cpu-list", "2", "serve", "it")


def test_one_core_is_said_to_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is nothing to keep apart, the result says so."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    cores = Cores.split()
    assert "only one core" in cores.note
    assert cores.on_server(("serve",)) == ("serve",)


def test_no_taskset_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without taskset nothing is pinned, and the result says so."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert "no taskset" in Cores.split().note


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="affinity is Linux's")
def test_the_client_core_is_given_back() -> None:
    """After a run, this process may use the cores that it could use before."""
    before = os.sched_getaffinity(0)
    core = max(before)
    with Cores(None, core, "").as_client():
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before


@pytest.mark.platform
def test_a_server_is_started_measured_and_stopped(tmp_path: Path) -> None:
    """Ready means that it answers; on leaving it is gone, and nobody listens any more."""
    with Server(_server(tmp_path, SERVING).launch, tmp_path, Cores.split()) as server:
        usage = server.usage()
        assert usage.rss_bytes > 1_000_000
        assert usage.cpu_seconds > 0
        assert processes.get(server.launch.port, "/nothing") == 404
    assert server.process.returncode == -signal.SIGTERM
    assert processes.get(server.launch.port, "/") is None


@pytest.mark.platform
def test_the_callers_settings_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting in the shell must not change what is measured; the launch's own does reach it."""
    monkeypatch.setenv("PUERTA_MAX_CONCURRENCY", "1")
    told = "import os; raise SystemExit(str(sorted(name for name in os.environ if name.startswith('PUERTA_'))))"
    with (
        pytest.raises(ProcessError, match=r"\['PUERTA_PORT'\]"),
        _server(tmp_path, told, {"PUERTA_PORT": "1"}),
    ):
        pass


@pytest.mark.platform
def test_a_server_that_dies_is_told_with_its_log(tmp_path: Path) -> None:
    """The error holds the exit code and the last lines it printed."""
    with (
        pytest.raises(ProcessError, match=r"(?s)ended with 3 before it was ready.*no such model"),
        _server(tmp_path, "import sys; print('no such model', flush=True); sys.exit(3)"),
    ):
        pass


@pytest.mark.platform
def test_a_server_that_never_answers_is_killed(tmp_path: Path) -> None:
    """It does not outlive the load test."""
    server = _server(tmp_path, "import time; time.sleep(600)")
    server.start()
    with pytest.raises(ProcessError, match="was not ready after"):
        server.wait_ready(seconds=0.2)
    server.kill()
    assert server.process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessError, match="is gone"):
        server.usage()


@pytest.mark.platform
def test_a_server_that_ignores_sigterm_is_told_and_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not stop is an error, and still it is gone afterwards."""
    deaf = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SERVING}"
    server = _server(tmp_path, deaf)
    monkeypatch.setattr(Server.wait, "__defaults__", (0.3,))
    with pytest.raises(ProcessError, match="had not ended after"), server:
        pass
    assert server.process.returncode == -signal.SIGKILL


@pytest.mark.platform
def test_ending_a_server_of_others_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither itself, which may not stop when asked, nor a program that it started and did not stop."""
    child = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); import time; time.sleep(600)"
    started = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}])\n{SERVING}"
    monkeypatch.setattr(processes, "_CHILDREN_SECONDS", 0.1)
    with _server(tmp_path, started) as server:
        (left,) = server._children()
        server.end()
    left.wait(5)
    assert server.process.returncode == -signal.SIGTERM
