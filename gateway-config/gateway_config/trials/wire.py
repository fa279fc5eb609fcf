"""Shots as bytes on a connection: HTTP/1.1 (RFC 9112) and HTTP/2 without TLS (RFC 9113), wrong where a shot wants it.

Neither is written by a library, which would put right what is to be wrong.
"""

from collections.abc import Sequence
from typing import Final

from gateway_config.trials.shots import CASE, Fields, Shot

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD: Final = 9  # bytes

DATA: Final = 0
HEADERS: Final = 1
RST_STREAM: Final = 3
SETTINGS: Final = 4
PING: Final = 6
GOAWAY: Final = 7
CONTINUATION: Final = 9

END_STREAM: Final = 1
ACK: Final = 1
END_HEADERS: Final = 4
PADDED: Final = 8

_HEADER_TABLE_SIZE: Final = 1
_ENABLE_PUSH: Final = 2
_PIECE: Final = 16_000  # bytes of a header block in a frame, which may have 2 ** 14
_EXTRA: Final = b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-gateway-client: wide\r\n\r\n"


def http1(shot: Shot) -> bytes:
    """One request, with its body."""
    fields, body = _framed(shot)
    first = b"%s %s HTTP/1.1" % (shot.method, shot.target)
    host = [] if shot.framing == "no host" else [(b"host", b"gateway")]
    lines = [
        b"%s: %s" % pair for pair in [(CASE, shot.number.encode()), *host, *shot.key_fields, *shot.fields, *fields]
    ]
    changed = {
        "HTTP/1.0": first[:-1] + b"0",
        "HTTP/0.9": first[:-9],
        "HTTP/2.0": first[:-3] + b"2.0",
        "HTTP/1.1 in small letters": first[:-8] + b"http/1.1",
        "two blanks": first.replace(b" ", b"  "),
        "empty line in front": b"\r\n" + first,
    }
    head = b"\r\n".join([changed.get(shot.framing, first), *lines]) + b"\r\n\r\n"
    if shot.framing == "bare line feeds":
        head = head.replace(b"\r\n", b"\n")
    elif shot.framing == "bare carriage returns":
        head = head.replace(b"\r\n", b"\r")
    elif shot.framing == "blank before a colon":
        head = head.replace(b"x-api-key:", b"x-api-key :")
    elif shot.framing == "line without a colon":
        head = head.replace(b"host:", b"host")
    return head + body


def _framed(shot: Shot) -> tuple[Fields, bytes]:
    """The fields that say how long the body is, and the body as it is sent."""
    body, count = shot.body, len(shot.body)
    length = (b"content-length", b"%d" % count)
    coded = (b"transfer-encoding", b"chunked")
    end = b"".join(b"%s: %s\r\n" % pair for pair in shot.trailers) + b"\r\n"
    chunks = (b"%x\r\n%s\r\n" % (count, body) if body else b"") + b"0\r\n" + end
    cases: dict[str, tuple[Fields, bytes]] = {
        "length": ([length] if body else [], body),
        "chunked": ([coded], chunks),
        "none": ([], body),
        "both": ([coded, (b"content-length", b"%d" % len(chunks))], chunks),
        "both, length first": ([(b"content-length", b"3"), coded], b"0\r\n\r\n" + body),
        "two lengths": ([(b"content-length", b"0"), length], body),
        "two equal lengths": ([length, length], body),
        "list of lengths": ([(b"content-length", b"%d, %d" % (count, count))], body),
        "length with a plus": ([(b"content-length", b"+%d" % count)], body),
        "negative length": ([(b"content-length", b"-%d" % count)], body),
        "length in hexadecimal": ([(b"content-length", b"0x%x" % count)], body),
        "length too small": ([(b"content-length", b"0")], body + _EXTRA),
        "length too large": ([(b"content-length", b"%d" % (count + 10))], body),
        "huge length": ([(b"content-length", b"99999999999999999999999")], body),
        "coding: identity": ([(b"transfer-encoding", b"identity"), length], body),
        "coding: gzip, chunked": ([(b"transfer-encoding", b"gzip, chunked")], chunks),
        "coding: chunked, identity": ([(b"transfer-encoding", b"chunked, identity")], chunks),
        "coding: xchunked": ([(b"transfer-encoding", b"xchunked"), length], chunks),
        "coding: chunked twice": ([coded, coded], chunks),
        "coding: blank before the colon": ([(b"transfer-encoding ", b"chunked"), length], chunks),
        "coding: vertical tab": ([(b"transfer-encoding", b"\x0bchunked"), length], chunks),
        "coding: on the next line": ([(b"transfer-encoding", b"\r\n chunked"), length], chunks),
        "chunk extension": ([coded], b"%x;x=%s\r\n%s\r\n0\r\n\r\n" % (count, b"y" * 20, body)),
        "chunk size too large": ([coded], b"ffffffffffffffffff\r\n" + body),
        "chunk size is no number": ([coded], b"x\r\n%s\r\n0\r\n\r\n" % body),
        "chunk size with blanks": ([coded], b" %x \r\n%s\r\n0\r\n\r\n" % (count, body)),
        "chunks with bare line feeds": ([coded], b"%x\n%s\n0\n\n" % (count, body)),
        "chunk longer than it says": ([coded], b"1\r\n%s\r\n0\r\n\r\n" % body),
    }
    return cases.get(shot.framing, cases["length"])


# --- HTTP/2


def http2(shots: Sequence[Shot]) -> bytes:
    """The preface, our settings and a stream for each shot."""
    # No dynamic table in the answers, whose decoder would have to be a whole one; and nothing pushed.
    settings = b"".join(name.to_bytes(2, "big") + (0).to_bytes(4, "big") for name in (_HEADER_TABLE_SIZE, _ENABLE_PUSH))
    streams = (_stream(shot, 2 * place + 1) for place, shot in enumerate(shots))
    return PREFACE + frame(SETTINGS, 0, 0, settings) + b"".join(streams)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """RFC 9113, section 4.1."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _stream(shot: Shot, number: int) -> bytes:
    pseudo = [(b":method", shot.method), (b":scheme", b"http"), (b":path", shot.target), (b":authority", b"gateway")]
    ordinary = [(CASE, shot.number.encode()), *shot.key_fields, *shot.fields]
    if shot.framing != "capital letters":
        ordinary = [(name.lower(), value) for name, value in ordinary]
    if shot.framing not in ("length", "chunked"):
        ordinary += [(name.lower(), value) for name, value in _framed(shot)[0]]
    if shot.framing == "pseudo header twice":
        pseudo += [(b":path", b"/health/live"), (b":method", b"GET")]
    if shot.framing == "no host":
        pseudo.pop()
    fields = ordinary + pseudo if shot.framing == "pseudo header last" else pseudo + ordinary
    stream = 0 if shot.framing == "reserved stream" else number
    ends = 0 if shot.body or shot.trailers else END_STREAM
    head = _headers(b"".join(_literal(*pair) for pair in fields), shot.framing, stream, ends)
    if ends:
        return head
    tail = b""
    if shot.trailers:
        tail = frame(HEADERS, END_HEADERS | END_STREAM, stream, b"".join(_literal(*pair) for pair in shot.trailers))
    return head + frame(DATA, 0 if tail else END_STREAM, stream, shot.body) + tail


def _headers(block: bytes, framing: str, stream: int, ends: int) -> bytes:
    """A header block in one frame, or in several where it is long or is to be."""
    if framing == "padding":
        return frame(HEADERS, END_HEADERS | PADDED | ends, stream, b"\x08" + block + b"\0" * 8)
    if not framing.startswith("continuation") and len(block) <= _PIECE:
        return frame(HEADERS, END_HEADERS | ends, stream, block)
    size = min(_PIECE, len(block) // 2)
    pieces = [block[place : place + size] for place in range(0, len(block), size)]
    flags = 0 if framing == "continuation cut" else END_HEADERS
    between = b"".join(frame(CONTINUATION, 0, stream, piece) for piece in pieces[1:-1])
    return frame(HEADERS, ends, stream, pieces[0]) + between + frame(CONTINUATION, flags, stream, pieces[-1])


def _literal(name: bytes, value: bytes) -> bytes:
    """RFC 7541, section 6.2.2: a field that goes into no table, its texts as they are."""
    return b"\0" + _counted(name) + _counted(value)


def _counted(text: bytes) -> bytes:
    """RFC 7541, sections 5.1 and 5.2, without Huffman's code."""
    rest, number = len(text) - 127, b""
    if rest < 0:
        return bytes((len(text),)) + text
    while rest >= 128:  # noqa: PLR2004 - seven bits a byte
        number += bytes((rest % 128 + 128,))
        rest //= 128
    return b"\x7f" + number + bytes((rest,)) + text


_INDEXED: Final = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
_DIGITS: Final = {f"{code:0{bits}b}": str(digit) for digit, (code, bits) in enumerate([(0, 5), (1, 5), (2, 5)])} | {
    f"{0x19 + digit - 3:06b}": str(digit) for digit in range(3, 10)
}  # RFC 7541, appendix B


def status_of(block: bytes) -> int:
    """The status of an answer, which is the first field of its header block (RFC 7541, section 6 and appendix A).

    Raises:
        ValueError: if the block begins otherwise.
    """
    while block[:1] and block[0] & 0xE0 == 0x20:  # noqa: PLR2004 - a change of the table's size
        block = block[1:]
    if block[:1] and block[0] in _INDEXED:
        return _INDEXED[block[0]]
    if block[:1] not in (b"\x08", b"\x18", b"\x48"):
        raise ValueError(f"an answer that begins with {block[:8]!r}")
    size = block[1] & 0x7F
    text = block[2 : 2 + size]
    if not block[1] & 0x80:
        return int(text)
    bits, digits, code = f"{int.from_bytes(text, 'big'):0{8 * size}b}", "", ""
    for bit in bits:
        code += bit
        if code in _DIGITS:
            digits, code = digits + _DIGITS[code], ""
    return int(digits[:3])
