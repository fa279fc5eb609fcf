"""What the flight models' cards tell besides the numbers: the data, the choice, the calibration and the limits."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_files import chapters, plots
from model_files.calibration import Platt, expected_error, reliability
from model_files.candidates import FOLDS, Score, behind, standard_error
from model_files.card import Chapter, Figure, table
from model_files.evaluation import Evaluation
from model_files.flights import Flights

# Of the challenge's own models on this very split: rows are the truth, columns the prediction.
PUBLISHED = (
    ("logistic regression", (18311, 92, 3985, 120)),
    ("logistic regression, balanced classes", (10958, 7445, 1477, 2628)),
    ("gradient boosting, weighted classes (XGBoost)", (9591, 8812, 1238, 2867)),
)

OUTCOMES = ("on time", "delayed")


@dataclass(frozen=True)
class Story:
    """What is known from training: every candidate's scores, and the chosen one's out-of-fold probabilities.

    ``before`` are the probabilities [n] as the model gave them; ``out_of_fold`` holds them calibrated.
    """

    flights: Flights
    chosen: str
    scores: tuple[Score, ...]
    out_of_fold: Evaluation
    before: npt.NDArray[np.float64]
    sigmoid: Platt | None

    def chapters(self, test: Evaluation) -> tuple[Chapter, ...]:
        """The card's chapters; ``test`` is the model on the challenge's test split."""
        threshold = chapters.threshold(
            self.out_of_fold.costs, self.out_of_fold.costs.threshold, chapters.cost(self.out_of_fold, "flight")
        )
        return (
            self._data(),
            self._choice(),
            self._calibration(test),
            Chapter(threshold.title, f"{threshold.text} {_COSTS}", threshold.figures),
            chapters.curves(test, OUTCOMES),
            self._comparison(test),
            Chapter("Limits", _LIMITS),
        )

    def _data(self) -> Chapter:
        counts = self.flights.counts
        total, delayed = int(counts["flights"].sum()), int(counts["delayed"].sum())
        per_split = counts.groupby("split")["flights"].sum()
        return Chapter(
            "Data",
            f"{total:,} flights out of Santiago in one year, {delayed:,} of them ({delayed / total:.1%}) more than 15 "
            f"minutes late. The split is the challenge's own: {per_split['train']:,} flights to train, "
            f"{per_split['test']:,} to test. A flight is its airline, its type and its month; rows carry nothing else, "
            "so the best that any model can do is the rate of each combination.\n\n"
            "In brackets the year's flights; a dot stands for fewer than 10 flights.",
            (Figure("delay-rate.png", "delayed flights by airline and month, per cent", plots.rates(counts)),),
        )

    def _choice(self) -> Chapter:
        best = min(self.scores, key=lambda score: float(np.mean(score.log_loss)))
        rows = []
        for score in self.scores:
            lost, error = behind(score, best)
            name = f"**{score.name}**" if score.name == self.chosen else score.name
            gap = "best" if score is best else f"{lost:.5f} ± {error:.5f}"
            rows.append((name, _mean(score.auc, 4), _mean(score.log_loss, 4), _mean(score.brier, 4), gap))
        return Chapter(
            "Choice",
            f"Every candidate was cross-validated on the same {FOLDS} folds of the training split: means with standard "
            "errors over the folds (folds share rows, so these are a little too small).\n\n"
            + table(("candidate", "AUC", "log loss", "Brier", "log loss behind the best"), rows)
            + "\n\nThe rule: of all candidates that lose no more log loss to the best one than one standard error of "
            f"that difference, the first in this list, which goes from simple to complex. It chose **{self.chosen}**.",
        )

    def _calibration(self, test: Evaluation) -> Chapter:
        labels = self.out_of_fold.labels
        before, after = reliability(self.before, labels), reliability(self.out_of_fold.answers[:, 0], labels)
        tested = reliability(test.answers[:, 0], test.labels)
        how = (
            f"A sigmoid fitted to out-of-fold decision values (slope {self.sigmoid.slope:.4f}, intercept "
            f"{self.sigmoid.intercept:+.4f}) is folded into the coefficients: it costs nothing to serve."
            if self.sigmoid
            else "A sigmoid fitted to out-of-fold answers follows the model."
        )
        errors = table(
            ("expected calibration error", "value"),
            [
                ("out of fold, before", f"{expected_error(before):.4f}"),
                ("out of fold, after", f"{expected_error(after):.4f}"),
                ("test split, after", f"{expected_error(tested):.4f}"),
            ],
        )
        return Chapter(
            "Calibration",
            f"{how}\n\n{errors}\n\nOn the test split, by tenths of the flights:\n\n"
            f"{chapters.reliability_table(tested)}\n\nThe picture is out of fold, with 95 % intervals.",
            (chapters.calibration(after, before),),
        )

    def _comparison(self, test: Evaluation) -> Chapter:
        costs = test.costs
        (negatives, alarms), (misses, hits) = test.confusion()
        here = (f"**this model, from {costs.threshold:g} on**", (negatives, alarms, misses, hits))
        rows = []
        for name, matrix in (*((f"{name}, published", matrix) for name, matrix in PUBLISHED), here):
            right, alarm, missed, found = matrix
            mean = (alarm * costs.false_alarm + missed * costs.miss) / sum(matrix)
            rows.append(
                (name, *(f"{count:,}" for count in matrix), f"{(right + found) / sum(matrix):.4f}", f"{mean:.4f}")
            )
        return Chapter(
            "Beside the challenge's own models",
            "On the same test split. Accuracy rewards saying that no flight is late, which is why the published plain "
            "model finds almost none of the late ones; the threshold here follows from what mistakes cost.\n\n"
            + table(("model", "right, on time", "false alarms", "missed", "found", "accuracy", "mean cost"), rows),
        )


def one_hot_chapters(test: Evaluation, version: str) -> tuple[Chapter, ...]:
    """The one-hot model's chapters: it is the other model, whose card of the same version tells the rest."""
    return (
        Chapter(
            "Where it comes from",
            f"The same fitted model as [flight-delay, version {version}](../../flight-delay/{version}/card.md), "
            "without its first step: callers encode airline, type and month themselves. Both give the same probability "
            f"for the same flight, and call it late from the same {test.costs.threshold:g} on. Data, choice, "
            "calibration and threshold are told there.",
        ),
        Chapter("Limits", f"{_LIMITS}\n{_ONE_HOT_LIMITS}"),
    )


def _mean(values: tuple[float, ...], digits: int) -> str:
    return f"{np.mean(values):.{digits}f} ± {standard_error(values):.{digits}f}"


_COSTS = (
    "The costs are an assumption, for the data hold none: to be surprised by a delay is taken to be three times as bad "
    "as to have prepared for one that did not come. Other costs give another threshold: "
    "`train --cost-miss 5 --cost-false-alarm 1`. The curve is on out-of-fold probabilities of the training split."
)
_LIMITS = (
    "- Airline, flight type and month are all that it sees: no hour, weather, aircraft or inbound flight. Most of what "
    "makes a flight late is not in the data.\n"
    "- One year at one airport. A July of that year is not every July, and new airlines are not in it.\n"
    "- Small airlines have few flights: 31 to train for the smallest. Their rates lean on the pairs' regularisation.\n"
    "- It is not made for decisions about single passengers or crew members."
)
_ONE_HOT_LIMITS = (
    "- Columns of 0 and 1 can contradict each other: two airlines at once, or no month. The service cannot know, and "
    "answers. New clients do better with `flight-delay`."
)
