"""A JSON Schema of Google's extension rules, written from their documentation: what ``gcp`` renders must meet it.

OpenAPI's own rules are another schema's; this one looks only at what Google added. Sources:

- 3.x: https://docs.cloud.google.com/api-gateway/docs/oasv3-extensions and .../openapi-v3-limitations
- 2.0: https://docs.cloud.google.com/api-gateway/docs/oasv2-extensions and .../quotas-configure (of Endpoints)
"""

from typing import Any, Final

from gateway_config.policy.contract import METHODS

_NAME: Final = "^[A-Za-z][A-Za-z0-9_-]{0,63}$"
_TEXT: Final = {"type": "string", "minLength": 1}
_ADDRESS: Final = {
    "description": "A URL; or a variable of a Terraform template, which becomes one.",
    "type": "string",
    "pattern": r"^((https?|grpcs?)://[^/?#\s]+(/[^?#\s]*)?|\$\{[a-z][a-z0-9_]*\})$",
}
_DEADLINE: Final = {
    "description": "Seconds; 15 where nothing is said. A negative one is refused.",
    "exclusiveMinimum": 0,
}
_TRANSLATION: Final = {"enum": ["APPEND_PATH_TO_ADDRESS", "CONSTANT_ADDRESS"]}
_PROTOCOL: Final = {"enum": ["http/1.1", "h2"]}
_COUNT: Final = {"type": "integer", "minimum": 1}
_QUOTA: Final = {
    "description": "What one call counts for, by metric.",
    "type": "object",
    "required": ["metricCosts"],
    "additionalProperties": False,
    "properties": {"metricCosts": {"type": "object", "minProperties": 1, "additionalProperties": _COUNT}},
}
# A key can't be combined with another scheme by "or": one requirement, or none at all.
_SECURITY: Final = {"type": "array", "maxItems": 1, "items": {"type": "object", "minProperties": 1}}
_PATHS: Final = {
    "description": "Parameters are whole segments.",
    "propertyNames": {"pattern": r"^/$|^(/([^{}/]+|\{[^{}/]+\}))+/?$"},
}


def extensions_schema() -> dict[str, Any]:
    """The schema, for both versions of OpenAPI."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Google's extensions of OpenAPI for API Gateway",
        "type": "object",
        "oneOf": [
            {"required": ["openapi"], "$ref": "#/$defs/document_3"},
            {"required": ["swagger"], "$ref": "#/$defs/document_2"},
        ],
        "$defs": {
            "document_3": _document_3(),
            "document_2": _document_2(),
            "operation_3": _operation(_NAMED_BACKEND),
            "operation_2": _operation({"$ref": "#/$defs/backend_2"}),
            "backend_3": _backend("pathTranslation", "jwtAudience", "disableAuth"),
            "backend_2": _backend("path_translation", "jwt_audience", "disable_auth"),
            "management_3": _MANAGEMENT_3,
            "management_2": _MANAGEMENT_2,
            "key": {
                "description": "A key comes in the header x-api-key, or in the query as key or api_key.",
                "if": {"properties": {"type": {"const": "apiKey"}}},
                "then": {
                    "oneOf": [
                        {"properties": {"in": {"const": "header"}, "name": {"const": "x-api-key"}}},
                        {"properties": {"in": {"const": "query"}, "name": {"enum": ["key", "api_key"]}}},
                    ]
                },
            },
        },
    }


_NAMED_BACKEND: Final = {"description": "A name under x-google-api-management.backends.", "pattern": _NAME, **_TEXT}
_MANAGEMENT_3: Final = {
    "type": "object",
    "required": ["backends"],
    "additionalProperties": False,
    "properties": {
        "apiName": _TEXT,
        "mcp": {"type": "boolean"},
        "backends": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": {"$ref": "#/$defs/backend_3"},
        },
        "metrics": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"displayName": _TEXT},
            },
        },
        "quota": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "limits": {
                    "type": "object",
                    "additionalProperties": {
                        "description": "How many a minute and consumer project; there is no other period.",
                        "type": "object",
                        "required": ["metric", "values"],
                        "additionalProperties": False,
                        "properties": {"metric": _TEXT, "values": _COUNT},
                    },
                }
            },
        },
    },
}
_MANAGEMENT_2: Final = {
    "type": "object",
    "required": ["metrics", "quota"],
    "additionalProperties": False,
    "properties": {
        "metrics": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "valueType", "metricKind"],
                "additionalProperties": False,
                "properties": {
                    "name": _TEXT,
                    "displayName": _TEXT,
                    "valueType": {"const": "INT64"},
                    "metricKind": {"const": "DELTA"},
                },
            },
        },
        "quota": {
            "type": "object",
            "required": ["limits"],
            "additionalProperties": False,
            "properties": {
                "limits": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "metric", "unit", "values"],
                        "additionalProperties": False,
                        "properties": {
                            "name": _TEXT,
                            "metric": _TEXT,
                            "unit": {"const": "1/min/{project}"},
                            "values": {
                                "type": "object",
                                "required": ["STANDARD"],
                                "additionalProperties": False,
                                "properties": {"STANDARD": _COUNT},
                            },
                        },
                    },
                }
            },
        },
    },
}


def _document_3() -> dict[str, Any]:
    return {
        "required": ["x-google-api-management", "paths"],
        # x-google-allow is not supported in 3.x
        "propertyNames": {"not": {"pattern": "^x-google-", "not": {"enum": _ROOT_3}}},
        "properties": {
            "openapi": {"pattern": r"^3\.[01]\.\d+$"},
            "x-google-api-management": {"$ref": "#/$defs/management_3"},
            "x-google-backend": _NAMED_BACKEND,
            "security": _SECURITY,
            "paths": _paths("operation_3"),
            "components": {"properties": {"securitySchemes": {"additionalProperties": {"$ref": "#/$defs/key"}}}},
            "servers": {"contains": {"required": ["x-google-endpoint"]}, "minContains": 0, "maxContains": 1},
        },
    }


def _document_2() -> dict[str, Any]:
    return {
        "required": ["paths"],
        "propertyNames": {"not": {"pattern": "^x-google-", "not": {"enum": _ROOT_2}}},
        "properties": {
            "swagger": {"const": "2.0"},
            "x-google-management": {"$ref": "#/$defs/management_2"},
            "x-google-backend": {"$ref": "#/$defs/backend_2"},
            "x-google-allow": {"enum": ["configured", "all"]},
            "security": _SECURITY,
            "paths": _paths("operation_2"),
            "securityDefinitions": {"additionalProperties": {"$ref": "#/$defs/key"}},
        },
    }


_ROOT_3: Final = ["x-google-api-management", "x-google-backend", "x-google-auth"]
_ROOT_2: Final = ["x-google-management", "x-google-backend", "x-google-allow"]


def _paths(operation: str) -> dict[str, Any]:
    methods = {method: {"$ref": f"#/$defs/{operation}"} for method in (*METHODS, "head", "options", "trace")}
    return _PATHS | {"additionalProperties": {"properties": methods}}


def _operation(backend: dict[str, Any]) -> dict[str, Any]:
    return {
        "required": ["operationId"],
        "propertyNames": {"not": {"pattern": "^x-google-", "not": {"enum": ["x-google-backend", "x-google-quota"]}}},
        "properties": {
            "operationId": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "security": _SECURITY,
            "x-google-backend": backend,
            "x-google-quota": _QUOTA,
        },
    }


def _backend(translation: str, audience: str, no_auth: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["address"],
        "additionalProperties": False,
        "properties": {
            "address": _ADDRESS,
            "deadline": {"type": "number", **_DEADLINE},
            "protocol": _PROTOCOL,
            translation: _TRANSLATION,
            audience: _TEXT,
            no_auth: {"type": "boolean"},
        },
        # Either says how the backend knows the gateway; both at once contradict each other.
        "oneOf": [{"required": [audience]}, {"required": [no_auth]}],
    }
