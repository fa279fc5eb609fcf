"""The conformance table as data: what is asked of a gateway, and what has to come back.

The rows are those of GCP API Gateway's documented behaviour, and of what ours adds. A case marked ``L`` is asked of the
local gateway, one marked ``G`` of a deployed one.
"""

from dataclasses import dataclass
from typing import Final, Literal

from gateway_config.envoy import refusals
from gateway_config.envoy.refusals import Refusal

Holder = Literal[
    "",
    "right",
    "second",
    "removed",
    "narrow",
    "modelled",
    "elsewhere",
    "late",
    "metered",
    "counted",
    "unknown",
    "mistyped",
]
Given = Literal["", "slow", "down", "refusing", "first removed", "three before", "batch before", "proxy"]

# What only the owner of a deployed gateway can bring about, and how the case can be asked of it all the same.
BACKEND: Final = "needs a backend that fails: stop it, or lower the operation's deadline, and ask by hand"
SPEND: Final = "would spend the client's quota"
MINUTES: Final = "takes minutes: revoke a key in the console and ask again"
DIRECT: Final = "give --direct URL, the backend's own URL"

ELSEWHERE: Final = "elsewhere"

BODY: Final = b'{"trial": true}'


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request and its answer. ``message`` is compared whole, one of ``prefixes`` from its beginning.

    ``reaches``: whether the backend sees it, and it sees it once then. ``unseen`` are headers that the backend must not
    see. ``never_ok``: a deployed gateway may answer otherwise, as long as it does not let the request in. ``cannot``
    says why a case that holds on GCP is not asked of a deployed gateway.
    """

    number: str
    says: str
    where: Literal["L", "G", "LG"]
    status: int
    method: str = "GET"
    path: str = "/v1/models"
    key: Holder = ""
    keys: tuple[Holder, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    source: str = "127.0.0.1"
    given: Given = ""
    message: str = ""
    prefixes: tuple[str, ...] = ()
    reaches: bool = False
    unseen: tuple[str, ...] = ()
    never_ok: bool = False
    cannot: str = ""
    check: Literal["", "logs", "direct"] = ""

    @property
    def expected(self) -> str:
        """The answer in words."""
        said = (
            f" {self.message}"
            if self.message
            else " " + " or ".join(f"{text}..." for text in self.prefixes)
            if self.prefixes
            else ""
        )
        reaches = "; reaches the backend" if self.reaches else ""
        hidden = f", which does not see {', '.join(self.unseen)}" if self.unseen else ""
        return f"{self.status}{said}{reaches}{hidden}"


def _refused(number: str, says: str, where: Literal["L", "G", "LG"], refusal: Refusal, **rest: object) -> Case:
    return Case(number=number, says=says, where=where, status=refusal.status, message=refusal.message, **rest)  # type: ignore[arg-type]


_XFF = (("x-forwarded-for", "127.0.0.1"),)
_FORGED = (
    ("x-apigateway-api-userinfo", "e30="),
    ("x-forwarded-authorization", "Bearer forged"),
    ("x-gateway-client", "admin"),
    ("x-gateway-token", "guess"),
)
_TEMPLATE = refusals.wrong_method("/v1/models")
_OVER = ("RESOURCE_EXHAUSTED: ",)
_UNSENT = ("upstream connect error or disconnect/reset before headers.", "no healthy upstream")

CASES: Final[tuple[Case, ...]] = (
    Case(number="1a", says="a right key from an allowed address", where="LG", status=200, key="right", reaches=True,
         unseen=("x-api-key",)),
    _refused("2a", "no key", "LG", refusals.NO_KEY),
    _refused("2b", "an empty key", "L", refusals.NO_KEY, headers=(("x-api-key", ""),)),
    _refused("3a", "an unknown key", "L", refusals.INVALID_KEY, key="unknown"),
    _refused("3b", "a right key in the query", "L", refusals.NO_KEY, path="/v1/models?key={right}"),
    _refused("3c", "a right key with its last character changed", "L", refusals.INVALID_KEY, key="mistyped"),
    _refused("3d", "an expired key", "L", refusals.EXPIRED_KEY, key="late"),
    _refused("4a", "two keys, the first unknown, the second right", "L", refusals.INVALID_KEY, keys=("unknown", "right")),
    _refused("4b", "two keys, the first right, the second unknown", "L", refusals.INVALID_KEY, keys=("right", "unknown")),
    _refused("5a", "a key for another API or operation", "LG", refusals.NOT_GRANTED, key="narrow"),
    _refused("5b", "a key for another model", "L", refusals.NOT_GRANTED, key="modelled", path="/v1/models/other"),
    _refused("5c", "the granted model in capitals", "L", refusals.NOT_GRANTED, key="modelled",
             path="/v1/models/Flight-Delay"),
    _refused("5d", "the granted model, percent-encoded twice", "L", refusals.NOT_GRANTED, key="modelled",
             path="/v1/models/flight%252Ddelay"),
    Case(number="5e", says="the granted model", where="L", status=200, key="modelled", path="/v1/models/flight-delay",
         reaches=True),
    Case(number="5f", says="the granted model in another spelling, which the backend sees as granted", where="L", status=200,
         key="modelled", path="/v1/./models/flight%2Ddelay", reaches=True),
    _refused("6a", "a key for other addresses", "LG", refusals.BLOCKED, key="elsewhere"),
    _refused("6b", "... with a forged x-forwarded-for", "LG", refusals.BLOCKED, key="elsewhere",
             headers=(("x-forwarded-for", "203.0.113.9"),)),
    _refused("6c", "... with a forged x-gateway-client", "L", refusals.BLOCKED, key="elsewhere",
             headers=(("x-gateway-client", "right"),)),
    _refused("6d", "a right key from another address of this machine", "L", refusals.BLOCKED, key="right",
             source="127.0.0.2", headers=_XFF),
    Case(number="6e", says="behind one trusted proxy, which says an allowed address", where="L", status=200,
         key="elsewhere", headers=(("x-forwarded-for", "203.0.113.9"),), given="proxy", reaches=True),
    _refused("6f", "... with an allowed address put in front of another by the caller", "L", refusals.BLOCKED,
             key="elsewhere", headers=(("x-forwarded-for", "203.0.113.9, 198.51.100.1"),), given="proxy"),
    _refused("7a", "an unknown path without a key", "LG", refusals.UNKNOWN_PATH, path="/v1/unknown/path"),
    _refused("7b", "an unknown path with a right key", "LG", refusals.UNKNOWN_PATH, path="/v1/unknown/path", key="right"),
    _refused("7c", "a path in the wrong case without a key", "LG", refusals.UNKNOWN_PATH, path="/V1/models"),
    _refused("7d", "a path in the wrong case with a right key", "LG", refusals.UNKNOWN_PATH, path="/V1/models", key="right"),
    _refused("8a", "a wrong method without a key", "LG", _TEMPLATE, method="PATCH"),
    _refused("8b", "a wrong method with a right key", "LG", _TEMPLATE, method="PATCH", key="right"),
    _refused("9a", "a slash behind the path, without a key", "LG", refusals.NO_KEY, path="/v1/models/", never_ok=True),
    _refused("9b", "two slashes in front of the path, without a key", "LG", refusals.NO_KEY, path="//v1/models",
             never_ok=True),
    _refused("9c", "/x/.. in front of the path, without a key", "LG", refusals.NO_KEY, path="/x/../v1/models",
             never_ok=True),
    Case(number="10a", says="a backend slower than the deadline", where="LG", status=504, method="POST",
         path="/v1/models/flight-delay/predict", key="right", body=BODY, given="slow", message="upstream request timeout",
         reaches=True, cannot=BACKEND),
    Case(number="10b", says="a backend that is down", where="LG", status=503, key="right", given="down", prefixes=_UNSENT,
         cannot=BACKEND),
    Case(number="11a", says="the fourth request of a client that may send three at once", where="LG", status=429,
         key="metered", given="three before", prefixes=_OVER, cannot=SPEND),
    Case(number="11b", says="a request over the day's quota, after a batch that counted for three and one more", where="L",
         status=429, key="counted", given="batch before", prefixes=_OVER),
    Case(number="12a", says="a second key beside the first", where="L", status=200, key="second", reaches=True),
    _refused("12b", "the first key, revoked a second ago", "LG", refusals.INVALID_KEY, key="removed", given="first removed",
             cannot=MINUTES),
    Case(number="12c", says="the second key, after that", where="L", status=200, key="second", reaches=True),
    Case(number="13a", says="a body over the limit", where="L", status=413, method="POST", path="/v1/predict", key="right",
         body=b"x" * 10_001),
    Case(number="13b", says="headers over 60 KB", where="L", status=431, key="right", headers=(("filler", "x" * 62_000),)),
    Case(number="13c", says="a header with an underscore", where="L", status=400, key="right",
         headers=(("x_gateway_client", "right"),)),
    Case(number="14a", says="a body that the backend refuses: its own answer, unchanged", where="LG", status=422,
         method="POST", path="/v1/predict", key="right", body=BODY, given="refusing", reaches=True),
    Case(number="15a", says="a public path, without a key", where="LG", status=200, path="/health/live", reaches=True),
    Case(number="16a", says="forged headers of identity", where="L", status=200, key="right", headers=_FORGED, reaches=True,
         unseen=("x-apigateway-api-userinfo", "x-forwarded-authorization")),
    Case(number="17a", says="all of the above: no key is in any log", where="L", status=200, path="/health/live", reaches=True,
         check="logs"),
    Case(number="17b", says="the backend itself, past the gateway, without an identity", where="G", status=403, check="direct"),
)  # fmt: skip


def render_table() -> str:
    """The table in Markdown, as it is committed."""
    lines = [
        "# What a caller is told",
        "",
        "Rendered from `gateway_config/trials/cases.py` by `python -m gateway_config render`.",
        "`python -m gateway_config conformance` asks a gateway all of it. L: the local one, G: a deployed one.",
        "",
        "| # | Request | Expected | |",
        "|---|---|---|---|",
    ]
    for case in CASES:
        expected = case.expected.replace("|", "\\|")
        lines.append(f"| {case.number} | {_request(case)} | {expected} | {' '.join(case.where)} |")
    return "\n".join(lines) + "\n"


def _request(case: Case) -> str:
    return f"{case.says}: `{case.method} {case.path}`".replace("|", "\\|")
