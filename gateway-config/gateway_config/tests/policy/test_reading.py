"""A policy is read whole or refused, with the file, the line and the field of every mistake."""

from pathlib import Path

import pytest

from gateway_config.policy.reading import PolicyError, read_policy

SHIPPED = Path(__file__).parents[3] / "policy.yaml"


@pytest.fixture
def text() -> str:
    """The tests' policy as text, to be spoiled."""
    return (Path(__file__).parents[1] / "policy.yaml").read_text()


def refusal(folder: Path, text: str) -> str:
    """What is said of a policy, without the folder's name."""
    path = folder / "policy.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        read_policy(path)
    return str(caught.value).replace(f"{folder}/", "")


def test_shipped_policy() -> None:
    """The shipped policy is a good one; what is public in it is exactly the page, the documentation and the probes."""
    policy = read_policy(SHIPPED)
    public = {operation.path for operation in policy.operations.values() if not operation.keyed}
    assert public == {"/", "/docs", "/docs/{asset}", "/openapi.json", "/health/live", "/health/ready"}
    assert policy.clients["demo"].cidrs == ("127.0.0.1/32", "::1/128")


def test_keyed_unless_said_otherwise(policy_file: Path) -> None:
    """An operation that says nothing of access needs a key."""
    policy = read_policy(policy_file)
    assert [name for name, operation in policy.operations.items() if not operation.keyed] == ["health_live"]


def test_defaults(policy_file: Path) -> None:
    """An operation has its own deadline, or else the default."""
    policy = read_policy(policy_file)
    assert policy.deadline(policy.operations["impatient"]) == 0.3
    assert policy.deadline(policy.operations["predict"]) == 10


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 1", "version: 2", "policy.yaml:2: version: Expected 1, but 2 is there"),
        ("version: 1\n", "", "policy.yaml:2: the document: Object missing required field `version`"),
        ("version: 1", "version: 1\nvolume: 3", "policy.yaml:3: volume: Object contains unknown field `volume`"),
        (
            "seconds: 10",
            "seconds: -1",
            "policy.yaml:3: defaults.deadline_seconds: Expected `float` > 0.0, but -1 is there",
        ),
        (
            "method: POST, path: /v1/p",
            "method: post, path: /v1/p",
            "policy.yaml:5: operations.predict.method: Expected 'GET'",
        ),
        (
            "access: public",
            "access: open",
            "operations.health_live.access: Expected 'keyed' or 'public', but 'open' is",
        ),
        ("  small:", "  sm-all:", "policy.yaml:10: operations.sm-all: the name 'sm-all', expected one that matches"),
        ("  small:", "  predict:", "policy.yaml:10: predict is there twice"),
        ("  small:", "  404:", "policy.yaml:10: 404 is no text; put it in quotes"),
        ("path: /small", "path: small", "policy.yaml:10: operations.small.path: 'small', expected / or /segments"),
        ("path: /small", "path: /small/", "'/small/', expected / or /segments"),
        ("path: /small", 'path: "/small/{a}b"', "'/small/{a}b', expected / or /segments, each plain text or one"),
        ("path: /small", "path: /v1/predict", "operations.small.path: POST /v1/predict is predict already"),
        (
            'DELETE, path: "/v1/models/{model}',
            'DELETE, path: "/v1/models/{m}',
            "names its parameters otherwise than get_model's",
        ),
        ("path: /small", 'path: "/v1/{a}/x"', "/v1/{a}/x overlaps get_model's /v1/models/{model}, and neither is"),
        (
            "max_body_bytes: 100}",
            "max_body_bytes: 1e99}",
            "policy.yaml:10: operations.small.max_body_bytes: Expected `int",
        ),
        ("  demo:", "  De mo:", "policy.yaml:15: clients.De mo: the name 'De mo', expected one that matches"),
        (
            "127.0.0.1/32",
            "127.0.0.1/8",
            "policy.yaml:15: clients.demo.cidrs[0]: 127.0.0.1/8 has host bits set, expected",
        ),
        ("127.0.0.1/32", "everywhere", "clients.demo.cidrs[0]: 'everywhere' does not appear to be an IPv4 or IPv6"),
        ("127.0.0.1/32", "127.0.0.0/8, 127.0.0.1/32", "clients.demo.cidrs[1]: 127.0.0.1/32 overlaps 127.0.0.0/8"),
        ('[127.0.0.1/32, "::1/128"]', "[]", "policy.yaml:15: clients.demo.cidrs: Expected `array` of length >= 1"),
        (
            "[predict]",
            "[predikt]",
            "policy.yaml:16: clients.narrow.operations[0]: 'predikt' is no operation of this policy",
        ),
        ("[predict]", "[health_live]", "clients.narrow.operations[0]: 'health_live' is public: everybody has it"),
        ("[predict]", "[predict, predict]", "clients.narrow.operations[1]: 'predict' is there twice"),
        ("[predict]", "some", "policy.yaml:16: clients.narrow.operations: Expected 'all', but 'some' is there"),
        (
            "owner: tests, cidrs: [203",
            "cidrs: [203",
            "policy.yaml:17: clients.far: Object missing required field `owner`",
        ),
        ("  local:", "  azure:", "environments.azure: the name 'azure', expected one that matches local|gcp"),
        (
            "127.0.0.1:8001",
            "localhost:8001",
            "policy.yaml:19: environments.local.backends[0]: 'localhost:8001', expected",
        ),
        ("127.0.0.1:8001", "127.0.0.1:80010", "'127.0.0.1:80010', expected address:port"),
        ("127.0.0.1:8001", "127.0.0.300:80", "'127.0.0.300:80', expected address:port"),
        ("version: 1", "version: [", "policy.yaml:"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, old: str, new: str, said: str) -> None:
    """Each mistake is named with file, line and field, what came and what was expected."""
    assert old in text
    assert said in refusal(tmp_path, text.replace(old, new, 1))


def test_all_mistakes_of_form_at_once(tmp_path: Path, text: str) -> None:
    """Mistakes of form are told together, one a line: msgspec itself stops at the first."""
    spoiled = (
        text.replace("deadline_seconds: 10,", "deadline_seconds: 0, rate: {per_second: fast, color: red},")
        .replace("method: POST, path: /v1/predict", "method: post, volume: 3")
        .replace("operations: [predict]", "operations: none, models: []")
    )
    assert [line.split(": ", 1)[1] for line in refusal(tmp_path, spoiled).splitlines()] == [
        "defaults.deadline_seconds: Expected `float` > 0.0, but 0 is there",
        "defaults.rate.color: Object contains unknown field `color`, expected one of per_second, burst, but 'red' is there",
        "defaults.rate.per_second: Expected `int`, got `str`, but 'fast' is there",
        "defaults.rate: Object missing required field `burst`",
        (
            "operations.predict.volume: Object contains unknown field `volume`, expected one of method, path, access, "
            "deadline_seconds, max_body_bytes, cost, cacheable, but 3 is there"
        ),
        "operations.predict.method: Expected 'GET' or 'POST' or 'PUT' or 'PATCH' or 'DELETE', but 'post' is there",
        "operations.predict: Object missing required field `path`",
        "clients.narrow.operations: Expected 'all', but 'none' is there",
        "clients.narrow.models: Expected `array` of length >= 1 or 'all'",
    ]


def test_empty_allowlist(tmp_path: Path, text: str) -> None:
    """A list of no networks is no way to say that every address may call; that is said with a word."""
    said = refusal(tmp_path, text.replace('[127.0.0.1/32, "::1/128"]', "[]"))
    assert "clients.demo.cidrs: Expected `array` of length >= 1 or 'any'" in said


def test_all_mistakes_of_sense_at_once(tmp_path: Path, text: str) -> None:
    """Mistakes of sense are told together, one a line."""
    said = refusal(tmp_path, text.replace("127.0.0.1/32", "127.0.0.1/8").replace("[predict]", "[predikt]"))
    assert [line.split(" ")[1] for line in said.splitlines()] == [
        "clients.demo.cidrs[0]:",
        "clients.narrow.operations[0]:",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "policy.yaml: it is empty"),
        (b"just words", "policy.yaml:1: the document: Expected `object`, got `str`"),
        (b"\xff\xfe", "policy.yaml: it is not UTF-8 text"),
        (b"a: \x07", "policy.yaml: unacceptable character"),
        (b"a: !!python/object:os.system x", "policy.yaml:1: could not determine a constructor"),
    ],
)
def test_not_a_policy(tmp_path: Path, content: bytes, said: str) -> None:
    """Something that is no policy at all is refused by name."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=r"policy\.yaml") as caught:
        read_policy(path)
    assert said in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(PolicyError, match=r"nowhere\.yaml: no such file or directory"):
        read_policy(tmp_path / "nowhere.yaml")
