"""``python -m monitoring dataset``: the labelled log as the file that the next version of a model is trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ibis

from model_files.manifest import Manifest
from monitoring import moment
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.snapshot import Snapshot, archives
from monitoring.counting.sources import in_bigquery
from monitoring.counting.store import Store, quoted
from monitoring.quality.labelled import LABEL_COLUMNS
from monitoring.quality.training_data import (
    SPLIT,
    calendar,
    counts,
    is_counted,
    labelled_rows,
    still_needed,
    summed,
    usable,
)
from monitoring.settings import Settings
from monitoring.watched import read_all

Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Order:
    """What is to be written, and where; ``least`` labels are enough."""

    manifest: Manifest
    path: Path
    since: datetime | None
    until: datetime | None
    onto: Path | None
    least: int


class DatasetError(ValueError):
    """A file that is not written, as nothing could be learnt from it; the message says why."""


def write_dataset(
    settings: Settings,
    model: str,
    path: Path,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress = lambda _: None,
    onto: Path | None = None,
) -> int:
    """Write every labelled prediction of a model as training data, in one step.

    The newest packaged version says which features, which classes and which form: counts where ``model_files train``
    made it, rows otherwise.

    Args:
        settings: Where the logs and packages are, and how many labels are enough.
        model: Its name.
        path: A ``.csv`` file.
        since: Predictions of this moment or later; None for all.
        until: And before this one.
        progress: Told what is being done.
        onto: What the model was trained on before, in the same form: what that has of parts of the calendar which the
            log has too little of is written too.

    Returns:
        How many predictions it holds.

    Raises:
        DatasetError: if there is no such model, its labels are too few or all the same, a file is no CSV file
            of these columns, or ``onto`` is given for a model without a calendar.
        PackageError, ArchiveError, SourceError, OSError, duckdb.Error: if something can't be read or written.
    """
    if path.suffix != ".csv":
        raise DatasetError(f"{path}: expected a .csv file")
    versions = [each.manifest for each in read_all(settings.models_dir) if each.name == model]
    if not versions:
        raise DatasetError(f"{model!r}: no package of it in {settings.models_dir}")
    order = _Order(versions[-1], path, since, until, onto, settings.label_min_count)
    with (
        TemporaryDirectory(prefix="puerta-dataset-") as work,
        Store(memory_megabytes=settings.drift_memory_megabytes, spill=Path(work) / "spill") as store,
    ):
        return _write(store, _labelled(store, settings, order, Path(work), progress), order, progress)


def _labelled(store: Store, settings: Settings, order: _Order, work: Path, progress: Progress) -> Any:
    """A table of the labelled rows, usable or not; ``work`` is a folder of our own."""
    manifest, since, until = order.manifest, order.since, order.until
    if settings.events_table:
        progress(f"BigQuery joins the labels of {_label(manifest)}")
        with in_bigquery(store, settings) as source:
            return source.labelled_rows(manifest, since, until)
    held = archives(settings.archive_dir)
    snapshot = Snapshot(settings.events_dir, settings.labels_dir, *held, work)
    segments = snapshot.events.segments(since.timestamp() if since else 0.0)
    labelling = snapshot.labels.segments()
    progress(f"{len(segments)} log segments and {len(labelling)} of labels to read, as {_label(manifest)} has it")
    events, labels = store.read(segments, EVENT_COLUMNS), store.read(labelling, LABEL_COLUMNS)
    selected = labelled_rows(events, labels, manifest, since, until)
    rows = store.empty({name: str(kind) for name, kind in selected.schema().items()})
    store.insert(rows, selected)
    return rows


def _write(store: Store, rows: Any, order: _Order, progress: Progress) -> int:
    manifest, since, until = order.manifest, order.since, order.until
    kept = usable(rows, manifest)
    ((every,),) = store.fetch(rows.aggregate(rows.count()))
    truths = store.fetch(kept.group_by(manifest.target).agg(rows=kept.count()).order_by(manifest.target))
    count = sum(rows for _, rows in truths)
    progress(f"{every:,} labelled predictions")
    if every > count:
        progress(f"{every - count:,} left out: a feature that can't be read, or a label that is none of the model's")
    if count < order.least:
        raise DatasetError(f"{count:,} labelled predictions{_when(since, until)}, expected {order.least:,} or more")
    if manifest.classes and len(truths) == 1:
        raise DatasetError(f"all {count:,} labels are {truths[0][0]!r}, expected at least two classes")
    if manifest.classes:
        progress(", ".join(f"{rows:,} are {truth!r}" for truth, rows in truths))
    store.save_csv(_whole(store, kept, order, progress), order.path)
    return int(count)


def _whole(store: Store, kept: Any, order: _Order, progress: Progress) -> Any:
    """The rows in the form that they are written in, and what of the former ones is still needed."""
    manifest, least = order.manifest, order.least
    is_counts = is_counted(manifest)
    written = counts(kept, manifest) if is_counts else kept.drop(SPLIT)
    if order.onto is None:
        return written
    former = still_needed(_read(store, order.onto, written, manifest), kept, manifest, least)
    ((stay,),) = store.fetch(former.aggregate(former.flights.sum() if is_counts else former.count()))
    parts = " and ".join(calendar(manifest))
    progress(f"{stay or 0:,} of {order.onto} stay: the log has fewer than {least:,} of their {parts}")
    return summed(written.union(former), manifest) if is_counts else written.union(former)


def _read(store: Store, path: Path, like: Any, manifest: Manifest) -> Any:
    """Former training data with the columns and types of what is written."""
    if not calendar(manifest):
        raise DatasetError(f"{_label(manifest)} has no feature that follows the calendar, so {path} is not needed")
    texts = store.view(
        f"SELECT * FROM read_csv({quoted(str(path))}, header = true, delim = ',', quote = '\"', all_varchar = true)"  # noqa: S608
    )
    found = [str(name) for name, *_ in store.sql(f"DESCRIBE {texts}")]
    if found != list(like.columns):
        raise DatasetError(f"{path}: the columns are {found}, expected {list(like.columns)}")
    table = ibis.table(dict.fromkeys(found, "string"), name=texts)
    return table.select(*(table[name].cast(kind).name(name) for name, kind in like.schema().items()))


def _label(manifest: Manifest) -> str:
    return f"{manifest.name}/{manifest.version}"


def _when(since: datetime | None, until: datetime | None) -> str:
    begin = f" from {moment.text(since)}" if since else ""
    return begin + (f" to {moment.text(until)}" if until else "")
