"""``python -m load_tests run``: against a stand-in that keeps the contract or breaks it, and the whole platform."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from gateway_config.ports import free_port
from load_tests import servers
from load_tests.cli import main
from load_tests.processes import Server
from load_tests.scenarios import judging, scenario
from load_tests.scenarios.running import Runner
from load_tests.scenarios.scenario import Phase, Scenario, Slow
from load_tests.scenarios.target import Target, deployed
from load_tests.servers import Setup
from load_tests.tests import stand_in
from load_tests.tests.conftest import STAND_IN
from tests.parts import require

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("run"), pytest.mark.usefixtures("wrk_installed")]

SHORT = """\
title: A test
about: A closed loop, a second each.
warm_seconds: 1
phases:
  - {name: single, seconds: 1, connections: 4}
  - {name: pairs, seconds: 1, connections: 4, rows: 2}
"""


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A scenario of two seconds."""
    path = tmp_path / "short.yaml"
    path.write_text(SHORT)
    return path


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("wrong answers", 1), ("refuses all", 1)])
def test_what_is_deployed_is_judged(
    tmp_path: Path, models: Path, short: Path, fault: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A good server holds; one that answers wrongly, or refuses, does not; what can't be seen of it is said."""
    monkeypatch.setenv(stand_in.FAULT, fault)
    with Server(servers.service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        assert main(["run", str(short), "--url", server.url, "--out", str(tmp_path)]) == code
    found = msgspec.json.decode((tmp_path / "short.json").read_bytes())
    assert found["held"] is (code == 0)
    assert [phase["rows_per_request"] for phase in found["phases"]] == [1, 2]
    page = (tmp_path / "short.html").read_text()
    assert "not measured" in page
    assert ("not held" in page) is bool(code)


def test_the_event_log_is_counted(tmp_path: Path, models: Path, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that are not in the log when they are given are found missing."""
    monkeypatch.setenv(stand_in.FAULT, "late log")
    setup = Setup(tmp_path, models, STAND_IN)
    with Server(servers.service(setup), tmp_path) as server:
        target = replace(deployed(server.url, None, None), events=setup.events)
        run = Runner(scenario.read(short), target, lambda _: None, models=models, folder=tmp_path).run()
    (log,) = [check for check in judging.judge(run) if check.what == "event log"]
    assert log.held is False


def test_slow_callers_stay_and_trickle(tmp_path: Path, models: Path) -> None:
    """All of them are there beside the good ones at a rate, and send and read a byte at a time."""
    phase = Phase(name="beside", seconds=2, rate=20, connections=2, slow=Slow(writers=10, readers=5))
    loaded = Scenario(name="slow", title="-", about="-", warm_seconds=1, phases=(phase,))
    with Server(servers.service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        target: Target = deployed(server.url, None, None)
        run = Runner(loaded, target, lambda _: None, models=models, folder=tmp_path).run()
    told = run.outcomes[0].slow
    assert told is not None
    assert told.opened == told.requests == 15
    assert 15 < told.trickled <= 15 * 6
    # On a busy machine the client may not have kept up, and says so.
    assert set(run.outcomes[0].seen.statuses) == {200}
    assert [check.what for check in judging.judge(run) if check.held is False and check.what != "statuses"] == []


def test_what_can_not_be_run_is_told_by_the_exit_code(
    tmp_path: Path, models: Path, short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """2, with a line: nobody listens, no such scenario, a soak without a knee, a key for what is started here."""
    out = ("--out", str(tmp_path))
    cases: dict[str, tuple[str, ...]] = {
        "refused": ("run", str(short), "--url", f"http://127.0.0.1:{free_port()}", *out),
        "no scenario 'x'": ("run", "x", *out),
        "--knee RATE": ("run", "soak", *out),
        "go with --url": ("run", "smoke", "--key-file", "x", *out),
    }
    for said, arguments in cases.items():
        assert main([*arguments, "--models", str(models)]) == 2
        assert said in capsys.readouterr().err.lower().replace("rate", "RATE")
    assert not (tmp_path / "short.json").exists()


@pytest.mark.slow
def test_the_whole_platform_holds_its_objectives(tmp_path: Path, models: Path) -> None:
    """The smoke scenario, through the gateway: right, logged, traced, and Prometheus counts what the clients saw."""
    require("prometheus", "apt install prometheus")
    short = tmp_path / "smoke.yaml"
    short.write_text((scenario.FOLDER / "smoke.yaml").read_text().replace("seconds: 10", "seconds: 3"))
    assert main(["run", str(short), "--out", str(tmp_path), "--models", str(models)]) == 0
    found = msgspec.json.decode((tmp_path / "smoke.json").read_bytes())
    checks = {check["what"]: check for check in found["checks"]}
    for what in ("event log", "traces", "memory of the service", "objective latency", "objective gateway-availability"):
        assert checks[what]["held"] is True, checks[what]
    assert checks["Prometheus: requests"]["held"] is True
    assert {"service", "gateway", "gateway-metrics", "prometheus", "load client"} <= {p["part"] for p in found["parts"]}
