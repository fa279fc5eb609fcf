"""From a policy and its keys to the files that the local gateway reads: one to start from, the others to watch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from gateway_config.envoy import filters, limits, tls
from gateway_config.envoy.bootstrap import CLUSTER, ORDER, ROUTES, Address, Site, Sources, bootstrap
from gateway_config.envoy.instances import assignment
from gateway_config.envoy.routes import route_configuration
from gateway_config.files import write_private
from gateway_config.keys.store import Key
from gateway_config.policy.model import Policy

BOOTSTRAP_FILE = "bootstrap.yaml"
KEYS_FILE = "keys.yaml"
ADDRESSES_FILE = "addresses.yaml"
ROUTES_FILE = "routes.yaml"
INSTANCES_FILE = "instances.yaml"

RESOURCE = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
_ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
_INSTANCES = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"

_FILES = {
    limits.ADDRESS_RATE: ("address-rate.yaml", limits.LOCAL_RATE_LIMIT),
    filters.KEYS: (KEYS_FILE, filters.LUA),
    filters.ADDRESSES: (ADDRESSES_FILE, filters.RBAC),
    limits.RATES: ("rates.yaml", limits.LOCAL_RATE_LIMIT),
    limits.QUOTAS: ("quotas.yaml", limits.LOCAL_RATE_LIMIT),
}
_LIMITS: dict[str, Callable[[Policy], dict[str, Any]]] = {
    limits.ADDRESS_RATE: limits.address_rate_filter,
    filters.ADDRESSES: filters.addresses_filter,
    limits.RATES: limits.rates_filter,
    limits.QUOTAS: limits.quotas_filter,
}

# Under which name, in which scope, Envoy counts what became of a file.
COUNTERS = {
    **{name: (part, "extension_config_discovery.http_filter.") for part, (name, _) in _FILES.items()},
    ROUTES_FILE: (ROUTES, "http.gateway.rds."),
    INSTANCES_FILE: (CLUSTER, "cluster."),
    tls.CERTIFICATE_FILE: (tls.CERTIFICATE, "sds."),
    tls.CLIENT_CA_FILE: (tls.CLIENT_CA, "sds."),
}


def render_whole(policy: Policy, keys: tuple[Key, ...], site: Site) -> bytes:
    """Everything in one document, for Envoy to validate."""
    sources = Sources(
        filters={name: {"typed_config": part} for name, part in _deciding(policy, keys).items()},
        routes={"route_config": route_configuration(policy)},
        instances={"type": "STATIC", "load_assignment": assignment(CLUSTER, site.backends)},
        transport=tls.inline(site.tls) if site.tls else {},
    )
    return to_yaml(bootstrap(policy, site, sources))


def render_bootstrap(policy: Policy, site: Site, folder: Path) -> bytes:
    """The document that Envoy starts from; all that may change it reads from files in ``folder``, which it watches."""
    sources = Sources(
        filters={
            part: {"config_discovery": {"config_source": _watched(folder / name), "type_urls": [kind]}}
            for part, (name, kind) in _FILES.items()
        },
        routes={"rds": {"config_source": _watched(folder / ROUTES_FILE), "route_config_name": ROUTES}},
        instances={"type": "EDS", "eds_cluster_config": {"eds_config": _watched(folder / INSTANCES_FILE)}},
        transport=tls.watched(site.tls, folder) if site.tls else {},
    )
    return to_yaml(bootstrap(policy, site, sources))


def render_deciding(policy: Policy, keys: tuple[Key, ...]) -> dict[str, bytes]:
    """The watched files of the deciding filters, by name, in the order in which they are to be written."""
    return {
        _FILES[name][0]: _resource({"@type": RESOURCE, "name": name, "typed_config": part})
        for name, part in _deciding(policy, keys).items()
    }


def render_routes(policy: Policy) -> dict[str, bytes]:
    """The watched file of the operations, by name."""
    return {ROUTES_FILE: _resource({"@type": _ROUTES, **route_configuration(policy)})}


def render_instances(backends: tuple[Address, ...]) -> dict[str, bytes]:
    """The watched file of the service's instances, by name."""
    return {INSTANCES_FILE: _resource({"@type": _INSTANCES, **assignment(CLUSTER, backends)})}


def render_tls(site: Site) -> dict[str, bytes]:
    """The watched files of what TLS needs, by name; none without it."""
    return {name: _resource(secret) for name, secret in tls.secrets(site.tls).items()} if site.tls else {}


def write_deciding(policy: Policy, keys: tuple[Key, ...], folder: Path) -> None:
    """Write the files of the deciding filters; a gateway that runs takes them over at once.

    Each is replaced in one step, and any order is safe: a client known to only one of them is refused.
    """
    files = render_deciding(policy, keys)
    for name in changed(files, folder):
        write_private(folder / name, files[name])


def changed(files: dict[str, bytes], folder: Path) -> tuple[str, ...]:
    """The names of those that say something else than the files of ``folder``."""
    return tuple(
        name
        for name, content in files.items()
        if not (folder / name).exists() or (folder / name).read_bytes() != content
    )


def _deciding(policy: Policy, keys: tuple[Key, ...]) -> dict[str, dict[str, Any]]:
    made = {filters.KEYS: filters.keys_filter(policy, keys)}
    made |= {name: make(policy) for name, make in _LIMITS.items()}
    return {name: made[name] for name in ORDER}


def _resource(resource: dict[str, Any]) -> bytes:
    return to_yaml({"resources": [resource]})


def _watched(path: Path) -> dict[str, Any]:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def to_yaml(document: dict[str, Any]) -> bytes:
    """Plain data as YAML for people: in the order given, scripts as blocks, nothing abbreviated."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return text.encode()


class _Dumper(yaml.CSafeDumper):  # libyaml's: the same text in a fifth of the time
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's signature
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
