"""What a request's headers say of its caller, and what of that is believed."""

import hmac
import re
from collections.abc import Iterable

import msgspec

from service.problem import Problem

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_CLIENT = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asks. ``client`` is None unless the gateway vouches for it; ``request_id`` is None where none came."""

    request_id: str | None
    client: str | None
    traceparent: bytes | None
    content_type: bytes | None
    content_encoding: bytes | None
    content_length: int  # -1 where none came

    def require_json(self) -> None:
        """Refuse a body that says it is not plain JSON.

        Raises:
            Problem: 415.
        """
        if self.content_type != b"application/json":
            self.require_type("application/json")
        self.require_plain()

    def require_type(self, *types: str) -> None:
        """Refuse a body that says it is of another type than these.

        Raises:
            Problem: 415.
        """
        came = "" if self.content_type is None else self.content_type.decode("latin-1")
        if self.content_type is not None and came.split(";")[0].strip().lower() not in types:
            expected = " or ".join(map(repr, types))
            raise Problem(415, f"content-type: {came[:80]!r} came, expected {expected}", reason="content_type")

    def require_plain(self) -> None:
        """Refuse a compressed body.

        Raises:
            Problem: 415.
        """
        if self.content_encoding is not None and self.content_encoding.lower() != b"identity":
            came = self.content_encoding.decode("latin-1")[:80]
            raise Problem(415, f"content-encoding: {came!r} came, expected none", reason="content_type")


class CallerReader:
    """Reads callers from raw ASGI headers (names in lower case)."""

    def __init__(self, gateway_token: str) -> None:
        """Without a token nobody's ``x-gateway-client`` is believed."""
        self._token = gateway_token.encode()

    def read(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller:
        """The caller; of a header that came twice the last one counts."""
        found = dict(headers)
        request_id = found.get(b"x-request-id")
        if request_id is not None and not _REQUEST_ID.fullmatch(request_id):
            request_id = None
        client = found.get(b"x-gateway-client")
        if client is not None and not self._vouched(found.get(b"x-gateway-token"), client):
            client = None
        length = found.get(b"content-length")
        return Caller(
            request_id.decode() if request_id else None,
            client.decode() if client else None,
            found.get(b"traceparent"),
            found.get(b"content-type"),
            found.get(b"content-encoding"),
            int(length) if length is not None and length.isdigit() else -1,
        )

    def _vouched(self, token: bytes | None, client: bytes) -> bool:
        if not self._token or token is None or not hmac.compare_digest(token, self._token):
            return False
        return _CLIENT.fullmatch(client) is not None
