"""The policy: operations, clients and environments, as ``policy.yaml`` says them."""

import ipaddress
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0, le=600)]
Bytes = Annotated[int, Meta(gt=0, le=32 * 1024 * 1024)]  # GCP API Gateway takes no larger request
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operation gets where it says nothing else."""

    deadline_seconds: Seconds
    max_body_bytes: Bytes


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing a caller can ask for. ``path`` is an OpenAPI path template whose parameters are whole segments."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    access: Literal["keyed", "public"] = "keyed"
    deadline_seconds: Seconds | None = None
    max_body_bytes: Bytes | None = None

    @property
    def keyed(self) -> bool:
        """Whether a caller needs a key."""
        return self.access == "keyed"

    @property
    def shape(self) -> tuple[str, ...]:
        """The path's segments with every parameter as ``{}``: what tells two paths apart for a gateway."""
        return tuple("{}" if segment.startswith("{") else segment for segment in self.path.split("/")[1:])


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may call: from which networks (CIDR), and which operations. Its keys are kept elsewhere, hashed."""

    owner: Annotated[str, Meta(min_length=1)]
    cidrs: Annotated[tuple[str, ...], Meta(min_length=1)]
    operations: Literal["all"] | Annotated[tuple[str, ...], Meta(min_length=1)]

    @property
    def networks(self) -> tuple[Network, ...]:
        """The CIDRs, parsed."""
        return tuple(ipaddress.ip_network(cidr) for cidr in self.cidrs)


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the service's instances answer, as ``address:port``."""

    backends: Annotated[tuple[str, ...], Meta(min_length=1)]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``policy.yaml`` says; the dictionaries are by name, in the order of the file."""

    defaults: Defaults
    operations: dict[str, Operation]
    clients: dict[str, Client]
    environments: dict[str, Environment]

    def deadline(self, operation: Operation) -> float:
        """Seconds that the backend has to answer ``operation``."""
        return operation.deadline_seconds or self.defaults.deadline_seconds
