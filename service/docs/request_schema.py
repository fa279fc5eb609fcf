"""The JSON Schema of a model's requests, and examples of good ones: made from its manifest.

What fits the schema is what ``service.schema`` accepts, but for two rules that JSON Schema has no words for: there is
one id for each instance, and no id comes twice with different labels.
"""

from typing import Any

from model_files.manifest import Feature, Manifest
from service.description import is_open
from service.features import bounds
from service.model import Model

_KINDS = {str: "string", int: "integer"}


def component(model: Model, kind: str) -> str:
    """The name of one of a model's components: ``Instance.flight-delay.1`` (a model's name has no dot)."""
    return f"{kind}.{model.name}.{model.version}"


def components(model: Model) -> dict[str, Any]:
    """The schemas of a model's requests and instances, by the names of their components."""
    features = {feature.name: _feature(feature, model) for feature in model.manifest.features}
    label = f"{model.name}, version {model.version}"
    as_object = {
        "title": f"An instance of {label}, as an object",
        "type": "object",
        "properties": features,
        "required": list(features),
        "additionalProperties": False,
    }
    as_array = {
        "title": f"An instance of {label}, as an array",
        "description": "The values of the features in this order: " + ", ".join(features),
        "type": "array",
        "prefixItems": list(features.values()),
        "items": False,
        "minItems": len(features),
        "maxItems": len(features),
    }
    request = {
        "title": f"A request to {label}",
        "type": "object",
        "properties": {
            "instances": {
                "description": "What to predict: each an object, or an array of the values in feature order.",
                "type": "array",
                "items": {"anyOf": [_reference(component(model, "Instance")), _reference(component(model, "Row"))]},
                "minItems": 1,
                "maxItems": model.schema.max_instances,
            },
            "ids": {
                "description": "Names of your own for the predictions, one for each instance; made here where absent.",
                "type": ["array", "null"],
                "items": {"type": "string", "minLength": 1, "maxLength": 128},
                "minItems": 1,
                "maxItems": model.schema.max_instances,
                "uniqueItems": True,
            },
        },
        "required": ["instances"],
        "additionalProperties": False,
    }
    return {
        component(model, "PredictRequest"): request,
        component(model, "Instance"): as_object,
        component(model, "Row"): as_array,
    }


def examples(model: Model) -> dict[str, Any]:
    """Good requests by name, as OpenAPI example objects."""
    manifest = model.manifest
    instance, row = manifest.example, list(_in_order(manifest).values())
    about = f"{model.name}, version {model.version}: "
    return {
        f"{model.name}.{model.version}.{name}": {"summary": about + summary, "value": value}
        for name, summary, value in (
            ("object", "one instance as an object", {"instances": [_in_order(manifest)]}),
            ("array", "one instance as an array, in feature order", {"instances": [row]}),
            ("ids", "two instances with ids of your own", {"instances": [instance, row], "ids": ["first", "second"]}),
        )
    }


def _in_order(manifest: Manifest) -> dict[str, Any]:
    return {feature.name: manifest.example[feature.name] for feature in manifest.features}


def _feature(feature: Feature, model: Model) -> dict[str, Any]:
    match feature.type:
        case "categorical":
            return _categorical(feature, model)
        case "boolean":
            return {"type": "boolean"}
        case "integer":
            smallest, largest = map(int, bounds(feature))
            return {"type": _nullable("integer", feature), "minimum": smallest, "maximum": largest}
        case "number":
            low, high = bounds(feature)
            return {"type": _nullable("number", feature), "minimum": low, "maximum": high}


def _nullable(kind: str, feature: Feature) -> str | list[str]:
    return [kind, "null"] if feature.nullable else kind


def _categorical(feature: Feature, model: Model) -> dict[str, Any]:
    known: dict[str, Any] = {"enum": list(feature.categories)}
    if not is_open(feature, counts_unseen=model.schema.counts_unseen):
        return known
    kinds = sorted({_KINDS[type(category)] for category in feature.categories})
    return {
        "description": "Another value is predicted as a category never seen.",
        "anyOf": [known, *({"type": kind} for kind in kinds)],
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
