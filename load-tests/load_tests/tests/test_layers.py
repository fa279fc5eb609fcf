"""The layers of our gateway: the policy with the later ones left out."""

import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway_config.envoy.rendering import render_deciding, render_routes
from gateway_config.policy.model import Policy
from gateway_config.policy.reading import read_policy
from load_tests.gateways import layers, proxies, ways
from load_tests.gateways.layers import Edit
from load_tests.gateways.way import Opened, Site
from load_tests.gateways.ways import WAYS

LAYERS = {
    "public": layers.without_keys,
    "key": layers.without_allowlist,
    "allowlist": layers.without_limits,
    "policy": layers.whole,
    "tls": layers.with_tls,
}


def _policy(edit: Edit, folder: Path) -> Policy:
    return read_policy(layers.edited(edit, folder))


def _filter(policy: Policy, name: str) -> Any:
    (resource,) = yaml.safe_load(render_deciding(policy, ())[f"{name}.yaml"])["resources"]
    return resource["typed_config"]


@pytest.mark.parametrize("edit", LAYERS.values(), ids=LAYERS)
def test_every_layer_is_a_policy_that_can_be_enforced(edit: Edit, tmp_path: Path) -> None:
    """It is read and checked as a user's is, and keeps every operation."""
    assert _policy(edit, tmp_path).operations.keys() == read_policy(layers.POLICY).operations.keys()


def test_the_whole_policy_is_the_policy(tmp_path: Path) -> None:
    """Nothing is left out of the last layers; TLS adds what it says and nothing else."""
    policy = read_policy(layers.POLICY)
    assert _policy(layers.whole, tmp_path) == policy
    over_tls = _policy(layers.with_tls, tmp_path)
    assert over_tls.environments["local"].tls is not None
    assert render_deciding(over_tls, ()) == render_deciding(policy, ())


def test_every_layer_leaves_out_what_it_says(tmp_path: Path) -> None:
    """Limits first, then addresses, then keys: each layer's rendered filters differ from the next one's in just that."""
    listed, keyed, public = (_policy(LAYERS[key], tmp_path / key) for key in ("allowlist", "key", "public"))
    for policy in (listed, keyed, public):
        limits = [_filter(policy, name) for name in ("address-rate", "rates", "quotas")]
        assert all(not limit["descriptors"] and not limit["rate_limits"] for limit in limits)
        assert all(limit["filter_enabled"]["default_value"]["numerator"] == 0 for limit in limits)
    whole = read_policy(layers.POLICY)
    assert _filter(whole, "rates")["descriptors"]
    assert _filter(whole, "address-rate")["descriptors"]
    assert _filter(listed, "addresses") == _filter(whole, "addresses")
    assert "127.0.0.1" in str(_filter(listed, "addresses"))
    assert "127.0.0.1" not in str(_filter(keyed, "addresses"))
    assert _filter(keyed, "keys") == _filter(listed, "keys")
    routes = {policy is public: render_routes(policy)["routes.yaml"].decode() for policy in (keyed, public)}
    assert render_routes(listed)["routes.yaml"].decode() == routes[False]
    assert routes[True].count("disabled: true") > routes[False].count("disabled: true")


def test_every_layer_is_upon_the_one_before() -> None:
    """The chain goes from the direct way through all that are ours; other proxies stand beside it."""
    chain = [way for way in WAYS if way.under]
    assert [way.under for way in chain] == ["direct", *(way.key for way in chain[:-1])]
    assert {way.key for way in WAYS} - {way.key for way in chain} == {"direct", "haproxy", "nginx"}
    assert LAYERS.keys() == {way.key for way in chain} - {"bare"}


def test_a_program_that_is_missing_is_left_out_or_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The others are compared; who asks for it by itself is told how to get it."""
    monkeypatch.setattr(proxies, "find", lambda _: None)
    assert [way.key for way in ways.there(WAYS)] == ["direct", "bare", *LAYERS]
    with pytest.raises(FileNotFoundError, match="apt install nginx"):
        proxies.open_nginx(Site(1, "token", tmp_path))


@pytest.mark.platform
def test_a_caller_is_told_how_to_call(tmp_path: Path) -> None:
    """Address, header and authority are those of the gateway; TLS is seen in the address."""
    _, plain = layers.open_local(Site(1, "token", tmp_path / "plain"))
    assert plain.url == f"http://127.0.0.1:{plain.port}"
    assert plain.headers == (f"x-api-key: {plain.key}",)
    assert plain.authority is None
    assert isinstance(plain.connect(1), HTTPConnection)
    _, secure = layers.open_local(Site(1, "token", tmp_path / "secure"), layers.with_tls)
    assert secure.url == f"https://127.0.0.1:{secure.port}"
    assert secure.authority is not None
    assert secure.authority.read_text().rstrip().endswith("END CERTIFICATE-----")
    assert secure.launch.port != secure.port
    bare = layers.open_bare(Site(1, "token", tmp_path / "bare"))
    assert (bare.key, bare.headers, bare.authority) == ("", (), None)
    assert json.loads((tmp_path / "bare" / "envoy.json").read_text())["static_resources"]
    assert isinstance(bare, Opened)
