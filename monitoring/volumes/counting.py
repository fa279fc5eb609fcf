"""``python -m monitoring.volumes.counting TIME``: what a run counts of the 28 days before a moment, and nothing else."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from monitoring import moment
from monitoring.counting.log_source import LogSource
from monitoring.counting.store import Store
from monitoring.settings import read_settings
from monitoring.volumes.traffic import MONTH
from monitoring.watched import read_all


def main(until: str) -> None:
    """Count; the settings are those of a run."""
    settings, end = read_settings(os.environ), moment.parse(until)
    watched = tuple(read_all(settings.models_dir))
    with (
        TemporaryDirectory() as folder,
        Store(memory_megabytes=settings.drift_memory_megabytes, spill=Path(folder) / "spill") as store,
    ):
        source = LogSource.of(store, settings, Path(folder), print)
        log = source.look(watched, end - MONTH, end)
        counted = source.count(watched, end - MONTH, end, print)
        rows = counted.cube.filter(counted.cube.subject == "cell").rows.sum()
        (found,) = store.fetch(rows.as_table())
    if found[0] != log.events:
        raise ValueError(f"counted {found[0]}, expected {log.events}")


if __name__ == "__main__":
    main(sys.argv[1])
