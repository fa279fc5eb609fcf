"""A model ready to answer: a verified package, its compiled schema and its onnxruntime session, warmed."""

import os
import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from model_files.manifest import Label, Manifest
from model_files.package import Package, PackageError
from service.metrics import Metrics
from service.schema import Batch, Codes, Numbers, Schema, stack

_DIGITS = 6  # of a probability: float32 holds no more
_FEW = 64
_WARM_ROWS = 100
_WARM_RUNS = 3


class Scores(msgspec.Struct, frozen=True, gc=False):
    """What a model says of ``n`` instances: ``n`` labels, ``n`` probabilities (None where the model gives none).

    The probability is that of the second class where there are two, of the label where there are more.
    """

    labels: Sequence[Label | float]
    probabilities: Sequence[float | None]


# Where an output that is not finite would show.
_FINITE: dict[str, Callable[[Scores], Sequence[Any]]] = {
    "probability": attrgetter("probabilities"),
    "probabilities": attrgetter("probabilities"),
    "value": attrgetter("labels"),
}


class Meters:
    """The metrics of one model, looked up once."""

    def __init__(self, manifest: Manifest, metrics: Metrics) -> None:
        name, version = manifest.name, manifest.version
        self._predictions = {
            label: metrics.predictions.labels(name, version, str(label)) for label in manifest.classes or ("",)
        }
        for feature in manifest.categorical:
            metrics.unseen.labels(feature.name)
        self.inference_seconds = metrics.inference_seconds.labels(name, version).observe
        self._probability = None
        if manifest.output in {"probability", "probabilities"}:
            self._probability = metrics.probability.labels(name, version).observe_all

    def count(self, scores: Scores) -> None:
        """Count what was answered."""
        if self._probability is not None:
            self._probability(scores.probabilities)  # type: ignore[arg-type]  # such a model gives one for every row
        for label, counter in self._predictions.items():
            count = scores.labels.count(label) if label != "" else len(scores.labels)
            if count:
                counter.inc(count)


class Model:
    """One version of one model. ``run`` and ``scores`` may be called from any thread."""

    def __init__(
        self, package: Package, metrics: Metrics, *, unseen: str | None = None, max_instances: int = 10_000
    ) -> None:
        """Compile, load and warm.

        Raises:
            PackageError: if onnxruntime refuses the graph, or the graph does not answer the manifest's own example.
        """
        manifest = package.manifest
        self.manifest = manifest
        self.sha256 = package.sha256
        self.name = manifest.name
        self.version = manifest.version
        self.schema = Schema(manifest, unseen=unseen, max_instances=max_instances)
        self.attributes: dict[str, str | int] = {"puerta.model": self.name, "puerta.version": self.version}
        self.finite = _FINITE.get(manifest.output)
        self._outputs = [manifest.output]
        self._classes: tuple[Any, ...] = manifest.classes
        self._threshold = 0.5 if manifest.threshold is None else manifest.threshold
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # more throughput is more instances
        options.log_severity_level = 4  # what fails is raised, and logged as our logs are
        try:
            session = onnxruntime.InferenceSession(package.graph, options, providers=["CPUExecutionProvider"])
            self._run = session.run
            self.seconds_per_row, self.seconds_per_run = self._warm()
        except PackageError:
            raise
        except Exception as error:  # onnxruntime raises types of its own for every kind of fault
            raise PackageError(f"{self.name}/{self.version}: the graph does not run: {error}") from error
        self.meters = Meters(manifest, metrics)  # only of a model that runs

    def run(self, codes: Codes | None, numbers: Numbers | None) -> npt.NDArray[Any]:
        """The graph's one output for ``n`` rows; shape and type are the manifest's ``output``."""
        feed: dict[str, npt.NDArray[Any]] = {}
        if codes is not None:
            feed["codes"] = codes
        if numbers is not None:
            feed["numbers"] = numbers
        output: npt.NDArray[Any] = self._run(self._outputs, feed)[0]
        return output

    def scores(self, output: npt.NDArray[Any]) -> Scores:
        """Labels and probabilities from what ``run`` gave."""
        match self.manifest.output:
            case "probability":
                if len(output) < _FEW:  # a numpy function costs more than a few numbers
                    values = [round(value, _DIGITS) for value in output[:, 0].tolist()]
                else:
                    values = np.round(output[:, 0].astype(np.float64), _DIGITS).tolist()
                negative, positive = self._classes
                threshold = self._threshold
                return Scores([positive if value >= threshold else negative for value in values], values)
            case "probabilities":
                best = output.argmax(axis=1)
                top = np.round(output[np.arange(len(output)), best].astype(np.float64), _DIGITS)
                return Scores([self._classes[index] for index in best.tolist()], top.tolist())
            case "label_index":
                return Scores([self._classes[index] for index in output.ravel().tolist()], [None] * len(output))
            case "value":
                return Scores(output.ravel().astype(np.float64).tolist(), [None] * len(output))

    def probabilities(self, output: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
        """The probability of every class in order, ``[n, classes]``, from what ``run`` gave; None where it has none."""
        match self.manifest.output:
            case "probability":
                positive = output[:, :1].astype(np.float64).round(_DIGITS)
                return np.concatenate([(1 - positive).round(_DIGITS), positive], axis=1)
            case "probabilities":
                return output.astype(np.float64).round(_DIGITS)
            case _:
                return None

    def _warm(self) -> tuple[float, float]:
        """Run the example alone and many times over, so that no caller pays for the first time."""
        one = self.schema.check([self.manifest.example], None)
        self._require_promised(self.run(*stack([one])))
        many = self.schema.check([self.manifest.example] * min(_WARM_ROWS, self.schema.max_instances), None)
        alone = self._time(one)
        together = self._time(many)
        return max(0.0, together - alone) / len(many.rows), alone

    def _require_promised(self, output: npt.NDArray[Any]) -> None:
        """That one row's output has the manifest's shape, and is finite."""
        width = {"probabilities": (1, len(self._classes)), "label_index": (1,)}
        shape = width.get(self.manifest.output, (1, 1))
        if output.shape != shape:
            came = f"the graph gives {self.manifest.output!r} as {list(output.shape)} for one row"
            raise PackageError(f"{self.name}/{self.version}: {came}, expected {list(shape)}")
        if not np.isfinite(output).all():
            raise PackageError(f"{self.name}/{self.version}: the graph has no finite answer for the manifest's example")

    def _time(self, batch: Batch) -> float:
        taken = []
        for _ in range(_WARM_RUNS):
            start = time.perf_counter()
            self.scores(self.run(*stack([batch])))
            taken.append(time.perf_counter() - start)
        return min(taken)


def import_onnxruntime() -> ModuleType:
    """onnxruntime, told before it is imported that it may not report to its maker (its Privacy.md says how)."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime  # type: ignore[no-any-return]
