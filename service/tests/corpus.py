"""Requests of every kind, good and bad, as raw HTTP/1.1: each way into the service must answer them alike.

A request is named by what is special about it, and has the status that it must get. What is not valid HTTP is not here:
how that is refused is the server's own.
"""

import json
from typing import NamedTuple

from service.tests.wire import chunked, get, post

ROW = ["Sur", "N", 7]
INSTANCE = {"AIRLINE": "Norte", "KIND": "I", "MONTH": 12}
ONE = json.dumps({"instances": [ROW]})
PREDICT = "/v1/predict"
MANY = json.dumps({"instances": [ROW, INSTANCE] * 2000})


class Case(NamedTuple):
    """A raw request, and the status of its answer."""

    request: bytes
    status: int


def _predict(body: object, status: int, *headers: str, path: str = PREDICT) -> Case:
    return Case(post(path, body if isinstance(body, bytes) else json.dumps(body), headers), status)


def _headers(*headers: str, status: int = 200) -> Case:
    return Case(post(PREDICT, ONE, headers), status)


_BASE = b"POST /v1/predict HTTP/1.1\r\nHost: service.test\r\n"
_LENGTH = b"Content-Length: %d\r\n" % len(ONE)
_TYPE = b"Content-Type: application/json\r\n"

CORPUS: dict[str, Case] = {
    # Predictions.
    "one instance as an array": _predict({"instances": [ROW]}, 200),
    "one instance as an object": _predict({"instances": [INSTANCE]}, 200),
    "three": _predict({"instances": [ROW, INSTANCE, ROW]}, 200),
    "four thousand": Case(post(PREDICT, MANY), 200),
    "7.0 for 7": _predict({"instances": [["Sur", "N", 7.0]]}, 200),
    "own ids": _predict({"instances": [ROW, ROW], "ids": ["a", "ñ"]}, 200),
    "text in Spanish": _predict({"instances": [["Grupo Ñandú", "N", 7]]}, 200),
    "text in Spanish, escaped": _predict(b'{"instances": [["Grupo \\u00d1and\\u00fa", "N", 7]]}', 200),
    "white space": _predict(b' \r\n{ "instances" :\t[ ["Sur", "N", 7 ] ] } \n', 200),
    "a model by name": _predict({"instances": [ROW]}, 200, path="/v1/models/delays/predict"),
    "a version": _predict({"instances": [ROW]}, 200, path="/v1/models/delays/versions/1/predict"),
    "a regression": _predict({"instances": [[None, 1, True]]}, 200, path="/v1/models/total/predict"),
    "classes": _predict({"instances": [[0.1, 0.7, 0.2]]}, 200, path="/v1/models/colours/predict"),
    "an unseen category, counted": _predict({"instances": [["Este", "N", 7]]}, 200, path="/v1/models/counting/predict"),
    "a query": _predict({"instances": [ROW]}, 200, path="/v1/predict?debug=1"),
    "an escaped path": _predict({"instances": [ROW]}, 200, path="/v1/%70redict"),
    "an absolute target": _predict({"instances": [ROW]}, 200, path="http://service.test/v1/predict"),
    # Bodies that do not fit.
    "empty": _predict(b"", 400),
    "not JSON": _predict(b"hello", 400),
    "cut short": _predict(b'{"instances": [[', 400),
    "NaN": _predict(b'{"instances": [["Sur", "N", NaN]]}', 400),
    "not UTF-8": _predict(b'{"instances": [["\xff", "N", 7]]}', 400),
    "half a surrogate pair": _predict(b'{"instances": [["\\ud800", "N", 7]]}', 400),
    "nested too deep": _predict(b'{"instances": ' + b"[" * 20_000, 400),
    "an array": _predict([1], 422),
    "nothing in it": _predict({}, 422),
    "no instances": _predict({"instances": []}, 422),
    "an unknown field": _predict({"instances": [ROW], "x": 1}, 422),
    "a feature too many": _predict({"instances": [INSTANCE | {"x/~": "\ud800 é"}]}, 400),
    "a feature too few": _predict({"instances": [{"AIRLINE": "Sur"}]}, 422),
    "a wrong type": _predict({"instances": [["Sur", 1, 7]]}, 422),
    "many wrong types": _predict({"instances": [[1, 2, "3"]] * 30}, 422),
    "a category never seen": _predict({"instances": [["Este", "N", 7]]}, 422),
    "a thirteenth month": _predict({"instances": [["Sur", "N", 13]]}, 422),
    "ids that do not match": _predict({"instances": [ROW], "ids": ["a", "b"]}, 422),
    "an id twice": _predict({"instances": [ROW, ROW], "ids": ["a", "a"]}, 422),
    "out of range": _predict({"instances": [[1, 11, True]]}, 422, path="/v1/models/total/predict"),
    "no finite answer": _predict({"instances": [[1, 0]]}, 422, path="/v1/models/quotient/predict"),
    "a model that fails": _predict({"instances": [["broken"]]}, 500, path="/v1/models/fragile/predict"),
    "too many instances": _predict({"instances": [["worn"]] * 10_001}, 422, path="/v1/models/fragile/predict"),
    # Headers.
    "the gateway's id": _headers("x-request-id: gateway-1.2:3_4"),
    "an id twice in the headers": _headers("x-request-id: first", "x-request-id: second"),
    "an id that is none": _headers("x-request-id: a b"),
    "an empty id": _headers("x-request-id: "),
    "a long id": _headers("x-request-id: " + "x" * 129),
    "a header in capitals": _headers("X-REQUEST-ID: Capital"),
    "a traceparent": _headers("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    "a client nobody vouches for": _headers("x-gateway-client: acme", "x-gateway-token: wrong"),
    "a client": _headers("x-gateway-client: acme", "x-gateway-token: token"),
    "a charset": _headers("Content-Type: application/json; charset=utf-8"),
    "no content type": Case(_BASE + _LENGTH + b"\r\n" + ONE.encode(), 200),
    "another content type": _headers("Content-Type: text/plain", status=415),
    "a form": _headers("Content-Type: application/x-www-form-urlencoded", status=415),
    "a content type in Latin-1": Case(post(PREDICT, ONE).replace(b"application/json", b"text/\xe9"), 415),
    "a content type with a quote": _headers("Content-Type: \"'", status=415),
    "compressed": _headers("Content-Encoding: gzip", status=415),
    "closing": _headers("Connection: close"),
    "keeping alive": _headers("Connection: keep-alive"),
    "an upgrade": Case(get("/v1/models", ["Connection: upgrade", "Upgrade: h2c"]), 200),
    "many headers": _headers(*(f"x-{number}: {number}" for number in range(60))),
    # The wire.
    "HTTP/1.0": Case(post(PREDICT, ONE).replace(b"HTTP/1.1", b"HTTP/1.0"), 200),
    "HTTP/1.0 keeping alive": Case(
        post(PREDICT, ONE, ["Connection: keep-alive"]).replace(b"HTTP/1.1", b"HTTP/1.0"), 200
    ),
    "chunked": Case(chunked(PREDICT, ONE.encode()), 200),
    "in many chunks": Case(chunked(PREDICT, *(bytes([byte]) for byte in ONE.encode())), 200),
    "chunked and not JSON": Case(chunked(PREDICT, b"hello"), 400),
    "without a length": Case(_BASE + _TYPE + b"\r\n", 400),
    # Too large.
    "more than the most": _predict(b"x" * 200_000, 413),
    "a label more than the most": _predict(b"x" * 200_000, 413, path="/v1/labels"),
    # Other routes.
    "an unknown model": _predict({"instances": [ROW]}, 404, path="/v1/models/nobody/predict"),
    "an unknown version": _predict({"instances": [ROW]}, 404, path="/v1/models/delays/versions/7/predict"),
    "an unknown path": _predict({"instances": [ROW]}, 404, path="/v2/predict"),
    "a path like another": _predict({"instances": [ROW]}, 404, path="/v1/predict/"),
    "a path of bytes": _predict({"instances": [ROW]}, 404, path="/%ff%00%0d%0a"),
    "getting predictions": Case(get(PREDICT), 405),
    "the head of predictions": Case(get(PREDICT, method="HEAD"), 405),
    "options": Case(get(PREDICT, method="OPTIONS"), 405),
    "deleting": Case(get("/v1/models", method="DELETE"), 405),
    "the models": Case(get("/v1/models"), 200),
    "a model": Case(get("/v1/models/delays"), 200),
    "a model that is not there": Case(get("/v1/models/nobody"), 404),
    "live": Case(get("/health/live"), 200),
    "ready": Case(get("/health/ready"), 200),
    "labels": _predict({"labels": [{"id": "a", "label": 1}]}, 200, path="/v1/labels"),
    "bad labels": _predict({"labels": [{"id": "", "label": None}]}, 422, path="/v1/labels"),
    "contradicting labels": _predict(
        {"labels": [{"id": "a", "label": 1}, {"id": "a", "label": 2}]}, 422, path="/v1/labels"
    ),
    "labels that are not JSON": _predict(b"{", 400, path="/v1/labels"),
    "labels of another type": _predict({"labels": []}, 415, "Content-Type: text/csv", path="/v1/labels"),
}
