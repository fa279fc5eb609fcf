"""Whose address counts where proxies stand in front of the gateway."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from gateway_config.envoy import refusals
from gateway_config.local import LocalGateway
from gateway_config.policy.model import Policy, Rate
from gateway_config.policy.reading import read_policy
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy.test_limits import Clock
from gateway_config.tests.envoy_process import Answer, RunningGateway, make_gateway

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("hops"), pytest.mark.usefixtures("_envoy_is_there")]

NEAR, FAR, ELSEWHERE = "127.0.0.1", "203.0.113.9", "198.51.100.1"  # of the clients demo and far, and of nobody


def behind(policy_file: Path, folder: Path, backend: Backend, hops: int, rate: Rate | None = None) -> LocalGateway:
    """A gateway with so many proxies in front of it."""
    policy: Policy = read_policy(policy_file)
    local = msgspec.structs.replace(policy.environments["local"], trusted_hops=hops)
    defaults = msgspec.structs.replace(policy.defaults, address_rate=rate)
    changed = msgspec.structs.replace(policy, environments={"local": local}, defaults=defaults)
    return replace(make_gateway(policy_file, folder, backend.address), policy=changed)


def predict(gateway: RunningGateway, key: str, *chain: str) -> Answer:
    """One prediction, as if these addresses had been written into ``x-forwarded-for``, a header each."""
    return gateway.ask("POST", "/v1/predict", ("x-api-key", key), *(("x-forwarded-for", each) for each in chain))


@pytest.mark.parametrize(
    ("hops", "far", "blocked"),
    [
        (
            1,
            [[FAR], [f"{ELSEWHERE}, {FAR}"], [NEAR, FAR], [f"{ELSEWHERE},{NEAR},garbage,{FAR}"]],
            [[ELSEWHERE], [f"{FAR}, {ELSEWHERE}"], [FAR, ELSEWHERE], [f"{FAR}, {NEAR}"], [NEAR], []],
        ),
        (
            2,
            [[f"{FAR}, 10.0.0.1"], [f"{NEAR}, {FAR}, 10.0.0.1"], [NEAR, FAR, ELSEWHERE]],
            [[f"{ELSEWHERE}, {FAR}"], [f"{FAR}, {ELSEWHERE}, 10.0.0.1"], [f"10.0.0.1, {NEAR}, {FAR}"], [FAR], []],
        ),
    ],
)
def test_address_that_the_outermost_proxy_saw(
    policy_file: Path, tmp_path: Path, backend: Backend, hops: int, far: list[list[str]], blocked: list[list[str]]
) -> None:
    """The entry that the outermost trusted proxy wrote decides; whatever stands before it is a caller's invention."""
    made = behind(policy_file, tmp_path, backend, hops)
    key = made.new_key("far")
    with RunningGateway(made) as gateway:
        for chain in far:
            assert predict(gateway, key, *chain).status == 200, chain
        backend.seen.clear()
        for chain in blocked:
            answer = predict(gateway, key, *chain)
            assert (answer.status, answer.json["message"]) == (403, refusals.BLOCKED.message), chain
        assert backend.seen == []


def test_near_addresses_can_not_be_claimed(policy_file: Path, tmp_path: Path, backend: Backend) -> None:
    """Behind a proxy, a client of this machine's own address is not whoever says so."""
    made = behind(policy_file, tmp_path, backend, 1)
    key = made.new_key("demo")
    with RunningGateway(made) as gateway:
        for chain in [[f"{NEAR}, {ELSEWHERE}"], [NEAR, ELSEWHERE], [f"::1, {ELSEWHERE}"]]:
            assert predict(gateway, key, *chain).status == 403
        assert predict(gateway, key, f"{ELSEWHERE}, {NEAR}").status == 200


def test_callers_behind_a_proxy_have_a_bucket_each(policy_file: Path, tmp_path: Path, backend: Backend) -> None:
    """The limit of an address is for the caller's and not for the proxy's, and another invention is no other address."""
    made = behind(policy_file, tmp_path, backend, 1, Rate(per_second=1, burst=5))
    with RunningGateway(made) as gateway:
        clock = Clock()
        told = [predict(gateway, "wrong", f"192.0.2.{n}, {ELSEWHERE}").status for n in range(30)]
        assert 5 <= told.count(400) <= 5 + clock.tokens
        assert told[-1] == 429
        assert predict(gateway, "wrong", FAR).status == 400
        clock = Clock()
        told = [predict(gateway, "wrong", f"2001:db8::{n:x}:1").status for n in range(30)]  # a home has a /64 of them
        assert 5 <= told.count(400) <= 5 + clock.tokens
        assert predict(gateway, "wrong", "2001:db8:0:1::1").status == 400


def test_callers_behind_a_proxy_do_not_steer_envoy(policy_file: Path, tmp_path: Path, backend: Backend) -> None:
    """Envoy's own headers count for nothing, from a private address neither."""
    made = behind(policy_file, tmp_path, backend, 1)
    key = made.new_key("demo")
    backend.delay = 0.2
    steering = [("x-envoy-upstream-rq-timeout-ms", "1"), ("x-envoy-internal", "true"), ("x-forwarded-for", NEAR)]
    with RunningGateway(made) as gateway:
        assert gateway.ask("POST", "/slow", ("x-api-key", key), *steering).status == 200
    (seen,) = backend.seen
    assert {name.lower() for name, _ in seen.headers}.isdisjoint(
        name for name, _ in steering if name.startswith("x-envoy")
    )
