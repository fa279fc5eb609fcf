"""The published types in words, for the OpenAPI document.

The words stand here as data because the service runs without docstrings (``python -OO``). A type's name finds them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec


class Words(NamedTuple):
    """What a type is, and what JSON Schema has to say of its fields beyond what their own types do."""

    description: str
    fields: Mapping[str, Mapping[str, Any]] = {}


WORDS: Mapping[str, Words] = {
    "Predictions": Words(
        "The body of an answer.",
        {
            "model": {"description": "The model that answered."},
            "version": {"description": "Its version."},
            "predictions": {"description": "One for each instance, in the order of the request."},
        },
    ),
    "Prediction": Words(
        "The answer for one instance.",
        {
            "id": {"description": "The prediction's id: yours, or a UUIDv7 made here. Labels refer to it."},
            "label": {"description": "The class, or the value of a regression."},
            "probability": {
                "description": "Of two classes that of the second, of more that of the label; "
                "null without probabilities.",
                "minimum": 0,
                "maximum": 1,
            },
        },
    ),
    "LabelsRequest": Words(
        "The body of `POST /v1/labels`.", {"labels": {"description": "The labels; an id has one label in a request."}}
    ),
    "Label": Words(
        "What a prediction turned out to be.",
        {
            "id": {"description": "The id of the prediction."},
            "label": {"description": "What was true: a class, or the value of a regression."},
        },
    ),
    "ProblemDetails": Words(
        "The body of an error; `errors` only where the input is at fault, field by field.\n\n"
        "`error` is the detail once more, under `/v2` only: where the Open Inference Protocol's clients look for it.",
        {
            "type": {"description": "The kind of problem (RFC 9457); `about:blank` where the status says it all."},
            "title": {"description": "The status in words."},
            "status": {"description": "The status.", "minimum": 400, "maximum": 599},
            "detail": {"description": "What came and what was expected."},
            "request_id": {"description": "The request's id, as in `x-request-id`."},
            "errors": {"description": "The fields at fault, the first 20 of them; only where the input is."},
            "error": {
                "description": "The detail once more; only under `/v2`, where clients of that protocol look for it."
            },
        },
    ),
    "FieldError": Words(
        "One thing wrong with the input: where (RFC 6901 pointer), what came and what was expected.",
        {
            "pointer": {"description": "Where it is in the body, an RFC 6901 pointer."},
            "field": {"description": "The name of the field."},
            "received": {"description": "What came."},
            "expected": {"description": "What was expected, in words."},
        },
    ),
    # Their fields are described where they are defined, in ``service.description``.
    "ModelList": Words("Every model being served."),
    "ModelSummary": Words("A model being served, with its versions."),
    "ModelDescription": Words("One version of a model: what it takes, what it answers and how good it is."),
    "FeatureDescription": Words(
        "One feature of an instance; its place in the list is its place in an instance given as an array."
    ),
    "ExampleRequest": Words("A request body that the model answers."),
    # The Open Inference Protocol describes the fields of its messages itself.
    "ServerMetadata": Words("The server, and what it speaks beyond the protocol."),
    "ServerLive": Words("Whether the server is live."),
    "ServerReady": Words(
        "Whether the server is ready; the protocol's text says `live` here and its servers say `ready`."
    ),
    "ModelMetadata": Words("A model: all its versions, its inputs and its outputs."),
    "ModelReady": Words("Whether a model is ready."),
    "TensorMetadata": Words("What a tensor is like; -1 is a size that varies."),
    "InferenceRequest": Words("The JSON of an inference request; without `outputs`, all of them are wanted."),
    "RequestParameters": Words("What may be said of a request; parameters of no meaning here are ignored."),
    "RequestInput": Words(
        "An input as it is announced: its data here, or `binary_data_size` bytes of it after the JSON."
    ),
    "InputParameters": Words("What may be said of an input; parameters of no meaning here are ignored."),
    "RequestedOutput": Words("An output that is wanted."),
    "OutputParameters": Words(
        "How a requested output is wanted; `binary_data` overrides the request's `binary_data_output`."
    ),
    "InferenceResponse": Words(
        "The JSON of an inference response; `id` is the request's own, or the request identifier where it has none."
    ),
    "ResponseParameters": Words(
        "`request_id`, as in the header `x-request-id`, is what the prediction log knows the request by."
    ),
    "ResponseOutput": Words(
        "An output: its data here, row by row and flat, or `binary_data_size` bytes of it after the JSON."
    ),
    "BinaryData": Words("How many bytes after the JSON are an output's."),
}


def schema_components(
    types: Iterable[Any], ref_template: str = "#/$defs/{name}"
) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """``msgspec.json.schema_components`` with the words: the schemas of types, and the components that they refer to.

    Raises:
        KeyError: if there are no words for a type, or some for a field that it does not have.
    """
    schemas, components = msgspec.json.schema_components(types, ref_template=ref_template)
    return schemas, {name: _put_into_words(schema, WORDS[name]) for name, schema in components.items()}


def _put_into_words(schema: dict[str, Any], words: Words) -> dict[str, Any]:
    """The words in the place where msgspec puts a docstring, whether there is one or not."""
    for field, says in words.fields.items():
        schema["properties"][field] |= says
    return {"title": None, "description": None} | schema | {"description": words.description}
