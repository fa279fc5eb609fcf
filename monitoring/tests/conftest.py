"""What the tests of the reports share: the shipped model, small ones of every task, and settings of a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_socket

from monitoring.settings import Settings
from monitoring.watched import Watched, read

ROOT = Path(__file__).parents[2]

# A machine that is busy is no failure: no test is held to a time.
hypothesis.settings.register_profile("monitoring", deadline=None)
hypothesis.settings.load_profile("monitoring")


def copy_package(name: str, folder: Path) -> Path:
    """What reports read of a shipped package, in a folder of packages."""
    copy = folder / name / "1"
    copy.mkdir(parents=True)
    for file in ("manifest.json", "reference.json"):
        (copy / file).write_bytes((ROOT / "model-files" / name / "1" / file).read_bytes())
    return copy


@pytest.fixture(autouse=True)
def _sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests open no sockets."""
    if request.node.get_closest_marker("platform") is None:
        pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def flights() -> Watched:
    """The shipped model of three categories, with every combination counted."""
    return read(ROOT / "model-files/flight-delay/1")


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages of every task: iris, wine, diabetes and mixed; to be read, not changed."""
    from model_files.tests import packages  # scikit-learn takes seconds, and few tests need it

    folder = tmp_path_factory.mktemp("models")
    for make in (packages.iris, packages.wine, packages.diabetes, packages.mixed):
        make(folder)
    return folder


@pytest.fixture(scope="session")
def flight_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the shipped model of three categories alone, as far as reports need it; to be read, not changed."""
    folder = tmp_path_factory.mktemp("flights")
    copy_package("flight-delay", folder)
    return folder


@pytest.fixture
def make_settings(tmp_path: Path, flight_models: Path) -> Callable[..., Settings]:
    """Settings whose folders are the test's own; named values replace them. Events of a fixed day stay, however long ago."""

    def make(**values: object) -> Settings:
        folders = {f"{name}_dir": tmp_path / name for name in ("events", "labels", "reports", "archive")}
        kept = {"reports_keep_days": 36_500} | {f"{name}_keep_days": 0 for name in ("events", "labels", "counts")}
        usual = folders | kept | {"models_dir": flight_models, "state_dir": tmp_path, "evidently": False}
        return Settings(**(usual | values))  # type: ignore[arg-type]  # the test names them right

    return make
