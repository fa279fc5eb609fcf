"""The one shape of every error: RFC 9457 problem details."""

import http
from typing import Any

import msgspec

MEDIA_TYPE = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True):
    """One thing wrong with the input: where (RFC 6901 pointer), what came and what was expected."""

    pointer: str
    field: str
    received: Any
    expected: str


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an error; ``errors`` only where the input is at fault, field by field.

    ``error`` is the detail once more, under ``/v2`` only: where the Open Inference Protocol's clients look for it.
    """

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: tuple[FieldError, ...] = ()
    error: str = ""


class Problem(Exception):  # noqa: N818 - the RFC's own noun
    """An answer that is an error. ``retry_after`` is in seconds; ``close`` ends the connection."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        retry_after: int | None = None,
        allow: str | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after
        self.allow = allow
        self.reason = reason

    def body(self, request_id: str, *, inference_protocol: bool = False) -> bytes:
        """The problem document as JSON, with the member that the Open Inference Protocol wants or without."""
        title = http.HTTPStatus(self.status).phrase
        error = self.detail if inference_protocol else ""
        return _ENCODER.encode(
            ProblemDetails("about:blank", title, self.status, self.detail, request_id, self.errors, error)
        )

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that belong to the problem besides its content type."""
        headers = []
        if self.retry_after is not None:
            headers.append((b"retry-after", b"%d" % self.retry_after))
        if self.allow is not None:
            headers.append((b"allow", self.allow.encode()))
        return headers


_ENCODER = msgspec.json.Encoder()
