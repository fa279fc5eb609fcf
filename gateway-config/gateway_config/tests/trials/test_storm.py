"""Nobody gets in: no request without a right key, address, operation and model reaches the backend, and good ones do."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway_config.envoy.rendering import KEYS_FILE
from gateway_config.envoy.uptake import Uptake
from gateway_config.files import write_private
from gateway_config.tests.trials.test_shots import POLICY, arms
from gateway_config.trials.storm import Judge, Report, Storm, Truth, Volley, make_volley, volley_of, volleys_of
from gateway_config.trials.witness import Seen


@pytest.fixture(scope="module")
def storm(_envoy_is_there: None) -> Iterator[Storm]:
    """A gateway that is stormed by the tests of this module."""
    with Storm() as running:
        yield running


@pytest.mark.platform
@pytest.mark.xdist_group("storm")
class TestStorm:
    """Against the real Envoy."""

    def test_nobody_gets_in(self, storm: Storm) -> None:
        """Of some thousand requests exactly those reach the backend that may; each that has to does so once."""
        report = storm.run(volleys_of("suite", 4000, storm.arms))
        assert report.breaches == []
        assert report.missing == []
        assert report.unanswered == 0
        assert report.passed
        assert report.shots >= 4000
        assert report.arrived == report.good > 500
        assert report.shots_http2 > 1000
        assert {"200", "400", "401", "403", "404", "405"} <= set(report.answers())

    def test_property(self, storm: Storm) -> None:
        """It holds for any one volley that can be made up; hypothesis looks for the smallest that breaks it."""

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.randoms(use_true_random=False))
        def any_volley(random: Random) -> None:
            report = storm.run([make_volley(0, random, storm.arms)], quiet=0.05)
            assert report.breaches == []
            assert report.missing == []

        any_volley()

    @pytest.mark.parametrize(
        ("intact", "broken", "said"),
        [
            ("if difference == 0 then", "if true then", "the key is nobody's"),
            ("return known.models[text] == true", "return true", "modelled is not granted Flight-Delay"),
            ("not known.operations[operation] then", "false then", "narrow is not granted"),
            ("time() >= known.expires", "false", "the key is nobody's"),
        ],
    )
    def test_finds_what_is_broken(self, storm: Storm, intact: str, broken: str, said: str) -> None:
        """A gateway that forgets one of its rules is found out."""
        path = storm._scratch.gateway.folder / KEYS_FILE
        whole = path.read_text()
        assert whole.count(intact) == 1
        self.change(storm, whole.replace(intact, broken))
        try:
            report = storm.run(volleys_of("broken", 1500, storm.arms))
        finally:
            self.change(storm, whole)
        assert not report.passed
        assert any(said in breach for breach in report.breaches), report.breaches

    def test_finds_an_open_address_rule(self, storm: Storm) -> None:
        """A network that is one bit too wide is found out."""
        path = storm._scratch.gateway.folder / "addresses.yaml"
        whole = path.read_text()
        self.change(storm, whole.replace("prefix_len: 30", "prefix_len: 29"), "addresses")
        try:
            report = storm.run(volleys_of("wide", 1500, storm.arms))
        finally:
            self.change(storm, whole, "addresses")
        assert {
            breach.partition("near does not call from ")[2][:10].partition(";")[0] for breach in report.breaches
        } == {"127.0.0.12"}

    def test_refusing_everybody_does_not_pass(self, storm: Storm) -> None:
        """A gateway that lets nobody in has not passed either."""
        path = storm._scratch.gateway.folder / KEYS_FILE
        whole = path.read_text()
        self.change(storm, whole.replace("if difference == 0 then", "if false then"))
        try:
            report = storm.run(volleys_of("closed", 300, storm.arms))
        finally:
            self.change(storm, whole)
        assert report.breaches == []
        assert report.missing
        assert not report.passed

    @staticmethod
    def change(storm: Storm, text: str, name: str = "keys") -> None:
        """Replace a deciding file, and wait until Envoy has it."""
        gateway = storm._scratch.gateway
        uptake = Uptake(gateway.site.admin, name)
        write_private(gateway.folder / f"{name}.yaml", text.encode())
        assert uptake.wait(10) == "taken"


def seen(path: str = "/v1/models", *more: tuple[str, str], client: str = "wide", method: str = "GET") -> Seen:
    """What the backend would see of shot 0.0."""
    named = (("x-gateway-client", client),) if client else ()
    return Seen(method, path, (("x-case", "0.0"), ("x-gateway-token", "token"), *named, *more), b"")


@pytest.fixture
def judge() -> Judge:
    """A judge that expects shot 0.0: good, with wide's key, from one of its addresses."""
    judge = Judge(POLICY, "token")
    judge._truths["0.0"] = Truth("wide", "127.0.0.1", good=True, body=b"")
    return judge


def breaches(judge: Judge, request: Seen, **truth: object) -> list[str]:
    """What the judge has to say of a request."""
    judge._truths["0.0"] = replace(judge._truths["0.0"], **truth)  # type: ignore[arg-type]
    judge.look(request)
    return judge.breaches


@pytest.mark.parametrize(
    "request_seen",
    [
        seen(),
        seen("/v1/models/"),
        seen("/v1/models?x=/metrics"),
        seen("/v1/models/any"),
        seen("/v1/predict", method="POST"),
        seen("/health/live", client=""),
    ],
)
def test_entitled(judge: Judge, request_seen: Seen) -> None:
    """What a client may do is no breach."""
    assert breaches(judge, request_seen) == []
    assert judge.settle() == (1, 0, [])


@pytest.mark.parametrize(
    ("request_seen", "truth", "said"),
    [
        (seen(), {"holder": None}, "the key is nobody's"),
        (seen(), {"holder": "near"}, "the key is near's"),
        (seen(client=""), {}, "the backend was told []"),
        (seen(client="near"), {"holder": "near", "source": "127.0.0.12"}, "near does not call from 127.0.0.12"),
        (seen(client="near"), {"holder": "near", "source": "127.0.0.7"}, "near does not call from 127.0.0.7"),
        (seen(client="narrow"), {"holder": "narrow"}, "narrow is not granted list_models"),
        (seen("/v1/models/x", client="modelled"), {"holder": "modelled"}, "modelled is not granted x"),
        (
            seen("/v1/models/flight%2ddela%79s", client="modelled"),
            {"holder": "modelled"},
            "is not granted flight-delays",
        ),
        (seen("/metrics"), {}, "no operation of the policy"),
        (seen("/v1/models", method="POST"), {}, "no operation of the policy"),
        (seen("/v1//models"), {}, "no operation of the policy"),
        (seen("/v1/models%2F"), {"holder": None}, "the key is nobody's"),
        (seen("/health/live"), {}, "was named on a public path"),
        (seen("/v1/models", ("x-api-key", "k")), {}, "with ['x-api-key']"),
        (seen("/v1/models", ("x-gateway-client-ip", "k")), {}, "with ['x-gateway-client-ip']"),
        (seen("/v1/models", ("x-gateway-client", "near")), {}, "the backend was told ['wide', 'near']"),
        (seen("/v1/models", ("x-gateway-token", "guess")), {}, "without the gateway's token"),
        (replace(seen(), body=b"x"), {}, "its body has become"),
    ],
)
def test_trespass(judge: Judge, request_seen: Seen, truth: dict[str, object], said: str) -> None:
    """What a client may not do is a breach, and says which."""
    (breach,) = breaches(judge, request_seen, **truth)
    assert said in breach
    assert breach.startswith("shot 0.0: ")


def test_requests_of_nobody(judge: Judge) -> None:
    """A request that was hidden in another, of no shot, or comes twice, is a breach."""
    for number in ("0.0s", "7.7", "0.0, 0.0"):
        judge.look(replace(seen(), headers=(("x-case", number),)))
    judge.look(seen())
    judge.look(seen())
    hidden, unknown, double, twice = judge.breaches
    assert "hidden in another" in hidden
    assert "of no shot" in unknown
    assert "of no shot" in double
    assert "arrived twice" in twice


def test_missing(judge: Judge) -> None:
    """A good shot that never arrives is missed; without any good one nothing is proven."""
    assert judge.settle() == (0, 0, ["0.0"])
    assert not Report(shots=10).passed
    assert Report(shots=10, good=1).passed
    assert not Report(shots=10, good=1, missing=["0.0"]).passed


def test_volleys_can_be_had_again() -> None:
    """A seed and a number make the same volley again, but for the keys; there are as many requests as asked."""
    made = arms()
    volleys = list(volleys_of("x", 500, made))
    assert 500 <= sum(len(volley.shots) for volley in volleys) < 508
    assert volley_of("x", 7, made) == volleys[7]
    assert isinstance(volleys[0], Volley)
    assert volley_of("y", 7, made) != volleys[7]
    assert {volley.http2 for volley in volleys} == {True, False}
