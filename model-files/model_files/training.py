"""Training the two shipped models of delayed flights, from the counts to the packages."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from model_files import flights as data
from model_files.calibration import Platt, fold, platt
from model_files.candidates import MOST_ROWS, Candidate, Score, candidates, choose, compare, folds
from model_files.estimator import Nature
from model_files.evaluation import Evaluation
from model_files.flight_card import Story, one_hot_chapters
from model_files.flights import Flights
from model_files.packaging import Draft, package
from model_files.schema import Schema
from model_files.tally import Tally
from model_files.threshold import Costs

FlightModel = Literal["flight-delay", "flight-delay-onehot"]
Array = npt.NDArray[np.float64]
Report = Callable[[str], None]

# Assumed, and a parameter for that: finding out late that a flight is delayed (passengers, gates and crews to
# rearrange at the last minute) is taken to be three times as bad as having prepared for a delay that did not come.
COSTS = Costs(miss=3, false_alarm=1)

DESCRIPTION = "Will this flight out of Santiago de Chile (SCL) leave more than 15 minutes late?"


@dataclass(frozen=True)
class Trained:
    """A fitted and calibrated pipeline whose first step is the one-hot encoder, and what was learnt on the way.

    ``before`` and ``after`` are probabilities of the training rows, [n], each from a model that was not fitted on the
    row: as the model gives them, and calibrated. ``sigmoid`` is what was folded in, if the model allows it.
    """

    pipeline: Pipeline
    before: Array
    after: Array
    sigmoid: Platt | None


def select(flights: Flights, report: Report) -> tuple[Candidate, tuple[Score, ...]]:
    """Compare all candidates on the training split and choose one."""
    tally = flights.tally("train")
    report(f"Cross-validating on {tally.counts.sum():,} flights")
    scores = compare(candidates(), tally, report)
    name = choose(scores).name
    report(f"Chosen: {name}")
    return next(candidate for candidate in candidates() if candidate.name == name), scores


def fit(candidate: Candidate, tally: Tally) -> Trained:
    """Fit a candidate on all rows and calibrate it on answers to rows that it was not fitted on.

    A logistic regression's sigmoid goes into its coefficients. Another model is wrapped in one that is fitted to its
    out-of-fold answers in the same way.
    """
    if isinstance(candidate.pipeline.steps[-1][1], LogisticRegression):
        # Cells would give the same but for the last digits, and those of the shipped packages come from rows.
        before = _out_of_fold(candidate.pipeline, tally, MOST_ROWS)
        decisions = np.log(before / (1 - before))
        sigmoid = platt(decisions, tally.target)
        fitted = tally.sample(MOST_ROWS).fit(clone(candidate.pipeline))
        return Trained(fold(fitted, sigmoid), before, sigmoid(decisions), sigmoid)
    before = _out_of_fold(candidate.pipeline, tally, candidate.most)
    encoder, (_, model) = clone(candidate.pipeline).steps
    calibrated = CalibratedClassifierCV(model, method="sigmoid", cv=folds(), ensemble=False)
    # By rows always: it makes folds of what it is given, and a fold of cells would lack one outcome of each.
    pipeline = tally.sample(MOST_ROWS).fit(Pipeline([encoder, ("calibrated", calibrated)]))
    (sigmoid_of,) = calibrated.calibrated_classifiers_[0].calibrators
    after = sigmoid_of.predict(np.log(before / (1 - before)) if hasattr(model, "decision_function") else before)
    return Trained(pipeline, before, after, None)


def _out_of_fold(pipeline: Pipeline, tally: Tally, most: int) -> Array:
    """Probabilities [n], each from a model that was not fitted on the row."""
    found = np.empty(len(tally.target))
    for each in tally.folds(folds()):
        fitted = each.train.sample(most).fit(clone(pipeline))
        found[each.rows] = fitted.predict_proba(tally.cells)[tally.places[each.rows], 1]
    return found


def train(flights: Flights, costs: Costs, report: Report) -> tuple[Trained, Story]:
    """Choose, fit and calibrate a model of delayed flights.

    Args:
        flights: The data; the test split is not looked at.
        costs: What mistakes cost.
        report: Told of the progress.

    Returns:
        The model, and what its card tells of its training.
    """
    # Histogram gradient boosting's threads wait for each other spinning: on busy cores one is three times as fast.
    with threadpool_limits(1, user_api="openmp"):
        candidate, scores = select(flights, report)
        trained = fit(candidate, flights.tally("train"))
    report("Fitted and calibrated")
    return trained, tell(flights, costs, candidate, scores, trained)


def tell(flights: Flights, costs: Costs, candidate: Candidate, scores: tuple[Score, ...], trained: Trained) -> Story:
    """What a card tells of a training."""
    nature = Nature("binary", (0, 1), "probability")
    target = flights.tally("train").target
    out_of_fold = Evaluation(nature, target.astype(np.float64), trained.after[:, None], costs)
    return Story(flights, candidate.name, scores, out_of_fold, trained.before, trained.sigmoid)


def write(
    model: FlightModel, trained: Trained, story: Story, folder: Path, version: str, *, replace: bool = False
) -> Path:
    """Write the package of one of the shipped models.

    The one-hot model is the other without its first step, for its callers encode by themselves: both give the same
    probability for the same flight.

    Args:
        model: Which one.
        trained: The model.
        story: What the card tells.
        folder: Where packages are.
        version: The package's version.
        replace: Whether a package of this version may be replaced.

    Returns:
        The package's folder.
    """
    one_hot, flights = model == "flight-delay-onehot", story.flights
    draft = Draft(
        name=model,
        version=version,
        target=data.TARGET,
        description=f"{DESCRIPTION} For callers that send the challenge's 37 one-hot columns."
        if one_hot
        else DESCRIPTION,
        costs=story.out_of_fold.costs,
        training_data={"file": data.COUNTS_FILE, "sha256": flights.sha256},
        example=_one_hot_example(flights) if one_hot else data.EXAMPLE,
        tell=partial(one_hot_chapters, version=version) if one_hot else story.chapters,
    )
    estimator = Pipeline(trained.pipeline.steps[1:]) if one_hot else trained.pipeline
    reviewed = Schema(data.TARGET, flights.one_hot_features if one_hot else flights.features)
    train_rows, test_rows = (_with_target(flights, split, one_hot=one_hot) for split in data.SPLITS)
    return package(estimator, train_rows, draft, folder, test=test_rows, reviewed=reviewed, replace=replace)


def _with_target(flights: Flights, split: data.Split, *, one_hot: bool) -> pd.DataFrame:
    rows, target = flights.rows(split)
    return (flights.one_hot(rows) if one_hot else rows).assign(**{data.TARGET: target})


def _one_hot_example(flights: Flights) -> dict[str, Any]:
    return dict(flights.one_hot(pd.DataFrame([data.EXAMPLE])).iloc[0].to_dict())
