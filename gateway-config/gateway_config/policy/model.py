"""The policy: operations, clients and environments, as ``policy.yaml`` says them."""

import datetime as dt
import ipaddress
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0, le=600)]
Bytes = Annotated[int, Meta(gt=0, le=32 * 1024 * 1024)]  # GCP API Gateway takes no larger request
Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast requests may come: a token bucket of ``burst`` that gains ``per_second`` tokens every second."""

    per_second: Count
    burst: Count


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operation or a client gets where it says nothing else; without a rate or a quota there is none.

    ``address_rate`` holds for every address, before anybody knows whose key a request carries.
    """

    deadline_seconds: Seconds
    max_body_bytes: Bytes
    rate: Rate | None = None
    daily_quota: Count | None = None
    address_rate: Rate | None = None


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing a caller can ask for. ``path`` is an OpenAPI path template whose parameters are whole segments.

    ``cost`` is how many requests of its client's rate and quota one of it counts for. ``cacheable`` lets caches between
    the gateway and its callers keep the answers.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    access: Literal["keyed", "public"] = "keyed"
    deadline_seconds: Seconds | None = None
    max_body_bytes: Bytes | None = None
    cost: Annotated[int, Meta(ge=1, le=1000)] = 1
    cacheable: bool = False

    @property
    def keyed(self) -> bool:
        """Whether a caller needs a key."""
        return self.access == "keyed"

    @property
    def shape(self) -> tuple[str, ...]:
        """The path's segments with every parameter as ``{}``: what tells two paths apart for a gateway."""
        return tuple("{}" if segment.startswith("{") else segment for segment in self.path.split("/")[1:])


class PolicyKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A key that the policy itself names, by its hash: the SHA-256, or the HMAC-SHA-256 under the pepper."""

    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None = None
    hmac_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None = None
    prefix: str = ""
    created: dt.date | None = None
    expires: dt.date | None = None
    note: str = ""


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may call: from which networks (CIDR, or ``any``), which operations, which models, how often.

    Keys are kept elsewhere, hashed; those under ``keys`` are known beside them.
    """

    owner: Text
    cidrs: Literal["any"] | Annotated[tuple[str, ...], Meta(min_length=1)]
    operations: Literal["all"] | Annotated[tuple[str, ...], Meta(min_length=1)]
    models: Literal["all"] | Annotated[tuple[str, ...], Meta(min_length=1)] = "all"
    contact: str = ""
    rate: Rate | None = None
    daily_quota: Count | None = None
    keys: tuple[PolicyKey, ...] = ()

    @property
    def networks(self) -> tuple[Network, ...]:
        """The CIDRs, parsed; ``any`` is both whole address spaces."""
        cidrs = ("0.0.0.0/0", "::/0") if self.cidrs == "any" else self.cidrs
        return tuple(ipaddress.ip_network(cidr) for cidr in cidrs)


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the gateway proves who it is, and whom it lets connect: files in PEM, relative to the policy.

    ``generated`` makes a certificate of this machine's own. With ``client_ca`` a caller needs a certificate of it too.
    """

    certificate: str = ""
    private_key: str = ""
    generated: bool = False
    client_ca: str = ""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a gateway runs: its backends (``address:port`` for ``local``, a URL for ``gcp``) and what is around it.

    ``trusted_hops`` is how many proxies in front of the gateway write ``x-forwarded-for``. ``accepts`` are the rules that
    this environment can't hold as written, each with the reason why that is accepted.
    """

    backends: Annotated[tuple[str, ...], Meta(min_length=1)]
    trusted_hops: Annotated[int, Meta(ge=0, le=10)] = 0
    cors_origins: tuple[str, ...] = ()
    tls: Tls | None = None
    accepts: dict[str, Text] = {}


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``policy.yaml`` says; the dictionaries are by name, in the order of the file."""

    defaults: Defaults
    operations: dict[str, Operation]
    clients: dict[str, Client]
    environments: dict[str, Environment]

    def deadline(self, operation: Operation) -> float:
        """Seconds that the backend has to answer ``operation``."""
        return operation.deadline_seconds or self.defaults.deadline_seconds

    def max_body_bytes(self, operation: Operation) -> int:
        """The largest body of a request for ``operation``."""
        return operation.max_body_bytes or self.defaults.max_body_bytes

    def rate(self, client: Client) -> Rate | None:
        """How fast a client may ask; None: as fast as it likes."""
        return client.rate or self.defaults.rate

    def daily_quota(self, client: Client) -> int | None:
        """How many requests a client has a day; None: as many as it likes."""
        return client.daily_quota or self.defaults.daily_quota
