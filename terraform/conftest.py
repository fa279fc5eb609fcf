"""What the tests of this room share: the stand-in's tools and schema, fetched once, and one workspace a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from terraform.provider import environment
from terraform.provider.environment import FetchError
from terraform.provider.store import Store
from terraform.provider.store import store as open_store
from terraform.tests.unchanged import Unchanged
from terraform.workspace import HOW_TO_GET, workspace
from tests.parts import missing, require


@pytest.fixture(scope="session")
def tools() -> Path:
    """The interpreter that speaks the plugin protocol and reads HCL."""
    try:
        return environment.tools(print)
    except FetchError as error:
        missing("the stand-in's environment", str(error))


@pytest.fixture(scope="session")
def store() -> Store:
    """The real provider's schema."""
    try:
        return open_store(print)
    except FetchError as error:
        missing("the provider's schema", str(error))


@pytest.fixture(scope="session")
def deployment(tools: Path, store: Store) -> Iterator[Unchanged]:
    """A copy of the committed HCL, for tests that change nothing in it: what it plans is planned once."""
    del tools, store  # a missing one is told by its fixture
    require("terraform", HOW_TO_GET)
    with workspace(print) as at:
        yield Unchanged(at.root, at.environment)
