"""What callers notice of instances that fail, are overloaded, or are not there: as little as can be."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_config.files import write_private
from gateway_config.local import LocalGateway
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import Answer, EnvoyProcess, RunningGateway, ask, make_gateway
from gateway_config.tests.hanging import Hanging
from gateway_config.tests.waiting import eventually

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("resilience"), pytest.mark.usefixtures("_envoy_is_there")]


@pytest.fixture(scope="module", autouse=True)
def slow_caller(gateway: RunningGateway) -> Iterator[Hanging]:
    """Somebody who does not get to the end of his headers; he begins with the first test and is asked in the last."""
    with Hanging(gateway.gateway.site.listen, b"POST /v1/predict HTTP/1.1\r\nhost: slow\r\nx-") as caller:
        yield caller


def told(gateway: RunningGateway, key: str, times: int = 20) -> Counter[int]:
    """The statuses of so many predictions."""
    return Counter(gateway.ask("POST", "/v1/predict", ("x-api-key", key), body=b"{}").status for _ in range(times))


def test_instance_that_fails_is_left_alone_for_a_while(policy_file: Path, tmp_path: Path) -> None:
    """One that is ready but answers 500 is noticed within a few requests; when it works again it is back in seconds."""
    with Backend() as one, Backend() as other:
        made = make_gateway(policy_file, tmp_path, one.address, other.address)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            eventually(lambda: told(gateway, key) == {200: 20} and one.seen != [] != other.seen, "one gets nothing")
            one.status = 500
            assert told(gateway, key, 40)[500] <= 10  # of the twenty that it would have got
            until = time.monotonic() + 3  # more than one look at whether it is ready, which it is
            while time.monotonic() < until:
                assert told(gateway, key) == {200: 20}
            one.status = 200
            one.seen.clear()
            eventually(lambda: told(gateway, key) == {200: 20} and one.seen != [], "it never came back")


@pytest.mark.parametrize("status", [503, 429, 400])
def test_instance_that_refuses_is_not_left_alone(policy_file: Path, tmp_path: Path, status: int) -> None:
    """That an instance has enough to do, or is asked nonsense, is no reason to leave the others with all the work."""
    with Backend() as one, Backend() as other:
        made = make_gateway(policy_file, tmp_path, one.address, other.address)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            eventually(lambda: told(gateway, key) == {200: 20} and one.seen != [] != other.seen, "one gets nothing")
            one.status = status
            assert told(gateway, key, 60)[status] > 5


def test_only_instance_is_never_left_alone(policy_file: Path, tmp_path: Path) -> None:
    """Its failures pass as they are, and it is asked again each time."""
    with Backend() as only:
        made = make_gateway(policy_file, tmp_path, only.address)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            only.status = 500
            assert told(gateway, key, 30) == {500: 30}
            only.status = 200
            assert told(gateway, key, 30) == {200: 30}


def test_when_to_try_again(policy_file: Path, tmp_path: Path, backend: Backend) -> None:
    """The gateway's own 503 says when to try again; the backend's own answer is not touched."""
    made = make_gateway(policy_file, tmp_path, backend.address)
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        backend.status = 503
        answer = gateway.ask("POST", "/v1/predict", ("x-api-key", key))
        assert (answer.status, answer.json) == (503, {"backend": str(backend.address)})
        assert "retry-after" not in answer.headers
        backend.die()
        answer = gateway.ask("POST", "/v1/predict", ("x-api-key", key))
        assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, 503, "1")


def test_no_more_than_the_service_can_take(policy_file: Path, tmp_path: Path, backend: Backend) -> None:
    """What is more than may be under way or wait is refused at once, with when to try again, and the rest is served."""
    made = make_gateway(policy_file, tmp_path, backend.address)
    key = made.new_key("demo")
    backend.delay = 1.0
    made.write()
    text = made.bootstrap.read_text()
    for limit, usual in {"max_connections": 1024, "max_pending_requests": 1024}.items():
        assert f"{limit}: {usual}\n" in text
        text = text.replace(f"{limit}: {usual}\n", f"{limit}: 1\n")
    write_private(made.bootstrap, text.encode())
    answers: list[Answer] = []

    def slow() -> None:
        answers.append(ask(made.site.listen, "POST", "/slow", [("x-api-key", key)]))

    with EnvoyProcess(made.bootstrap, made.site.admin, tmp_path / "envoy.log"):
        first, *others = [threading.Thread(target=slow) for _ in range(6)]
        first.start()
        eventually(lambda: _under_way(made) == (1, 0), "the first request never reached the backend")
        for thread in others:
            thread.start()
        for thread in (first, *others):
            thread.join(30)
    told = sorted(answer.status for answer in answers)
    assert told == [200, 200, 503, 503, 503, 503]
    for answer in answers:
        if answer.status == 503:
            assert answer.json["message"].endswith("reset reason: overflow")
            assert answer.headers["retry-after"] == "1"


def _under_way(gateway: LocalGateway) -> tuple[int, int]:
    """Requests that are under way at the backend, and those that wait for a connection."""
    names = ("upstream_rq_active", "upstream_rq_pending_active")
    said = ask(gateway.site.admin, "GET", f"/stats?filter=^cluster\\.service\\.({'|'.join(names)})$").body.decode()
    counts = dict(line.rpartition(".")[2].split(": ") for line in said.splitlines())
    active, waiting = (int(counts.get(name, -1)) for name in names)
    return active, waiting


def test_slow_caller_does_not_hold_a_connection(slow_caller: Hanging, shared_backend: Backend) -> None:
    """Whoever has not sent his headers after ten seconds is told so and is cut off; the backend hears nothing of him."""
    answer, seconds = slow_caller.end()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert 9 < seconds < 20
    assert shared_backend.seen == []
