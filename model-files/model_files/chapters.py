"""The card's chapters that every model of a kind can have, from its evaluation."""

import math

from model_files import plots
from model_files.calibration import Bin, reliability
from model_files.card import Chapter, Figure, table
from model_files.evaluation import Evaluation
from model_files.threshold import Costs

_MOST_CLASSES = 12  # in a picture of the confusion matrix


def standard(evaluation: Evaluation) -> tuple[Chapter, ...]:
    """The chapters that fit the task."""
    if evaluation.nature.task == "regression":
        picture = plots.fitted(evaluation.truth, evaluation.answers[:, 0])
        return (Chapter("Fit", "", (Figure("fit.png", "predicted against true values", picture),)),)
    if evaluation.threshold is None:
        return (
            (Chapter("Mistakes", "", confusion(evaluation)),) if len(evaluation.nature.classes) <= _MOST_CLASSES else ()
        )
    bins = reliability(evaluation.answers[:, 0], evaluation.labels)
    return (
        curves(evaluation),
        Chapter("Calibration", reliability_table(bins), (calibration(bins),)),
        threshold(evaluation.costs, evaluation.costs.threshold, cost(evaluation, "row")),
    )


def curves(evaluation: Evaluation, names: tuple[str, ...] = ()) -> Chapter:
    """ROC, precision and recall, and the confusion matrix of a binary model; ``names`` are its classes in words."""
    found = evaluation.metrics()
    threshold = evaluation.costs.threshold
    pictures = confusion(evaluation, names)
    if "roc_auc" in found:
        given = evaluation.labels, evaluation.answers[:, 0], threshold
        pictures = (
            Figure("roc.png", f"ROC curve, area {found['roc_auc']:.3f}", plots.roc(*given, found["roc_auc"])),
            Figure(
                "precision-recall.png",
                f"precision against recall, average precision {found['average_precision']:.3f}",
                plots.precision_recall(*given, found["average_precision"]),
            ),
            *pictures,
        )
    return Chapter("Curves", "The dot is the decision threshold.", pictures)


def confusion(evaluation: Evaluation, names: tuple[str, ...] = ()) -> tuple[Figure, ...]:
    """The confusion matrix as a picture."""
    matrix = evaluation.confusion()
    words = f"confusion matrix, rows are the truth: {[list(row) for row in matrix]}"
    labels = [*names] or [str(label) for label in evaluation.nature.classes]
    return (Figure("confusion.png", words, plots.confusion(matrix, labels)),)


def calibration(after: tuple[Bin, ...], before: tuple[Bin, ...] = ()) -> Figure:
    """Rates against probabilities as a picture."""
    return Figure("calibration.png", "share that came true against probability given", plots.calibration(after, before))


def reliability_table(bins: tuple[Bin, ...]) -> str:
    """Bins as a Markdown table."""
    rows = [(f"{bin_.rows:,}", f"{bin_.probability:.3f}", f"{bin_.rate:.3f}") for bin_ in bins]
    return table(("rows", "probability given", "share that came true"), rows)


def cost(evaluation: Evaluation, unit: str) -> Figure:
    """The mean cost by threshold as a picture."""
    picture = plots.cost(evaluation.labels, evaluation.answers[:, 0], evaluation.costs, unit)
    return Figure("cost.png", "mean cost by threshold, lowest near the chosen one", picture)


def threshold(costs: Costs, chosen: float, picture: Figure) -> Chapter:
    """Why the threshold is what it is."""
    return Chapter(
        "Threshold",
        f"A missed positive is taken to cost {costs.miss:g}, a false alarm {costs.false_alarm:g}, and right answers "
        f"nothing. With calibrated probabilities it then pays to call a positive from "
        f"{costs.false_alarm:g} / ({costs.false_alarm:g} + {costs.miss:g}) = {_digits(chosen)} on (Elkan, 2001).",
        (picture,),
    )


def _digits(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else str(value)
