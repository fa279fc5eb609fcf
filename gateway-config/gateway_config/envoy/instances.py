"""The service's instances behind the gateway: where they are, and how one takes another's place without a lost request."""

import socket
import time
from typing import Any

import msgspec
import yaml

from gateway_config.envoy.admin import ask
from gateway_config.envoy.bootstrap import CLUSTER, Address

_HIGHEST_PORT = 65_535
_POLL = 0.05  # seconds


def find_instances(text: str) -> tuple[Address, ...]:
    """Every address behind names such as ``service:8001,other:8001``; one name may have many.

    Raises:
        ValueError: if it is no list of names with ports, or a name is unknown.
    """
    found: dict[Address, None] = {}
    for entry in filter(None, text.split(",")):
        host, _, port = entry.strip().rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) <= _HIGHEST_PORT:
            raise ValueError(f"{entry!r} came, expected host:port")
        try:
            answers = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        except OSError as error:
            raise ValueError(f"{host!r} can't be found: {error.strerror}") from error
        found |= dict.fromkeys(Address(str(answer[4][0]), int(port)) for answer in sorted(answers))
    return tuple(found)


def assignment(cluster: str, backends: tuple[Address, ...]) -> dict[str, Any]:
    """Envoy's ``ClusterLoadAssignment``."""
    endpoints = [{"endpoint": {"address": backend.envoy()}} for backend in backends]
    return {"cluster_name": cluster, "endpoints": [{"lb_endpoints": endpoints}]}


def assigned(content: bytes) -> tuple[Address, ...]:
    """The instances that a file of one ``ClusterLoadAssignment`` names."""
    (resource,) = yaml.safe_load(content)["resources"]
    sockets = (
        entry["endpoint"]["address"]["socket_address"]
        for endpoints in resource["endpoints"]
        for entry in endpoints["lb_endpoints"]
    )
    return tuple(Address(each["address"], each["port_value"]) for each in sockets)


class _Socket(msgspec.Struct):
    address: str
    port_value: int


class _Address(msgspec.Struct):
    socket_address: _Socket


class _Health(msgspec.Struct):
    failed_active_health_check: bool = False
    pending_active_hc: bool = False


class _Host(msgspec.Struct):
    address: _Address
    health_status: _Health


class _Cluster(msgspec.Struct):
    name: str
    host_statuses: tuple[_Host, ...] = ()


class _Clusters(msgspec.Struct):
    cluster_statuses: tuple[_Cluster, ...] = ()


def ready_instances(admin: Address) -> set[Address]:
    """The instances that a running gateway found to be ready.

    Raises:
        OSError: if no gateway answers.
    """
    status = msgspec.json.decode(ask(admin, "GET", "/clusters?format=json"), type=_Clusters)
    hosts = (host for cluster in status.cluster_statuses if cluster.name == CLUSTER for host in cluster.host_statuses)
    return {
        Address(host.address.socket_address.address, host.address.socket_address.port_value)
        for host in hosts
        if not host.health_status.failed_active_health_check and not host.health_status.pending_active_hc
    }


def await_ready(admin: Address, backends: tuple[Address, ...], seconds: float) -> tuple[Address, ...]:
    """Wait until the gateway has found all of ``backends`` ready, and name those that it has not found so.

    Raises:
        OSError: if no gateway answers.
    """
    until = time.monotonic() + seconds
    while missing := tuple(sorted(set(backends) - ready_instances(admin), key=str)):
        if time.monotonic() > until:
            return missing
        time.sleep(_POLL)
    return ()
