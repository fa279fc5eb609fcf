"""The OpenAPI documents that GCP API Gateway is given: the policy's part of the service's own, with Google's extensions.

Both are templates of Terraform's ``templatefile`` where the policy's backend is a variable: the variable and
``${api_title}`` are filled in, and every other ``${`` and ``%{`` is escaped. Otherwise they can be deployed as they are.

The extensions: https://docs.cloud.google.com/api-gateway/docs/oasv3-extensions and .../oasv2-extensions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gateway_config.envoy import headers
from gateway_config.gcp.marks import GCP, remote_clients
from gateway_config.policy.contract import METHODS, Contract
from gateway_config.policy.model import Operation, Policy
from gateway_config.policy.problems import is_variable

API_TITLE: Final = "${api_title}"

_SCHEME = "ApiKey"
_METRIC = "requests"
_LIMIT = "requests-per-minute"
_LIMIT_SAYS = "Requests a minute and project"
_PROTOCOL = "http/1.1"  # what the service speaks; Cloud Run would take h2 only from a container that does
_TRANSLATION = "APPEND_PATH_TO_ADDRESS"
_REFERENCE = re.compile(r"#/components/(\w+)/(.+)")


def requests_per_minute(policy: Policy) -> int | None:
    """The quota of every project: the largest client's rate; None, where a client may ask as fast as it likes."""
    clients = [policy.rate(policy.clients[name]) for name in remote_clients(policy)] or [policy.defaults.rate]
    rates = [rate.per_second for rate in clients if rate is not None]
    return 60 * max(rates) if len(rates) == len(clients) else None


@dataclass(frozen=True)
class GcpDocuments:
    """A policy and the service's document, from which both versions are made."""

    policy: Policy
    contract: Contract

    def openapi_3(self) -> dict[str, Any]:
        """OpenAPI 3.1: the service's document with the policy's operations only, and what these refer to."""
        document = self._text(self.contract.document)
        paths: dict[str, dict[str, Any]] = {}
        for path, item in document["paths"].items():
            kept = {key: value for key, value in item.items() if key not in METHODS}
            for method in (method for method in METHODS if method in item):
                operation = self.policy.operations.get(item[method]["operationId"])
                if operation is not None:
                    kept[method] = item[method] | self._extensions_3(operation)
            if any(method in kept for method in METHODS):
                paths[path] = kept
        components = _reachable(paths, document.get("components", {}))
        components["securitySchemes"] = {_SCHEME: {"type": "apiKey", "in": "header", "name": headers.KEY}}
        tags = {tag for item in paths.values() for method in METHODS for tag in item.get(method, {}).get("tags", [])}
        return {
            "openapi": document["openapi"],
            "info": document["info"] | {"title": self._title},
            "x-google-api-management": self._management_3(),
            "security": [{_SCHEME: []}],
            "tags": [tag for tag in document.get("tags", []) if tag["name"] in tags],
            "paths": paths,
            "components": components,
        }

    def openapi_2(self) -> dict[str, Any]:
        """OpenAPI 2.0: paths, parameters and rules. Bodies have no schema: 2.0 can't say them, and GCP enforces none."""
        info = self._text(self.contract.document["info"])
        paths: dict[str, dict[str, Any]] = {}
        for name, operation in self.policy.operations.items():
            definition = self._text(self.contract.operations[name].definition)
            paths.setdefault(operation.path, {})[operation.method.lower()] = self._operation_2(
                name, operation, definition
            )
        document = {
            "swagger": "2.0",
            "info": {"title": self._title, "description": info.get("description", ""), "version": info["version"]},
            "schemes": ["https"],
            "security": [{_SCHEME: []}],
            "securityDefinitions": {_SCHEME: {"type": "apiKey", "in": "header", "name": headers.KEY}},
            "paths": paths,
        }
        return document | self._management_2()

    @property
    def _address(self) -> str:
        return self.policy.environments[GCP].backends[0]

    @property
    def _title(self) -> str:
        """Terraform names the API where it names the backend."""
        return API_TITLE if is_variable(self._address) else str(self.contract.document["info"]["title"])

    def _text(self, value: Any) -> Any:
        """Plain data of the service's with its texts escaped for ``templatefile``, where it will be given to that."""
        return _escaped(value) if is_variable(self._address) else value

    def _extensions_3(self, operation: Operation) -> dict[str, Any]:
        return {
            "security": [{_SCHEME: []}] if operation.keyed else [],
            "x-google-backend": self._backend_name(self.policy.deadline(operation)),
            **self._quota(operation),
        }

    def _management_3(self) -> dict[str, Any]:
        deadlines = {self.policy.deadline(operation) for operation in self.policy.operations.values()}
        management: dict[str, Any] = {
            "backends": {
                self._backend_name(deadline): {
                    "address": self._address,
                    "jwtAudience": self._address,  # said, so that only the gateway's service account gets through
                    "pathTranslation": _TRANSLATION,
                    "deadline": deadline,
                    "protocol": _PROTOCOL,
                }
                for deadline in sorted(deadlines, reverse=True)
            }
        }
        limit = requests_per_minute(self.policy)
        if limit is not None:
            management["metrics"] = {_METRIC: {"displayName": _LIMIT_SAYS}}
            management["quota"] = {"limits": {_LIMIT: {"metric": _METRIC, "values": limit}}}
        return management

    def _management_2(self) -> dict[str, Any]:
        limit = requests_per_minute(self.policy)
        if limit is None:
            return {}
        metric = {"name": _METRIC, "displayName": _LIMIT_SAYS, "valueType": "INT64", "metricKind": "DELTA"}
        values = {"STANDARD": limit}
        quota = {"limits": [{"name": _LIMIT, "metric": _METRIC, "unit": "1/min/{project}", "values": values}]}
        return {"x-google-management": {"metrics": [metric], "quota": quota}}

    def _operation_2(self, name: str, operation: Operation, definition: dict[str, Any]) -> dict[str, Any]:
        parameters = [{"name": part, "in": "path", "required": True, "type": "string"} for part in _names(operation)]
        if "requestBody" in definition:
            parameters.append({"name": "body", "in": "body", "schema": {}})
        return {
            "operationId": name,
            "summary": definition.get("summary", name),
            **({"parameters": parameters} if parameters else {}),
            "responses": {code: self._response_2(answer) for code, answer in definition["responses"].items()},
            "security": [{_SCHEME: []}] if operation.keyed else [],
            "x-google-backend": {
                "address": self._address,
                "jwt_audience": self._address,
                "path_translation": _TRANSLATION,
                "deadline": self.policy.deadline(operation),
                "protocol": _PROTOCOL,
            },
            **self._quota(operation),
        }

    def _response_2(self, answer: dict[str, Any]) -> dict[str, Any]:
        match = _REFERENCE.fullmatch(answer.get("$ref", ""))
        if match is not None:
            answer = self._text(self.contract.document["components"][match[1]][match[2]])
        return {"description": answer["description"]}

    def _quota(self, operation: Operation) -> dict[str, Any]:
        """Without a key there is no project to count for."""
        if not operation.keyed or requests_per_minute(self.policy) is None:
            return {}
        return {"x-google-quota": {"metricCosts": {_METRIC: operation.cost}}}

    def _backend_name(self, deadline: float) -> str:
        """The service, once for each deadline: in 3.1 a deadline is the backend's and not the operation's."""
        if deadline == self.policy.defaults.deadline_seconds:
            return "service"
        return f"service-{deadline:g}s".replace(".", "-")


def _names(operation: Operation) -> list[str]:
    return re.findall(r"\{(\w+)\}", operation.path)


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {_escaped(key): _escaped(item) for key, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list) else value


def _reachable(paths: dict[str, Any], components: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The components that the paths refer to, directly or not, in the document's order."""
    seen: set[tuple[str, str]] = set()
    waiting = list(_references(paths))
    while waiting:
        kind, name = reference = waiting.pop()
        if reference not in seen:
            seen.add(reference)
            waiting += _references(components[kind][name])
    kept = {
        kind: {name: part for name, part in parts.items() if (kind, name) in seen} for kind, parts in components.items()
    }
    return {kind: parts for kind, parts in kept.items() if parts}


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        match = _REFERENCE.fullmatch(value["$ref"]) if isinstance(value.get("$ref"), str) else None
        if match is not None:
            yield match[1], match[2]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
