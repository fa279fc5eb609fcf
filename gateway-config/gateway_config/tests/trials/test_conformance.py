"""The whole conformance table holds at the real Envoy; a gateway that does otherwise fails it, with advice."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_config.__main__ import run
from gateway_config.envoy.uptake import Uptake
from gateway_config.files import write_private
from gateway_config.ports import free_port
from gateway_config.trials.cases import BACKEND, CASES, DIRECT, MINUTES, SPEND
from gateway_config.trials.conformance import Answer, DeployedTarget, LocalTarget, _backend_faults, run_cases
from gateway_config.trials.witness import Reply, Seen, Witness
from tests.outputs import terraform_outputs


@pytest.fixture(scope="module")
def local(_envoy_is_there: None) -> Iterator[LocalTarget]:
    """The trial's gateways."""
    with LocalTarget() as target:
        yield target


@pytest.mark.platform
@pytest.mark.xdist_group("conformance")
class TestLocal:
    """Against the real Envoy."""

    def test_whole_table(self, local: LocalTarget) -> None:
        """Every case of the local gateway passes."""
        outcomes = list(run_cases(local))
        assert [outcome for outcome in outcomes if outcome.verdict == "FAILED"] == []
        assert {outcome.case.number for outcome in outcomes if outcome.verdict == "not run"} == {"17b"}

    def test_as_if_deployed(self, local: LocalTarget) -> None:
        """What is asked of a deployed gateway passes at this one; what can't be asked says why and how."""
        keys = {name: local._keys[name] for name in ("right", "narrow", "elsewhere")}
        target = DeployedTarget(local._plain.gateway.url, keys)
        refusing = ("14a", "17b")  # nobody refuses the body here
        outcomes = {outcome.case.number: outcome for outcome in run_cases(target)}
        assert [one for one in outcomes.values() if one.verdict == "FAILED" and one.case.number not in refusing] == []
        passed = [number for number, one in outcomes.items() if one.verdict == "passed"]
        assert len(passed) == sum("G" in case.where and not case.cannot and not case.check for case in CASES) - 1
        assert {one.advice for one in outcomes.values() if one.verdict == "not run"} == {
            *(BACKEND, SPEND, MINUTES, DIRECT),
            "holds for the local gateway only",
        }

    def test_broken_gateway(self) -> None:
        """A gateway whose address rule has gone, or whose log holds a key, fails the cases that are about it."""
        with LocalTarget() as target:
            gateway = target._plain.gateway
            uptake = Uptake(gateway.site.admin, "addresses")
            text = (gateway.folder / "addresses.yaml").read_text()
            write_private(gateway.folder / "addresses.yaml", text.replace("prefix_len: 24", "prefix_len: 0").encode())
            assert uptake.wait(10) == "taken"
            gateway.site.access_logs[0].write_text(target._keys["right"])
            failed = {one.case.number: one.advice for one in run_cases(target) if one.verdict == "FAILED"}
        assert set(failed) == {"6a", "6b", "6c", "17a"}
        assert "the status is 200, expected 403; the backend has seen 1 requests, expected 0" in failed["6a"]
        assert "the key 'right' is in a log" in failed["17a"]
        assert "revoke the keys" in failed["17a"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([("x-gateway-client", "right")], []),
        ([("x-gateway-client", "other")], ["the backend was told ['other'] asks, expected ['right']"]),
        ([], ["the backend was told [] asks, expected ['right']"]),
        ([("x-gateway-client", "right"), ("x-api-key", "k")], ["the backend has seen x-api-key"]),
        (
            [("x-gateway-client", "right"), ("x-gateway-token", "2")],
            ["the backend can't tell the gateway by its token"],
        ),
    ],
)
def test_what_the_backend_sees(more: list[tuple[str, str]], said: list[str]) -> None:
    """What the backend is told beside the request is compared as well."""
    case = CASES[0]
    seen = Seen("GET", "/v1/models", (("x-gateway-token", "1"), *more), b"")
    assert list(_backend_faults(case, (seen,), "1")) == said
    assert list(_backend_faults(case, (), "1")) == ["the backend has seen 0 requests, expected 1"]


@pytest.fixture
def open_door() -> Iterator[Witness]:
    """A gateway that lets everybody in."""
    with Witness(lambda _: Reply(200, b'{"code": 200}')) as running:
        yield running


def command(*arguments: str) -> tuple[int, str, str]:
    """The command's exit code, output and errors."""
    out, err = io.StringIO(), io.StringIO()
    return run(["conformance", *arguments], {}, out, err), out.getvalue(), err.getvalue()


def test_gateway_that_lets_everybody_in(open_door: Witness) -> None:
    """It fails, the table says where, and each failure what to do."""
    url = f"http://{open_door.address}"
    code, out, err = command("--url", url, "--key", "k", "--elsewhere-key", "k", "--direct", url)
    assert (code, err) == (1, "")
    rows = {line.split()[0]: line for line in out.splitlines() if line[:1].isdigit() and " cases: " not in line}
    verdicts = {number: line.rsplit("  ", 1)[1] for number, line in rows.items()}
    assert verdicts["1a"] == "passed"
    assert {verdicts[number] for number in ("2a", "6a", "7a", "8b", "9a", "9c", "14a", "17b")} == {"FAILED"}
    assert verdicts["5a"] == "not run"
    assert "the status is 200, expected 401" in out
    assert "give --narrow-key KEY, of a key for another API" in out
    assert "the backend answers whoever asks it" in out
    assert "200 lets it in" in out
    assert "Look at the client's networks" in out
    assert out.splitlines()[-1].startswith(f"{len(CASES)} cases: ")


def test_key_from_a_file(open_door: Witness, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A key can stand in a file, so that no process sees it on the command line."""
    path = tmp_path_factory.mktemp("keys") / "key"
    path.write_text("the-key\n")
    command("--url", f"http://{open_door.address}", "--key", f"@{path}")
    assert {value for seen in open_door.seen for value in seen.values("x-api-key")} == {"the-key"}


@pytest.mark.platform
def test_outputs_of_terraform(open_door: Witness, tmp_path: Path) -> None:
    """A file of `terraform output -json`, as Terraform itself writes it, says where gateway and backend are."""
    url = f"http://{open_door.address}"
    path = terraform_outputs(tmp_path, gateway_url=f"{url}/", service_url=url)
    code, out, err = command("--outputs", str(path), "--key", "k")
    assert (code, err) == (1, "")
    rows = {line.split()[0]: line for line in out.splitlines() if line[:1].isdigit()}
    assert rows["1a"].endswith("passed")
    assert rows["17b"].endswith("FAILED")
    assert "the backend answers whoever asks it" in out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected Terraform's outputs as JSON"),
        ("[]", "gateway_url: None came, expected a URL"),
        ('{"gateway_url": {"sensitive": true, "type": "string", "value": null}}', "expected a URL"),
        ('{"gateway_url": {"value": "https://a.example"}}', "service_url: None came, expected a URL"),
        ('{"gateway_url": {"value": "a.example"}, "service_url": "b"}', "expected one that begins with https://"),
    ],
)
def test_outputs_without_an_address(content: str, said: str, tmp_path: Path) -> None:
    """Are refused in one line, before anybody is asked."""
    path = tmp_path / "outputs.json"
    path.write_text(content)
    code, out, err = command("--outputs", str(path))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert said in err


def test_options_over_outputs(open_door: Witness, tmp_path: Path) -> None:
    """An address that is given besides the file is the one that is asked."""
    url, path = f"http://{open_door.address}", tmp_path / "outputs.json"
    path.write_text('{"gateway_url": "https://nobody.invalid", "service_url": "https://nobody.invalid"}')
    _, out, _ = command("--outputs", str(path), "--url", url, "--direct", url, "--key", "k")
    assert "is the URL right" not in out
    assert "the backend answers whoever asks it" in out


def test_nobody_there() -> None:
    """A gateway that can't be reached fails every case that is asked, and says so."""
    code, out, _ = command("--url", f"http://127.0.0.1:{free_port()}")
    assert code == 1
    assert "is the URL right, and the gateway up?" in out
    assert " 0 passed" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--key", "k"], "a key is for a deployed gateway: give its --url or --outputs too\n"),
        (["--url", "example.com"], "--url is 'example.com', expected one that begins with https:// or http://\n"),
        (
            ["--url", "http://x", "--direct", "x"],
            "--direct is 'x', expected one that begins with https:// or http://\n",
        ),
        (["--url", "http://x", "--key", "@/nowhere/key"], "[Errno 2] No such file or directory: '/nowhere/key'\n"),
    ],
)
def test_mistakes(arguments: list[str], said: str) -> None:
    """A mistake is one line on standard error and exit code 1."""
    assert command(*arguments) == (1, "", said)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"code": 403, "message": "PERMISSION_DENIED:  Two blanks"}', "PERMISSION_DENIED: Two blanks"),
        (b'{"code": 403, "message": "PERMISSION_DENIED:None"}', "PERMISSION_DENIED: None"),
        (b'{"message": "other order", "code": 403}', "other order"),
        (b'{"code": 500, "message": "of another status"}', ""),
        (b'["code", "message"]', ""),
        (b"not JSON", ""),
    ],
)
def test_message(body: bytes, message: str) -> None:
    """Bodies are compared as what they say, with the managed gateway's optional blank allowed for."""
    assert Answer(403, body).message == message


def test_rows() -> None:
    """All seventeen rows are there, in their order, each case under a number of its own."""
    numbers = [(int(case.number[:-1]), case.number[-1]) for case in CASES]
    assert numbers == sorted(set(numbers))
    assert {row for row, _ in numbers} == set(range(1, 18))
    cases = Counter(row for row, _ in numbers)
    assert all(
        [letter for row, letter in numbers if row == number] == list("abcdefgh"[:count])
        for number, count in cases.items()
    )


def test_failure_is_told() -> None:
    """A case that fails on one side says what came and what was expected."""
    case = next(case for case in CASES if case.number == "2a")
    with Witness(lambda _: Reply(401, b'{"code": 401, "message": "no"}')) as gateway:
        outcome = DeployedTarget(f"http://{gateway.address}", {}).run(case)
    assert outcome.verdict == "FAILED"
    assert outcome.got == "401 no"
    assert "expected the message" in outcome.advice
