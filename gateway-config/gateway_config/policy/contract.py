"""The service's OpenAPI document, as committed beside the policy: what operations and models there are to ask for.

The gateway never imports the service: this file is all that it knows of it. ``make render`` renews it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

METHODS = ("get", "post", "put", "patch", "delete")


class ContractError(ValueError):
    """A file that is no OpenAPI document of a service; the message names it."""


class _Outline(msgspec.Struct):
    """What is looked at; the rest of the document is passed on as it came."""

    openapi: Annotated[str, Meta(pattern=r"^3\.1\.\d+$")]
    info: dict[str, Any]
    paths: dict[str, dict[str, Any]]
    components: dict[str, dict[str, Any]] = {}
    security: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Offer:
    """One operation as the service has it. ``keyed``: the document says that it needs a key."""

    method: str
    path: str
    keyed: bool
    definition: dict[str, Any]


@dataclass(frozen=True)
class Contract:
    """An OpenAPI 3.1 document and its operations by ``operationId``."""

    document: dict[str, Any]
    operations: dict[str, Offer]

    @classmethod
    def read(cls, path: Path) -> "Contract":
        """Read the service's document.

        Raises:
            ContractError: if the file is missing, is no OpenAPI 3.1 document, or an operation has no id of its own.
        """
        try:
            return cls.of(msgspec.json.decode(path.read_bytes()))
        except OSError as error:
            raise ContractError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
        except (msgspec.DecodeError, ContractError) as error:
            raise ContractError(f"{path}: {error}") from error

    @classmethod
    def of(cls, document: Any) -> "Contract":
        """The contract in a document's plain data.

        Raises:
            ContractError: if it is no OpenAPI 3.1 document, or an operation has no id of its own.
        """
        try:
            outline = msgspec.convert(document, _Outline)
        except msgspec.ValidationError as error:
            raise ContractError(f"no OpenAPI 3.1 document: {error}") from error
        operations: dict[str, Offer] = {}
        for path, item in outline.paths.items():
            for method in (method for method in METHODS if method in item):
                name = item[method].get("operationId")
                if not name or name in operations:
                    came = f"{name!r}, which is another's" if name else "none"
                    raise ContractError(f"{method.upper()} {path} has the operationId {came}")
                keyed = bool(item[method].get("security", outline.security))
                operations[name] = Offer(method.upper(), path, keyed, item[method])
        return cls(document, operations)

    @property
    def models(self) -> frozenset[str]:
        """The models that the service says it has: the values of every path parameter named ``model``."""
        return frozenset(
            value
            for offer in self.operations.values()
            for parameter in offer.definition.get("parameters", [])
            if parameter.get("in") == "path" and parameter.get("name") == "model"
            for value in parameter["schema"].get("enum", [])
        )
