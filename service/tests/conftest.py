"""What the service's tests share: model packages, an assembled service, and servers on ports of the kernel's choice."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import hypothesis
import pytest
import pytest_socket

from service.application import Application, assemble
from service.settings import Settings
from service.tests import packages
from service.tests.server import RunningServer

# A machine that is busy is no failure: no test is held to a time.
hypothesis.settings.register_profile("service", deadline=None)
hypothesis.settings.load_profile("service")

Assemble: TypeAlias = Callable[..., Application]
Start: TypeAlias = Callable[..., RunningServer]


@pytest.fixture(autouse=True)
def _sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests open no sockets; an event loop's own pair of them is not on the network."""
    if request.node.get_closest_marker("platform") is None:
        pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    """Nothing a test does to the root logger outlives it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of every test package; to be read, not changed."""
    folder = tmp_path_factory.mktemp("models")
    packages.delays(folder)
    packages.delays(folder, version="2", threshold=0.1)
    packages.delays(folder, name="counting", unseen="count")
    for make in (packages.total, packages.quotient, packages.colours, packages.grades, packages.fragile):
        make(folder)
    return folder


@pytest.fixture
def make_settings(tmp_path: Path, models_dir: Path) -> Callable[..., Settings]:
    """Settings whose state is the test's own; named values replace them."""

    def make(**values: Any) -> Settings:
        common: dict[str, Any] = {
            "port": 0,
            "metrics_port": 0,
            "models_dir": str(models_dir),
            "default_model": "delays",
            "events_dir": str(tmp_path / "events"),
            "labels_dir": str(tmp_path / "labels"),
            "instance": "test",
            "drain_seconds": 0.0,
        }
        return Settings(**(common | values))

    return make


@pytest.fixture
def make_application(make_settings: Callable[..., Settings]) -> Iterator[Assemble]:
    """Makes applications with their models loaded, without a server; closed after the test."""
    with ExitStack() as stack:

        def make(**values: Any) -> Application:
            application = assemble(make_settings(**values))
            stack.callback(application.service.close)
            application.service.load()
            return application

        yield make


@pytest.fixture
def application(make_application: Assemble) -> Application:
    """An application with every test package loaded."""
    return make_application()


@pytest.fixture
def start(make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts servers of the service in threads, which look after their connections often; stopped after the test."""
    monkeypatch.setattr("service.server._SWEEP", 0.02)
    with ExitStack() as stack:

        def start_one(*, short_way: bool = True, **values: Any) -> RunningServer:
            return stack.enter_context(RunningServer(assemble(make_settings(**values)), short_way=short_way))

        yield start_one
