"""Requests that try to get past a gateway, and beside each the truth of what it is entitled to.

A shot begins as a right request of some client and is then changed by tricks. A harmless trick leaves it right, so that
it has to be let in; after any other one it need not be, and whose key it still carries is noted. A rough shot may break
its connection, and has one of its own.
"""

import hashlib
import ipaddress
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

from gateway_config.policy.model import Client, Operation, Policy

Fields = list[tuple[bytes, bytes]]

KEY: Final = b"x-api-key"
CASE: Final = b"x-case"  # by which the backend tells which shot reached it
SMUGGLED: Final = "s"  # behind the number of a shot: the request hidden in its body
SOURCES: Final = tuple(
    f"127.0.{last}" for last in ("0.1", "0.7", "0.8", "0.9", "0.11", "0.12", "0.255", "1.0", "1.8", "255.254")
)  # both sides of both edges of every network in the storm's policy
MODELS: Final = ("flight-delay", "a.b_c", "other", "Flight-Delay", "flight-delay2", "flight", "~x")

_LETTERS = string.ascii_letters + string.digits


@dataclass
class Shot:
    """A request. ``holder``: whose right key it carries in a way that counts; ``good``: it has to be let in."""

    number: str
    method: bytes
    target: bytes
    key: bytes
    holder: str | None
    good: bool
    key_fields: Fields
    body: bytes
    fields: Fields = field(default_factory=list)
    trailers: Fields = field(default_factory=list)
    framing: str = "length"
    rough: bool = False
    tricks: list[str] = field(default_factory=list)

    @property
    def bytes_that_end_lines(self) -> bool:
        """Whether it holds a byte that no header may hold; whatever then happens to it, it is alone."""
        texts = [self.method, self.target, *(text for pair in self.fields + self.key_fields for text in pair)]
        return any(byte < 32 or byte == 127 for text in texts for byte in text)  # noqa: PLR2004 - ASCII's controls


class Arms(NamedTuple):
    """What shots are made of: the policy, and a key for every client of it."""

    policy: Policy
    keys: Mapping[str, str]


Trick = Callable[[Shot, Random, Arms], None]


def make_shot(number: str, source: str, random: Random, arms: Arms) -> Shot:
    """A request from an address of this machine, right or not."""
    name = random.choice(sorted(arms.policy.clients))
    client = arms.policy.clients[name]
    operation, granted = _operation(client, random, arms.policy)
    path, allowed = _path(operation, client, random)
    key = arms.keys[name].encode()
    valid = name not in ("late", "gone")
    body = random.randbytes(random.randint(1, 64)) if operation.method == "POST" else b""
    shot = Shot(
        number=number,
        method=operation.method.encode(),
        target=path.encode(),
        key=key,
        holder=name if valid else None,
        good=valid and granted and allowed and _within(client, source),
        key_fields=[(KEY, key)],
        body=body,
    )
    if not operation.keyed:
        shot.holder, shot.good, shot.key_fields = None, True, []
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        trick = random.choice(sorted(TRICKS))
        shot.tricks.append(trick)
        TRICKS[trick](shot, random, arms)
    shot.rough = shot.rough or shot.bytes_that_end_lines
    return shot


def _within(client: Client, source: str) -> bool:
    return any(ipaddress.ip_address(source) in network for network in client.networks)


def _operation(client: Client, random: Random, policy: Policy) -> tuple[Operation, bool]:
    """What is asked, and whether the client is granted it: mostly so, seldom not, and sometimes it is for everybody."""
    if random.random() < 0.05:  # noqa: PLR2004 - one in twenty
        return policy.operations["health_live"], True
    keyed = [name for name, operation in policy.operations.items() if operation.keyed]
    granted = keyed if client.operations == "all" else client.operations
    name = random.choice(keyed if random.random() < 0.15 else granted)  # noqa: PLR2004 - one in seven
    return policy.operations[name], name in granted


def _path(operation: Operation, client: Client, random: Random) -> tuple[str, bool]:
    """A path of the operation, and whether the client is allowed the model in it."""
    allowed = MODELS if client.models == "all" else client.models
    model = random.choice(MODELS if random.random() < 0.25 else allowed)  # noqa: PLR2004 - one in four
    path = operation.path.replace("{model}", model).replace("{version}", random.choice(("1", "2.0", "latest")))
    return path, model in allowed or "{model}" not in operation.path


def _text(random: Random, most: int = 12) -> str:
    return "".join(random.choices(_LETTERS, k=random.randint(1, most)))


# --- keys: who carries one that does not count is nobody


def _flipped(key: bytes, random: Random) -> bytes:
    place, bit = random.randrange(len(key)), 1 << random.randrange(8)
    return key[:place] + bytes([key[place] ^ bit]) + key[place + 1 :]


def _made_up(key: bytes, random: Random) -> bytes:
    return key[:13] + "".join(random.choices(_LETTERS, k=len(key) - 13)).encode()


_WRONG_KEYS: Final[dict[str, Callable[[bytes, Random], Fields]]] = {
    "key: one bit off": lambda key, random: [(KEY, _flipped(key, random))],
    "key: cut": lambda key, random: [(KEY, key[: random.randrange(len(key))])],
    "key: longer": lambda key, random: [(KEY, key + _text(random, 200).encode())],
    "key: something before it": lambda key, random: [(KEY, _text(random).encode() + key)],
    "key: other case": lambda key, _: [(KEY, key.swapcase())],
    "key: none": lambda _, __: [],
    "key: empty": lambda _, __: [(KEY, b"")],
    "key: blank inside": lambda key, _: [(KEY, key[:20] + b" " + key[20:])],
    "key: its hash": lambda key, _: [(KEY, hashlib.sha256(key).hexdigest().encode())],
    "key: made up": lambda key, random: [(KEY, _made_up(key, random))],
    "key: twice": lambda key, _: [(KEY, key), (KEY, key)],
    "key: behind a wrong one": lambda key, random: [(KEY, _made_up(key, random)), (KEY, key)],
    "key: in front of a wrong one": lambda key, random: [(KEY, key), (KEY, _made_up(key, random))],
    "key: behind an empty one": lambda key, _: [(KEY, b""), (KEY, key)],
    "key: in front of an empty one": lambda key, _: [(KEY, key), (KEY, b"")],
    "key: a list": lambda key, _: [(KEY, key + b", " + key)],
    "key: quoted": lambda key, _: [(KEY, b'"' + key + b'"')],
    "key: NUL behind it": lambda key, _: [(KEY, key + b"\0")],
    "key: percent-encoded": lambda key, _: [(KEY, b"".join(b"%%%02x" % byte for byte in key))],
    "key: in a cookie": lambda key, _: [(b"cookie", KEY + b"=" + key)],
    "key: as bearer": lambda key, _: [(b"authorization", b"Bearer " + key)],
    "key: with an underscore": lambda key, _: [(b"x_api_key", key)],
    "key: other name": lambda key, random: [
        (random.choice((b"api-key", b"x-goog-api-key", b"x-api-key-2", b"key")), key)
    ],
}


def _with_wrong_key(make: Callable[[bytes, Random], Fields]) -> Trick:
    def trick(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001 - a trick's signature
        fields = make(shot.key, random)
        if fields != [(KEY, shot.key)]:
            shot.key_fields, shot.holder, shot.good = fields, None, False

    return trick


def _key_of_another(shot: Shot, random: Random, arms: Arms) -> None:
    name = random.choice(sorted(arms.keys))
    shot.key = arms.keys[name].encode()
    shot.key_fields, shot.good = [(KEY, shot.key)], False
    shot.holder = name if name in arms.policy.clients and name not in ("late", "gone") else None


def _key_in_query(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.target += b"?" + random.choice((b"key", b"api_key", b"x-api-key")) + b"=" + shot.key
    shot.key_fields, shot.holder, shot.good = [], None, False


def _key_in_trailer(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.trailers.append((KEY, shot.key))
    shot.key_fields, shot.holder, shot.good = [], None, False
    shot.framing, shot.rough = "chunked", True


def _key_padded(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.key_fields = [(name, random.choice((b"  ", b"\t", b" ")) + value + b" \t") for name, value in shot.key_fields]
    shot.good, shot.rough = False, True


# --- paths: what counts is the one that the backend is asked for


def _encoded(target: bytes, random: Random) -> bytes:
    """Some of its characters percent-encoded, a few of those twice."""
    return b"".join(
        random.choice((b"%%%02x", b"%%%02X", b"%%25%02x")) % byte if random.random() < 0.15 else bytes([byte])  # noqa: PLR2004
        for byte in target
    )


def _inserted(target: bytes, random: Random, *what: bytes) -> bytes:
    place = random.randint(0, len(target))
    return target[:place] + random.choice(what) + target[place:]


_PATHS: Final[dict[str, Callable[[bytes, Random], bytes]]] = {
    "path: percent-encoded": _encoded,
    "path: two slashes": lambda target, random: target.replace(b"/", b"/" * random.randint(2, 4), random.randint(1, 3)),
    "path: dot segments": lambda target, random: (
        random.choice((b"/x/..", b"/.", b"/..", b"/health/live/../..")) + target
    ),
    "path: encoded dots": lambda target, random: (
        random.choice((b"/%2e%2e", b"/x/%2E.", b"/.%2e", b"/%252e%252e")) + target
    ),
    "path: dots inside": lambda target, random: _inserted(
        target, random, b"/../", b"/./", b"..", b"/..;/", b"/%2e%2e/"
    ),
    "path: other case": lambda target, _: target.swapcase(),
    "path: escaped slash": lambda target, random: _inserted(target, random, b"%2f", b"%2F", b"%5c", b"%252f", b"\\"),
    "path: control character": lambda target, random: _inserted(
        target, random, b"\0", b"\t", b"%00", b"%0d%0a", b"\x7f"
    ),
    "path: parameters": lambda target, random: _inserted(
        target, random, b";", b";x=1", b";/../", b",", b"+", b"*", b"|"
    ),
    "path: fragment": lambda target, random: target + random.choice((b"#", b"#/health/live", b"%23")),
    "path: public in front": lambda target, _: b"/health/live" + target,
    "path: public behind": lambda target, random: (
        target + random.choice((b"/health/live", b"?/health/live", b";/health/live"))
    ),
    "path: way out of a public one": lambda target, random: (
        b"/health/live/" + random.choice((b"../..", b"..%2f..", b"%2e%2e/%2e%2e", b"..;/..")) + target
    ),
    "path: bytes beyond ASCII": lambda target, random: _inserted(
        target, random, b"\xc3\xa9", b"\xff", b"%c0%ae", b"\xe2\x80\xae"
    ),
    "path: a segment more": lambda target, random: target + b"/" + _text(random).encode(),
    "path: a segment less": lambda target, _: target.rpartition(b"/")[0] or b"/",
    "path: another model": lambda target, random: b"/v1/models/" + random.choice(MODELS).encode() + target[-8:],
    "path: any": lambda _, random: b"/" + "/".join(_text(random) for _ in range(random.randint(0, 4))).encode(),
    "path: internal": lambda _, random: random.choice(
        (b"/metrics", b"/docs", b"/stats", b"/config_dump", b"/health/ready")
    ),
    "path: blank": lambda target, random: _inserted(target, random, b" "),
    "path: no slash": lambda target, _: target[1:],
    "path: star": lambda _, __: b"*",
    "path: empty": lambda _, __: b"",
    "path: long": lambda target, random: target + b"/" * random.randint(1, 3000),
    "path: another authority": lambda target, random: (
        random.choice((b"http://127.0.0.1", b"https://x@health", b"//x")) + target
    ),
}


def _on_path(change: Callable[[bytes, Random], bytes]) -> Trick:
    def trick(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
        shot.target, shot.good = change(shot.target, random), False
        shot.rough = shot.rough or b" " in shot.target or not shot.target.startswith(b"/")

    return trick


def _query(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.target += b"?" + random.choice((b"", b"x=1", b"model=other", b"/../..", b"a=/health/live"))


# --- methods


_METHODS: Final = (
    b"GET",
    b"POST",
    b"DELETE",
    b"PUT",
    b"PATCH",
    b"HEAD",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"get",
    b"Post",
    b"X",
)


def _method(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.method, shot.good = random.choice((*_METHODS, _text(random).encode(), b"GET\t", b"POST\0")), False
    shot.rough = shot.rough or shot.method not in _METHODS[:7]


# --- headers: what a caller says of itself changes nothing

_FORGED: Final = (
    (b"x-gateway-client", b"wide"),
    (b"x-gateway-client", b"near"),
    (b"X-Gateway-Client", b"narrow"),
    (b"x-gateway-token", b"guess"),
    (b"x-gateway-client-ip", b"127.0.0.8"),
    (b"x-gateway-limit", b"none"),
    (b"x-forwarded-for", b"127.0.0.8"),
    (b"x-forwarded-for", b"127.0.0.9, 127.0.0.8"),
    (b"forwarded", b"for=127.0.0.8"),
    (b"x-real-ip", b"127.0.0.8"),
    (b"x-envoy-external-address", b"127.0.0.8"),
    (b"x-envoy-internal", b"true"),
    (b"x-envoy-original-path", b"/health/live"),
    (b"x-envoy-upstream-rq-timeout-ms", b"60000"),
    (b"x-original-url", b"/health/live"),
    (b"x-rewrite-url", b"/health/live"),
    (b"x-http-method-override", b"GET"),
    (b"x-apigateway-api-userinfo", b"e30="),
    (b"x-forwarded-authorization", b"Bearer forged"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"internal"),
    (b"x-forwarded-client-cert", b"By=x;Hash=y"),
    (b"x-request-id", b"00000000-0000-0000-0000-000000000000"),
    (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    (b"origin", b"https://page.example"),
)


def _forged(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.fields += random.choices(_FORGED, k=random.randint(1, 6))


_ODD_FIELDS: Final = (
    (b"connection", b"x-gateway-client, x-gateway-token"),
    (b"connection", b"close, x-gateway-client, x-api-key"),
    (b"connection", b"x-api-key"),
    (b"keep-alive", b"timeout=0"),
    (b"proxy-connection", b"x-gateway-client"),
    (b"upgrade", b"h2c"),
    (b"upgrade", b"websocket"),
    (b"expect", b"100-continue"),
    (b"expect", b"x-gateway-client"),
    (b"te", b"trailers, x-gateway-client"),
    (b"host", b"other"),
    (b"host", b"127.0.0.1\\@internal"),
    (b"x_gateway_client", b"wide"),
    (b"x-gateway-client ", b"wide"),
    (b" x-gateway-client", b"wide"),
    (b"x-gateway-client\t", b"wide"),
    (b"x-gateway-client:", b"wide"),
    (b"", b"wide"),
    (b"x\0y", b"z"),
    (b"x", b"a\0b"),
    (b"x", b"a\r\nx-gateway-client: wide"),
    (b"x", b"a\nx-gateway-client: wide"),
    (b"x", b"a\rx-gateway-client: wide"),
    (b"x", b"a\r\n\r\nGET /v1/models HTTP/1.1\r\nhost: x\r\nx-gateway-client: wide\r\n"),
    (b"x\xc3\xa9", b"y"),
    (b"x", b"\xff\xfe"),
    (b":path", b"/health/live"),
    (b":method", b"GET"),
    (b":authority", b"x"),
    (b"x-filler", b"x" * 70_000),
)


def _preflight(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    """What a browser asks without a key before it sends a request, of an allowed page or of another."""
    origin = random.choice((b"https://page.example", b"https://other.example", b"null", b"https://page.example.evil"))
    shot.fields += [(b"origin", origin), (b"access-control-request-method", shot.method)]
    shot.fields += random.choices([(b"access-control-request-headers", KEY), (b"access-control-request-headers", b"*")])
    if random.random() < 0.7:  # noqa: PLR2004 - mostly; the rest are headers that mean nothing
        shot.method, shot.good, shot.body = b"OPTIONS", False, b""


def _odd_field(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    place = random.randint(0, len(shot.fields))
    shot.fields.insert(place, random.choice(_ODD_FIELDS))
    shot.good, shot.rough = False, True


def _many_fields(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.fields += [(f"x-{_text(random)}".encode(), _text(random).encode()) for _ in range(random.randint(1, 150))]
    shot.good, shot.rough = False, True


def _folded(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    """RFC 9112, section 5.2: a value that goes on in the next line. With HTTP/2 these are bytes no value may hold."""
    if shot.key_fields:
        shot.key_fields = [(name, random.choice((b"\r\n ", b"\r\n\t", b"\n ")).join((value[:20], value[20:])))
                           for name, value in shot.key_fields]  # fmt: skip
    shot.holder, shot.good, shot.rough = None, False, True


# --- framing: where a body ends, and another request could begin

FRAMINGS: Final = (
    "none",
    "both",
    "both, length first",
    "two lengths",
    "two equal lengths",
    "list of lengths",
    "length with a plus",
    "negative length",
    "length in hexadecimal",
    "length too small",
    "length too large",
    "huge length",
    "coding: identity",
    "coding: gzip, chunked",
    "coding: chunked, identity",
    "coding: xchunked",
    "coding: chunked twice",
    "coding: blank before the colon",
    "coding: vertical tab",
    "coding: on the next line",
    "chunk extension",
    "chunk size too large",
    "chunk size is no number",
    "chunk size with blanks",
    "chunks with bare line feeds",
    "chunk longer than it says",
    "bare line feeds",
    "bare carriage returns",
    "blank before a colon",
    "line without a colon",
    "empty line in front",
    "HTTP/1.0",
    "HTTP/0.9",
    "HTTP/2.0",
    "HTTP/1.1 in small letters",
    "two blanks",
    "no host",
    "body of a GET",
    "pseudo header twice",
    "pseudo header last",
    "capital letters",
    "padding",
    "continuation",
    "continuation cut",
    "reserved stream",
)


def _framing(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.framing = random.choice(FRAMINGS)
    shot.body = hidden_request(shot.number) if random.random() < 0.5 else shot.body  # noqa: PLR2004 - every second
    shot.good, shot.rough = False, True


def _chunked(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    if shot.body and shot.framing == "length":
        shot.framing = "chunked"


def _forged_trailer(shot: Shot, random: Random, arms: Arms) -> None:  # noqa: ARG001
    shot.trailers += random.choices(_FORGED, k=2)
    shot.framing, shot.good, shot.rough = "chunked", False, True


def hidden_request(number: str) -> bytes:
    """A request in the body of another, which nobody may take for one: it carries no key and says it needs none."""
    return (
        b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-gateway-client: wide\r\n"
        + CASE
        + f": {number}{SMUGGLED}\r\ncontent-length: 0\r\n\r\n".encode()
    )


TRICKS: Final[dict[str, Trick]] = {
    **{name: _with_wrong_key(make) for name, make in _WRONG_KEYS.items()},
    **{name: _on_path(change) for name, change in _PATHS.items()},
    "key: of another": _key_of_another,
    "key: in the query": _key_in_query,
    "key: in a trailer": _key_in_trailer,
    "key: padded": _key_padded,
    "key: folded": _folded,
    "path: query": _query,
    **{f"method: {turn}": _method for turn in range(4)},
    **{f"headers: forged, {turn}": _forged for turn in range(8)},
    **{f"headers: odd, {turn}": _odd_field for turn in range(4)},
    "headers: many": _many_fields,
    **{f"headers: preflight, {turn}": _preflight for turn in range(2)},
    **{f"body: framing, {turn}": _framing for turn in range(8)},
    **{f"body: chunked, {turn}": _chunked for turn in range(4)},
    "body: forged trailer": _forged_trailer,
}  # the numbered ones come more often
