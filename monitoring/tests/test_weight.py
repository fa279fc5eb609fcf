"""What is loaded where: reports need no data frame, and who waits for the next run needs no database."""

import subprocess
import sys

import pytest

from monitoring.tests.conftest import ROOT

_RUN = """
from datetime import UTC, datetime
from pathlib import Path
from monitoring.run import run
from monitoring.settings import Settings
folder = Path(sys.argv[1])
names = ("events_dir", "labels_dir", "reports_dir", "archive_dir")
settings = Settings(models_dir=Path("model-files"), state_dir=folder, **{name: folder / name for name in names})
run(settings, datetime.now(UTC), ("1d",))
"""


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (_RUN, {"pandas", "numpy", "pyarrow", "scipy", "sklearn", "onnxruntime"}),
        ("import monitoring.schedule.command", {"pandas", "numpy", "ibis", "duckdb", "sqlglot", "jinja2"}),
    ],
    ids=["run", "schedule"],
)
def test_nothing_heavy_is_loaded(code: str, absent: set[str], tmp_path: object) -> None:
    """Each costs tens of megabytes on a machine that also serves."""
    program = f"import sys\n{code}\nprint(*sorted({absent!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ""
