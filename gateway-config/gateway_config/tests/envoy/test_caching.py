"""What caches on the way to a caller are told."""

from collections.abc import Iterator

import pytest

from gateway_config.envoy.caching import answer_headers
from gateway_config.policy.model import Operation
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import RunningGateway
from gateway_config.tests.variants import open_gateway, write_policy

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("caching"), pytest.mark.usefixtures("_envoy_is_there")]


@pytest.fixture(scope="module")
def caching(
    tmp_path_factory: pytest.TempPathFactory, _envoy_is_there: None, shared_backend: Backend
) -> Iterator[RunningGateway]:
    """A gateway with a public and a keyed operation whose answers may be kept."""
    keep = {"cacheable": True}
    policy = write_policy(tmp_path_factory.mktemp("caching"), health_live=keep, get_model=keep)
    with RunningGateway(open_gateway(policy, shared_backend.address)) as running:
        yield running


@pytest.fixture(scope="module")
def key(caching: RunningGateway) -> tuple[str, str]:
    """The demo client's header."""
    return "x-api-key", caching.gateway.new_key("demo")


@pytest.fixture(params=[None, "public, max-age=60"])
def said(request: pytest.FixtureRequest, shared_backend: Backend) -> Iterator[str | None]:
    """The backend's own ``cache-control``."""
    shared_backend.says = {} if request.param is None else {"cache-control": request.param}
    yield request.param
    shared_backend.says = {}


def test_cacheable(caching: RunningGateway, key: tuple[str, str], said: str | None) -> None:
    """A cacheable operation's answer says what the backend says, and nothing where that is silent."""
    public = caching.ask("GET", "/health/live")
    keyed = caching.ask("GET", "/v1/models/x", key)
    assert (public.status, public.headers.get("cache-control")) == (200, said)
    assert (keyed.status, keyed.headers.get("cache-control")) == (200, said)


def test_a_kept_answer_is_for_its_key_only(caching: RunningGateway, key: tuple[str, str]) -> None:
    """A cache is told that the answer depends on the key: it must not give it to who has another one or none."""
    assert caching.ask("GET", "/v1/models/x", key).headers["vary"] == "x-api-key"
    assert "vary" not in caching.ask("GET", "/health/live").headers


def test_not_cacheable(caching: RunningGateway, key: tuple[str, str], said: str | None) -> None:
    """Any other answer is not kept, unless the backend says otherwise; it says so once."""
    answer = caching.ask("POST", "/v1/predict", key, body=b"{}")
    assert (answer.status, answer.headers["cache-control"]) == (200, said or "no-store")


def test_what_the_gateway_refuses(caching: RunningGateway) -> None:
    """A path that does not exist today may tomorrow: those refusals, which caches keep by themselves, are not kept."""
    for method, path, status in [("GET", "/none", 404), ("DELETE", "/health/live", 405)]:
        answer = caching.ask(method, path)
        assert (answer.status, answer.headers["cache-control"]) == (status, "no-store")


@pytest.mark.parametrize("access", ["keyed", "public"])
def test_never_silent_by_accident(access: str) -> None:
    """Only a cacheable public operation's answer is left as it is."""
    plain = Operation(method="GET", path="/", access=access)  # type: ignore[arg-type]
    cacheable = Operation(method="GET", path="/", access=access, cacheable=True)  # type: ignore[arg-type]
    assert answer_headers(plain) != []
    assert (answer_headers(cacheable) == []) == (access == "public")
