"""What a running gateway takes over, without losing a request: another policy, other instances."""

import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway_config.envoy import refusals
from gateway_config.envoy.bootstrap import Address
from gateway_config.envoy.instances import find_instances
from gateway_config.envoy.reloading import ReloadError
from gateway_config.envoy.rendering import ADDRESSES_FILE, COUNTERS, INSTANCES_FILE, KEYS_FILE, ROUTES_FILE
from gateway_config.envoy.uptake import Uptake
from gateway_config.files import write_private
from gateway_config.local import LocalGateway
from gateway_config.policy.model import Client, Operation, Policy, Rate
from gateway_config.ports import free_port
from gateway_config.tests.backend import Backend
from gateway_config.tests.callers import Callers
from gateway_config.tests.envoy_process import Answer, EnvoyProcess, RunningGateway, ask, make_gateway
from tests.parts import require

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("reloading"), pytest.mark.usefixtures("_envoy_is_there")]


@pytest.fixture
def made(policy_file: Path, tmp_path: Path, backend: Backend) -> LocalGateway:
    """A gateway of its own for a test, not yet running."""
    return make_gateway(policy_file, tmp_path, backend.address)


def with_operation(gateway: LocalGateway, name: str, operation: Operation) -> LocalGateway:
    """The same gateway with one operation more, or another one of that name."""
    operations = {**gateway.policy.operations, name: operation}
    return replace(gateway, policy=msgspec.structs.replace(gateway.policy, operations=operations))


def with_client(gateway: LocalGateway, name: str, **fields: Any) -> LocalGateway:
    """The same gateway with another client of that name."""
    client = msgspec.structs.replace(gateway.policy.clients[name], **fields)
    clients = {**gateway.policy.clients, name: client}
    return replace(gateway, policy=msgspec.structs.replace(gateway.policy, clients=clients))


def predict(gateway: RunningGateway, key: str, path: str = "/v1/predict", body: bytes = b"{}") -> Answer:
    """One prediction."""
    return gateway.ask("POST", path, ("x-api-key", key), body=body)


def test_operations_change_while_it_runs(made: LocalGateway, backend: Backend) -> None:
    """A new operation is there, a closed one is closed, and a new deadline and body limit hold, once it is applied."""
    key = made.new_key("demo")
    backend.delay = 0.5
    with RunningGateway(made) as gateway:
        assert predict(gateway, key, "/v1/new").status == 404
        assert gateway.ask("GET", "/health/live").status == 200
        changed = with_operation(made, "new", Operation(method="POST", path="/v1/new"))
        changed = with_operation(changed, "health_live", Operation(method="GET", path="/health/live"))
        changed = with_operation(changed, "small", Operation(method="POST", path="/small", max_body_bytes=200))
        changed = with_operation(changed, "patient", Operation(method="POST", path="/slow", deadline_seconds=0.1))
        assert changed.apply() == (ROUTES_FILE,)
        assert predict(gateway, key, "/v1/new").status == 200
        assert gateway.ask("GET", "/health/live").status == 401
        assert predict(gateway, key, "/small", b"x" * 200).status == 200
        assert predict(gateway, key, "/small", b"x" * 201).status == 413
        assert predict(gateway, key, "/slow").status == 504
        assert changed.apply() == ()


def test_clients_change_while_it_runs(made: LocalGateway) -> None:
    """A client's networks and operations are as applied, and one that has left the policy is refused."""
    keys = {name: made.new_key(name) for name in ("demo", "narrow", "far")}
    with RunningGateway(made) as gateway:
        assert predict(gateway, keys["far"]).status == 403
        changed = with_client(made, "far", cidrs=("127.0.0.1/32",))
        changed = with_client(changed, "narrow", operations=("refuse",))
        assert changed.apply() == ("keys.yaml", "addresses.yaml")
        assert predict(gateway, keys["far"]).status == 200
        assert predict(gateway, keys["narrow"]).json["message"] == refusals.NOT_GRANTED.message
        left = {name: client for name, client in changed.policy.clients.items() if name != "demo"}
        replace(changed, policy=msgspec.structs.replace(changed.policy, clients=left)).apply()
        assert predict(gateway, keys["demo"]).json["message"] == refusals.INVALID_KEY.message


def test_what_envoy_refuses_is_not_applied(made: LocalGateway) -> None:
    """A policy that Envoy can't use is refused before anything is written, and what held goes on holding."""
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        before = (made.folder / ROUTES_FILE).read_bytes()
        broken = with_operation(made, "broken", Operation(method="POST", path="/v1/(" * 2000 + "{x}"))
        with pytest.raises(Exception, match="Envoy refuses what is rendered from the policy: "):
            broken.apply()
        assert (made.folder / ROUTES_FILE).read_bytes() == before
        assert predict(gateway, key).status == 200


def test_what_envoy_does_not_take_over_is_taken_back(made: LocalGateway) -> None:
    """A file that the running Envoy refuses is put back as it was, by name, and what held goes on holding."""
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        before = (made.folder / ROUTES_FILE).read_bytes()
        with pytest.raises(
            ReloadError, match=r"has not taken over routes\.yaml \(refused\): everything stays as it was"
        ):
            made._reloading.replace({ROUTES_FILE: before.replace(b"domains:", b"dominions:")})
        assert (made.folder / ROUTES_FILE).read_bytes() == before
        assert predict(gateway, key).status == 200


def test_no_broken_file_changes_anything(made: LocalGateway, backend: Backend) -> None:
    """Whichever of the files is spoilt while the gateway runs: who was let in still is, and nobody else."""
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        watched = [name for name in COUNTERS if (made.folder / name).exists()]
        assert {KEYS_FILE, ADDRESSES_FILE, ROUTES_FILE, INSTANCES_FILE} < set(watched)
        for name in watched:
            whole = (made.folder / name).read_bytes()
            odd = whole.replace(b"resources:\n- ", b"resources:\n- nonsense: 1\n  ")
            assert odd != whole
            for spoilt in (b"", b"resources: []", b"no configuration", odd):
                uptake = Uptake(made.site.admin, *COUNTERS[name])
                write_private(made.folder / name, spoilt)
                if spoilt != b"resources: []" or name not in (ROUTES_FILE, INSTANCES_FILE):  # for these it says nothing
                    assert uptake.wait(10) == "refused", (name, spoilt)
                assert predict(gateway, key).status == 200
                backend.seen.clear()
                assert gateway.ask("POST", "/v1/predict").status == 401
                assert backend.seen == []
            write_private(made.folder / name, whole)


@pytest.mark.parametrize("spoilt", [None, b"", b"resources: []"])
def test_file_that_is_broken_from_the_start_lets_nobody_in(
    made: LocalGateway, backend: Backend, tmp_path: Path, spoilt: bytes | None
) -> None:
    """Whichever of the files is spoilt or gone: the gateway does not start, or refuses everybody who needs a key."""
    key = made.new_key("demo")
    made.write()
    for name in [name for name in COUNTERS if (made.folder / name).exists()]:
        whole = (made.folder / name).read_bytes()
        if spoilt is None:
            (made.folder / name).unlink()
            with pytest.raises(AssertionError, match="Envoy did not start"):
                EnvoyProcess(made.bootstrap, made.site.admin, tmp_path / "envoy.log").__enter__()
        else:
            write_private(made.folder / name, spoilt)
            with EnvoyProcess(made.bootstrap, made.site.admin, tmp_path / "envoy.log"):
                for headers in ([("x-api-key", key)], [("x-api-key", key), ("x-gateway-client", "demo")], []):
                    answer = ask(made.site.listen, "POST", "/v1/predict", headers, b"{}")
                    assert answer.status in (401, 404, 503)
                    assert answer.json["code"] == answer.status
                    assert answer.json["message"]
        write_private(made.folder / name, whole)
    assert backend.seen == []


def test_script_that_can_not_be_loaded_is_refused(made: LocalGateway) -> None:
    """Envoy counts it as read anew all the same: what it says of the update itself is what counts."""
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        whole = (made.folder / KEYS_FILE).read_bytes()
        for spoilt in (whole.replace(b"function envoy_on_request(handle)", b"function (handle)"), whole[:-400]):
            with pytest.raises(ReloadError, match=r"has not taken over keys\.yaml \(refused\)"):
                made._reloading.replace({KEYS_FILE: spoilt})
            assert (made.folder / KEYS_FILE).read_bytes() == whole
            assert predict(gateway, key).status == 200


def test_nothing_to_apply_to(made: LocalGateway) -> None:
    """Before anything was rendered there is nothing to change; with nothing running, what is written is for later."""
    with pytest.raises(ReloadError, match="python -m gateway_config render writes it"):
        made.apply()
    with pytest.raises(ReloadError, match="python -m gateway_config render writes it"):
        made.swap((Address("127.0.0.1", 1),))
    key = made.new_key("demo")
    made.write()
    with_operation(made, "new", Operation(method="POST", path="/v1/new")).apply()
    other = Address("127.0.0.1", free_port())
    assert made.swap((other,)) == (INSTANCES_FILE,)
    assert f"port_value: {other.port}" in (made.folder / INSTANCES_FILE).read_text()
    assert "/v1/new" in (made.folder / ROUTES_FILE).read_text()
    assert key


def test_what_needs_a_new_start_is_named(made: LocalGateway) -> None:
    """Fields that only a new start takes over are told; nothing is, where they are as they were."""
    made.write()
    assert made.outdated() == ()
    local = msgspec.structs.replace(made.policy.environments["local"], trusted_hops=1)
    policy = msgspec.structs.replace(made.policy, environments={"local": local})
    assert replace(made, policy=policy).outdated() == ("trusted_hops",)


def test_swap_of_instances(made: LocalGateway, backend: Backend) -> None:
    """The new instance answers from then on; a request under way at the old one is finished."""
    key = made.new_key("demo")
    backend.delay = 1.0
    answers: list[Answer] = []
    with Backend() as other, RunningGateway(made) as gateway:
        slow = threading.Thread(target=lambda: answers.append(predict(gateway, key, "/slow")))
        slow.start()
        assert backend.arrived.wait(20)
        assert made.swap((other.address,)) == (INSTANCES_FILE,)
        for _ in range(20):
            assert predict(gateway, key).json["backend"] == str(other.address)
        slow.join(20)
        assert [(answer.status, answer.json["backend"]) for answer in answers] == [(200, str(backend.address))]
        assert made.swap((other.address,)) == ()


def test_instance_that_does_not_get_ready(made: LocalGateway, backend: Backend) -> None:
    """One that never says that it is ready takes nobody's place: the old one stays, and the error names both."""
    key = made.new_key("demo")
    nobody = Address("127.0.0.1", free_port())
    with RunningGateway(made) as gateway:
        with pytest.raises(ReloadError, match=f"{nobody} did not get ready within 1 s: {backend.address} stay in use"):
            made.swap((nobody,), seconds=1.0)
        for _ in range(20):
            assert predict(gateway, key).json["backend"] == str(backend.address)
        assert str(nobody.port) not in (made.folder / INSTANCES_FILE).read_text()


def changes(policy: Policy) -> Iterator[Policy]:
    """Policies that differ from the one before in something else each time; a client ``demo`` may always predict."""
    demo, predict = policy.clients["demo"], policy.operations["predict"]
    kinds: list[tuple[str, str, list[Client | Operation]]] = [
        ("operations", "predict", [msgspec.structs.replace(predict, deadline_seconds=n) for n in (5.0, 6.0)]),
        ("operations", "small", [Operation(method="POST", path="/small", max_body_bytes=n) for n in (150, 250)]),
        ("clients", "demo", [msgspec.structs.replace(demo, cidrs=c) for c in (("127.0.0.0/8",), ("127.0.0.1/32",))]),
        ("operations", "new", [Operation(method=m, path="/v1/new") for m in ("GET", "POST")]),
        ("clients", "demo", [msgspec.structs.replace(demo, rate=Rate(per_second=n, burst=n)) for n in (10**6, 10**7)]),
        ("operations", "predict", [msgspec.structs.replace(predict, cost=n) for n in (2, 3)]),
        ("clients", "demo", [msgspec.structs.replace(demo, daily_quota=10**n) for n in (8, 9)]),
    ]
    for turn in cycle((0, 1)):
        for section, name, choices in kinds:
            entries = {**getattr(policy, section), name: choices[turn]}
            yield msgspec.structs.replace(policy, **{section: entries})


def change_and_swap(made: LocalGateway, backends: tuple[Address, ...], policies: int, swaps: int) -> None:
    """Apply so many policies, and have another instance answer so many times in between."""
    turns = cycle(backends[1:] + backends[:1])
    for number, policy in enumerate(islice(changes(made.policy), policies)):
        assert replace(made, policy=policy).apply()
        if number * swaps // policies != (number + 1) * swaps // policies:
            assert made.swap((next(turns),))


def test_no_request_is_lost(policy_file: Path, tmp_path: Path) -> None:
    """While policies and instances change, every caller is answered as if nothing had."""
    with Backend() as one, Backend() as other:
        made = make_gateway(policy_file, tmp_path, one.address)
        key = made.new_key("demo")
        with RunningGateway(made):
            with Callers(made.site.listen, key) as callers:
                change_and_swap(made, (one.address, other.address), policies=7, swaps=4)
            assert set(callers.told) == {200}
            assert callers.told[200] > 100
            assert len(one.seen) > 0 < len(other.seen)


WRK = """\
wrk.method = "POST"
wrk.body = "{}"
wrk.headers["x-api-key"] = "KEY"
local paths, turn = {"/v1/predict", "/slow"}, 0
function request()
  turn = turn + 1
  return wrk.format(nil, paths[turn % 2 + 1])
end
function delay()
  return math.random(0, 20)
end
"""


@pytest.mark.slow
def test_no_request_is_lost_under_wrk(policy_file: Path, tmp_path: Path) -> None:
    """50 policies and 20 swaps under wrk: no answer but 200, and no connection that fails.

    Of 16 connections most wait for an answer at any time: every other request takes 50 ms. None is without a pause, so
    that the changes are not in wait for a core.
    """
    program = require("wrk", "apt install wrk")
    script = tmp_path / "predict.lua"
    with ExitStack() as stack:
        backends = [stack.enter_context(Backend()) for _ in range(3)]
        for backend in backends:
            backend.delay = 0.05
        addresses = tuple(backend.address for backend in backends)
        made = make_gateway(policy_file, tmp_path, addresses[0])
        write_private(script, WRK.replace("KEY", made.new_key("demo")).encode())
        stack.enter_context(RunningGateway(made))
        url = f"http://{made.site.listen}"
        command = [program, "--threads", "1", "--connections", "16", "--duration", "120s", "--script", str(script), url]
        wrk = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            change_and_swap(made, addresses, policies=50, swaps=20)
            assert wrk.poll() is None, "wrk ended before the last change"
            wrk.send_signal(signal.SIGINT)  # it reports what it has seen so far
            report, _ = wrk.communicate(timeout=60)
        finally:
            wrk.kill()
    (requests,) = re.findall(r"(\d+) requests in ", report)
    assert int(requests) > 1000
    assert {request.path for backend in backends for request in backend.seen} == {"/v1/predict", "/slow"}
    assert "Non-2xx" not in report
    assert "Socket errors" not in report


def test_names_of_instances() -> None:
    """A list of hosts with ports, each address once."""
    assert find_instances("127.0.0.2:8001,127.0.0.2:8001") == (Address("127.0.0.2", 8001),)
    with pytest.raises(ValueError, match="'nowhere' came, expected host:port"):
        find_instances("nowhere")
