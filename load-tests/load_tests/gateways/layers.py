"""Our gateway, layer by layer: each way renders the policy of ``gateway-config`` with the later layers left out of it.

What is left out is left out of the policy's own document, which is then read, checked and rendered as a user's is. Only
the first layer is no policy: the smallest Envoy there can be, which tells what a hop costs before any of ours begins.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from gateway_config.envoy import program
from gateway_config.envoy.bootstrap import Address
from gateway_config.local import LocalGateway
from gateway_config.ports import free_port
from gateway_config.settings import Settings
from load_tests.gateways.way import Opened, Site
from load_tests.paths import ROOT
from load_tests.processes import Launch
from load_tests.servers import READY

POLICY = ROOT / "gateway-config" / "policy.yaml"
CLIENT = "demo"
_TYPE = "type.googleapis.com/envoy.extensions"
_LIMITS = ("rate", "daily_quota", "address_rate")

Edit = Callable[[dict[str, Any]], None]


def without_limits(policy: dict[str, Any]) -> None:
    """No rate and no quota, of an address or of a client: the three filters of them look nothing up."""
    for owner in (policy["defaults"], *policy["clients"].values()):
        for limit in _LIMITS:
            owner.pop(limit, None)


def without_allowlist(policy: dict[str, Any]) -> None:
    """No limits either, and every client may call from anywhere.

    The filter stays, since it is what demands a client at all; its networks are the two whole address spaces.
    """
    without_limits(policy)
    for client in policy["clients"].values():
        client["cidrs"] = "any"


def without_keys(policy: dict[str, Any]) -> None:
    """No clients: every operation is public, and its route turns the filters of keys, networks and limits off."""
    without_limits(policy)
    policy["clients"] = {}
    for operation in policy["operations"].values():
        operation["access"] = "public"


def with_tls(policy: dict[str, Any]) -> None:
    """The whole policy, over TLS with a generated certificate (P-256)."""
    policy["environments"]["local"]["tls"] = {"generated": True}


def whole(_policy: dict[str, Any]) -> None:
    """The policy as it is."""


def edited(edit: Edit, folder: Path) -> Path:
    """The policy with an edit, as a file in a folder."""
    policy = yaml.safe_load(POLICY.read_bytes())
    edit(policy)
    return _write(folder / "policy.yaml", yaml.safe_dump(policy, sort_keys=False))


def open_local(site: Site, edit: Edit = whole) -> tuple[LocalGateway, Opened]:
    """The gateway as ``make run`` starts it, under an edited policy, with everything that Envoy reads written.

    Raises:
        PolicyError: if what the edit left can't be enforced.
        EnvoyError: if Envoy is not installed.
    """
    settings = Settings(
        gateway_port=free_port(),
        gateway_admin_port=free_port(),
        gateway_workers=1,  # all on one core
        gateway_policy=edited(edit, site.folder),
        gateway_token=site.token,
        state_dir=site.folder,
    )
    gateway = LocalGateway.open(settings, (Address("127.0.0.1", site.backend),))
    key = gateway.new_key(CLIENT) if CLIENT in gateway.policy.clients else ""
    gateway.write()
    port, tls = settings.gateway_port, gateway.site.tls
    # Without TLS it is ready once the service answers through it; with TLS its admin port says so.
    ready = (settings.gateway_admin_port, "/ready") if tls else (port, READY)
    return gateway, Opened(Launch(f"envoy-{site.folder.name}", gateway.command, {}, *ready), port, key, tls)


def open_bare(site: Site) -> Opened:
    """Envoy with nothing but one route: what a hop through it costs by itself."""
    port = free_port()
    router = {"@type": f"{_TYPE}.filters.http.router.v3.Router"}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "service"}}
    manager = {
        "@type": f"{_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bare",
        "http_filters": [{"name": "router", "typed_config": router}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    listener = {
        "name": "bare",
        "address": Address("127.0.0.1", port).envoy(),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    endpoint = {"endpoint": {"address": Address("127.0.0.1", site.backend).envoy()}}
    cluster = {
        "name": "service",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "service", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    document: dict[str, Any] = {"static_resources": {"listeners": [listener], "clusters": [cluster]}}
    path = _write(site.folder / "envoy.json", json.dumps(document))
    return Opened(Launch("envoy-bare", program.command(path, workers=1), {}, port, READY), port)


def _open(edit: Edit, site: Site) -> Opened:
    return open_local(site, edit)[1]


open_public = partial(_open, without_keys)
open_keyed = partial(_open, without_allowlist)
open_listed = partial(_open, without_limits)
open_policy = partial(_open, whole)
open_tls = partial(_open, with_tls)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
