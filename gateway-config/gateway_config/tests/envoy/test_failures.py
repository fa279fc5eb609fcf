"""What holds when a part of the gateway fails, changes or ends while it runs."""

import contextlib
import hashlib
import http.client
import itertools
import os
import subprocess
import sys
import threading
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway_config.envoy import filters, refusals
from gateway_config.envoy.admin import drain
from gateway_config.envoy.bootstrap import Address
from gateway_config.envoy.rendering import ADDRESSES_FILE, KEYS_FILE, RESOURCE, write_deciding
from gateway_config.files import write_private
from gateway_config.local import LocalGateway
from gateway_config.ports import free_port
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import Answer, EnvoyProcess, RunningGateway, ask, make_gateway, write_bare
from gateway_config.tests.waiting import eventually

_CALLERS = 8

pytestmark = [pytest.mark.platform, pytest.mark.usefixtures("_envoy_is_there")]


@pytest.fixture
def made(policy_file: Path, tmp_path: Path, backend: Backend) -> LocalGateway:
    """A gateway of its own for a test, not yet running."""
    return make_gateway(policy_file, tmp_path, backend.address)


def test_broken_key_filter_lets_nobody_in(made: LocalGateway, backend: Backend) -> None:
    """However the key filter fails, the request is refused as our fault, and never reaches the backend."""
    key = made.new_key("demo")
    breakages = [
        ("function envoy_on_request(handle)\n", 'function envoy_on_request(handle)\n  error("on purpose")\n'),
        ("function envoy_on_request(handle)\n", "function envoy_on_request(handle)\n  do return end\n"),
        ("local function find(key)\n", 'local function find(key)\n  error("on purpose")\n'),
        ('headers:get("x-api-key")', 'headers:get_it("x-api-key")'),
    ]
    with RunningGateway(made) as gateway:
        eventually(lambda: _predict(gateway, key).status == 200, "the key never worked")
        whole = (made.folder / KEYS_FILE).read_text()
        for intact, broken in breakages:
            text = whole.replace(intact.replace("\n", "\n        "), broken.replace("\n", "\n        "))
            assert text != whole
            write_private(made.folder / KEYS_FILE, text.encode())
            eventually(lambda: _predict(gateway, key).status != 200, f"{broken} changed nothing")
            backend.seen.clear()
            for forged in [(), (("x-gateway-client", "demo"),)]:
                answer = gateway.ask("POST", "/v1/predict", ("x-api-key", key), *forged)
                assert answer.status == refusals.CHECK_FAILED.status
                assert answer.json["message"] == refusals.CHECK_FAILED.message
                assert answer.headers["retry-after"] == "1"
            assert backend.seen == []
            write_private(made.folder / KEYS_FILE, whole.encode())
            eventually(lambda: _predict(gateway, key).status == 200, "the key never worked again")


def test_no_rule_for_a_client_lets_nobody_in(made: LocalGateway, backend: Backend) -> None:
    """A key that is known, of a client whose addresses are not: refused."""
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        eventually(lambda: _predict(gateway, key).status == 200, "the key never worked")
        text = (made.folder / ADDRESSES_FILE).read_text()
        write_private(made.folder / ADDRESSES_FILE, text.replace("exact: demo", "exact: gone").encode())
        eventually(lambda: _predict(gateway, key).status == 403, "the rule never went")
        backend.seen.clear()
        assert _predict(gateway, key).json["message"] == refusals.BLOCKED.message
        assert backend.seen == []


def test_keys_change_while_it_runs(made: LocalGateway) -> None:
    """A second key works beside the first; a key that is taken away is refused, although it was known before."""
    first = made.new_key("demo")
    with RunningGateway(made) as gateway:
        assert _predict(gateway, first).status == 200
        second = made.new_key("demo")
        eventually(lambda: _predict(gateway, second).status == 200, "the second key never worked")
        assert _predict(gateway, first).status == 200
        left = tuple(
            known for known in made.store.read() if known.sha256 == hashlib.sha256(second.encode()).hexdigest()
        )
        write_deciding(made.policy, left, made.folder)
        eventually(lambda: _predict(gateway, first).status == 400, "the first key never went")
        assert _predict(gateway, second).status == 200


@pytest.mark.parametrize(
    "content",
    [
        "",
        "this is not a configuration",
        "resources: []",
        "resources: [{'@type': RESOURCE, name: keys, typed_config: {'@type': LUA, keyz: 1}}]",
        "resources: [{'@type': RESOURCE, name: keys, typed_config: {'@type': LUA, inline_code: 'function ('}}]",
        "resources: [{'@type': RESOURCE, name: other, typed_config: {'@type': LUA, inline_code: 'x = 1'}}]",
    ],
)
def test_broken_file_changes_nothing(made: LocalGateway, backend: Backend, content: str) -> None:
    """A key file that Envoy can't use leaves the last good one in force: who was let in still is, nobody else."""
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        typed = content.replace("LUA", filters.LUA).replace("RESOURCE", RESOURCE)
        write_private(made.folder / KEYS_FILE, typed.encode())
        refused = "extension_config_discovery.http_filter.keys."
        eventually(lambda: _refused_updates(gateway, refused) > 0, "Envoy never read the broken file")
        assert _predict(gateway, key).status == 200
        backend.seen.clear()
        assert gateway.ask("POST", "/v1/predict").status == 401
        assert backend.seen == []


def _refused_updates(gateway: RunningGateway, prefix: str) -> int:
    stats = ask(gateway.gateway.site.admin, "GET", f"/stats?filter=^{prefix}").body.decode()
    counts = dict(line.split(": ") for line in stats.splitlines())
    return sum(int(counts.get(f"{prefix}{name}", "0")) for name in ("update_rejected", "update_failure", "config_fail"))


def test_instance_that_is_not_ready_is_left_alone(policy_file: Path, tmp_path: Path) -> None:
    """Requests go to the instances that say they are ready; when none is, the answer is 503, to be tried again."""
    with Backend() as one, Backend() as other:
        made = make_gateway(policy_file, tmp_path, one.address, other.address)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            eventually(lambda: _backends(gateway, key) == {str(one.address), str(other.address)}, "one gets nothing")
            one.ready = False
            eventually(lambda: _backends(gateway, key) == {str(other.address)}, "it was not left alone")
            one.ready = True
            eventually(lambda: _backends(gateway, key) == {str(one.address), str(other.address)}, "it never came back")
            one.ready = other.ready = False
            eventually(lambda: _predict(gateway, key).status == 503, "it goes on asking")
            answer = _predict(gateway, key)
            assert answer.json == {"code": 503, "message": "no healthy upstream"}
            assert answer.headers["retry-after"] == "1"


def test_instance_that_dies_drops_nothing(policy_file: Path, tmp_path: Path) -> None:
    """When an instance is gone from one moment to the next, the other answers in its place."""
    with Backend() as one, Backend() as other:
        made = make_gateway(policy_file, tmp_path, one.address, other.address)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            eventually(lambda: _backends(gateway, key) == {str(one.address), str(other.address)}, "one gets nothing")
            one.die()
            for _ in range(5):
                assert _backends(gateway, key) == {str(other.address)}


def test_nobody_behind(policy_file: Path, tmp_path: Path) -> None:
    """A gateway whose service is not there says so, and still refuses first whom it would refuse."""
    made = make_gateway(policy_file, tmp_path, Address("127.0.0.1", free_port()))
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        eventually(lambda: _predict(gateway, key).json["message"] == "no healthy upstream", "it says something else")
        assert gateway.ask("POST", "/v1/predict").status == 401


def test_drain_finishes_what_is_under_way(made: LocalGateway, backend: Backend) -> None:
    """A drained gateway answers the request it has, takes no new one, and says when it is done."""
    key = made.new_key("demo")
    backend.delay = 2.0
    answers: list[Answer] = []
    with RunningGateway(made) as gateway:
        slow = threading.Thread(target=lambda: answers.append(gateway.ask("POST", "/slow", ("x-api-key", key))))
        slow.start()
        assert backend.arrived.wait(20)
        assert drain(made.site.admin, 20)
        slow.join(20)
        assert [answer.status for answer in answers] == [200]
        assert answers[0].headers["connection"] == "close"
        with pytest.raises(ConnectionRefusedError):
            gateway.ask("GET", "/health/live")


def test_drain_waits_for_every_worker(made: LocalGateway) -> None:
    """However late one of Envoy's threads lets go of the port, no caller is told to come back while it is open.

    A caller who did would be reset when it closes. Here one thread gets the processor only when nobody else wants it.
    """
    key = made.new_key("demo")
    began = threading.Barrier(_CALLERS + 1)
    ends: list[str] = []

    def call_until_the_end() -> None:
        caller = http.client.HTTPConnection(made.near.host, made.near.port, timeout=20)
        for turn in itertools.count():
            if turn == 1:
                began.wait(20)
            try:
                caller.request("POST", "/v1/predict", b"{}", {"x-api-key": key})
                caller.getresponse().read()
            except OSError as error:
                ends.append(type(error).__name__)
                break

    with RunningGateway(made) as gateway, contextlib.ExitStack() as stack:
        callers = [threading.Thread(target=call_until_the_end) for _ in range(_CALLERS)]
        for caller in callers:
            caller.start()
        began.wait(20)
        os.sched_setscheduler(_a_worker(gateway.process.pid), os.SCHED_IDLE, os.sched_param(0))
        for _ in range(2 * (os.cpu_count() or 1)):
            busy = stack.enter_context(subprocess.Popen((sys.executable, "-c", "while True: pass")))
            stack.callback(busy.kill)
        assert drain(made.site.admin, 20)
        stack.close()
        for caller in callers:
            caller.join(20)
    assert ends == ["ConnectionRefusedError"] * _CALLERS


def _a_worker(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return min(int(task.name) for task in tasks if (task / "comm").read_text().startswith("wrk:"))


def test_drain_gives_up(made: LocalGateway, backend: Backend) -> None:
    """A request that outlasts the time given, or a hurry, ends the wait; one that is gone has nothing to finish."""
    key = made.new_key("demo")
    backend.delay = 3.0
    with RunningGateway(made) as gateway:
        slow = threading.Thread(target=lambda: gateway.ask("POST", "/slow", ("x-api-key", key)))
        slow.start()
        assert backend.arrived.wait(20)
        assert not drain(made.site.admin, 0.1)
        assert not drain(made.site.admin, 20, hurry=lambda: True)
        slow.join(20)
    assert drain(made.site.admin, 20)


def test_sha256_in_lua(tmp_path: Path) -> None:
    """The script's SHA-256 is Python's, for texts of every length up to three blocks and any bytes a header carries."""
    script = files("gateway_config.envoy").joinpath("keys.lua").read_text(encoding="utf-8")
    answer_with_hash = """
function envoy_on_request(handle)
  local words = {}
  for i, word in ipairs(sha256(handle:headers():get("x-text") or "")) do words[i] = bit.tohex(word) end
  handle:respond({ [":status"] = "200" }, table.concat(words))
end
"""
    listen, admin = Address("127.0.0.1", free_port()), Address("127.0.0.1", free_port())
    path = write_bare(tmp_path, "local KEYS, REFUSALS = {}, {}\n" + script + answer_with_hash, listen, admin)

    def in_lua(text: str) -> str:
        return ask(listen, "GET", "/", [("x-text", text)] if text else []).body.decode()

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=200))
    def any_text(text: str) -> None:
        assert in_lua(text) == hashlib.sha256(text.encode()).hexdigest()

    with EnvoyProcess(path, admin, tmp_path / "envoy.log"):
        for length in range(190):
            assert in_lua("x" * length) == hashlib.sha256(b"x" * length).hexdigest()
        any_text()


def _predict(gateway: RunningGateway, key: str) -> Answer:
    return gateway.ask("POST", "/v1/predict", ("x-api-key", key), body=b"{}")


def _backends(gateway: RunningGateway, key: str) -> set[str]:
    """Who answers twenty requests."""
    answers = [_predict(gateway, key) for _ in range(20)]
    assert {answer.status for answer in answers} == {200}
    return {answer.json["backend"] for answer in answers}
