"""Making a package: a fitted estimator and its data become a folder that the service can be given."""

import importlib.metadata
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from model_files import card, chapters, conversion, estimator_file, held_out, reference, reference_file, schema
from model_files.card import Chapter
from model_files.estimator import EstimatorError, answers, columns
from model_files.evaluation import Evaluation, evaluate
from model_files.manifest import MODEL_FILE, Feature, Manifest
from model_files.package import write
from model_files.schema import Schema
from model_files.table import stranger
from model_files.threshold import Costs

LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "skops", "numpy", "scipy", "pandas")
_MOST_COMPARED = 20_000  # rows that the graph is held against scikit-learn on


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a package is to be.

    ``costs`` set a binary model's threshold. ``training_data`` is what the manifest says of the data besides its
    rows: a file's name and SHA-256, for one. ``tell`` writes the card's chapters from the evaluation.
    """

    name: str
    version: str
    target: str
    description: str = ""
    costs: Costs = field(default_factory=Costs)
    unseen: Literal["reject", "count"] = "reject"
    training_data: Mapping[str, str | int] = field(default_factory=dict)
    example: Mapping[str, schema.Value] = field(default_factory=dict)
    tell: Callable[[Evaluation], tuple[Chapter, ...]] = chapters.standard


def package(
    estimator: Any,
    data: pd.DataFrame,
    draft: Draft,
    folder: Path,
    *,
    test: pd.DataFrame | None = None,
    reviewed: Schema | None = None,
    replace: bool = False,
) -> Path:
    """Make a package of a fitted classifier or regressor.

    Args:
        estimator: Fitted on a data frame, or on an array whose columns are the data's in order.
        data: The rows that it was fitted on, with the target; text columns are categories.
        draft: What the package is to be.
        folder: Where ``<name>/<version>/`` is put.
        test: Rows that it was not fitted on, for the metrics; without them, they are taken on ``data`` and the card
            says so.
        reviewed: The schema; by default it is inferred from all rows.
        replace: Whether a package of this name and version may be replaced by another.

    Returns:
        The package's folder.

    Raises:
        PackageError: if the version is there already with other bytes.
        SchemaError: if the data do not fit the schema.
        EstimatorError: if the estimator is not fitted, or does not answer for the data.
        ConversionError: if it does not convert to ONNX, or answers otherwise there.
        EstimatorFileError: if skops cannot write it.
    """
    rows = data if test is None else pd.concat([data, test], ignore_index=True)
    features = (reviewed or schema.infer(rows, draft.target, columns(estimator))).features
    _check_features(estimator, features)
    train_frame = schema.conform(data, features)
    test_frame = train_frame if test is None else schema.conform(test, features)
    _probe(estimator, train_frame.iloc[:1], features, unseen=draft.unseen == "count")

    in_training = evaluate(estimator, train_frame, data[draft.target], draft.costs)
    measured = in_training if test is None else evaluate(estimator, test_frame, test[draft.target], draft.costs)
    compared = test_frame.iloc[:: len(test_frame) // _MOST_COMPARED + 1]
    graph, difference = conversion.convert(estimator, features, compared, unseen=draft.unseen == "count")
    told = draft.tell(measured)
    manifest = _manifest(draft, features, measured, difference, train_frame, 0 if test is None else len(test))
    files = {
        MODEL_FILE: graph,
        estimator_file.ESTIMATOR_FILE: estimator_file.dump(estimator),
        reference_file.REFERENCE_FILE: reference_file.encode(reference.build(train_frame, features, in_training)),
        held_out.HELD_OUT_FILE: held_out.encode(held_out.sample(estimator, test_frame, features)),
        card.CARD_FILE: card.render(manifest, told).encode(),
        **{figure.file: figure.png for chapter in told for figure in chapter.figures},
    }
    return write(folder, manifest, files, replace=replace)


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that a package depends on, as installed here."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in LIBRARIES}


def _manifest(
    draft: Draft,
    features: tuple[Feature, ...],
    measured: Evaluation,
    difference: float,
    train: pd.DataFrame,
    tested: int,
) -> Manifest:
    first = dict(zip([feature.name for feature in features], schema.values(train.iloc[:1])[0], strict=True))
    return Manifest(
        name=draft.name,
        version=draft.version,
        description=draft.description,
        task=measured.nature.task,
        features=features,
        target=draft.target,
        classes=measured.nature.classes,
        output=measured.nature.output,
        threshold=measured.threshold,
        unseen=draft.unseen,
        example=dict(draft.example) or first,
        files={},
        training_data={**draft.training_data, "rows": len(train), "held_out_rows": tested},
        libraries=versions(),
        metrics=measured.metrics(),
        confusion_matrix=measured.confusion(),
        onnx_max_difference=float(f"{difference:.2g}"),
    )


def _check_features(estimator: Any, features: tuple[Feature, ...]) -> None:
    """The schema has the estimator's columns, no fewer and no more."""
    names = [feature.name for feature in features]
    fitted = columns(estimator)
    if fitted is not None and sorted(fitted) != sorted(names):
        lacking, needless = sorted({*fitted} - {*names}), sorted({*names} - {*fitted})
        raise schema.SchemaError(
            "the schema's features are not the columns that the estimator was fitted on: "
            + "; ".join(
                f"{words} {', '.join(map(repr, which))}"
                for words, which in (("it lacks", lacking), ("it has too many with", needless))
                if which
            )
        )
    width = getattr(estimator, "n_features_in_", len(names))
    if width != len(names):
        raise schema.SchemaError(f"the schema has {len(names)} features, and the estimator was fitted on {width}")


def _probe(estimator: Any, row: pd.DataFrame, features: tuple[Feature, ...], *, unseen: bool) -> None:
    """The estimator answers for every category, and where it is to, for a value that is none."""
    for feature in features:
        if feature.type != "categorical":
            continue
        extra = [stranger(feature)] if unseen and not feature.calendar else []
        values = [*feature.categories, *extra]
        probes = row.loc[row.index.repeat(len(values))].assign(**{feature.name: values})
        try:
            answers(estimator, probes)
        except Exception as error:
            # Whatever an estimator raises for a value, it is no answer.
            if not extra:
                raise EstimatorError(
                    f"{feature.name!r}: the estimator does not answer for all of its categories: {error}"
                ) from error
            raise EstimatorError(
                f"{feature.name!r}: the estimator does not answer for a value that it never saw, so that the policy "
                f"for those has to be 'reject' (or its encoder handle_unknown='ignore'): {error}"
            ) from error
