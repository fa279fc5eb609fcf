"""``python -m monitoring dataset``: the labelled log as the file that the next version of a model is trained on."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from model_files.manifest import Manifest
from monitoring import moment
from monitoring.counting.archive import Archive
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.snapshot import Snapshot
from monitoring.counting.store import Store
from monitoring.quality.labelled import LABEL_COLUMNS
from monitoring.quality.training_data import SPLIT, counts, is_counted, labelled_rows, usable
from monitoring.settings import Settings
from monitoring.watched import read_all

Progress = Callable[[str], None]


class DatasetError(ValueError):
    """A file that is not written, as nothing could be learnt from it; the message says why."""


def write_dataset(
    settings: Settings,
    model: str,
    path: Path,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress = lambda _: None,
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

    Returns:
        How many predictions it holds.

    Raises:
        DatasetError: if there is no such model, its labels are too few or all the same, or the file is no CSV file.
        PackageError, ArchiveError, OSError, duckdb.Error: if something can't be read or written.
    """
    if path.suffix != ".csv":
        raise DatasetError(f"{path}: expected a .csv file")
    versions = [each.manifest for each in read_all(settings.models_dir) if each.name == model]
    if not versions:
        raise DatasetError(f"{model!r}: no package of it in {settings.models_dir}")
    with TemporaryDirectory(prefix="puerta-dataset-") as copies:
        snapshot = Snapshot(settings.events_dir, settings.labels_dir, Archive(settings.archive_dir), Path(copies))
        with Store(memory_megabytes=settings.drift_memory_megabytes) as store:
            return _write(store, snapshot, versions[-1], path, since, until, settings.label_min_count, progress)


def _write(
    store: Store,
    snapshot: Snapshot,
    manifest: Manifest,
    path: Path,
    since: datetime | None,
    until: datetime | None,
    least: int,
    progress: Progress,
) -> int:
    segments, labelling = snapshot.events(since.timestamp() if since else 0.0), snapshot.labels()
    progress(f"{len(segments)} log segments and {len(labelling)} of labels to read, as {_label(manifest)} has it")
    events, labels = store.read(segments, EVENT_COLUMNS), store.read(labelling, LABEL_COLUMNS)
    selected = labelled_rows(events, labels, manifest, since, until)
    rows = store.empty({name: str(kind) for name, kind in selected.schema().items()})
    store.insert(rows, selected)
    kept = usable(rows, manifest)
    ((every,),) = store.fetch(rows.aggregate(rows.count()))
    truths = store.fetch(kept.group_by(manifest.target).agg(rows=kept.count()).order_by(manifest.target))
    count = sum(rows for _, rows in truths)
    progress(f"{every:,} labelled predictions")
    if every > count:
        progress(f"{every - count:,} left out: a feature that can't be read, or a label that is none of the model's")
    if count < least:
        raise DatasetError(f"{count:,} labelled predictions{_when(since, until)}, expected {least:,} or more")
    if manifest.classes and len(truths) == 1:
        raise DatasetError(f"all {count:,} labels are {truths[0][0]!r}, expected at least two classes")
    if manifest.classes:
        progress(", ".join(f"{rows:,} are {truth!r}" for truth, rows in truths))
    store.save_csv(counts(kept, manifest) if is_counted(manifest) else kept.drop(SPLIT), path)
    return int(count)


def _label(manifest: Manifest) -> str:
    return f"{manifest.name}/{manifest.version}"


def _when(since: datetime | None, until: datetime | None) -> str:
    begin = f" from {moment.text(since)}" if since else ""
    return begin + (f" to {moment.text(until)}" if until else "")
