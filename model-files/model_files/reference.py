"""What the training data looked like, in counts: what drift is later measured against.

Counts add up and lose nothing that a drift score needs. Where every feature is discrete and few combinations occur,
the combinations themselves are counted, from which every other count follows.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from model_files.buckets import WIDTH, Buckets
from model_files.evaluation import Evaluation
from model_files.manifest import Feature, Label
from model_files.reference_file import Cells, Histogram, Probabilities, Reference, Values

MOST_VALUES = 50  # of an integer; beyond, it is binned as a number
MOST_CELLS = 10_000
_QUANTILES = 20
_PROBABILITY_BINS = 20

Array = npt.NDArray[np.float64]


def build(frame: pd.DataFrame, features: tuple[Feature, ...], evaluation: Evaluation) -> Reference:
    """Count the training data.

    Args:
        frame: Rows that conform to the features.
        features: The features in order.
        evaluation: Of the same rows.
    """
    counted: dict[str, Values | Histogram] = {
        feature.name: _feature(feature, frame[feature.name]) for feature in features
    }
    if evaluation.nature.task == "regression":
        return Reference(
            rows=len(frame),
            features=counted,
            labels=histogram(evaluation.truth),
            predictions=histogram(evaluation.answers[:, 0]),
        )
    return Reference(
        rows=len(frame),
        features=counted,
        labels=_classes(evaluation.nature.classes, evaluation.labels),
        predictions=_classes(evaluation.nature.classes, evaluation.predictions),
        probability=_probabilities(evaluation) if evaluation.nature.output != "label_index" else None,
        cells=_cells(frame, features, counted, evaluation) if evaluation.nature.output == "probability" else None,
    )


def histogram(values: Array, bins: int = _QUANTILES) -> Histogram:
    """Count numbers between their own quantiles; equal quantiles make one edge, and NaN is missing."""
    present = values[~np.isnan(values)]
    edges = np.unique(np.quantile(present, np.linspace(0, 1, bins + 1)))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0]])
    counts = np.bincount(_places(edges, present), minlength=len(edges) - 1)
    found = Histogram(tuple(edges.tolist()), tuple(counts.tolist()), int(len(values) - len(present)))
    places, rows = np.unique(bucketed(present, Buckets.of(found)), return_counts=True)
    return msgspec.structs.replace(found, buckets=dict(zip(places.tolist(), rows.tolist(), strict=True)))


def bucketed(values: Array, buckets: Buckets) -> npt.NDArray[np.int64]:
    """The bucket of each number; none is NaN."""
    away = np.minimum(np.abs(values - buckets.centre), buckets.reach) * (1 / buckets.scale)
    places = np.floor(np.log(away + np.sqrt(away * away + 1)) * (1 / WIDTH) + 0.5).astype(np.int64)
    return np.where(values < buckets.centre, -places, places)


def _feature(feature: Feature, column: pd.Series) -> Values | Histogram:
    values = column.dropna()
    missing = len(column) - len(values)
    if feature.type == "categorical":
        return Values(feature.categories, tuple(int((values == category).sum()) for category in feature.categories))
    if feature.type == "boolean":
        return Values((False, True), (int((~values).sum()), int(values.sum())))
    if feature.type == "integer" and values.nunique() <= MOST_VALUES:
        found = values.astype(int).value_counts().sort_index()
        return Values(tuple(found.index.tolist()), tuple(found.tolist()), missing)
    return histogram(column.to_numpy(dtype=np.float64))


def _classes(classes: tuple[Label, ...], places: npt.NDArray[np.int64]) -> Values:
    return Values(classes, tuple(np.bincount(places, minlength=len(classes)).tolist()))


def _probabilities(evaluation: Evaluation) -> Probabilities:
    given = evaluation.answers.max(axis=1)  # the only column of two classes, the predicted one's of more
    edges = np.linspace(0, 1, _PROBABILITY_BINS + 1).round(2)
    places = _places(edges, given)
    sums = np.bincount(places, weights=given, minlength=_PROBABILITY_BINS)
    counts = np.bincount(places, minlength=_PROBABILITY_BINS)
    return Probabilities(tuple(edges.tolist()), tuple(counts.tolist()), _rounded(sums.astype(np.float64)))


def _cells(
    frame: pd.DataFrame,
    features: tuple[Feature, ...],
    counted: Mapping[str, Values | Histogram],
    evaluation: Evaluation,
) -> Cells | None:
    if any(feature.nullable for feature in features) or any(isinstance(one, Histogram) for one in counted.values()):
        return None
    names = [feature.name for feature in features]
    measured = {
        "\0rows": 1,
        "\0positive": evaluation.labels,
        "\0probability": evaluation.answers[:, 0],
        "\0called": evaluation.predictions,
    }
    sums = frame.assign(**measured).groupby(names, sort=True).sum().reset_index()
    if len(sums) > MOST_CELLS:
        return None
    return Cells(
        tuple(names),
        tuple(zip(*(sums[name].tolist() for name in names), strict=True)),
        tuple(sums["\0rows"].tolist()),
        tuple(sums["\0positive"].tolist()),
        _rounded(sums["\0probability"].to_numpy()),
        tuple(sums["\0called"].tolist()),
    )


def _places(edges: Array, values: Array) -> npt.NDArray[np.int64]:
    """The bin of each value: the last edge belongs to the last bin."""
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(0, len(edges) - 2))


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
