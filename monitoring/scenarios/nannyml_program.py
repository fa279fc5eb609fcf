"""What NannyML itself says of some windows: a program for an environment of its own, of which nothing here is imported.

    python3 -m venv .local/nannyml
    .local/nannyml/bin/pip install nannyml==0.13.1 statsmodels==0.15.0
    .local/nannyml/bin/python monitoring/scenarios/nannyml_program.py

It takes 2.1 GB, and imports statsmodels without asking for it. What it says is in ``results/nannyml.json``, to which a
test holds the rules that are written out in ``others.py`` and our own estimate of quality.
"""

import json
import os
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

ROOT: Final = Path(__file__).parents[2]
COLUMNS: Final = ("OPERA", "TIPOVUELO", "MES", "prediction")
ROWS: Final = 5700  # of a window, and of a chunk of the reference: eight of these, and 98 rows
_VERSIONS: Final = ("nannyml", "numpy", "pandas", "scikit-learn", "scipy", "statsmodels")


class Flights:
    """The reference's cells as rows, and windows drawn from them."""

    def __init__(self, folder: Path) -> None:
        cells = json.loads((folder / "reference.json").read_bytes())["cells"]
        threshold = json.loads((folder / "manifest.json").read_bytes())["threshold"]
        self.counts = np.append(np.array(cells["rows"]), 0)
        self.positives = np.append(np.array(cells["positives"]), 0)
        # A row whose airline the reference does not know, as the contest has it: otherwise like the first cell.
        self.values = pd.DataFrame([*cells["values"], ["unseen", *cells["values"][0][1:]]], columns=cells["features"])
        means = np.array(cells["probability_sums"]) / np.array(cells["rows"])
        self.values["probability"] = np.append(means, means[0])
        self.values["prediction"] = np.append((means >= threshold).astype(int), 0)
        self._generator = np.random.default_rng(7)

    def draw(self, airline: str | None = None, share: float = 0.0, month: int | None = None) -> Any:
        """How many rows of each cell: as the reference has them, or with an airline at a share, or of one month."""
        shares = self.counts / self.counts.sum()
        if airline:
            flown = (self.values["OPERA"] == airline).to_numpy()
            within = flown * shares if shares[flown].any() else flown
            shares = share * within / within.sum() + (1 - share) * ~flown * shares / shares[~flown].sum()
        if month:
            shares = np.where(self.values["MES"] == month, shares, 0)
        return self._generator.multinomial(ROWS, shares / shares.sum())

    def chunks(self) -> Iterator[Any]:
        """The reference in random order, chunk by chunk; the last one is what is left over."""
        left = self.counts.copy()
        while left.sum() > ROWS:
            chunk = self._generator.multivariate_hypergeometric(left, ROWS)
            left -= chunk
            yield chunk
        yield left

    def frame(self, counts: Any) -> Any:
        """Rows of counts, cell by cell."""
        return self.values.loc[np.arange(len(counts)).repeat(counts)].reset_index(drop=True)

    def labelled(self, counts: Any) -> Any:
        """The same with a truth, as often 1 in each cell as in training."""
        late = np.rint(counts * self.positives / np.maximum(1, self.counts)).astype(int)
        truth = np.tile([0, 1], len(counts)).repeat(np.column_stack([counts - late, late]).ravel())
        return self.frame(counts).assign(truth=truth)


def main() -> None:
    """Ask, and write what was said."""
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    as_said = import_module("nannyml.calibration").NoopCalibrator()
    whole = import_module("nannyml.chunk").SizeBasedChunker(ROWS, incomplete="drop")
    flights = Flights(ROOT / "model-files/flight-delay/1")
    asked = {
        "nothing changed": flights.draw(),
        "a small airline at 6 %": flights.draw("JetSmart SPA", 0.06),
        "an unseen airline at 1 %": flights.draw("unseen", 0.01),
        "July alone": flights.draw(month=7),
    }
    chunks = list(flights.chunks())
    found = {
        "made_by": f".local/nannyml/bin/python {Path(__file__).resolve().relative_to(ROOT)}",
        "versions": {name: metadata.version(name) for name in _VERSIONS},
        "windows": {name: counts.tolist() for name, counts in asked.items()},
        "chunks": [chunk.tolist() for chunk in chunks],
        "default": _drift(flights, chunks, asked, chunk_size=ROWS),
        "whole": _drift(flights, chunks, asked, chunker=whole),
        "estimated": _estimated(flights, asked),
        "estimated_as_said": _estimated(flights, asked, calibrator=as_said),
    }
    path = ROOT / "monitoring/results/nannyml.json"
    path.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


def _drift(flights: Flights, chunks: list[Any], asked: dict[str, Any], **chunking: Any) -> dict[str, Any]:
    """From where on each column is an alert; and of each window its distances, and which of them are."""
    columns = [*COLUMNS, "probability"]
    reference, windows = (pd.concat(map(flights.frame, each), ignore_index=True) for each in (chunks, asked.values()))
    calculator = import_module("nannyml").UnivariateDriftCalculator(
        columns, treat_as_categorical=list(COLUMNS), **chunking
    )
    said = calculator.fit(reference).calculate(windows).filter(period="analysis").to_df()

    def column(key: str, row: int) -> dict[str, Any]:
        return {name: said[name, "jensen_shannon", key][row].item() for name in columns}

    return {
        "limits": column("upper_threshold", 0),
        "distances": {name: column("value", row) for row, name in enumerate(asked)},
        "alerts": {name: column("alert", row) for row, name in enumerate(asked)},
    }


def _estimated(flights: Flights, asked: dict[str, Any], **options: Any) -> dict[str, dict[str, float]]:
    """Each window's quality, estimated without labels (CBPE)."""
    measures = ["accuracy", "precision", "recall", "f1"]
    estimator = import_module("nannyml").CBPE(
        metrics=measures,
        y_true="truth",
        y_pred="prediction",
        y_pred_proba="probability",
        problem_type="classification_binary",
        chunk_size=ROWS,
        **options,
    )
    windows = pd.concat(map(flights.frame, asked.values()), ignore_index=True)
    result = estimator.fit(flights.labelled(flights.counts)).estimate(windows)
    said = result.filter(period="analysis").to_df()
    return {
        name: {measure: said[measure, "value"][row].item() for measure in measures} for row, name in enumerate(asked)
    }


if __name__ == "__main__":
    main()
