"""What can be done to a good request to make it a bad one."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Dice = random.Random

# Written as they are into the JSON, because no value of Python is written so.
LITERALS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1e-400",
    "0x10",
    "01",
    "1.",
    "+1",
    "'a'",
    "undefined",
    "-",
)
NUMBERS = (0, -1, 1.5, -0.0, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400, 1e308, 5e-324)
TEXTS = (
    "",
    " ",
    "\x00",
    "N\x00",
    "é",
    "\ud800",
    "\u202e",
    "🛫",
    "Grupo LATAM ",
    "grupo latam",
    "None",
    "null",
    "7",
    "a" * 5000,
)
CONTENT_TYPES = (
    None,
    "",
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "application/json; charset=nonsense",
    "APPLICATION/JSON",
    "application/vnd.api+json",
    "application/octet-stream",
    "application/json, text/plain",
    "json",
    "a" * 1000,
)
HEADERS = (
    *("accept", "accept-encoding", "accept-language", "authorization", "content-encoding", "cookie", "expect"),
    *("forwarded", "if-match", "inference-header-content-length", "origin", "range", "traceparent", "tracestate"),
    *("user-agent", "via", "x-api-key", "x-forwarded-for", "x-gateway-client", "x-gateway-token"),
    *("x-http-method-override", "x-request-id", "x-unheard-of"),
)
VALUES = (
    *("", "-1", "0", "1", "99999999999999999999", "gzip", "100-continue", "null", "*/*", "bytes=0-", "127.0.0.1"),
    *("a" * 3000, "\xe9\xff", "%00%0a", "{}", "'; DROP TABLE", "00-x"),
    "00-" + "0" * 32 + "-" + "0" * 16 + "-00",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
METHODS = ("GET", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass
class Draft:
    """A request while it is made: its JSON as a tree, and what goes around it."""

    path: str
    tree: Any
    method: str = "POST"
    content_type: str | None = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    literals: list[bytes] = field(default_factory=list)
    tail: bytes = b""  # binary tensors after the JSON
    chunked: bool = False

    def literal(self, text: bytes) -> str:
        """A placeholder in the tree that is written as ``text`` itself."""
        self.literals.append(text)
        return f"@literal-{len(self.literals) - 1}@"

    def encode(self) -> bytes:
        """The JSON, with every placeholder replaced."""
        body = json.dumps(self.tree, separators=(",", ":")).encode()
        for place, text in enumerate(self.literals):
            body = body.replace(b'"@literal-%d@"' % place, text)
        return body


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every place in a tree that holds a value, as its container and key."""
    found: list[tuple[Any, Any]] = []
    pending = [tree]
    while pending:
        node = pending.pop()
        keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            found.append((node, key))
            pending.append(node[key])
    return found


def _replace(dice: Dice, draft: Draft, value: Any) -> None:
    """Put a value somewhere into the tree, or in place of all of it."""
    places = _places(draft.tree)
    if not places or dice.randrange(20) == 0:
        draft.tree = value
        return
    container, key = dice.choice(places)
    container[key] = value


def _wrong_type(dice: Dice, draft: Draft) -> None:
    _replace(dice, draft, dice.choice((None, True, False, 7, 7.5, "", "7", [], {}, [[]], {"a": None}, [1, "a"])))


def _number(dice: Dice, draft: Draft) -> None:
    _replace(dice, draft, dice.choice(NUMBERS))


def _text(dice: Dice, draft: Draft) -> None:
    _replace(dice, draft, dice.choice(TEXTS))


def _literal(dice: Dice, draft: Draft) -> None:
    _replace(dice, draft, draft.literal(dice.choice(LITERALS).encode()))


def _nesting(dice: Dice, draft: Draft) -> None:
    depth = dice.choice((50, 500, 1000, 5000))
    opening, closing = dice.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"[", b"")))
    _replace(dice, draft, draft.literal(opening * depth + b"1" + closing * depth))


def _unknown_field(dice: Dice, draft: Draft) -> None:
    objects = [
        node for node in (draft.tree, *(place[0][place[1]] for place in _places(draft.tree))) if isinstance(node, dict)
    ]
    if objects:
        dice.choice(objects)[dice.choice(("extra", "", "MES ", "__proto__", "é", "$ref"))] = dice.choice(
            (1, None, "x", {})
        )


def _missing_field(dice: Dice, draft: Draft) -> None:
    places = _places(draft.tree)
    if places:
        container, key = dice.choice(places)
        del container[key]


def _repeated(dice: Dice, draft: Draft) -> None:
    """Repeat an element of a list: too many values, duplicate ids, longer batches."""
    found = [container for container, _ in _places(draft.tree) if isinstance(container, list)]
    if found:
        container = dice.choice(found)
        container += [dice.choice(container)] * dice.choice((1, 2, 50))


def _content_type(dice: Dice, draft: Draft) -> None:
    draft.content_type = dice.choice(CONTENT_TYPES)


def _headers(dice: Dice, draft: Draft) -> None:
    draft.headers += [(dice.choice(HEADERS), dice.choice(VALUES)) for _ in range(dice.randrange(1, 6))]


def _chunked(_: Dice, draft: Draft) -> None:
    draft.chunked = True


def _closing(_: Dice, draft: Draft) -> None:
    draft.headers.append(("connection", "close"))


def _query(dice: Dice, draft: Draft) -> None:
    draft.path += "?" + dice.choice(("", "a=1", "instances=", "%00", "%ff=%fe", "&&==", "a" * 2000))


def _path(dice: Dice, draft: Draft) -> None:
    draft.path = dice.choice(
        (
            draft.path + "/",
            draft.path.replace("flight", "freight"),
            draft.path + "/%2e%2e",
            draft.path + "%00",
            draft.path.upper(),
        )
    )


def _method(dice: Dice, draft: Draft) -> None:
    draft.method = dice.choice(METHODS)


def _binary_lies(dice: Dice, draft: Draft) -> None:
    """Say a wrong length of the JSON before binary tensors."""
    draft.headers.append(
        (
            "inference-header-content-length",
            dice.choice(("-1", "0", "1", "1e3", "", "\xb2", "10", "999999999999", "0x20")),
        )
    )


def _flip(dice: Dice, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(dice.randrange(1, 9) if body else 0):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _truncate(dice: Dice, body: bytes) -> bytes:
    return body[: dice.randrange(len(body) + 1)]


def _insert(dice: Dice, body: bytes) -> bytes:
    place = dice.randrange(len(body) + 1)
    junk = dice.choice(
        (b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\x00", b"\xef\xbb\xbf", b"\\ud800", b'"', b"}", b"/* */", b"\r\n\r\n")
    )
    return body[:place] + junk + body[place:]


def _duplicate_key(dice: Dice, body: bytes) -> bytes:
    """Write the first key of some object twice."""
    starts = [place for place in range(len(body)) if body[place : place + 2] == b'{"']
    if not starts:
        return body
    start = dice.choice(starts) + 1
    end = body.find(b'"', start + 1) + 1
    return body[:start] + body[start:end] + dice.choice((b":null,", b":1,", b":[],")) + body[start:]


def _noise(dice: Dice, _: bytes) -> bytes:
    return dice.choice((b"", b" ", b"null", b"{}", b"[]", b"\xef\xbb\xbf{}", dice.randbytes(dice.randrange(1, 300))))


def _utf_16(_: Dice, body: bytes) -> bytes:
    return body.decode("latin-1").encode("utf-16")


TREE: dict[str, Callable[[Dice, Draft], None]] = {
    "wrong type": _wrong_type,
    "odd number": _number,
    "odd text": _text,
    "odd literal": _literal,
    "deep nesting": _nesting,
    "unknown field": _unknown_field,
    "missing field": _missing_field,
    "repeated": _repeated,
}
REQUEST: dict[str, Callable[[Dice, Draft], None]] = {
    "content type": _content_type,
    "headers": _headers,
    "chunked": _chunked,
    "close": _closing,
    "query": _query,
    "path": _path,
    "method": _method,
    "binary lies": _binary_lies,
}
BYTES: dict[str, Callable[[Dice, bytes], bytes]] = {
    "flipped bits": _flip,
    "truncated": _truncate,
    "inserted": _insert,
    "duplicate key": _duplicate_key,
    "noise": _noise,
    "utf-16": _utf_16,
}
