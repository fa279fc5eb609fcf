"""The benchmark's report: one line per contender, as text, Markdown, JSON and a plot."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from load_tests import figures, plots, tables
from load_tests.benchmark import Result, Round
from load_tests.contenders import Contender
from load_tests.figures import Spread
from load_tests.histogram import PERCENTILES

# Above this part of its core, wrk may have been the limit.
CLIENT_LIMIT = 0.95
# Below this part of its core, with wrk not at its own limit, the server did not have its core to itself.
SERVER_SHARE = 0.9
HEAD = (
    "", "requests/s", "of the ceiling", "by CPU", "rows/s", "rows/CPU s", "p50 ms", "p90 ms", "p99 ms",
    "CPU us", "server CPU", "wrk CPU", "RSS MB", "target",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One contender over all rounds: medians, and the spread of the figures that matter."""

    contender: Contender
    requests_per_second: Spread
    rows_per_second: Spread
    rows_per_cpu_second: Spread
    ratio: Spread | None
    ratio_by_cpu: Spread | None  # of CPU time for one request: what else runs on the machine hardly changes it
    latency_ms: dict[str, float]
    cpu_microseconds: float
    server_cpu_share: float
    client_cpu_share: float
    rss_megabytes: float
    first_answer_seconds: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the contender's target was reached, or None where it has none."""
        target = self.contender.target
        if target is None:
            return None
        reached = self.ratio if target.measure == "ratio" else self.rows_per_cpu_second
        return reached is not None and reached.median >= target.at_least


def lines(result: Result) -> list[Line]:
    """Summarise the rounds of each contender."""
    return [_line(contender, result) for contender in result.contenders]


def text(result: Result) -> str:
    """The report for a terminal."""
    return "\n".join([tables.text(HEAD, _rows(result)), "", *_remarks(result)])


def markdown(result: Result, machine: dict[str, str]) -> str:
    """The report as a page, with the machine it was measured on."""
    about = tables.markdown(("", "measured on"), list(machine.items()))
    parts = [
        "# Benchmark",
        "What these figures mean is told in [the README](../README.md).",
        tables.markdown(HEAD, _rows(result)),
        "\n".join(f"- {remark}" for remark in _remarks(result)),
        "![The benchmark as a plot](benchmark.png)",
        about,
    ]
    return "\n\n".join(parts) + "\n"


def document(result: Result, machine: dict[str, str]) -> dict[str, Any]:
    """Everything as plain data: the machine, each contender's line and each round as wrk told it."""
    return {
        "machine": machine,
        "cores": result.cores,
        "ceiling_answer_bytes": result.answer_bytes,
        "contenders": [_plain(line) for line in lines(result)],
        "rounds": [_told(one) for one in result.rounds],
        "problems": result.problems,
    }


def write(result: Result, machine: dict[str, str], folder: Path) -> list[Path]:
    """Write ``benchmark.json``, ``benchmark.md`` and ``benchmark.png`` into a folder, and name them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"benchmark.{suffix}" for suffix in ("json", "md", "png")]
    paths[0].write_text(json.dumps(document(result, machine), indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(markdown(result, machine), encoding="utf-8")
    plots.benchmark(lines(result), machine, paths[2])
    return paths


def _line(contender: Contender, result: Result) -> Line:
    own = _rounds(result, contender.key)
    firsts = [one.first_answer_seconds for one in own if one.first_answer_seconds is not None]
    ratio = by_cpu = None
    if contender.ceiling is not None and not contender.bare:
        bases = _rounds(result, contender.ceiling)
        rates = [one.requests_per_second for one in bases]
        ratio = figures.ratios([one.requests_per_second for one in own], rates)
        by_cpu = figures.ratios([one.cpu_microseconds for one in bases], [one.cpu_microseconds for one in own])
    return Line(
        contender=contender,
        requests_per_second=Spread.of([one.requests_per_second for one in own]),
        rows_per_second=Spread.of([one.rows_per_second for one in own]),
        rows_per_cpu_second=Spread.of([one.rows_per_cpu_second for one in own]),
        ratio=ratio,
        ratio_by_cpu=by_cpu,
        latency_ms={
            name: Spread.of([one.wrk.latency_ms.get(name, math.nan) for one in own]).median
            for name in own[0].wrk.latency_ms or PERCENTILES
        },
        cpu_microseconds=Spread.of([one.cpu_microseconds for one in own]).median,
        server_cpu_share=Spread.of([one.server_cpu_share for one in own]).median,
        client_cpu_share=Spread.of([one.client_cpu_share for one in own]).median,
        rss_megabytes=Spread.of([one.rss_bytes / 1e6 for one in own]).median,
        first_answer_seconds=Spread.of(firsts).median if firsts else None,
    )


def _rounds(result: Result, key: str) -> list[Round]:
    return [one for one in result.rounds if one.contender == key]


def _rows(result: Result) -> list[list[str]]:
    return [_row(line) for line in lines(result)]


def _row(line: Line) -> list[str]:
    many = line.contender.load.rows > 1
    latency = line.latency_ms
    return [
        line.contender.title,
        f"{line.requests_per_second.median:,.0f}",
        "" if line.ratio is None else f"{line.ratio.median:.2f} ({line.ratio.low:.2f}-{line.ratio.high:.2f})",
        "" if line.ratio_by_cpu is None else f"{line.ratio_by_cpu.median:.2f}",
        f"{line.rows_per_second.median:,.0f}" if many else "",
        f"{line.rows_per_cpu_second.median:,.0f}" if many else "",
        *(f"{latency[name]:.2f}" for name in ("p50", "p90", "p99")),
        f"{line.cpu_microseconds:,.1f}",
        f"{line.server_cpu_share:.0%}",
        f"{line.client_cpu_share:.0%}",
        f"{line.rss_megabytes:.0f}",
        _target(line),
    ]


def _target(line: Line) -> str:
    target = line.contender.target
    if target is None:
        return ""
    bound = f"{target.at_least:.2f}" if target.measure == "ratio" else f"{target.at_least:,.0f}"
    return f"{bound} {'met' if line.met else 'missed'}"


def _remarks(result: Result) -> Sequence[str]:
    rounds = max(one.number for one in result.rounds)
    answered = sum(one.rows_answered for one in result.rounds)
    samples = sum(one.samples for one in result.rounds)
    crowded = [
        line.contender.title
        for line in lines(result)
        if line.server_cpu_share < SERVER_SHARE and line.client_cpu_share <= CLIENT_LIMIT
    ]
    limited = [line.contender.title for line in lines(result) if line.client_cpu_share > CLIENT_LIMIT]
    remarks = [
        f"medians of interleaved rounds ({rounds}), each ratio from the same round; {result.cores}",
        f"{answered:,} rows answered; {samples:,} answers taken under load and compared with the model package itself",
    ]
    remarks += [f"wrk used its whole core against {title}: that figure is a lower bound" for title in limited]
    remarks += [f"{title} used less than its core: something else ran there, or it waited" for title in crowded]
    remarks += [f"PROBLEM: {problem}" for problem in result.problems]
    if not result.problems:
        remarks.append("every status 2xx, every sample right, every answered row in the event log, traces received")
    return remarks


def _told(one: Round) -> dict[str, Any]:
    """A round without its histogram and its seconds, which are many lines and of which the table tells what matters."""
    plain = asdict(one)
    for name in ("histogram", "by_second", "pace"):
        del plain["wrk"][name]
    return plain


def _plain(line: Line) -> dict[str, Any]:
    plain = asdict(line)
    plain["contender"] = line.contender.key
    plain["title"] = line.contender.title
    plain["rows_per_request"] = line.contender.load.rows
    plain["target"] = None if line.contender.target is None else asdict(line.contender.target)
    plain["target_met"] = line.met
    return plain
