"""The endpoint asks again where that may help and never elsewhere, says what it was told, and never shows the key."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar

import httpx2
import pytest

from service.client.endpoint import Description, Endpoint, EndpointError, Fault, Feature, Prediction, RefusedInputError

KEY = "puerta_local_secret"
PATH = "/v1/models/delays/versions/1/predict"
ANSWER = {"model": "delays", "version": "1", "predictions": [{"id": "a", "label": 1, "probability": 0.5}]}
T = TypeVar("T")
Handler = Callable[[httpx2.Request], httpx2.Response]


class Caller:
    """An endpoint over a handler, with what it did besides asking."""

    def __init__(
        self, handler: Handler, *, key: str | None = KEY, retries: int = 3, url: str = "http://localhost"
    ) -> None:
        self.requests: list[httpx2.Request] = []
        self.waits: list[float] = []
        self.notes: list[str] = []

        def note_request(request: httpx2.Request) -> httpx2.Response:
            self.requests.append(request)
            return handler(request)

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        self.endpoint = Endpoint(
            url, key, retries=retries, note=self.notes.append, transport=httpx2.MockTransport(note_request), sleep=sleep
        )

    def run(self, ask: Callable[[Endpoint], Awaitable[T]]) -> T:
        """What the endpoint gives."""

        async def ask_within() -> T:
            async with self.endpoint:
                return await ask(self.endpoint)

        return asyncio.run(ask_within())

    def predict(self, ids: tuple[str, ...] = ("a",)) -> list[Prediction]:
        """Predictions for as many instances as there are ids."""
        return self.run(lambda endpoint: endpoint.predict(PATH, [["Sur", "N", 7]] * len(ids), ids))

    def describe(self, model: str | None = None, version: str | None = None) -> Description:
        """What a model says of itself."""
        return self.run(lambda endpoint: endpoint.describe(model, version))


def answers(*responses: httpx2.Response | Exception) -> Handler:
    """One response after the other; the last one again and again."""
    left: Iterator[httpx2.Response | Exception] = iter(responses)
    last: list[httpx2.Response | Exception] = []

    def handle(_: httpx2.Request) -> httpx2.Response:
        last[:] = [next(left, *last)]
        if isinstance(last[0], Exception):
            raise last[0]
        return last[0]

    return handle


def problem(status: int, detail: str = "no", **headers: str) -> httpx2.Response:
    """A refusal of the service."""
    document = {"type": "about:blank", "title": "T", "status": status, "detail": detail, "request_id": "r"}
    return httpx2.Response(status, json=document, headers=headers)


def test_a_request_is_what_the_contract_says() -> None:
    """The key in its header, instances as arrays, ids beside them, JSON."""
    caller = Caller(answers(httpx2.Response(200, json=ANSWER)))
    assert caller.predict() == [Prediction(1, 0.5)]
    [request] = caller.requests
    assert (request.method, request.url.path) == ("POST", PATH)
    assert request.headers["x-api-key"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {"instances": [["Sur", "N", 7]], "ids": ["a"]}


def test_without_a_key_none_is_sent() -> None:
    """A service without a gateway needs none."""
    caller = Caller(answers(httpx2.Response(200, json=ANSWER)), key=None)
    caller.predict()
    assert "x-api-key" not in caller.requests[0].headers


@pytest.mark.parametrize(
    "failure",
    [
        *(problem(status) for status in (429, 502, 503, 504)),
        httpx2.ConnectError("refused"),
        httpx2.ReadError("reset"),
        httpx2.ReadTimeout("slow"),
        httpx2.RemoteProtocolError("cut"),
    ],
    ids=lambda failure: str(getattr(failure, "status_code", failure)),
)
def test_what_passes_is_asked_again(failure: httpx2.Response | Exception) -> None:
    """The same request, with the same ids, until it is answered; every wait is told."""
    caller = Caller(answers(failure, failure, httpx2.Response(200, json=ANSWER)))
    assert caller.predict() == [Prediction(1, 0.5)]
    assert len({request.content for request in caller.requests}) == 1
    assert len(caller.requests) == 3
    assert len(caller.notes) == 2


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 408, 413, 415, 500, 501])
def test_what_would_be_refused_again_is_asked_once(status: int) -> None:
    """A refusal is repeated in its own words, with its number and the request's id."""
    caller = Caller(answers(problem(status, "because", **{"x-request-id": "id-1"})))
    with pytest.raises(EndpointError, match=rf"http://localhost answers {status}: because \(request id-1\)"):
        caller.predict()
    assert len(caller.requests) == 1


def test_asking_again_has_an_end() -> None:
    """So many retries and no more; the last failure is told, and how often it was tried."""
    caller = Caller(answers(httpx2.ConnectError("refused")), retries=2)
    with pytest.raises(EndpointError, match=r"http://localhost can't be reached: refused \(3 attempts\)"):
        caller.predict()
    assert len(caller.requests) == 3


def test_waits_grow_and_differ_from_caller_to_caller() -> None:
    """Exponential from half a second to half a minute, each between half of that and the whole."""
    caller = Caller(answers(problem(503)), retries=10)
    with pytest.raises(EndpointError):
        caller.predict()
    longest = [min(30.0, 0.5 * 2**attempt) for attempt in range(10)]
    assert all(most / 2 <= wait <= most for wait, most in zip(caller.waits, longest, strict=True))
    assert len({wait / most for wait, most in zip(caller.waits, longest, strict=True)}) > 1


@pytest.mark.parametrize(
    ("header", "at_least", "at_most"),
    [
        ("7", 7, 7),
        ("0", 0.25, 0.5),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0.25, 0.5),
        ("soon", 0.25, 0.5),
    ],
)
def test_retry_after_is_honoured(header: str, at_least: float, at_most: float) -> None:
    """Seconds or a date; what can't be read is as if it were not there."""
    caller = Caller(answers(problem(429, **{"retry-after": header}), httpx2.Response(200, json=ANSWER)))
    caller.predict()
    [wait] = caller.waits
    assert at_least <= wait <= at_most


def test_retry_after_may_be_a_date() -> None:
    """As HTTP allows; the wait is what is left until then."""
    moment = datetime.now(UTC) + timedelta(minutes=4)
    later = problem(503, **{"retry-after": format_datetime(moment, usegmt=True)})
    caller = Caller(answers(later, httpx2.Response(200, json=ANSWER)))
    caller.predict()
    assert 1 < caller.waits[0] <= 240


def test_a_very_long_retry_after_ends_the_run() -> None:
    """Nobody is made to wait for an hour without having said so."""
    caller = Caller(answers(problem(503, "closed", **{"retry-after": "3600"})))
    with pytest.raises(EndpointError, match="answers 503: closed"):
        caller.predict()
    assert caller.waits == []


def test_input_at_fault_is_told_field_by_field() -> None:
    """422: every error with its row in the request, also where a column of ids is at fault."""
    errors = [
        {"pointer": "/instances/2/1", "field": "KIND", "received": "X", "expected": 'one of "I", "N"'},
        {"pointer": "/ids/0", "field": "ids", "received": "", "expected": "text of 1 to 128 characters"},
        {"pointer": "/instances", "field": "instances", "received": "0 instances", "expected": "1 to 10 instances"},
    ]
    caller = Caller(answers(httpx2.Response(422, json={"detail": "wrong", "errors": errors})))
    with pytest.raises(RefusedInputError, match="answers 422: wrong") as refused:
        caller.predict()
    assert [fault.row for fault in refused.value.faults] == [2, 0, None]
    assert str(refused.value.faults[0]) == 'KIND: "X" came, expected one of "I", "N"'
    assert refused.value.faults[1] == Fault(0, "ids", "", "text of 1 to 128 characters")
    assert len(caller.requests) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"errors": [1]}', b'{"errors": [{"pointer": 1}]}', b"<html>"])
def test_a_refusal_without_a_list_of_errors_is_a_refusal(body: bytes) -> None:
    """A proxy may answer 422 in words of its own."""
    with pytest.raises(RefusedInputError) as refused:
        Caller(answers(httpx2.Response(422, content=body))).predict()
    assert refused.value.faults == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"predictions": 1}',
        b'{"predictions": []}',
        b'{"predictions": [{"id": "b", "label": 1}]}',
        b'{"predictions": [{"id": "a"}]}',
        b'{"predictions": [{"id": "a", "label": 1}, {"id": "b", "label": 1}]}',
    ],
)
def test_an_answer_that_is_none_for_the_request_is_refused(body: bytes) -> None:
    """Rows are never given answers that are not theirs."""
    with pytest.raises(EndpointError, match="gave an answer that is n"):
        Caller(answers(httpx2.Response(200, content=body))).predict()


def test_the_key_is_never_shown() -> None:
    """Not even where the other side sends it back, or the connection fails with it in its words."""
    for failure in (problem(400, f"bad key {KEY}"), httpx2.ConnectError(KEY), httpx2.TooManyRedirects(KEY)):
        caller = Caller(answers(failure), retries=1)
        with pytest.raises(EndpointError) as refused:
            caller.predict()
        assert KEY not in str(refused.value) + "".join(caller.notes)
    assert KEY not in repr(vars(Caller(answers(problem(400))).endpoint).get("_client"))


@pytest.mark.parametrize("key", ["", " key", "key\n", "ké", "a\x00b"])
def test_a_key_that_no_header_takes_is_refused_unshown(key: str) -> None:
    """A file that holds something else is not sent to anybody."""
    with pytest.raises(EndpointError, match="the key has characters that no key has"):
        Caller(answers(problem(400)), key=key)


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://localhost", "http://", "http://[::1", ""])
def test_what_is_no_url_is_refused(url: str) -> None:
    """At once, with an example."""
    with pytest.raises(EndpointError, match="the URL"):
        Caller(answers(problem(400)), url=url)


def test_a_key_that_travels_in_the_clear_is_told() -> None:
    """Except to this machine."""
    assert Caller(answers(problem(400)), url="http://gateway.example").notes == [
        "the key goes to http://gateway.example unencrypted; https hides it"
    ]
    for url, key in (("https://gateway.example", KEY), ("http://gateway.example", None), ("http://127.0.0.1:1", KEY)):
        assert Caller(answers(problem(400)), url=url, key=key).notes == []


def test_a_refused_key_comes_with_advice() -> None:
    """Where there was none, it is said how to give one."""
    gateway = httpx2.Response(401, json={"code": 401, "message": "UNAUTHENTICATED: Method doesn't allow ..."})
    with pytest.raises(EndpointError, match=r"answers 401: UNAUTHENTICATED.*PUERTA_API_KEY gives the key"):
        Caller(answers(gateway), key=None).describe()
    with pytest.raises(EndpointError) as refused:
        Caller(answers(gateway)).describe()
    assert "PUERTA_API_KEY" not in str(refused.value)


def describes(**said: Any) -> Handler:
    """An endpoint with one default model."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/v1/models":
            return httpx2.Response(200, json={"default": "delays", "models": []})
        return httpx2.Response(200, json=said)

    return handle


def test_a_model_says_what_it_takes() -> None:
    """The default model is asked for first; a run keeps to the version that it says; what is new is no harm."""
    features = [
        {"name": "AIRLINE", "type": "categorical", "categories": ["Sur"], "unseen": "count"},
        {"name": "size", "type": "number", "nullable": True},
    ]
    caller = Caller(describes(version="2", features=features, classes=[0, 1], colour="blue"))
    model = caller.describe()
    assert model == Description(
        "delays", "2", (Feature("AIRLINE", "categorical", ("Sur",)), Feature("size", "number", ())), (0, 1)
    )
    assert model.path == "/v1/models/delays/versions/2/predict"
    assert [request.url.path for request in caller.requests] == ["/v1/models", "/v1/models/delays"]


def test_a_model_and_a_version_can_be_named() -> None:
    """Names are quoted, and a description that says no version is enough."""
    caller = Caller(describes(features=[{"name": "x"}]))
    assert caller.describe("a b", None).path == "/v1/models/a%20b/predict"
    assert caller.requests[0].url.raw_path == b"/v1/models/a%20b"


def test_a_named_version_is_asked_for() -> None:
    """And the run keeps to it."""
    caller = Caller(describes(version="1", features=[]))
    assert caller.describe("delays", "1").path == PATH
    assert caller.requests[0].url.path == "/v1/models/delays/versions/1"


@pytest.mark.parametrize("said", [{}, {"features": None}, {"features": [1]}, {"features": [{"type": "number"}]}])
def test_a_model_that_does_not_say_what_it_takes_is_refused(said: dict[str, Any]) -> None:
    """Rather than sending it something."""
    with pytest.raises(EndpointError, match="does not say what features the model takes"):
        Caller(describes(**said)).describe()


def test_an_endpoint_without_a_default_model_is_told() -> None:
    """With the option that names one."""
    caller = Caller(answers(httpx2.Response(200, json={"default": None, "models": []})))
    with pytest.raises(EndpointError, match="has no default model; --model says which"):
        caller.describe()
