"""A few rows and scikit-learn's answers to them, so that anyone can hold a package's graph against its estimator.

The answers are kept because the estimator cannot always be opened: a random forest, for one, holds types that skops
does not trust.
"""

from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from model_files.estimator import answers
from model_files.manifest import Feature
from model_files.schema import Value, rounded, values

HELD_OUT_FILE = "held-out.json"
MOST_ROWS = 500


class HeldOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows without their target, values in the order of ``features`` (null is a missing number), and the answers.

    ``answers`` are the estimator's at packaging, in the shape of the graph's output: integers for ``label_index``.
    """

    features: tuple[str, ...]
    instances: tuple[tuple[Value, ...], ...]
    answers: tuple[int | tuple[float, ...], ...]
    schema: Literal[1] = 1

    def frame(self) -> pd.DataFrame:
        """The rows, not yet held against a schema."""
        return pd.DataFrame(list(self.instances), columns=list(self.features))

    def expected(self) -> npt.NDArray[Any]:
        """The answers as an array: integers for ``label_index``, floats for all else."""
        return np.array(self.answers)


def sample(estimator: Any, frame: pd.DataFrame, features: tuple[Feature, ...]) -> HeldOut:
    """Choose rows, no two alike, evenly through the data, at most :data:`MOST_ROWS`, and let the estimator answer.

    Args:
        estimator: A fitted classifier or regressor.
        frame: Rows that conform to its features.
        features: The features in order.
    """
    distinct = frame.drop_duplicates()
    chosen = distinct.iloc[:: max(1, -(-len(distinct) // MOST_ROWS))]
    given = answers(estimator, rounded(chosen, features)).tolist()
    names = tuple(feature.name for feature in features)
    return HeldOut(names, values(chosen[list(names)]), tuple(tuple(a) if isinstance(a, list) else a for a in given))


def encode(rows: HeldOut) -> bytes:
    """Write the rows as JSON with a final newline."""
    return msgspec.json.encode(rows) + b"\n"


def decode(text: bytes) -> HeldOut:
    """Read rows from JSON.

    Raises:
        msgspec.DecodeError: if it is none.
    """
    return msgspec.json.decode(text, type=HeldOut)
