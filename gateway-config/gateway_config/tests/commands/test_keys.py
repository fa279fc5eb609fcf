"""The key commands: what they print and where, what they refuse, and that a running gateway follows."""

import datetime as dt
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway_config.__main__ import run
from gateway_config.envoy import filters
from gateway_config.envoy.rendering import KEYS_FILE
from gateway_config.files import write_private
from gateway_config.keys.store import KeyStore, make_key, well_formed
from gateway_config.tests.backend import Backend
from gateway_config.tests.callers import Callers
from gateway_config.tests.envoy_process import RunningGateway, make_gateway

Keys = Callable[..., tuple[int, str, str]]


def within(seconds: float, happens: Callable[[], bool], what: str) -> None:
    """Wait until something is so; that it takes longer is the failure."""
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, what
        time.sleep(0.02)


@pytest.fixture
def keys(tmp_path: Path, policy_file: Path) -> Keys:
    """Runs a key command on the tests' policy; ``given`` is on its standard input."""

    def call(*arguments: str, given: str = "", **environment: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        settings = {
            "PUERTA_GATEWAY_POLICY": str(policy_file),
            "PUERTA_STATE_DIR": str(tmp_path),
            "PUERTA_GATEWAY_ADMIN_PORT": "1",  # nobody is there
        }
        code = run(["keys", *arguments], settings | environment, out, err, io.StringIO(given))
        return code, out.getvalue(), err.getvalue()

    return call


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    """Where the commands keep their keys."""
    return KeyStore(tmp_path / "gateway" / "keys.json")


def test_new(keys: Keys, store: KeyStore) -> None:
    """The key is alone on standard output, so that it can go into a file."""
    code, out, err = keys("new", "demo", "--expires", "90d", "--note", "the nightly job")
    assert code == 0
    assert well_formed(out.removesuffix("\n"))
    assert err == "The key of demo, shown this once; only its hash is kept:\n"
    (kept,) = store.read()
    assert kept.note == "the nightly job"
    assert kept.expires is not None
    assert kept.created is not None
    assert (kept.expires - kept.created).days == 90


@pytest.mark.parametrize(
    ("expires", "moment"),
    [
        ("2126-01-31", dt.datetime(2126, 1, 31, tzinfo=dt.UTC)),
        ("2126-01-31T12:00:00+02:00", dt.datetime(2126, 1, 31, 10, tzinfo=dt.UTC)),
    ],
)
def test_new_until_a_date(keys: Keys, store: KeyStore, expires: str, moment: dt.datetime) -> None:
    """A date stands for its first second, UTC; a moment has the time zone that it names."""
    assert keys("new", "demo", "--expires", expires)[0] == 0
    (key,) = store.read()
    assert key.expires == moment


@pytest.mark.parametrize("expires", ["soon", "0d", "-3d", "90", "2026-13-01"])
def test_no_date(keys: Keys, expires: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no time is refused, with what was expected."""
    with pytest.raises(SystemExit):
        keys("new", "demo", f"--expires={expires}")
    assert "expected a time such as 90d" in capsys.readouterr().err


def test_third_key(keys: Keys) -> None:
    """A third live key is refused with what to do."""
    keys("new", "demo")
    keys("new", "demo")
    code, out, err = keys("new", "demo")
    assert (code, out) == (1, "")
    assert "demo has 2 live keys already" in err
    assert "keys revoke demo PREFIX" in err


def test_rotate(keys: Keys) -> None:
    """The new key is shown, and what becomes of the old one is said."""
    old = keys("new", "demo")[1].strip()
    code, out, err = keys("rotate", "demo", "--grace", "7d")
    assert code == 0
    assert well_formed(out.strip())
    assert f"The old one, {old[:18]}, ends by itself at " in err
    assert f"keys revoke demo {old[:18]}" in err
    assert keys("revoke", "demo", old[:18])[1] == f"revoked {old[:18]} of demo\n"
    _, _, err = keys("rotate", "demo")
    assert "never ends by itself" in err


def test_verify(keys: Keys, store: KeyStore) -> None:
    """A key on standard input is told whose it is, or why it is refused, and the exit code says it too."""
    key = keys("new", "demo")[1]
    assert keys("verify", given=key) == (0, "a live key of demo\n", "")
    mistyped = key[:20] + ("0" if key[20] != "0" else "1") + key[21:]
    cases = {
        mistyped: "no key: its checksum is wrong, it was mistyped or cut\n",
        key[:-3]: "no key: expected puerta_local_, 30 letters and digits, _, 6 letters and digits\n",
        "": "no key: expected puerta_local_, 30 letters and digits, _, 6 letters and digits\n",
        make_key(): "well formed, but not known here: of another gateway, or made up\n",
        store.add("long-gone"): "a key of long-gone, who is no client of the policy\n",
    }
    for given, said in cases.items():
        assert keys("verify", given=given) == (1, said, "")
    keys("revoke", "demo", "all")
    code, out, _ = keys("verify", given=key)
    assert code == 1
    assert out.startswith("a key of demo that was revoked at ")


def test_verify_expired(keys: Keys, tmp_path: Path) -> None:
    """A key that has expired is told so; one that will says when."""
    key = keys("new", "demo", "--expires", "30d")[1]
    assert " of demo, until " in keys("verify", given=key)[1]
    path = tmp_path / "gateway" / "keys.json"
    document = json.loads(path.read_text())
    document["keys"][0]["expires"] = "2026-01-01T00:00:00Z"
    path.write_text(json.dumps(document))
    assert keys("verify", given=key) == (1, "a key of demo that expired at 2026-01-01 00:00 UTC\n", "")


def test_pepper(keys: Keys) -> None:
    """With a pepper the same commands do."""
    key = keys("new", "demo", PUERTA_GATEWAY_PEPPER="pepper")[1]
    assert keys("verify", given=key, PUERTA_GATEWAY_PEPPER="pepper")[0] == 0
    assert keys("verify", given=key)[0] == 1


def test_list(keys: Keys, store: KeyStore) -> None:
    """Everybody's keys, with those that end soon pointed out, and never a key itself."""
    made = [keys("new", "demo", "--expires", "10d")[1], keys("new", "narrow", "--note", "spare")[1]]
    store.add("long-gone")
    keys("revoke", "narrow", "all")
    code, out, err = keys("list")
    assert (code, err) == (0, "")
    head, demo, narrow, gone = out.splitlines()
    assert head.split() == ["client", "begins", "with", "created", "expires", "state", "note"]
    assert "live, ends in 9 days" in demo or "live, ends in 10 days" in demo
    assert "revoked" in narrow
    assert "spare" in narrow
    assert "no client of the policy" in gone
    assert not any(key.strip() in out for key in made)


def test_list_for_programs(keys: Keys) -> None:
    """The same as JSON, without any hash."""
    keys("new", "demo", "--expires", "10d")
    (entry,) = json.loads(keys("list", "--json")[1])
    assert entry["client"] == "demo"
    assert (entry["state"], entry["expires_soon"], entry["revoked"]) == ("live", True, None)
    assert set(entry) == {"client", "prefix", "created", "expires", "revoked", "state", "expires_soon", "note"}


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
class TestRunning:
    """Beside a real gateway."""

    def test_revoked_within_a_second_and_nothing_dropped(
        self, policy_file: Path, tmp_path: Path, backend: Backend
    ) -> None:
        """A revoked key is refused within a second of the command; the client's other one never notices."""
        made = make_gateway(policy_file, tmp_path, backend.address)
        going, staying = made.new_key("demo"), made.new_key("demo")
        with RunningGateway(made) as gateway:
            within(10, lambda: self.status(gateway, going) == 200, "the key never worked")
            with Callers(made.site.listen, staying) as callers:
                for _ in range(10):
                    made.store.revoke("demo", going[:18])
                    made.write_keys()
                    within(1.0, lambda key=going: self.status(gateway, key) == 400, "it is still let in")  # type: ignore[misc]
                    going = made.new_key("demo")
                    within(1.0, lambda key=going: self.status(gateway, key) == 200, "it is not yet let in")  # type: ignore[misc]
        assert set(callers.told) == {200}
        assert callers.told[200] > 100

    def test_commands_say_what_the_gateway_made_of_it(
        self, keys: Keys, policy_file: Path, tmp_path: Path, backend: Backend
    ) -> None:
        """A command ends when the running gateway has taken the change over."""
        made = make_gateway(policy_file, tmp_path / "gateway", backend.address)
        with RunningGateway(made) as gateway:
            beside = {"PUERTA_GATEWAY_ADMIN_PORT": str(made.site.admin.port)}
            code, out, err = keys("new", "demo", **beside)
            assert code == 0
            assert "The running gateway has taken it over." in err
            key = out.strip()
            assert self.status(gateway, key) == 200
            code, out, err = keys("revoke", "demo", key[:18], **beside)
            assert (code, err) == (0, "The running gateway has taken it over.\n")
            assert self.status(gateway, key) == 400

    def test_nothing_to_tell(self, keys: Keys, policy_file: Path, tmp_path: Path, backend: Backend) -> None:
        """A key that the gateway was never told of is taken away without it."""
        made = make_gateway(policy_file, tmp_path / "gateway", backend.address)
        made.store.add("long-gone")
        with RunningGateway(made):
            code, out, err = keys("revoke", "long-gone", "all", PUERTA_GATEWAY_ADMIN_PORT=str(made.site.admin.port))
        assert (code, err) == (0, "")
        assert out.endswith(" of long-gone\n")

    def test_refused_by_the_gateway(
        self, keys: Keys, policy_file: Path, tmp_path: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file that the running gateway can't use is named as refused, and its last good keys stay in force."""
        made = make_gateway(policy_file, tmp_path / "gateway", backend.address)
        key = made.new_key("demo")
        with RunningGateway(made) as gateway:
            monkeypatch.setattr(filters, "LUA", filters.RBAC)  # of a kind that does not belong there
            code, _, err = keys("revoke", "demo", "all", PUERTA_GATEWAY_ADMIN_PORT=str(made.site.admin.port))
            assert code == 1
            assert "refuses the new file, and its last good one stays in force" in err
            assert self.status(gateway, key) == 200

    def test_gateway_of_another_folder(self, keys: Keys, policy_file: Path, tmp_path: Path, backend: Backend) -> None:
        """A change that the running gateway does not notice is no success."""
        made = make_gateway(policy_file, tmp_path / "elsewhere", backend.address)
        write_private(tmp_path / "gateway" / KEYS_FILE, b"")
        with RunningGateway(made):
            code, _, err = keys("new", "demo", PUERTA_GATEWAY_ADMIN_PORT=str(made.site.admin.port))
        assert code == 1
        assert "did not take the file over: is it one of another state folder?" in err

    @staticmethod
    def status(gateway: RunningGateway, key: str) -> int:
        """What a right request with this key is answered."""
        return gateway.ask("POST", "/v1/predict", ("x-api-key", key), body=b"{}").status
