"""The service's document is read for its operations and models, and refused by name where it is none."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway_config.policy.contract import Contract, ContractError
from gateway_config.tests import contracts


def test_operations() -> None:
    """Every operation is there by its id, with method, path and whether the document asks for a key."""
    found = {name: (offer.method, offer.path, offer.keyed) for name, offer in contracts.contract().operations.items()}
    assert found == {
        "predict": ("POST", "/predict", True),
        "get_model": ("GET", "/models/{model}", True),
        "delete_model": ("DELETE", "/models/{model}", True),
        "health": ("GET", "/health", False),
    }


def test_models() -> None:
    """The models are those that the paths take; a service without models has none."""
    assert contracts.contract().models == {"small", "large"}
    paths = {"/health": contracts.DOCUMENT["paths"]["/health"]}
    assert Contract.of(contracts.DOCUMENT | {"paths": paths}).models == frozenset()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "contract.json: Input data was truncated"),
        (b"[]", "contract.json: no OpenAPI 3.1 document: Expected `object`, got `array`"),
        (
            b'{"openapi": "3.0.3", "info": {}, "paths": {}}',
            "contract.json: no OpenAPI 3.1 document: Expected `str` matching",
        ),
        (
            b'{"openapi": "3.1.0", "info": {}}',
            "contract.json: no OpenAPI 3.1 document: Object missing required field `paths`",
        ),
    ],
)
def test_no_contract(tmp_path: Path, content: bytes, said: str) -> None:
    """Something else is refused, with the file's name."""
    path = tmp_path / "contract.json"
    path.write_bytes(content)
    with pytest.raises(ContractError) as caught:
        Contract.read(path)
    assert said in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(ContractError, match=r"nowhere\.json: no such file or directory"):
        Contract.read(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("operation", "said"),
    [({}, "GET /twice has the operationId none"), ({"operationId": "predict"}, "'predict', which is another's")],
)
def test_every_operation_has_an_id(operation: dict[str, Any], said: str) -> None:
    """A policy could not name an operation without an id of its own."""
    document = msgspec.json.decode(msgspec.json.encode(contracts.DOCUMENT))
    document["paths"]["/twice"] = {"get": operation}
    with pytest.raises(ContractError) as caught:
        Contract.of(document)
    assert said in str(caught.value)
