"""The files that are rendered the same on every machine, and committed: ``generated/`` beside the policy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway_config.envoy.rendering import to_yaml
from gateway_config.gcp.extensions import extensions_schema
from gateway_config.gcp.marks import GCP
from gateway_config.gcp.openapi import API_TITLE, GcpDocuments
from gateway_config.gcp.rules import rules_page
from gateway_config.gcp.terraform import client_variables
from gateway_config.policy.contract import Contract
from gateway_config.policy.model import Policy
from gateway_config.policy.problems import is_variable
from gateway_config.policy.schema import policy_schema
from gateway_config.trials.cases import render_table

FOLDER: Final = "generated"
CONTRACT_FILE: Final = "service-openapi.json"

_MADE = "Rendered by `python -m gateway_config render`; edit what it is rendered from instead."


@dataclass(frozen=True)
class Generated:
    """The committed files of one policy. Without ``gcp`` among its environments there is nothing for GCP."""

    policy: Policy
    contract: Contract
    folder: Path

    def files(self) -> dict[str, bytes]:
        """Every file's content by its name."""
        rendered = {
            "policy.schema.json": _json({"$comment": _MADE} | policy_schema()),
            "conformance.md": render_table().encode(),
        }
        if GCP in self.policy.environments:
            documents = GcpDocuments(self.policy, self.contract)
            rendered |= {
                "openapi-gcp.yaml": self._template(documents.openapi_3),
                "openapi-gcp-2.0.yaml": self._template(documents.openapi_2),
                "clients.auto.tfvars.json": _json({"//": _MADE} | client_variables(self.policy)),
                "extensions.schema.json": _json({"$comment": _MADE} | extensions_schema()),
                "rules.md": rules_page(self.policy, _MADE).encode(),
            }
        return rendered

    def write(self) -> None:
        """Write every file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (self.folder / name).write_bytes(content)

    def stale(self) -> tuple[Path, ...]:
        """The files that are not there, or say something else than would be written now."""
        files = ((self.folder / name, content) for name, content in self.files().items())
        return tuple(path for path, content in files if not path.is_file() or path.read_bytes() != content)

    def _template(self, document: Callable[[], dict[str, Any]]) -> bytes:
        backend = self.policy.environments[GCP].backends[0]
        says = [_MADE, f"From ../policy.yaml and {CONTRACT_FILE}."]
        if is_variable(backend):
            says.append(
                f"A template: Terraform's templatefile() fills in {_name(backend)} (https://host, without a path)"
            )
            says.append(f"and {_name(API_TITLE)} (letters, digits, spaces). Valid OpenAPI before and after.")
        return "".join(f"# {line}\n" for line in says).encode() + to_yaml(document())


def _name(variable: str) -> str:
    return variable.removeprefix("${").removesuffix("}")


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
