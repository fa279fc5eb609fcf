"""What ``check`` finds: each mistake with its field, errors apart from warnings, everything at once."""

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway_config.gcp.marks import MARKS
from gateway_config.policy.contract import Contract
from gateway_config.policy.lint import Finding, findings
from gateway_config.policy.model import Policy
from gateway_config.policy.problems import problems
from gateway_config.tests.contracts import DOCUMENT, contract, policy, spoiled

TODAY = dt.date(2026, 11, 21)
HERE = Path(__file__).parent
RATE = {"per_second": 1, "burst": 3}
NEEDED = dict.fromkeys(("max_body_bytes", "rate", "burst"), "it will do")
GOOD: dict[str, Any] = {"environments__gcp__accepts": NEEDED}


def found(subject: Policy, offered: Contract | None = None) -> list[tuple[str, str, str]]:
    """What is found in a policy for the small service."""
    every = findings(subject, offered or contract(), TODAY, HERE)
    return [(finding.severity, finding.where, finding.reason) for finding in every]


def key(number: int, expires: str | None = None) -> dict[str, Any]:
    """A key of a policy."""
    return {"sha256": f"{number:064x}"} | ({"expires": expires} if expires else {})


def keys(*entries: dict[str, Any]) -> dict[str, Any]:
    """A change that gives a client keys, which GCP is known not to take."""
    accepts = NEEDED | {"key_hashes": "so be it", "key_expiry": "so be it"}
    return {"clients__acme__keys": list(entries), "environments__gcp__accepts": accepts}


def test_nothing() -> None:
    """Nothing is found in a good policy."""
    assert found(policy(**GOOD)) == []


@pytest.mark.parametrize(
    ("change", "severity", "where", "said"),
    [
        (
            {"operations__explain": {"method": "POST", "path": "/explain"}},
            "error",
            "operations.explain",
            "the service has no operation 'explain'",
        ),
        (
            {"operations__delete_model": None},
            "error",
            "operations",
            "'delete_model' is missing, which the service has: DELETE /models/{model}",
        ),
        (
            {"operations__predict__method": "PUT"},
            "error",
            "operations.predict.method",
            "PUT, but the service has POST /predict",
        ),
        (
            {"operations__predict__path": "/v2"},
            "error",
            "operations.predict.path",
            "/v2, but the service has POST /predict",
        ),
        (
            {"operations__predict__access": "public"},
            "warning",
            "operations.predict",
            "it is public here, but the service's document asks for a key",
        ),
        (
            {"operations__health__access": "keyed"},
            "warning",
            "operations.health",
            "it is keyed here, but the service's document asks for none",
        ),
        (
            {"clients__near__models": ["small", "tiny"]},
            "warning",
            "clients.near.models[1]",
            "the service's document has no model 'tiny', only large, small",
        ),
        (
            keys(key(1, "2026-11-21")),
            "error",
            "clients.acme.keys[0].expires",
            "this key expired on 2026-11-21; take it out",
        ),
        (
            keys(key(1, "2026-12-05")),
            "warning",
            "clients.acme.keys[0].expires",
            "this key expires in 14 days, on 2026-12-05",
        ),
        (
            keys(key(1), key(2, "2027-01-01"), key(3)),
            "error",
            "clients.acme.keys[2]",
            "it is live key number 3, expected 2 a client at most",
        ),
        (
            {"environments__local__tls": {"certificate": "no.pem", "private_key": "test_lint.py"}},
            "error",
            "environments.local.tls.certificate",
            f"there is no file {HERE / 'no.pem'}",
        ),
        (
            {"environments__gcp__accepts": NEEDED | {"weather": "rain"}},
            "error",
            "environments.gcp.accepts.weather",
            "there is no rule 'weather', only operations, access, deadline",
        ),
        (
            {"environments__gcp__accepts": NEEDED | {"cidrs": "no"}},
            "error",
            "environments.gcp.accepts.cidrs",
            "GCP holds this rule; there is nothing to accept",
        ),
        (
            {"environments__local__accepts": {"rate": "no"}},
            "error",
            "environments.local.accepts.rate",
            "local holds every rule; there is nothing to accept",
        ),
        (
            {"environments__gcp__accepts": NEEDED | {"daily_quota": "no"}},
            "warning",
            "environments.gcp.accepts.daily_quota",
            "no rule of this policy needs to be accepted so",
        ),
        (
            {"clients__other": {"owner": "x", "cidrs": "any", "operations": "all"}},
            "warning",
            "clients.other",
            "it has no rate, so that no quota is rendered for GCP, for the other clients neither",
        ),
        (
            {"operations__predict__cost": 6},
            "error",
            "clients.acme.rate.burst",
            "5, but predict costs 6: acme could never ask for it",
        ),
        (
            {"clients__near__daily_quota": 2},
            "error",
            "clients.near.daily_quota",
            "2, but predict costs 3: near could never ask for it",
        ),
        (
            {"defaults__rate": {"per_second": 9, "burst": 2}},
            "error",
            "defaults.rate.burst",
            "2, but predict costs 3: near could never ask for it",
        ),
        (
            {"clients__acme__cidrs": ["0.0.0.0/0"]},
            "error",
            "clients.acme.cidrs[0]",
            "0.0.0.0/0 is every address; if that is meant, say `cidrs: any`",
        ),
    ],
)
def test_findings(change: dict[str, Any], severity: str, where: str, said: str) -> None:
    """Each thing that can be wrong is found, at its field, and nothing else is."""
    [(came, at, reason)] = found(policy(**GOOD | change))
    assert (came, at) == (severity, where)
    assert reason.startswith(said)


def test_what_is_public_costs_nobody() -> None:
    """A public operation is nobody's, whatever it costs."""
    assert found(policy(**GOOD, operations__health__cost=9)) == []


@pytest.mark.parametrize("expires", ["2026-12-06", "2099-01-01"])
def test_keys_that_are_good_for_long(expires: str) -> None:
    """Nothing is said of a key that is good for more than a fortnight, nor of an old one beside two live ones."""
    assert found(policy(**GOOD | keys(key(1, expires), key(2)))) == []
    assert [severity for severity, _, _ in found(policy(**GOOD | keys(key(1, "2026-01-01"), key(2), key(3))))] == [
        "error"
    ]


@settings(deadline=None)  # a busy machine is no failure
@given(days=st.integers(-1000, 1000))
def test_every_key_is_live_warned_of_or_expired(days: int) -> None:
    """Of each day before it expires one thing is said: nothing, that it will within a fortnight, that it has."""
    expires = TODAY + dt.timedelta(days=days)
    severities = [severity for severity, _, _ in found(policy(**GOOD | keys(key(1, str(expires)))))]
    assert severities == (["error"] if days <= 0 else ["warning"] if days <= 14 else [])


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark.support != "native"], ids=lambda mark: mark.rule)
def test_what_gcp_cannot_hold_has_to_be_accepted(mark: Any) -> None:
    """Each rule that GCP holds roughly or not at all is an error at its field until it is accepted."""
    everything: dict[str, Any] = {
        "defaults__rate": RATE,
        "defaults__daily_quota": 9,
        "defaults__address_rate": RATE,
        "operations__health__cacheable": True,
        "clients__acme__operations": ["predict"],
        "clients__acme__models": ["small"],
        "clients__acme__keys": [key(1, "2099-01-01")],
        "environments__gcp__trusted_hops": 1,
        "environments__gcp__cors_origins": ["https://a.example"],
        "environments__gcp__tls": {
            "certificate": "test_lint.py",
            "private_key": "test_lint.py",
            "client_ca": "test_lint.py",
        },
    }
    accepts = {other.rule: "it will do" for other in MARKS if other.support != "native"}
    assert found(policy(**everything, environments__gcp__accepts=accepts)) == []
    accepts.pop(mark.rule)
    [(severity, _, reason)] = found(policy(**everything, environments__gcp__accepts=accepts))
    assert severity == "error"
    assert f"Accept {mark.rule!r} with a reason" in reason
    assert mark.how in reason


def test_everything_at_once() -> None:
    """Mistakes of the policy itself, against the service, of the day and on GCP are told together."""
    bad = policy(
        clients__acme__cidrs=["203.0.113.1/24"],
        clients__acme__keys=[key(1, "2026-01-01")],
        operations__predict__method="PUT",
    )
    assert {where for _, where, _ in found(bad)} == {
        "clients.acme.cidrs[0]",
        "clients.acme.keys[0]",
        "clients.acme.keys[0].expires",
        "clients.acme.rate",
        "clients.acme.rate.burst",
        "defaults.max_body_bytes",
        "operations.predict.method",
    }


@settings(deadline=None)
@given(data=spoiled())
def test_every_policy_can_be_looked_at(data: Any) -> None:
    """Whatever has the right form can be looked at to the end, and nothing that can't be enforced is left unsaid."""
    try:
        subject = msgspec.convert(data, Policy)
    except msgspec.ValidationError:
        assume(False)
    found_in = list(findings(subject, contract(), TODAY, HERE))
    assert all(finding.where and finding.reason for finding in found_in)
    assert {where for where, _ in problems(subject)} <= {finding.where for finding in found_in}


def test_without_a_service_or_gcp() -> None:
    """Without the service's document nothing is compared with it, and without GCP nothing is marked."""
    bare = policy(environments__gcp=None, operations__predict__path="/other")
    assert list(findings(bare, None, TODAY, HERE)) == []


def test_a_service_without_models() -> None:
    """Where the document names no models nothing is said of a client's."""
    paths = {"/health": DOCUMENT["paths"]["/health"]}
    reasons = found(policy(**GOOD, clients__near__models=["tiny"]), Contract.of(DOCUMENT | {"paths": paths}))
    assert not any("model 'tiny'" in reason for _, _, reason in reasons)


def test_finding() -> None:
    """A finding is an error unless it says otherwise."""
    assert Finding("a", "b").severity == "error"
