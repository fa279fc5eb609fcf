"""Models as tables: where every feature is a category, the model has finitely many answers.

A model over a few categorical features is a function on a small grid. Its answers, computed by the estimator itself,
are an array with one axis per feature, and the graph is one node that looks the codes up in it. That holds for any
estimator, costs the same for all of them, and differs from scikit-learn by the rounding to float32 alone.
"""

import math
from typing import Any

import numpy as np
import onnx
import pandas as pd

from model_files.estimator import answers, nature
from model_files.graph import Graph
from model_files.manifest import Category, Feature

LARGEST_TABLE = 20_000  # answers; 80 kB of float32


def cells(features: tuple[Feature, ...]) -> int:
    """How many answers there are: a place for each category and one for a value that is none of them."""
    return math.prod(len(feature.categories) + 1 for feature in features)


def fits(features: tuple[Feature, ...], width: int = 1) -> bool:
    """Whether a model over these features, with ``width`` numbers an answer, is small enough to be a table."""
    return all(feature.type == "categorical" for feature in features) and cells(features) * width <= LARGEST_TABLE


def build(estimator: Any, features: tuple[Feature, ...], *, unseen: bool) -> onnx.ModelProto:
    """Tabulate an estimator: one GatherND over ``codes``.

    The last place of each axis is for a value that is no category; GatherND counts negative indices from the end, so
    that the code -1 reads it. Where such a value is refused (``unseen`` is false, or the feature is a calendar's) the
    place holds NaN (-1 for a label's index), and the service never asks for it.

    Args:
        estimator: A fitted classifier or regressor.
        features: Its features, all categorical.
        unseen: Whether the estimator answers for values that are no category.
    """
    kind = nature(estimator)
    open_ = [unseen and feature.calendar is None for feature in features]
    axes = [
        (*feature.categories, stranger(feature)) if takes else feature.categories
        for feature, takes in zip(features, open_, strict=True)
    ]
    grid = pd.MultiIndex.from_product(axes, names=[feature.name for feature in features]).to_frame(index=False)
    known = answers(estimator, grid)
    known = known.reshape(*[len(axis) for axis in axes], *known.shape[1:])
    places = [(0, 0 if takes else 1) for takes in open_] + [(0, 0)] * (known.ndim - len(features))
    known = np.pad(known, places, constant_values=-1 if kind.output == "label_index" else np.nan)
    graph = Graph()
    table = graph.constant("answers", known if kind.output == "label_index" else known.astype(np.float32))
    graph.node("GatherND", [table, "codes"], kind.output)
    return graph.model(features, kind)


def stranger(feature: Feature) -> Category:
    """A value that is none of a feature's categories."""
    if isinstance(feature.categories[0], int):
        return max(int(category) for category in feature.categories) + 1
    name = "?"
    while name in feature.categories:
        name += "?"
    return name
