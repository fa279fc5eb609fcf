"""From a policy and its keys to the files that the local gateway reads."""

from pathlib import Path
from typing import Any

import yaml

from gateway_config import filters
from gateway_config.bootstrap import Site, bootstrap
from gateway_config.files import write_private
from gateway_config.keys import Key
from gateway_config.policy import Policy

BOOTSTRAP_FILE = "bootstrap.yaml"
KEYS_FILE = "keys.yaml"
ADDRESSES_FILE = "addresses.yaml"

RESOURCE = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"


def render_whole(policy: Policy, keys: tuple[Key, ...], site: Site) -> bytes:
    """Everything in one document, for Envoy to validate."""
    deciding = {name: {"typed_config": part} for name, part in _deciding(policy, keys).items()}
    return to_yaml(bootstrap(policy, site, deciding))


def render_bootstrap(policy: Policy, site: Site, folder: Path) -> bytes:
    """The document that Envoy starts from; it reads the deciding filters from files in ``folder`` and watches those."""
    deciding = {
        filters.KEYS: _discovery(folder / KEYS_FILE, filters.LUA),
        filters.ADDRESSES: _discovery(folder / ADDRESSES_FILE, filters.RBAC),
    }
    return to_yaml(bootstrap(policy, site, deciding))


def write_deciding(policy: Policy, keys: tuple[Key, ...], folder: Path) -> None:
    """Write the files of the deciding filters; a gateway that runs takes them over at once.

    Each is replaced in one step, and either order is safe: a client known to only one of the two is refused.
    """
    names = {filters.KEYS: KEYS_FILE, filters.ADDRESSES: ADDRESSES_FILE}
    for name, part in _deciding(policy, keys).items():
        resource = {"@type": RESOURCE, "name": name, "typed_config": part}
        write_private(folder / names[name], to_yaml({"resources": [resource]}))


def _deciding(policy: Policy, keys: tuple[Key, ...]) -> dict[str, dict[str, Any]]:
    return {filters.KEYS: filters.keys_filter(policy, keys), filters.ADDRESSES: filters.addresses_filter(policy)}


def _discovery(path: Path, kind: str) -> dict[str, Any]:
    source = {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}
    return {"config_discovery": {"config_source": source, "type_urls": [kind]}}


def to_yaml(document: dict[str, Any]) -> bytes:
    """Plain data as YAML for people: in the order given, scripts as blocks, nothing abbreviated."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return text.encode()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
