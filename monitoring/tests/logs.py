"""Prediction and label logs as the service writes them, in files of the test's own."""

import json
import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitoring.counting.segments import Segment
from monitoring.watched import Watched
from service.event_log import timestamp


def event(
    at: datetime,
    features: Mapping[str, Any],
    label: Any = 0,
    probability: float | None = 0.1,
    *,
    id_: str = "id",
    model: str = "flight-delay",
    version: str = "1",
    client: str | None = "demo",
) -> bytes:
    """One line of the prediction log, in the order of the service's event."""
    line = {
        "schema": 1,
        "ts": stamp(at),
        "id": id_,
        "request_id": "request",
        "client": client,
        "model": model,
        "version": version,
        "features": dict(features),
        "label": label,
        "probability": probability,
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def label(at: datetime, id_: str, value: Any) -> bytes:
    """One line of the label log."""
    line = {"schema": 1, "ts": stamp(at), "request_id": "request", "client": "demo", "id": id_, "label": value}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def stamp(at: datetime) -> str:
    """A moment as the service writes it."""
    return timestamp(int(at.timestamp() * 1000) * 1_000_000)


def write(folder: Path, lines: Iterable[bytes], name: str = "service-1.jsonl") -> Segment:
    """A segment of lines."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"".join(lines))
    return Segment(path, path.stat().st_mtime)


def flight_events(
    watched: Watched, counts: Mapping[tuple[str, str, int], int], at: datetime, spread: timedelta
) -> list[bytes]:
    """So many events of each flight, mixed and evenly over a time that begins at ``at``; ids are 0, 1, 2...

    What was answered is what the model answers.
    """
    cells, threshold = watched.reference.cells, watched.manifest.threshold
    assert cells is not None
    assert threshold is not None
    answers = {
        values: round(total / rows, 6)
        for values, total, rows in zip(cells.values, cells.probability_sums, cells.rows, strict=True)
    }
    flights = [flight for flight, count in counts.items() for _ in range(count)]
    random.Random(0).shuffle(flights)  # noqa: S311 - nothing depends on its being hard to guess
    return [
        event(
            at + spread * place / len(flights),
            {"OPERA": flight[0], "TIPOVUELO": flight[1], "MES": flight[2]},
            int(answers[flight] >= threshold),
            answers[flight],
            id_=str(place),
        )
        for place, flight in enumerate(flights)
    ]
