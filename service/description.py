"""What a model says of itself to whoever may call it: made from its manifest."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from model_files.manifest import Category, Feature, Label
from service.model import Model
from service.problem import Problem
from service.registry import Registry

Unseen = Literal["reject", "count"]


class FeatureDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One feature of an instance; its place in the list is its place in an instance given as an array."""

    name: Annotated[str, Meta(description="The feature's name, and its key in an instance given as an object.")]
    type: Annotated[
        Literal["categorical", "integer", "number", "boolean"], Meta(description="What kind of value it takes.")
    ]
    categories: Annotated[
        tuple[Category, ...] | UnsetType, Meta(description="The values that a categorical feature knows.")
    ] = UNSET
    unseen: Annotated[
        Unseen | UnsetType,
        Meta(description="What becomes of another category: refused, or predicted all the same and counted."),
    ] = UNSET
    range: Annotated[
        tuple[float, float] | UnsetType, Meta(description="The smallest and the largest number that is taken.")
    ] = UNSET
    calendar: Annotated[
        Literal["month", "weekday", "hour"] | UnsetType,
        Meta(description="The part of the calendar that the feature follows, where it follows one."),
    ] = UNSET
    nullable: Annotated[bool, Meta(description="Whether null may stand for a number that is missing.")]


class ModelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A model being served, with its versions."""

    name: Annotated[str, Meta(description="The model's name.", examples=["flight-delay"])]
    version: Annotated[str, Meta(description="The newest version: it answers where no version is asked for.")]
    versions: Annotated[tuple[str, ...], Meta(description="Every version being served, oldest first.")]
    default: Annotated[bool, Meta(description="Whether `POST /v1/predict` is answered by this model.")]
    description: Annotated[str, Meta(description="What the model answers, in words.")]
    task: Annotated[
        Literal["binary", "multiclass", "regression"], Meta(description="Two classes, more classes, or a number.")
    ]
    target: Annotated[str, Meta(description="The name of what is predicted.")]


class ModelList(msgspec.Struct, frozen=True):
    """Every model being served."""

    default: Annotated[
        str | None, Meta(description="The model that answers `POST /v1/predict`; null where there is none.")
    ]
    models: Annotated[tuple[ModelSummary, ...], Meta(description="The models, by name.")]


class ExampleRequest(msgspec.Struct, frozen=True):
    """A request body that the model answers."""

    instances: Annotated[tuple[dict[str, Any], ...], Meta(description="One instance.")]


class ModelDescription(ModelSummary, frozen=True, kw_only=True):
    """One version of a model: what it takes, what it answers and how good it is."""

    version: Annotated[str, Meta(description="The version described here.")]
    path: Annotated[str, Meta(description="Where this version takes predictions.")]
    features: Annotated[
        tuple[FeatureDescription, ...],
        Meta(description="What an instance consists of, in the order of an instance given as an array."),
    ]
    classes: Annotated[
        tuple[Label, ...],
        Meta(description="The labels there are; empty for a regression. A probability of two is that of the second."),
    ]
    threshold: Annotated[
        float | None,
        Meta(description="From this probability on the label is the second class; null where no threshold decides."),
    ]
    example: Annotated[ExampleRequest, Meta(description="A request that this version answers.")]
    metrics: Annotated[dict[str, float], Meta(description="What the model reached on data held out of its training.")]
    confusion_matrix: Annotated[
        tuple[tuple[int, ...], ...],
        Meta(description="Counts on the same data: a row for each true class, a column for each predicted one."),
    ]
    training_data: Annotated[
        dict[str, str | int], Meta(description="What the model was trained on, with the data's digest.")
    ]
    libraries: Annotated[dict[str, str], Meta(description="The versions of the libraries that made the model.")]
    sha256: Annotated[
        str,
        Meta(
            description="SHA-256 of the package's manifest, which holds the digest of every other file.",
            pattern="^[0-9a-f]{64}$",
        ),
    ]


def list_models(registry: Registry) -> ModelList:
    """Every model being served, by name."""
    models = list(registry)
    default = _default(registry)
    newest = {model.name: model for model in models}  # the registry's order puts the newest version last
    return ModelList(
        default, tuple(ModelSummary(**_summary(model, models, default)) for _, model in sorted(newest.items()))
    )


def describe(registry: Registry, model: Model) -> ModelDescription:
    """All that there is to say of one version of a model."""
    manifest = model.manifest
    return ModelDescription(
        **_summary(model, list(registry), _default(registry)),
        path=f"/v1/models/{model.name}/versions/{model.version}/predict",
        features=tuple(_feature(feature, counts_unseen=model.schema.counts_unseen) for feature in manifest.features),
        classes=manifest.classes,
        threshold=manifest.threshold,
        example=ExampleRequest((manifest.example,)),
        metrics=manifest.metrics,
        confusion_matrix=manifest.confusion_matrix,
        training_data=manifest.training_data,
        libraries=manifest.libraries,
        sha256=model.sha256,
    )


def is_open(feature: Feature, *, counts_unseen: bool) -> bool:
    """Whether a feature takes a category that it has never seen; the calendar has no thirteenth month."""
    return feature.type == "categorical" and counts_unseen and feature.calendar is None


def _summary(model: Model, models: list[Model], default: str | None) -> Mapping[str, Any]:
    manifest = model.manifest
    return {
        "name": model.name,
        "version": model.version,
        "versions": tuple(other.version for other in models if other.name == model.name),
        "default": model.name == default,
        "description": manifest.description,
        "task": manifest.task,
        "target": manifest.target,
    }


def _feature(feature: Feature, *, counts_unseen: bool) -> FeatureDescription:
    unseen: Unseen = "count" if is_open(feature, counts_unseen=counts_unseen) else "reject"
    return FeatureDescription(
        name=feature.name,
        type=feature.type,
        categories=feature.categories or UNSET,
        unseen=unseen if feature.type == "categorical" else UNSET,
        range=UNSET if feature.range is None else feature.range,
        calendar=feature.calendar or UNSET,
        nullable=feature.nullable,
    )


def _default(registry: Registry) -> str | None:
    try:
        return registry.find(None, None).name
    except Problem:
        return None
