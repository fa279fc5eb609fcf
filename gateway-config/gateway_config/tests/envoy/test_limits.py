"""How often a client, and an address, is let through, and what the others are told."""

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway_config.envoy import refusals
from gateway_config.envoy.limits import address_rate_filter, quotas_filter, rates_filter
from gateway_config.envoy.rendering import render_deciding, render_routes
from gateway_config.keys.store import make_key
from gateway_config.local import LocalGateway
from gateway_config.policy.model import Policy, Rate
from gateway_config.policy.reading import read_policy
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import Answer, RunningGateway, make_gateway

platform = [pytest.mark.platform, pytest.mark.xdist_group("limits"), pytest.mark.usefixtures("_envoy_is_there")]

PREDICT = ("POST", "/v1/predict")
GET_MODEL = ("GET", "/v1/models/x")


@pytest.fixture
def made(policy_file: Path, tmp_path: Path, backend: Backend) -> LocalGateway:
    """A gateway of its own for a test, not yet running; its policy has no limits."""
    return make_gateway(policy_file, tmp_path, backend.address)


def limited(gateway: LocalGateway, client: str = "demo", **fields: Any) -> LocalGateway:
    """The same gateway with other limits for a client."""
    return replace(gateway, policy=_limited(gateway.policy, client, **fields))


def _limited(policy: Policy, client: str, **fields: Any) -> Policy:
    clients = {**policy.clients, client: msgspec.structs.replace(policy.clients[client], **fields)}
    return msgspec.structs.replace(policy, clients=clients)


def with_defaults(gateway: LocalGateway, **fields: Any) -> LocalGateway:
    """The same gateway with other defaults."""
    defaults = msgspec.structs.replace(gateway.policy.defaults, **fields)
    return replace(gateway, policy=msgspec.structs.replace(gateway.policy, defaults=defaults))


def priced(gateway: LocalGateway, operation: str, cost: int) -> LocalGateway:
    """The same gateway with another cost of an operation."""
    operations = gateway.policy.operations
    operations = {**operations, operation: msgspec.structs.replace(operations[operation], cost=cost)}
    return replace(gateway, policy=msgspec.structs.replace(gateway.policy, operations=operations))


def ask(gateway: RunningGateway, key: str, times: int, what: tuple[str, str] = PREDICT) -> list[Answer]:
    """Ask so many times, one after the other."""
    return [gateway.ask(*what, ("x-api-key", key)) for _ in range(times)]


def write(gateway: LocalGateway) -> None:
    """Put a policy into effect that Envoy need not check first."""
    gateway._reloading.replace(
        {**render_deciding(gateway.policy, gateway.store.read()), **render_routes(gateway.policy)}
    )


def passed(answers: list[Answer]) -> int:
    """How many were let through; the others have to be refused for a limit."""
    told = Counter(answer.status for answer in answers)
    assert set(told) <= {200, 429}
    return told[200]


class Clock:
    """How many tokens a bucket may have gained at most, of one a second, since the clock was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def tokens(self) -> int:
        return int(time.monotonic() - self._began) + 1


def assert_refused(answer: Answer, refusal: refusals.Refusal, limit: str, seconds: str) -> None:
    """The documented shape, with the limit and the time to wait in headers."""
    assert (answer.status, answer.json) == (429, {"code": 429, "message": refusal.message})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-gateway-limit"] == limit
    assert answer.headers["retry-after"] == seconds


class TestRate:
    """A client's token bucket."""

    pytestmark = platform

    def test_burst_passes(self, made: LocalGateway, backend: Backend) -> None:
        """As many as the burst pass at once and no more, each second brings a token, and other clients are not touched."""
        made = limited(made, rate=Rate(per_second=1, burst=10))
        key, other = made.new_key("demo"), made.new_key("narrow")
        with RunningGateway(made) as gateway:
            clock = Clock()
            answers = ask(gateway, key, 30)
            assert 10 <= passed(answers) <= 10 + clock.tokens
            assert len(backend.seen) == passed(answers)
            assert_refused(answers[-1], refusals.TOO_FAST, "rates", "1")
            assert passed(ask(gateway, other, 30)) == 30
            time.sleep(int(answers[-1].headers["retry-after"]))
            assert passed(ask(gateway, key, 1)) == 1

    def test_whoever_waits_as_asked_is_let_through(self, made: LocalGateway) -> None:
        """The time to wait is enough for the dearest operation, too."""
        made = priced(limited(made, rate=Rate(per_second=2, burst=5)), "predict", 5)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            assert passed(ask(gateway, key, 1)) == 1
            (refused,) = ask(gateway, key, 1)
            assert_refused(refused, refusals.TOO_FAST, "rates", "3")
            time.sleep(int(refused.headers["retry-after"]))
            assert passed(ask(gateway, key, 1)) == 1

    def test_default_is_each_clients_own(self, made: LocalGateway) -> None:
        """A rate of the defaults holds for every client by itself."""
        made = with_defaults(made, rate=Rate(per_second=1, burst=5))
        made = limited(made, "narrow", rate=Rate(per_second=1, burst=8))
        demo, narrow = made.new_key("demo"), made.new_key("narrow")
        with RunningGateway(made) as gateway:
            clock = Clock()
            assert 5 <= passed(ask(gateway, demo, 30)) <= 5 + clock.tokens
            assert 8 <= passed(ask(gateway, narrow, 30)) <= 8 + clock.tokens

    def test_cost(self, made: LocalGateway) -> None:
        """An operation takes as many tokens as it costs, from a bucket that all operations share."""
        made = priced(limited(made, daily_quota=10), "predict", 3)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            assert passed(ask(gateway, key, 5)) == 3
            assert passed(ask(gateway, key, 5, GET_MODEL)) == 1

    def test_public_operations_are_free(self, made: LocalGateway) -> None:
        """Who needs no key has no rate either, and takes none of a client's."""
        made = limited(made, daily_quota=2)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            assert passed(ask(gateway, key, 5, ("GET", "/health/live"))) == 5
            assert passed(ask(gateway, key, 5)) == 2

    def test_refused_requests_take_nothing(self, made: LocalGateway) -> None:
        """Somebody else can't use up a client's bucket: from a wrong address, or with a wrong key, nothing is taken."""
        made = limited(made, daily_quota=5)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            for _ in range(10):
                assert gateway.ask(*PREDICT, ("x-api-key", key), source="127.0.0.2").status == 403
                assert gateway.ask(*PREDICT, ("x-api-key", key[:-1]), ("x-gateway-client", "demo")).status == 400
            assert passed(ask(gateway, key, 10)) == 5


class TestQuota:
    """A client's requests of a day."""

    pytestmark = platform

    def test_exactly_so_many_pass(self, made: LocalGateway, backend: Backend) -> None:
        """However many ask at the same time, exactly the quota passes."""
        made = limited(made, daily_quota=100)
        key = made.new_key("demo")
        answers: list[Answer] = []
        with RunningGateway(made) as gateway:
            threads = [threading.Thread(target=lambda: answers.extend(ask(gateway, key, 25))) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert (len(answers), passed(answers), len(backend.seen)) == (200, 100, 100)
            assert_refused(ask(gateway, key, 1)[0], refusals.TOO_MANY, "quotas", "3600")

    def test_any_quota_and_cost(self, made: LocalGateway) -> None:
        """As many requests pass as the quota has room for, whatever they cost; what is left over is for cheaper ones."""
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:

            @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
            @given(quota=st.integers(1, 30), cost=st.integers(1, 9))
            def holds(quota: int, cost: int) -> None:
                write(made)  # without a quota, so that the next bucket is a full one
                write(priced(limited(made, daily_quota=quota), "predict", cost))
                assert passed(ask(gateway, key, quota // cost + 2)) == quota // cost
                assert passed(ask(gateway, key, quota % cost + 2, GET_MODEL)) == quota % cost

            holds()

    def test_what_the_rate_refused_is_not_counted(self, made: LocalGateway) -> None:
        """The day's quota is for requests that the rate let through."""
        made = limited(made, rate=Rate(per_second=1, burst=3), daily_quota=10)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            through = passed(ask(gateway, key, 100))
            assert 3 <= through < 10
            limited(made, rate=None).apply()
            assert passed(ask(gateway, key, 20)) == 10 - through

    def test_changes_elsewhere_give_nothing_back(self, made: LocalGateway) -> None:
        """What is used up stays so when keys, operations or clients' networks change while the gateway runs."""
        made = limited(made, daily_quota=5)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            assert passed(ask(gateway, key, 10)) == 5
            second = made.new_key("demo")
            changed = priced(limited(made, cidrs=("127.0.0.0/8",)), "small", 2)
            assert set(changed.apply()) == {"addresses.yaml", "routes.yaml"}
            answers = ask(gateway, second, 5)
            assert {answer.status for answer in answers} == {429}


class TestAddressRate:
    """The bucket of an address, before anybody knows who asks."""

    pytestmark = platform

    def test_guessing_is_slowed(self, made: LocalGateway) -> None:
        """After so many guesses an address is refused, whatever it sends; others are not, nor is it later."""
        made = with_defaults(made, address_rate=Rate(per_second=1, burst=10))
        made = limited(made, cidrs=("127.0.0.0/8",))
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            clock = Clock()
            told = [gateway.ask(*PREDICT, ("x-api-key", make_key())) for _ in range(40)]
            assert 10 <= sum(answer.status == 400 for answer in told) <= 10 + clock.tokens
            assert_refused(told[-1], refusals.ADDRESS_TOO_FAST, "address-rate", "1")
            assert {answer.status for answer in told} == {400, 429}
            assert gateway.ask(*PREDICT, ("x-api-key", key), source="127.0.0.2").status == 200
            time.sleep(1.1)
            assert gateway.ask(*PREDICT, ("x-api-key", key)).status == 200

    def test_forged_addresses_do_not_help(self, made: LocalGateway) -> None:
        """The address is the connection's, whatever a caller says of itself."""
        made = with_defaults(made, address_rate=Rate(per_second=1, burst=10))
        with RunningGateway(made) as gateway:
            clock = Clock()
            told = [
                gateway.ask(*PREDICT, ("x-forwarded-for", f"203.0.113.{n}"), ("x-real-ip", f"203.0.113.{n}"))
                for n in range(40)
            ]
            assert 10 <= sum(answer.status == 401 for answer in told) <= 10 + clock.tokens
            assert told[-1].status == 429


def test_buckets(policy_file: Path) -> None:
    """A quota is filled evenly over a day, and a rate every second."""
    policy = _limited(read_policy(policy_file), "demo", rate=Rate(per_second=5, burst=20), daily_quota=1000)
    (rate,), (quota,) = rates_filter(policy)["descriptors"], quotas_filter(policy)["descriptors"]
    assert rate["token_bucket"] == {"max_tokens": 20, "tokens_per_fill": 5, "fill_interval": "1s"}
    assert quota["token_bucket"] == {"max_tokens": 1000, "tokens_per_fill": 1000, "fill_interval": "86400s"}


def test_without_limits_nothing_is_looked_up(policy_file: Path) -> None:
    """Where the policy has no limit of a kind, its filter is off."""
    policy = read_policy(policy_file)
    for made in (address_rate_filter(policy), rates_filter(policy), quotas_filter(policy)):
        assert made["filter_enabled"] == {"default_value": {"numerator": 0}}
        assert made["descriptors"] == made["rate_limits"] == []
