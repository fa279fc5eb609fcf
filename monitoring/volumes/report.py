"""The measurements as a page: a table by volume, what the commands are, and what it was measured on."""

from collections.abc import Iterator, Mapping, Sequence

from monitoring.volumes.ladder import AGAIN, FIRST, LABELS, LINES, PARQUET, PRESET, RUN, WAYS, WHOLE, Line

_MEANING = {
    LINES: "the logs as the service writes them, a third of the predictions labelled, everything for the first time: lines"
    " become the archive's Parquet, that is counted, and the counts are kept",
    PARQUET: "the archive alone, no counts kept and no labels",
    LABELS: "the same with the labels of a third of the predictions to be found among them",
    AGAIN: "the same once more: counts are kept, and nothing is read but these",
    FIRST: "`python -m monitoring drift run` with counts that are kept: verdicts of three windows and their pages; as the"
    " first run of all it looks at every label that is due since the log began",
    RUN: "the next one, as it is every hour",
    PRESET: "not ours: its drift preset and data summary with its defaults over the same rows in a data frame, read from"
    " the same Parquet; its limits are 120 s and 8 GB",
    WHOLE: "`python -m monitoring drift run` over a day's log that it sees for the first time, as lines, a third labelled:"
    " counting, verdicts, our pages and Evidently's of three windows",
}


def page(lines: Sequence[Line], machine: Mapping[str, str], days: int) -> str:
    """Markdown with a final newline."""
    return "\n".join(_page(lines, machine, days)) + "\n"


def _page(lines: Sequence[Line], machine: Mapping[str, str], days: int) -> Iterator[str]:
    yield "# What a run costs, by volume"
    yield ""
    yield "<!-- Made by `python -m monitoring.volumes`. -->"
    yield ""
    yield f"Flights of the training data's own mix, evenly over {days} days (the last line: one), asked for by two clients. Every"
    yield "figure is of a process of its own: seconds on the clock, seconds of processor time, and resident memory at its peak."
    yield ""
    yield "| | predictions | time | CPU | memory |"
    yield "|---|--:|--:|--:|--:|"
    for way in WAYS:
        name = way
        for line in (line for line in lines if line.way == way):
            yield f"| {name} | {line.rows:,} | {_cells(line)} |"
            name = ""
    yield from ("", "![The same as a plot](volumes.png)", "")
    yield from (f"- *{way}*: {meaning}." for way, meaning in _MEANING.items())
    yield ""
    yield "What is counted is small however many events there are, so a run's own work does not grow with them. Memory is bounded"
    yield "by `PUERTA_DRIFT_MEMORY_MEGABYTES`, beyond which DuckDB uses the disk."
    yield from ("", "| Measured on | |", "|---|---|")
    yield from (f"| {name} | {value} |" for name, value in machine.items())


def _cells(line: Line) -> str:
    cost = line.cost
    if cost.failure is not None:
        return f"ended: {cost.failure} | {cost.cpu_seconds:.1f} s | {cost.bytes / 1e6:,.0f} MB"
    return f"{cost.seconds:.1f} s | {cost.cpu_seconds:.1f} s | {cost.bytes / 1e6:,.0f} MB"
