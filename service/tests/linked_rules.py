"""Schemathesis hooks: what a request has to keep beside its schema, for which JSON Schema has no words.

A body is in the form of the model that the path names, there is an id for each instance, and an id has one label.
"""

from collections.abc import Mapping
from typing import Any

import schemathesis
from jsonschema_rs import Draft202012Validator


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: Any) -> Any:
    """Mend a request that is meant to be good; one that is meant to be bad stays as it is."""
    del context
    if case.meta is not None and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
        if "labels" in case.body:
            case.body["labels"] = list({label["id"]: label for label in case.body["labels"]}.values())
        if case.body.get("ids") is not None and len(case.body["ids"]) != len(case.body["instances"]):
            del case.body["ids"]
        if "instances" in case.body and "model" in case.path_parameters:
            _name_the_model(case)
    return case


def _name_the_model(case: Any) -> None:
    document = case.operation.schema.raw_schema
    for name in document["components"]["schemas"]:
        kind, _, model = name.partition(".")
        if kind == "PredictRequest" and _fits(case.body, name, document):
            case.path_parameters["model"], _, version = model.partition(".")
            if "version" in case.path_parameters:
                case.path_parameters["version"] = version


def _fits(body: Any, schema: str, document: Mapping[str, Any]) -> bool:
    components = {"components": document["components"], "$ref": f"#/components/schemas/{schema}"}
    return Draft202012Validator(components).is_valid(body)
