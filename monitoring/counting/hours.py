"""Lines of a log in Parquet files by hour: how they are written, described and read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis

from monitoring.counting.segments import Segment
from monitoring.counting.store import Store, paths, quoted, selection

HOUR_FORMAT: Final = "%Y-%m-%dT%H"
NO_HOUR: Final = "none"
_YEARS: Final = (1970, 9999)  # of a moment that can be told as such an hour
_ROW_GROUP: Final = 122_880

Summary = tuple[dict[str, int], int, tuple[str, str] | None]


def write(store: Store, segments: Sequence[Segment], columns: Mapping[str, str], folder: Path) -> None:
    """Write the lines of segments to ``hour=2026-07-10T12/*.parquet`` below a folder, without ``filename``.

    A line without a time is null everywhere, in ``hour=none``.

    Raises:
        duckdb.Error: if one can't be read or written; what is in the folder is then of no use.
    """
    is_timed = f"coalesce(isfinite(made) AND year(made) BETWEEN {_YEARS[0]} AND {_YEARS[1]}, false)"
    kept = ", ".join(f"CASE WHEN is_timed THEN {name} END AS {name}" for name in columns)
    store.sql(
        f"COPY (SELECT {kept}, CASE WHEN is_timed THEN strftime(made, '{HOUR_FORMAT}') ELSE '{NO_HOUR}' END AS hour FROM "  # noqa: S608 - names and paths of ours
        f"(SELECT *, {is_timed} AS is_timed FROM "
        f"(SELECT *, TRY_CAST(ts AS TIMESTAMP) AS made FROM ({selection(segments, columns)})))) "
        f"TO {quoted(str(folder))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP}, "
        "PARTITION_BY (hour), FILENAME_PATTERN 'part-{i}')"
    )


def describe(store: Store, files: Iterable[Path], columns: Mapping[str, str]) -> dict[str, Summary]:
    """Of each file the lines by model and version (of labels: of all), those that are none, and the least and largest id."""
    kind = "model || '/' || version" if "model" in columns else "CASE WHEN id IS NOT NULL THEN 'labels' END"
    segments = [Segment(path, 0.0) for path in files]
    if not segments:
        return {}
    rows = store.sql(
        f"SELECT filename, {kind} AS kind, count(*), min(id), max(id) "  # noqa: S608 - names and paths of ours
        f"FROM ({selection(segments, columns)}) GROUP BY ALL ORDER BY kind"
    )
    kinds: defaultdict[str, dict[str, int]] = defaultdict(dict)
    unreadable: defaultdict[str, int] = defaultdict(int)
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for name, of, count, least, largest in rows:
        if of is None:
            unreadable[name] += count
        else:
            kinds[name][of] = count
        ids[name] += [one for one in (least, largest) if one is not None]
    return {
        name: (kinds[name], unreadable[name], (min(ids[name]), max(ids[name])) if ids[name] else None)
        for name in {row[0] for row in rows}
    }


def damaged(store: Store, segments: Iterable[Segment], columns: Mapping[str, str]) -> list[Segment]:
    """Those that can't be read to their end, each tried alone."""
    found = []
    for segment in segments:
        try:
            store.sql(f"SELECT count(COLUMNS(*)) FROM ({selection([segment], columns)})")  # noqa: S608 - a path of ours
        except duckdb.Error:
            found.append(segment)
    return found


def read(store: Store, segments: Sequence[Segment], columns: Mapping[str, str]) -> Any:
    """Such files as a table of ``columns`` in which ``ts`` is the hour alone: it is read off the path, once a file.

    What is no event of a model has none of its columns, so it does not matter that it has an hour.
    """
    if not segments:
        return store.empty(columns)
    kept = ", ".join("hour || ':00' AS ts" if name == "ts" else name for name in columns)
    view = f"SELECT {kept} FROM read_parquet({paths(segments)}, hive_partitioning = true, hive_types = {{'hour': VARCHAR}})"  # noqa: S608
    return ibis.table(dict(columns), name=store.view(view))
