"""``python -m monitoring.volumes.preset FILES MODEL PAGE``: Evidently as its own guide has it, over every row.

The rows are read from Parquet straight into a data frame, which is the quickest way into it; the reference is every row
of the training data. Then it is the drift preset and the data summary, with its own defaults, and their page.
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset, DataSummaryPreset

from monitoring.watched import Watched, read

_CATEGORIES = ("label",)


def main(files: str, model: Path, page: Path) -> int:
    """Write the page."""
    watched = read(model)
    names = [feature.name for feature in watched.manifest.features]
    definition = DataDefinition(categorical_columns=[*names, *_CATEGORIES], numerical_columns=["probability"])
    current, reference = (
        Dataset.from_pandas(frame, data_definition=definition)
        for frame in (_logged(files, names), _trained_on(watched))
    )
    Report([DataDriftPreset(), DataSummaryPreset()]).run(current, reference).save_html(str(page))
    return 0


def _logged(files: str, names: list[str]) -> pd.DataFrame:
    columns = ", ".join(f"features->>'$.{name}' AS {name}" for name in names)
    statement = f"SELECT {columns}, label::VARCHAR AS label, probability FROM read_parquet('{files}')"  # noqa: S608 - ours
    return duckdb.connect().execute(statement).df()


def _trained_on(watched: Watched) -> pd.DataFrame:
    cells, threshold = watched.reference.cells, watched.manifest.threshold
    if cells is None or threshold is None:
        raise ValueError(f"{watched.name}: its reference counts no combinations with a probability")
    means = [total / rows for total, rows in zip(cells.probability_sums, cells.rows, strict=True)]
    frame = pd.DataFrame(cells.values, columns=list(cells.features)).astype(str)
    frame["label"], frame["probability"] = [str(int(mean >= threshold)) for mean in means], means
    return frame.loc[frame.index.repeat(cells.rows)].reset_index(drop=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
