"""Every error is one shape: RFC 9457 problem details."""

import json
from http import HTTPStatus

import pytest

from service.problem import FieldError, Problem


@pytest.mark.parametrize("status", [400, 404, 405, 408, 413, 415, 422, 429, 500, 503])
def test_the_document(status: int) -> None:
    """Type, title, status, detail and request id are always there; errors only where there are some."""
    document = json.loads(Problem(status, "what is wrong").body("r-1"))
    assert document == {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": "what is wrong",
        "request_id": "r-1",
    }


@pytest.mark.parametrize("received", [None, 7, 0.5, "text", True])
def test_the_errors_keep_what_was_received(received: object) -> None:
    """The value that came is repeated as JSON, not as text about it."""
    problem = Problem(422, "wrong", errors=(FieldError("/instances/0/a", "a", received, "a number"),))
    (error,) = json.loads(problem.body("r-1"))["errors"]
    assert error == {"pointer": "/instances/0/a", "field": "a", "received": received, "expected": "a number"}


def test_the_headers() -> None:
    """Retry-After is whole seconds; Allow is there for a method that is not."""
    assert Problem(503, "later", retry_after=1).headers() == [(b"retry-after", b"1")]
    assert Problem(405, "no", allow="GET, HEAD").headers() == [(b"allow", b"GET, HEAD")]
    assert Problem(400, "no").headers() == []
