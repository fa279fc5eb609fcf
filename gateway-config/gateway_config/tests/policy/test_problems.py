"""What no gateway could enforce is found, at its field; the rest of the cases are in ``test_reading``."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway_config.policy.problems import is_variable, problems
from gateway_config.tests.contracts import policy

HASH, OTHER = "0" * 64, "1" * 64


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        ({"operations": {}}, "operations", "none is there, so that nobody could ask for anything"),
        ({"environments__local": None}, "environments", "local is missing"),
        ({"clients__acme__cidrs": ["any"]}, "clients.acme.cidrs[0]", "'any' does not appear to be"),
        ({"clients__acme__cidrs": ["::/0"]}, "clients.acme.cidrs[0]", "::/0 is every address"),
        ({"clients__acme__models": ["a b"]}, "clients.acme.models[0]", "'a b', expected a name that matches"),
        ({"clients__acme__models": ['"]]']}, "clients.acme.models[0]", "'\"]]', expected a name that matches"),
        ({"clients__acme__models": ["small", "small"]}, "clients.acme.models[1]", "'small' is there twice"),
        ({"clients__acme__keys": [{}]}, "clients.acme.keys[0]", "neither came, expected either sha256 or"),
        (
            {"clients__acme__keys": [{"sha256": HASH, "hmac_sha256": OTHER}]},
            "clients.acme.keys[0]",
            "both came, expected either sha256 or hmac_sha256",
        ),
        (
            {"clients__acme__keys": [{"sha256": HASH}, {"sha256": HASH}]},
            "clients.acme.keys[1]",
            "the same key as clients.acme.keys[0]: nobody could tell whose it is",
        ),
        (
            {"clients__near__keys": [{"sha256": HASH}], "clients__acme__keys": [{"hmac_sha256": HASH}]},
            "clients.acme.keys[0]",
            "the same key as clients.near.keys[0]: nobody could tell whose it is",
        ),
        (
            {"clients__acme__keys": [{"sha256": HASH, "created": "2026-02-01", "expires": "2026-02-01"}]},
            "clients.acme.keys[0].expires",
            "2026-02-01, expected a day after it was created, 2026-02-01",
        ),
        (
            {"environments__gcp__backends": ["10.0.0.1:80"]},
            "environments.gcp.backends[0]",
            "'10.0.0.1:80', expected https",
        ),
        (
            {"environments__gcp__backends": ["http://a.example"]},
            "environments.gcp.backends[0]",
            "'http://a.example', exp",
        ),
        (
            {"environments__gcp__backends": ["https://a.example/b"]},
            "environments.gcp.backends[0]",
            "'https://a.example/b'",
        ),
        (
            {"environments__gcp__backends": ["${Url}"]},
            "environments.gcp.backends[0]",
            "'${Url}', expected https://host",
        ),
        (
            {"environments__gcp__backends": ["https://a.example", "https://b.example:8443"]},
            "environments.gcp.backends[1]",
            "a managed gateway has one backend",
        ),
        (
            {"environments__local__backends": ["https://a.b"]},
            "environments.local.backends[0]",
            "'https://a.b', expected a",
        ),
        (
            {"environments__local__backends": ["127.0.0.1:1", "127.0.0.1:1"]},
            "environments.local.backends[1]",
            "127.0.0.1:1 is there twice",
        ),
        (
            {"environments__local__cors_origins": ["https://a.example/"]},
            "environments.local.cors_origins[0]",
            "'https://a.example/', expected an origin such as",
        ),
        (
            {"environments__local__cors_origins": ["https://a.example", "https://a.example"]},
            "environments.local.cors_origins[1]",
            "https://a.example is there twice",
        ),
        (
            {"environments__local__tls": {}},
            "environments.local.tls",
            "expected certificate and private_key, or generated",
        ),
        (
            {"environments__local__tls": {"private_key": "x"}},
            "environments.local.tls.private_key",
            "it came alone, expected both certificate and private_key",
        ),
        (
            {"environments__local__tls": {"certificate": "x"}},
            "environments.local.tls.certificate",
            "it came alone, expected both certificate and private_key",
        ),
        (
            {"environments__local__tls": {"certificate": "x", "private_key": "y", "generated": True}},
            "environments.local.tls.generated",
            "a certificate is named as well; expected one or the other",
        ),
    ],
)
def test_problems(change: dict[str, Any], where: str, said: str) -> None:
    """Each is found at its field, and nothing else is."""
    [(at, reason)] = problems(policy(**change))
    assert at == where
    assert reason.startswith(said)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"clients__acme__cidrs": "any"},
        {"clients__acme__cidrs": ["0.0.0.0/1", "128.0.0.0/1", "::/1"]},
        {"clients__acme__models": ["flight-delay", "v2.1_b"]},
        {
            "clients__acme__keys": [
                {"sha256": HASH, "created": "2026-02-01", "expires": "2026-02-02"},
                {"sha256": OTHER},
            ]
        },
        {"environments__gcp__backends": ["https://puerta-123.europe-west1.run.app"]},
        {"environments__gcp": None},
        {"environments__local__backends": ["127.0.0.1:1", "[::1]:65535"]},
        {"environments__local__cors_origins": ["https://a.example", "http://localhost:3000", "http://[::1]:3000"]},
        {"environments__local__tls": {"generated": True, "client_ca": "x"}},
        {"environments__local__tls": {"certificate": "x", "private_key": "y"}},
    ],
)
def test_no_problems(change: dict[str, Any]) -> None:
    """What makes sense is left alone."""
    assert list(problems(policy(**change))) == []


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(
        st.builds(
            lambda address, length: ipaddress.ip_network((address, length), strict=False),
            st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address),
            st.integers(1, 32),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_networks_overlap_or_not(networks: list[ipaddress.IPv4Network]) -> None:
    """A list of networks is a good one exactly if no address is in two of them."""
    found = list(problems(policy(clients__acme__cidrs=[str(network) for network in networks])))
    distinct = sum(network.num_addresses for network in ipaddress.collapse_addresses(networks))
    assert (found == []) is (sum(network.num_addresses for network in networks) == distinct)


def test_variable() -> None:
    """A variable of Terraform's is told from an address."""
    assert is_variable("${backend_url}")
    assert not is_variable("https://a.example")
    assert not is_variable("${a}${b}")
