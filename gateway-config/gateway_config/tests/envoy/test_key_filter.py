"""What the script in Envoy holds: when a key ends, which models a client may name, what a pepper is for."""

import datetime as dt
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway_config.envoy import filters, refusals
from gateway_config.envoy.bootstrap import Address
from gateway_config.envoy.rendering import KEYS_FILE
from gateway_config.files import write_private
from gateway_config.keys.store import Key, KeyStore, digest, make_key
from gateway_config.local import LocalGateway
from gateway_config.policy.model import Client, Policy, PolicyKey
from gateway_config.policy.reading import read_policy
from gateway_config.ports import free_port
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import Answer, EnvoyProcess, RunningGateway, ask, make_gateway, write_bare

MODELS = ("flight-delay", "a.b_c")
REFUSED = (
    *("other", "Flight-Delay", "flight-delay2", "flight", "flight%252Ddelay", "a%2Eb_d", "flight-delay;x"),
    *("flight-delay%20", "flight-delay,a.b_c", "~", "a-b_c", "%66light-delay%00"),
)


def script_of(policy: Policy, *keys: Key) -> str:
    """The script that is rendered."""
    text: str = filters.keys_filter(policy, keys)["default_source_code"]["inline_string"]
    return text


def with_client(policy: Policy, name: str, client: Client) -> Policy:
    """The policy with one more client."""
    return Policy(
        defaults=policy.defaults,
        operations=policy.operations,
        clients={**policy.clients, name: client},
        environments=policy.environments,
    )


def test_what_the_script_is_told(policy_file: Path) -> None:
    """Hashes of either kind, when they end, and grants; no prefix, no note, nothing revoked, nothing of strangers."""
    moment = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    text = script_of(
        read_policy(policy_file),
        Key(client="demo", sha256="a" * 64, prefix="puerta_local_abcde", note="a note", expires=moment),
        Key(client="narrow", hmac_sha256="b" * 64),
        Key(client="demo", sha256="c" * 64, revoked=moment),
        Key(client="stranger", sha256="d" * 64),
    )
    assert f'{{ client = "demo", sha256 = "{"a" * 64}", expires = 1795219200 }},' in text
    assert f'{{ client = "narrow", hmac_sha256 = "{"b" * 64}", operations = {{ ["predict"] = true }} }},' in text
    assert not any(word in text for word in ("puerta_local_abcde", "a note", "c" * 64, "d" * 64))
    assert "local MODEL_SEGMENTS = {\n  get_model = 3,\n" in text


def test_keys_of_the_policy(policy_file: Path) -> None:
    """A key that the policy names is known to the gateway, like the store's."""
    named = PolicyKey(sha256="e" * 64, expires=dt.date(2026, 11, 21))
    client = Client(owner="x", cidrs="any", operations="all", keys=(named,))
    text = script_of(with_client(read_policy(policy_file), "partner", client))
    assert f'{{ client = "partner", sha256 = "{"e" * 64}", expires = 1795219200 }},' in text


@given(st.text())
def test_any_name_stays_a_text(name: str) -> None:
    """A model's name can't break out of the script, whatever is in it."""
    text = filters._set([name])
    assert text.startswith('{ ["')
    assert text.endswith('"] = true }')
    inner = text.removeprefix('{ ["').removesuffix('"] = true }')
    assert not set(inner) & set('"\n\r]')
    assert inner.isascii()


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
class TestEnvoy:
    """In the real Envoy."""

    @pytest.fixture
    def made(self, policy_file: Path, tmp_path: Path, backend: Backend) -> LocalGateway:
        """A gateway, not yet running, with a client that may name two models."""
        made = make_gateway(policy_file, tmp_path, backend.address)
        client = Client(owner="x", cidrs="any", operations="all", models=MODELS)
        return replace(made, policy=with_client(made.policy, "modelled", client))

    @staticmethod
    def eventually(happens: Callable[[], bool], what: str) -> None:
        """Wait until something is so; that it never is, is the failure."""
        until = time.monotonic() + 20
        while not happens():
            assert time.monotonic() < until, what
            time.sleep(0.02)

    def test_allowed_models(self, made: LocalGateway, backend: Backend) -> None:
        """A model is allowed by its very name, in whatever spelling the backend is then asked for by that name."""
        key = ("x-api-key", made.new_key("modelled"))
        with RunningGateway(made) as gateway:
            for path in ["flight-delay", "a.b_c", "flight-delay/", "./flight-delay", "x/../flight-delay", "flight%2Ddelay",
                         "flight-delay?model=other"]:  # fmt: skip
                backend.seen.clear()
                assert gateway.ask("GET", f"/v1/models/{path}", key).status == 200, path
                asked = backend.seen[0].path.partition("?")[0]
                assert asked.removeprefix("/v1/models/").removesuffix("/") in MODELS
            backend.seen.clear()
            for path in REFUSED:
                for method in ("GET", "DELETE"):
                    answer = gateway.ask(method, f"/v1/models/{path}", key)
                    assert answer.status in (400, 403), path
                    if answer.status == 403:
                        assert answer.json["message"] == refusals.NOT_GRANTED.message
            assert backend.seen == []

    def test_operations_without_a_model(self, made: LocalGateway) -> None:
        """What names no model is a matter of the operations alone; so is one whose path is not a parameter."""
        key = ("x-api-key", made.new_key("modelled"))
        with RunningGateway(made) as gateway:
            assert gateway.ask("POST", "/v1/predict", key, body=b"{}").status == 200
            assert gateway.ask("GET", "/v1/models/newest", key).status == 200

    def test_expires_while_it_runs(self, made: LocalGateway, backend: Backend) -> None:
        """A key is refused from its second on, without anything being rendered or read anew."""
        end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)
        key = made.new_key("demo", end)
        with RunningGateway(made) as gateway:
            assert self.predict(gateway, key).status == 200
            self.eventually(lambda: self.predict(gateway, key).status != 200, "it never expired")
            assert dt.datetime.now(dt.UTC) >= end.replace(microsecond=0)
            assert dt.datetime.now(dt.UTC) < end + dt.timedelta(seconds=2)
            backend.seen.clear()
            answer = self.predict(gateway, key)
            assert (answer.status, answer.json["message"]) == refusals.EXPIRED_KEY
            assert backend.seen == []

    def test_pepper(self, made: LocalGateway, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keys with a pepper and without work side by side; the pepper is in no file and in no log."""
        monkeypatch.setenv("PUERTA_GATEWAY_PEPPER", "the-pepper-of-this-run")
        store = KeyStore(made.folder / "keys.json", "the-pepper-of-this-run")
        peppered, plain = store.add("demo"), KeyStore(made.folder / "keys.json").add("demo")
        with RunningGateway(made) as gateway:
            assert self.predict(gateway, peppered).status == 200
            assert self.predict(gateway, plain).status == 200
            for wrong in (make_key(), peppered[:-1], store.read()[0].hmac_sha256 or "", digest(peppered)):
                assert self.predict(gateway, wrong).status == 400
            for path in ("/config_dump", "/server_info", "/memory"):
                assert b"the-pepper" not in ask(made.site.admin, "GET", path).body
        assert len(backend.seen) == 2
        assert all(b"the-pepper" not in path.read_bytes() for path in made.folder.iterdir())

    @pytest.mark.parametrize("pepper", ["", "another"])
    def test_wrong_pepper(
        self, made: LocalGateway, backend: Backend, monkeypatch: pytest.MonkeyPatch, pepper: str
    ) -> None:
        """A gateway without the pepper that its keys need, or with another, lets nobody in who needs it."""
        monkeypatch.delenv("PUERTA_GATEWAY_PEPPER", raising=False)
        if pepper:
            monkeypatch.setenv("PUERTA_GATEWAY_PEPPER", pepper)
        key = KeyStore(made.folder / "keys.json", "the-pepper").add("demo")
        with RunningGateway(made) as gateway:
            answer = self.predict(gateway, key)
            expected = refusals.INVALID_KEY if pepper else refusals.CHECK_FAILED
            assert (answer.status, answer.json["message"]) == expected
            assert backend.seen == []

    def test_failure_after_the_key_was_found(self, made: LocalGateway, backend: Backend) -> None:
        """A script that fails over the grants, with a right key, lets nobody in either."""
        key = made.new_key("modelled")
        with RunningGateway(made) as gateway:
            text = (made.folder / KEYS_FILE).read_text()
            broken = text.replace("local segment = known.models", 'error("on purpose") local segment = known.models')
            assert broken != text
            write_private(made.folder / KEYS_FILE, broken.encode())
            self.eventually(
                lambda: gateway.ask("GET", "/v1/models/a.b_c", ("x-api-key", key)).status == 503, "no change"
            )
            backend.seen.clear()
            answer = gateway.ask("GET", "/v1/models/a.b_c", ("x-api-key", key))
            assert (answer.status, answer.json["message"]) == refusals.CHECK_FAILED
            assert backend.seen == []

    def test_hmac_in_lua(self, tmp_path: Path) -> None:
        """The script's HMAC-SHA-256 is Python's, for peppers and texts of any length."""
        script = files("gateway_config.envoy").joinpath("keys.lua").read_text(encoding="utf-8")
        answer_with_hash = """
function envoy_on_request(handle)
  local words, headers = {}, handle:headers()
  for i, word in ipairs(hmac_sha256(headers:get("x-pepper"), headers:get("x-text"))) do words[i] = bit.tohex(word) end
  handle:respond({ [":status"] = "200" }, table.concat(words))
end
"""
        listen, admin = Address("127.0.0.1", free_port()), Address("127.0.0.1", free_port())
        tables = "local KEYS, REFUSALS, MODEL_SEGMENTS = {}, {}, {}\n"
        path = write_bare(tmp_path, tables + script + answer_with_hash, listen, admin)
        texts = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=150)

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(texts, texts)
        def any_text(pepper: str, text: str) -> None:
            answer = ask(listen, "GET", "/", [("x-pepper", pepper), ("x-text", text)]).body.decode()
            assert answer == hmac.new(pepper.encode(), text.encode(), hashlib.sha256).hexdigest()

        with EnvoyProcess(path, admin, tmp_path / "envoy.log"):
            for length in (1, 63, 64, 65, 128):
                any_text.hypothesis.inner_test("p" * length, "t" * length)  # type: ignore[attr-defined]
            any_text()

    @staticmethod
    def predict(gateway: RunningGateway, key: str) -> Answer:
        """A right request with this key."""
        return gateway.ask("POST", "/v1/predict", ("x-api-key", key), body=b"{}")
