"""Every rule of a policy has a mark, and a policy's use of it is found with the field that does."""

from typing import Any, get_args

import pytest

from gateway_config.gcp.marks import MARKS, Support, remote_clients, used
from gateway_config.tests.contracts import policy

RATE = {"per_second": 1, "burst": 1}
KEY = {"sha256": "0" * 64}
PLAIN = {"clients__acme__rate": None, "operations__predict__cost": 1}

# A change of a policy that uses no more than it must, the field that uses a rule then, and the rule.
USES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "operations", "operations"),
    ({}, "operations", "access"),
    ({}, "defaults.deadline_seconds", "deadline"),
    ({}, "defaults.max_body_bytes", "max_body_bytes"),
    ({}, "clients.acme.cidrs", "cidrs"),
    ({"operations__predict__cost": 2}, "operations.predict.cost", "cost"),
    ({"operations__health__cacheable": True}, "operations.health.cacheable", "cacheable"),
    ({"defaults__rate": RATE}, "defaults.rate", "rate"),
    ({"defaults__rate": RATE}, "defaults.rate.burst", "burst"),
    ({"clients__acme__rate": RATE}, "clients.acme.rate", "rate"),
    ({"clients__acme__rate": RATE}, "clients.acme.rate.burst", "burst"),
    ({"defaults__daily_quota": 9}, "defaults.daily_quota", "daily_quota"),
    ({"clients__acme__daily_quota": 9}, "clients.acme.daily_quota", "daily_quota"),
    ({"defaults__address_rate": RATE}, "defaults.address_rate", "address_rate"),
    ({"clients__acme__operations": ["predict"]}, "clients.acme.operations", "client_operations"),
    ({"clients__acme__models": ["small"]}, "clients.acme.models", "client_models"),
    ({"clients__acme__keys": [KEY]}, "clients.acme.keys[0]", "key_hashes"),
    ({"clients__acme__keys": [KEY | {"expires": "2027-01-01"}]}, "clients.acme.keys[0].expires", "key_expiry"),
    ({"environments__gcp__trusted_hops": 1}, "environments.gcp.trusted_hops", "trusted_hops"),
    ({"environments__gcp__cors_origins": ["https://a.example"]}, "environments.gcp.cors_origins", "cors_origins"),
    ({"environments__gcp__tls": {"generated": True}}, "environments.gcp.tls", "certificate"),
    ({"environments__gcp__tls": {"client_ca": "x"}}, "environments.gcp.tls.client_ca", "client_certificates"),
]


@pytest.mark.parametrize(("change", "where", "rule"), USES)
def test_uses(change: dict[str, Any], where: str, rule: str) -> None:
    """A rule is used where its field is set, and only then."""
    assert used(policy(**PLAIN | change))[rule] == where
    if change:
        assert rule not in used(policy(**PLAIN))


def test_every_rule_is_tried() -> None:
    """The table above has each of the marked rules."""
    assert {rule for _, _, rule in USES} == {mark.rule for mark in MARKS}


def test_every_mark_says_why() -> None:
    """A rule has one mark; how it is held is said, and what stands in for it where it isn't."""
    assert len({mark.rule for mark in MARKS}) == len(MARKS)
    for mark in MARKS:
        assert mark.support in get_args(Support)
        assert mark.how
        assert bool(mark.instead) is (mark.support != "native"), mark.rule


def test_this_machines_clients_are_not_gcps() -> None:
    """Who calls from this machine only uses nothing on GCP."""
    assert remote_clients(policy()) == ("acme",)
    assert remote_clients(policy(clients__acme__cidrs="any")) == ("acme",)
    assert remote_clients(policy(clients__acme__cidrs=["127.0.0.0/8"])) == ()
    assert "daily_quota" not in used(policy(clients__near__daily_quota=9))


def test_order() -> None:
    """Rules come in the order of the table."""
    rules = [mark.rule for mark in MARKS]
    assert list(used(policy())) == sorted(used(policy()), key=rules.index)


def test_without_gcp() -> None:
    """A policy without GCP uses none of GCP's environment."""
    assert "trusted_hops" not in used(policy(environments__gcp=None))
