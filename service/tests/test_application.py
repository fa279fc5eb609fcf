"""As an ASGI application, under any server: limits, deadlines and one answer in one shape for every request."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeAlias, TypeVar

import pytest

from service.application import Application
from service.model import Model
from service.tests.asgi import Reply, ask
from service.tests.conftest import Assemble
from service.tests.exposition import scrape

GOOD = b'{"instances": [["Sur", "N", 7]]}'
T = TypeVar("T")
Hold: TypeAlias = Callable[[], threading.Event]


class Run(Protocol):
    """Runs a coroutine to its end, on the one loop of the test."""

    def __call__(self, coro: Coroutine[Any, Any, T]) -> T: ...


@pytest.fixture
def run() -> Iterator[Run]:
    """An application belongs to one event loop, as a server has one."""
    with asyncio.Runner() as runner:
        yield runner.run


def problem(reply: Reply, status: int) -> dict[str, Any]:
    """The problem document of a reply, which has the one shape."""
    assert reply.status == status, reply
    assert reply.header("content-type") == "application/problem+json"
    document: dict[str, Any] = reply.json
    assert {"type", "title", "status", "detail", "request_id"} <= set(document)
    assert document["status"] == status
    assert document["request_id"] == reply.header("x-request-id")
    return document


def observed(application: Application) -> dict[tuple[str, str, str], float]:
    """How many requests were measured, by method, route and code."""
    series = scrape(application.service.metrics.registry).series("http_server_request_duration_seconds_count")
    counted = ((dict(labels), count) for labels, count in series.items() if count)
    return {(one["method"], one["route"], one["code"]): count for one, count in counted}


def test_what_objectives_count_begins_at_zero(application: Application) -> None:
    """For every route to a prediction: no rate sees the first request of a new series."""
    series = scrape(application.service.metrics.registry).series("http_server_request_duration_seconds_count")
    there = {(dict(labels)["route"], dict(labels)["code"]) for labels in series}
    assert there >= {(route, code) for route in PATHS.values() for code in ("200", "422", "429", "500", "503")}
    assert set(series.values()) == {0}


PATHS = {
    "/v1/predict": "/v1/predict",
    "/v1/models/delays/predict": "/v1/models/{model}/predict",
    "/v1/models/delays/versions/1/predict": "/v1/models/{model}/versions/{version}/predict",
}


@pytest.mark.parametrize("path", PATHS)
def test_predictions(run: Run, application: Application, path: str) -> None:
    """Each route to a model, measured under its template."""
    reply = run(ask(application, path, GOOD))
    assert reply.status == 200
    assert reply.json["model"] == "delays"
    assert reply.json["version"] == ("1" if "versions" in path else "2")
    assert reply.header("content-length") == str(len(reply.body))
    assert observed(application) == {("POST", PATHS[path], "200"): 1}


def test_one_more_path(run: Run, make_application: Assemble) -> None:
    """Vertex AI says where it wants predictions."""
    application = make_application(predict_route="/vertex")
    assert run(ask(application, "/vertex", GOOD)).status == 200
    assert observed(application) == {("POST", "/vertex", "200"): 1}


@pytest.mark.parametrize("parts", [(GOOD[:5], GOOD[5:]), (b"", GOOD), (GOOD, b""), tuple(bytes([b]) for b in GOOD)])
def test_a_body_in_parts(run: Run, application: Application, parts: tuple[bytes, ...]) -> None:
    """However the server hands it over, whether its length was announced or not."""
    for announced in (None, -1):
        assert run(ask(application, "/v1/predict", *parts, announced=announced)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("GET", "/v1/predict", 405, "/v1/predict"),
        ("POST", "/nothing", 404, "unmatched"),
        ("GET", "/nothing/%F0", 404, "unmatched"),
        ("POST", "/v1/models/nobody/predict", 404, "/v1/models/{model}/predict"),
        ("DELETE", "/v1/models", 405, "/v1/models"),
        ("POST", "/v1/predict/", 404, "unmatched"),
        ("GET", "/v1/models/nobody", 404, "/v1/models/{model}"),
    ],
)
def test_what_is_not_there(run: Run, application: Application, method: str, path: str, status: int, route: str) -> None:
    """404 and 405 in the one shape, measured under a template and never under the caller's own words."""
    reply = run(ask(application, path, GOOD, method=method))
    problem(reply, status)
    if status == 405:
        assert reply.header("allow")
    assert observed(application) == {(method, route, str(status)): 1}


def test_the_request_s_id_is_everywhere(run: Run, application: Application) -> None:
    """Given by the gateway or made here: the header of every answer."""
    for path, method in (("/v1/predict", "POST"), ("/v1/models", "GET"), ("/health/live", "GET"), ("/nothing", "GET")):
        named = run(ask(application, path, GOOD, method=method, headers=[("x-request-id", "r-1")]))
        assert named.header("x-request-id") == "r-1"
        assert run(ask(application, path, GOOD, method=method)).header("x-request-id")
        harmful = run(ask(application, path, GOOD, method=method, headers=[("x-request-id", "a\r\nset-cookie: b")]))
        assert "cookie" not in str(harmful.headers)


def test_health(run: Run, application: Application) -> None:
    """Live at once; ready once the models are, and not while draining."""
    assert run(ask(application, "/health/live", method="GET")).status == 200
    not_yet = run(ask(application, "/health/ready", method="GET"))
    problem(not_yet, 503)
    assert not_yet.header("retry-after") == "1"
    application.service.ready = True
    assert run(ask(application, "/health/ready", method="GET")).json == {"status": "ready"}


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/labels"])
def test_a_body_too_large(run: Run, make_application: Assemble, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 by what was announced, or by what came; counted; the connection is closed, as the rest was not read."""
    monkeypatch.setattr("service.exchange._LINGER_SECONDS", 0.01)
    application = make_application(max_body_bytes=50)
    for reply in (
        run(ask(application, path, then="stall", announced=51)),
        run(ask(application, path, b"x" * 51, announced=-1)),
        run(ask(application, path, b"x" * 30, b"x" * 30, then="stall")),
    ):
        assert "the most is 50" in problem(reply, 413)["detail"]
        assert reply.header("connection") == "close"
    assert observed(application) == {("POST", path, "413"): 3}
    rejected = scrape(application.service.metrics.registry).value("prediction_input_rejected_total", reason="body_size")
    assert rejected == 3


@pytest.mark.parametrize("coroutines", [True, False])
@pytest.mark.parametrize("pause", [0.0, 0.01])
def test_whatever_a_server_gives_to_await(run: Run, application: Application, pause: float, coroutines: bool) -> None:
    """ASGI asks for an awaitable, not for a coroutine; it may have to wait, or be there at once."""
    reply = run(ask(application, "/v1/predict", GOOD, pause=pause, coroutines=coroutines))
    assert reply.status == 200


def test_a_whole_body_is_answered_at_once(run: Run, application: Application) -> None:
    """Though the server says that there may be more: what was announced is there (granian sends so)."""
    reply = run(asyncio.wait_for(ask(application, "/v1/predict", GOOD, then="stall", announced=len(GOOD)), 20))
    assert reply.status == 200


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/labels"])
@pytest.mark.parametrize("parts", [(), (b"{",)])
def test_a_body_that_does_not_come(run: Run, make_application: Assemble, path: str, parts: tuple[bytes, ...]) -> None:
    """408 after the deadline, whether nothing came or only a part; the place in the queue is free again."""
    application = make_application(deadline_seconds=0.05)
    for announced in (-1, 40):
        reply = run(asyncio.wait_for(ask(application, path, *parts, then="stall", announced=announced), 20))
        assert "not complete after 0.05 s" in problem(reply, 408)["detail"]
        assert reply.header("connection") == "close"
        assert application.service.admission.count == 0
    assert observed(application) == {("POST", path, "408"): 2}


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/labels"])
@pytest.mark.parametrize("parts", [(), (b"{",)])
def test_a_caller_who_goes_away(run: Run, application: Application, path: str, parts: tuple[bytes, ...]) -> None:
    """There is nobody to answer; it is measured as 499, and nothing is logged as our fault."""
    for announced in (-1, 40):
        run(ask(application, path, *parts, then="gone", announced=announced))
    assert application.service.admission.count == 0
    assert observed(application) == {("POST", path, "499"): 2}


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Callable[[], threading.Event]:
    """Makes models wait, those that are loaded already, until the event is set."""

    def begin() -> threading.Event:
        let_go = threading.Event()
        running = Model.run

        def wait(self: Model, *arguments: Any) -> Any:
            assert let_go.wait(20)
            return running(self, *arguments)

        monkeypatch.setattr(Model, "run", wait)
        return let_go

    return begin


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_a_prediction_that_takes_too_long(run: Run, make_application: Assemble, hold: Hold) -> None:
    """503 with Retry-After after the deadline, and its place is free again."""
    application = make_application(deadline_seconds=0.05, inline_seconds=0.0)
    let_go = hold()
    reply = run(ask(application, "/v1/predict", GOOD))
    assert "no answer within 0.05 s" in problem(reply, 503)["detail"]
    assert reply.header("retry-after") == "1"
    assert application.service.admission.count == 0
    let_go.set()
    assert observed(application) == {("POST", "/v1/predict", "503"): 1}


def test_too_many_at_once(run: Run, make_application: Assemble, hold: Hold) -> None:
    """503 with Retry-After for one more than the instance takes; measured; free again when the others are done."""
    application = make_application(max_concurrency=2, inline_seconds=0.0)
    let_go = hold()

    async def crowd() -> None:
        under_way = [asyncio.create_task(ask(application, "/v1/predict", GOOD)) for _ in range(2)]
        await _until(lambda: application.service.admission.count == 2)
        refused = await ask(application, "/v1/predict", GOOD)
        problem(refused, 503)
        assert refused.header("retry-after") == "1"
        assert (await ask(application, "/health/live", method="GET")).status == 200  # nobody keeps health out
        let_go.set()
        assert [(await task).status for task in under_way] == [200, 200]
        assert (await ask(application, "/v1/predict", GOOD)).status == 200

    run(crowd())
    assert application.service.admission.count == 0
    assert observed(application)["POST", "/v1/predict", "503"] == 1
    assert scrape(application.service.metrics.registry).value("http_server_active_requests") == 0


def test_too_many_of_one_client(run: Run, make_application: Assemble, hold: Hold) -> None:
    """429 with Retry-After, naming the client; others are let in."""
    application = make_application(max_concurrency_per_client=1, inline_seconds=0.0, gateway_token="t")  # noqa: S106 - made up
    let_go = hold()

    def by(client: str) -> Coroutine[Any, Any, Reply]:
        headers = [("x-gateway-client", client), ("x-gateway-token", "t")]
        return ask(application, "/v1/predict", GOOD, headers=headers)

    async def crowd() -> None:
        first = asyncio.create_task(by("acme"))
        await _until(lambda: application.service.admission.count == 1)
        refused = await by("acme")
        assert "'acme'" in problem(refused, 429)["detail"]
        assert refused.header("retry-after") == "1"
        other = asyncio.create_task(by("other"))
        await _until(lambda: application.service.admission.count == 2)
        let_go.set()
        assert ((await first).status, (await other).status) == (200, 200)

    run(crowd())
    assert observed(application)["POST", "/v1/predict", "429"] == 1


def test_the_limits_hold_after_errors(run: Run, make_application: Assemble) -> None:
    """Whatever went wrong with a request, its place is free again."""
    application = make_application(max_concurrency=1, deadline_seconds=0.05, inline_seconds=0.0, max_body_bytes=100)
    for body, then, status in (
        (b"{", "end", 400),
        (b'{"instances": []}', "end", 422),
        (b"x" * 101, "end", 413),
        (b"{", "stall", 408),
        (b"{", "gone", 0),
    ):
        for path in ("/v1/predict", "/v1/labels"):
            reply = run(ask(application, path, body, then=then))
            assert reply.status == status
            assert application.service.admission.count == 0
    assert run(ask(application, "/v1/predict", GOOD)).status == 200


def test_a_fault_of_ours_has_the_one_shape(
    run: Run, application: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect in any route: 500 without a detail of it, logged with the request's id, measured."""

    def fail(*_: object) -> int:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(application.service.labels, "accept", fail)
    headers = [("content-type", "application/json"), ("x-request-id", "r-9")]
    reply = run(ask(application, "/v1/labels", b"{}", headers=headers))
    document = problem(reply, 500)
    assert "secret" not in json.dumps(document)
    assert document["request_id"] == "r-9"
    assert observed(application) == {("POST", "/v1/labels", "500"): 1}
    assert application.service.admission.count == 0
    assert any("secret detail" in str(record.exc_info) for record in caplog.records)


def test_labels(run: Run, application: Application) -> None:
    """Accepted when they are on disk; 503 when they can't be."""
    body = b'{"labels": [{"id": "p-1", "label": 1}, {"id": "p-2", "label": 0}]}'
    reply = run(ask(application, "/v1/labels", body))
    assert (reply.status, reply.json) == (200, {"accepted": 2})
    assert observed(application) == {("POST", "/v1/labels", "200"): 1}


def test_labels_on_a_full_disk(run: Run, application: Application, tmp_path: Any) -> None:
    """503 with Retry-After: the sender sends them again."""
    (tmp_path / "labels").write_text("a file where the folder should be")
    reply = run(ask(application, "/v1/labels", b'{"labels": [{"id": "p-1", "label": 1}]}'))
    problem(reply, 503)
    assert reply.header("retry-after") == "30"


def test_draining_says_so(run: Run, application: Application) -> None:
    """Every answer asks the caller to go elsewhere."""
    application.service.draining = True
    for path, method in (("/v1/predict", "POST"), ("/v1/models", "GET"), ("/nothing", "POST")):
        assert run(ask(application, path, GOOD, method=method)).header("connection") == "close"


def test_calls_of_one_turn_go_through_the_model_together(run: Run, application: Application) -> None:
    """Requests that are there at once are one run, and each gets its own answer."""

    async def crowd() -> list[Reply]:
        bodies = [b'{"instances": [["%b", "N", 7]], "ids": ["%d"]}' % (b"Sur", number) for number in range(10)]
        bodies[3] = b"{"
        return list(await asyncio.gather(*(ask(application, "/v1/predict", body) for body in bodies)))

    replies = run(crowd())
    assert [reply.status for reply in replies] == [200] * 3 + [400] + [200] * 6
    assert [r.json["predictions"][0]["id"] for r in replies if r.status == 200] == [*"012", *"456789"]
    runs = scrape(application.service.metrics.registry).value(
        "prediction_inference_seconds_count", model="delays", version="2"
    )
    assert runs == 1


def test_a_caller_who_is_cancelled_takes_nobody_along(run: Run, application: Application) -> None:
    """A server that drops one request in the middle of a turn: the others of that turn are answered."""

    async def crowd() -> list[Reply]:
        tasks = [asyncio.create_task(ask(application, "/v1/predict", GOOD)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return list(await asyncio.wait_for(asyncio.gather(*tasks[1:]), 20))

    assert [reply.status for reply in run(crowd())] == [200, 200]


def test_the_lifespan(run: Run, make_application: Assemble) -> None:
    """Ready after the models are loaded, not before; after the end nothing is left open."""
    application = make_application()
    events: list[str] = []

    async def live() -> None:
        incoming: asyncio.Queue[dict[str, str]] = asyncio.Queue()

        async def send(message: Any) -> None:
            events.append(message["type"])
            if message["type"] == "lifespan.startup.complete":
                assert application.service.ready
                assert (await ask(application, "/v1/predict", GOOD)).status == 200

        incoming.put_nowait({"type": "lifespan.startup"})
        incoming.put_nowait({"type": "lifespan.shutdown"})
        await application({"type": "lifespan", "state": {}}, incoming.get, send)

    run(live())
    assert events == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert not application.service.ready


def test_a_connection_of_another_kind(run: Run, application: Application) -> None:
    """A WebSocket is refused, and starts nothing."""
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    run(application({"type": "websocket", "path": "/v1/predict", "headers": []}, receive, send))
    assert sent == ["websocket.close"]
    assert not application.service.ready


def test_the_tick_goes_on(run: Run, application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second in which a log could not be closed is not the last one: observations are folded for ever."""
    monkeypatch.setattr("service.application._TICK", 0.001)
    ticks: list[int] = []

    def fail() -> None:
        ticks.append(1)
        raise OSError("read-only file system")

    monkeypatch.setattr(application.service, "tick", fail)

    async def live() -> None:
        incoming: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        incoming.put_nowait({"type": "lifespan.startup"})
        started = asyncio.Event()

        async def send(_: Any) -> None:
            started.set()

        task = asyncio.create_task(application({"type": "lifespan", "state": {}}, incoming.get, send))
        await started.wait()
        await asyncio.wait_for(_until(lambda: len(ticks) > 2), 20)
        incoming.put_nowait({"type": "lifespan.shutdown"})
        await task

    run(live())


def test_the_service_imports_nothing_heavy() -> None:
    """What serves needs no training library: they take seconds and hundreds of megabytes."""
    code = "import sys, service.application, service.server, service.api, service.model, service.admin; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert {"fastapi", "uvicorn"} <= set(modules)
    assert not {"pandas", "sklearn", "evidently", "skl2onnx", "skops", "onnx", "matplotlib", "pyarrow"} & set(modules)


def test_the_application_imports_little() -> None:
    """The first prediction does not wait for what it does not need."""
    code = "import sys, service.application; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert not {"fastapi", "opentelemetry.sdk", "pandas", "sklearn", "evidently", "skl2onnx"} & set(modules)
