"""What an answer must be: onnxruntime run directly on the model package, with nothing of the service in between."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from load_tests.bodies import Instance
from model_files import package
from model_files.manifest import Label

# The graph computes in float32; a batch may be summed in another order than one row.
TOLERANCE = 1e-5


class OracleError(ValueError):
    """A package that flights cannot be scored with; the message names the package and what was expected."""


@dataclass(frozen=True)
class Prediction:
    """The right label and probability of one instance."""

    label: Label
    probability: float


class Oracle:
    """Scores instances of one binary model package.

    Raises:
        OracleError: if the model gives no probability of a class, which these load tests do not know how to check.
        PackageError: if the package is refused.
    """

    def __init__(self, path: Path) -> None:
        read = package.read(path)
        if read.manifest.output != "probability" or read.manifest.threshold is None:
            raise OracleError(f"{path}: its output is {read.manifest.output!r}, expected 'probability'")
        self.manifest = read.manifest
        self._threshold = read.manifest.threshold
        self._codes = [
            {category: code for code, category in enumerate(feature.categories)}
            for feature in read.manifest.categorical
        ]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(read.graph, options, providers=["CPUExecutionProvider"])

    def predict(self, instances: Sequence[Instance]) -> list[Prediction]:
        """Score instances: codes int64 ``[n, C]``, numbers float32 ``[n, K]``, as the manifest orders them."""
        categorical, numeric = self.manifest.categorical, self.manifest.numeric
        feeds: dict[str, Any] = {}
        if categorical:
            codes = [
                [known.get(row[feature.name], -1) for feature, known in zip(categorical, self._codes, strict=True)]
                for row in instances
            ]
            feeds["codes"] = np.array(codes, dtype=np.int64)
        if numeric:
            numbers = [[row[feature.name] for feature in numeric] for row in instances]
            feeds["numbers"] = np.array(numbers, dtype=np.float32)
        (output,) = self._session.run([self.manifest.output], feeds)
        negative, positive = self.manifest.classes
        return [
            Prediction(positive if probability >= self._threshold else negative, float(probability))
            for probability in output[:, 0]
        ]

    def disagreement(self, instances: Sequence[Instance], answer: bytes) -> str | None:
        """Compare an answer of ``/v1/predict`` with the package itself; say what differs, or None."""
        try:
            got = json.loads(answer)["predictions"]
            pairs = [(row["label"], float(row["probability"])) for row in got]
        except (ValueError, KeyError, TypeError) as error:
            return f"the answer is no list of predictions ({type(error).__name__}: {error}): {answer[:200]!r}"
        wanted = self.predict(instances)
        if len(pairs) != len(wanted):
            return f"{len(pairs)} predictions for {len(wanted)} instances"
        for row, want, (label, probability) in zip(instances, wanted, pairs, strict=True):
            # At the threshold itself the last bit of the probability may fall on either side.
            close = abs(probability - want.probability) <= TOLERANCE
            tied = abs(want.probability - self._threshold) <= TOLERANCE
            if not close or (label != want.label and not tied):
                return f"{row}: {label!r} at {probability}, expected {want.label!r} at {want.probability:.7f}"
        return None


def newest(models: Path, name: str) -> Path:
    """The folder of the newest version of a model, the one that a service answers with by default.

    Raises:
        OracleError: if there is no such model.
        PackageError: if ``models`` is no folder.
    """
    found = [path for path in package.find(models) if path.parent.name == name]
    if not found:
        raise OracleError(f"{models}: no package of the model {name!r}, expected {name}/<version>/manifest.json")
    return found[-1]
