"""What headers say of the caller is believed only as far as it can be."""

import pytest

from service.caller import CallerReader
from service.problem import Problem

TOKEN = (b"x-gateway-token", b"secret")
CLIENT = (b"x-gateway-client", b"acme")


@pytest.mark.parametrize("value", [b"r-1", b"a.b:c_D-9", b"x" * 128])
def test_a_request_id_is_kept(value: bytes) -> None:
    """What the gateway calls the request is what we call it."""
    assert CallerReader("").read([(b"x-request-id", value)]).request_id == value.decode()


@pytest.mark.parametrize(
    "value", [b"", b"x" * 129, b"a b", b"a\r\nset-cookie: x", b"a\n", b"\xff", b'"', b"<script>", b"a,b"]
)
def test_a_request_id_that_could_do_harm_is_not(value: bytes) -> None:
    """It goes into headers, logs and pages."""
    assert CallerReader("").read([(b"x-request-id", value)]).request_id is None


def test_the_gateway_s_word_needs_its_token() -> None:
    """x-gateway-client counts beside the same token, and never where none is set."""
    assert CallerReader("secret").read([CLIENT, TOKEN]).client == "acme"
    assert CallerReader("secret").read([CLIENT]).client is None
    assert CallerReader("secret").read([CLIENT, (b"x-gateway-token", b"Secret")]).client is None
    assert CallerReader("secret").read([CLIENT, (b"x-gateway-token", b"")]).client is None
    assert CallerReader("").read([CLIENT]).client is None
    assert CallerReader("").read([CLIENT, (b"x-gateway-token", b"")]).client is None
    assert CallerReader("").read([CLIENT, TOKEN]).client is None


@pytest.mark.parametrize("name", [b"", b"a b", b"x" * 65, b"a/b", b"\xff"])
def test_a_client_s_name_is_plain(name: bytes) -> None:
    """It becomes a field of the log; the gateway's own names are plain."""
    assert CallerReader("secret").read([(b"x-gateway-client", name), TOKEN]).client is None


def test_nothing_came() -> None:
    """Every field is optional."""
    caller = CallerReader("secret").read([])
    assert (caller.request_id, caller.client, caller.traceparent) == (None, None, None)
    caller.require_json()


@pytest.mark.parametrize(
    "kind", [b"application/json", b"application/json; charset=utf-8", b"Application/JSON", b"application/json;x=1"]
)
def test_json_by_any_spelling(kind: bytes) -> None:
    """Parameters and case are the caller's business."""
    CallerReader("").read([(b"content-type", kind)]).require_json()


@pytest.mark.parametrize(
    "kind", [b"", b"text/plain", b"application/x-www-form-urlencoded", b"application/jsonp", b"\xff"]
)
def test_another_content_type_is_415(kind: bytes) -> None:
    """The detail says what came and what was expected."""
    with pytest.raises(Problem, match="expected 'application/json'") as refused:
        CallerReader("").read([(b"content-type", kind)]).require_json()
    assert refused.value.status == 415
    assert refused.value.reason == "content_type"
    refused.value.body("r-1")


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"\xff"])
def test_a_compressed_body_is_415(encoding: bytes) -> None:
    """Not "malformed JSON", which would send the caller looking in the wrong place."""
    with pytest.raises(Problem, match="content-encoding") as refused:
        CallerReader("").read([(b"content-encoding", encoding)]).require_json()
    assert refused.value.status == 415


def test_a_body_that_says_it_is_plain_is() -> None:
    """Identity is no encoding."""
    CallerReader("").read([(b"content-encoding", b"Identity")]).require_json()
