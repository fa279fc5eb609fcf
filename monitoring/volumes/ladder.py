"""Every way to get from a log to reports, at every volume: each is a command, in a process of its own."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from monitoring import moment
from monitoring.counting.log_source import CACHE_FOLDER
from monitoring.volumes.measurement import Cost, measure
from monitoring.volumes.traffic import DAY, Traffic, Writer
from monitoring.watched import Watched

ROWS: Final = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
LINES_UP_TO: Final = 10_000_000  # as lines a hundred million would be 29 GB, and writing them takes ten minutes
DAY_ROWS: Final = 1_000_000

LINES: Final = "counting, from lines"
PARQUET: Final = "counting, from Parquet"
LABELS: Final = "counting, from Parquet, a third labelled"
AGAIN: Final = "counting again"
FIRST: Final = "the first run"
RUN: Final = "a run"
PRESET: Final = "Evidently over every row"
WHOLE: Final = "a day's run from lines, with Evidently's pages"
WAYS: Final = (LINES, PARQUET, LABELS, AGAIN, FIRST, RUN, PRESET, WHOLE)

_SECONDS, _BYTES = 900.0, 16_000_000_000  # that a run of ours may take; it does not come near
_PRESET_SECONDS, _PRESET_BYTES = 120.0, 8_000_000_000
_ALERT = 1  # the exit code of a run that finds drift


class Line(msgspec.Struct, frozen=True):
    """One command at one volume."""

    way: str
    rows: int
    cost: Cost


@dataclass(frozen=True)
class Ladder:
    """What is measured, and where the logs are made; several GB for a hundred million rows."""

    watched: Watched
    models: Path
    span: timedelta
    scratch: Path | None
    progress: Callable[[str], None]

    def climb(self, volumes: Sequence[int]) -> Iterator[Line]:
        """Measure every way at every volume, small to large."""
        until = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        beaten = False
        for rows in volumes:
            with TemporaryDirectory(prefix="puerta-volumes-", dir=self.scratch) as name:
                traffic = Traffic(self.watched, rows, self.span, until)
                yield from self._ours(traffic, Path(name))
                if not beaten:
                    line = self._line(PRESET, rows, self._preset(Path(name) / "parquet"))
                    beaten = line.cost.failure is not None
                    yield line
        with TemporaryDirectory(prefix="puerta-volumes-", dir=self.scratch) as name:
            rows = min(DAY_ROWS, max(volumes))
            traffic = Traffic(self.watched, rows, DAY, until)
            yield self._line(WHOLE, rows, self._whole(traffic, Path(name)))

    def _ours(self, traffic: Traffic, folder: Path) -> Iterator[Line]:
        """The same predictions as lines, as Parquet without and with labels, and once more with counts that are kept."""
        rows, lines, parquet = traffic.rows, folder / "lines", folder / "parquet"
        if rows <= LINES_UP_TO:
            self._write(traffic, lines, as_lines=True)
            yield self._line(LINES, rows, self._count(lines, traffic))
            shutil.rmtree(lines)
        self._write(traffic, parquet, as_lines=False)
        labels = (parquet / "archive/labels").rename(folder / "labels")
        yield self._line(PARQUET, rows, self._count(parquet, traffic))
        shutil.rmtree(parquet / "archive" / CACHE_FOLDER)
        shutil.rmtree(parquet / "archive/labels", ignore_errors=True)
        labels.rename(parquet / "archive/labels")
        yield self._line(LABELS, rows, self._count(parquet, traffic))
        yield self._line(AGAIN, rows, self._count(parquet, traffic))
        yield self._line(FIRST, rows, self._run(parquet, traffic))
        yield self._line(RUN, rows, self._run(parquet, traffic))

    def _whole(self, traffic: Traffic, folder: Path) -> Cost:
        self._write(traffic, folder, as_lines=True)
        return self._run(folder, traffic, evidently=True)

    def _write(self, traffic: Traffic, folder: Path, *, as_lines: bool) -> None:
        with Writer(traffic, self.progress) as writer:
            if as_lines:
                writer.write_lines(folder / "events", folder / "labels")
            else:
                writer.write_archive(folder / "archive", folder / "archive/labels")

    def _count(self, folder: Path, traffic: Traffic) -> Cost:
        command = ("monitoring.volumes.counting", moment.text(traffic.until))
        return self._measure(command, folder, evidently=False)

    def _run(self, folder: Path, traffic: Traffic, *, evidently: bool = False) -> Cost:
        at = moment.text(traffic.until - timedelta(seconds=1))
        return self._measure(("monitoring", "drift", "run", "--at", at), folder, evidently=evidently)

    def _measure(self, module: Sequence[str], folder: Path, *, evidently: bool) -> Cost:
        environment = {
            "PUERTA_STATE_DIR": str(folder),
            "PUERTA_MODELS_DIR": str(self.models.resolve()),
            "PUERTA_EVIDENTLY": str(evidently).lower(),
        }
        command = [sys.executable, "-m", *module]
        return measure(command, folder, environment, most_seconds=_SECONDS, most_bytes=_BYTES, good=(0, _ALERT))

    def _preset(self, folder: Path) -> Cost:
        model = self.models / self.watched.name / self.watched.version
        files = str(folder / "archive/hour=*/*.parquet")
        command = [sys.executable, "-m", "monitoring.volumes.preset", files, str(model), str(folder / "evidently.html")]
        quiet = {"DO_NOT_TRACK": "1"}
        return measure(command, folder, quiet, most_seconds=_PRESET_SECONDS, most_bytes=_PRESET_BYTES)

    def _line(self, way: str, rows: int, cost: Cost) -> Line:
        told = cost.failure or f"{cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of CPU, {cost.bytes / 1e6:,.0f} MB"
        self.progress(f"{rows:,} {way}: {told}")
        return Line(way, rows, cost)
