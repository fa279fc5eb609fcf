"""The comparison with the peers as text, Markdown, JSON and a plot."""

import json
from pathlib import Path
from typing import Any

from load_tests import report, tables
from load_tests.peers import plot
from load_tests.peers.measurement import GOALS, Comparison, variants
from load_tests.report import Line

HEAD = (
    "", "version", "requests/s", "of the ceiling", "Puerta is", "p50 ms", "p90 ms", "p99 ms", "CPU us", "RSS MB",
    "first answer s",
)  # fmt: skip
INTRODUCTION = (
    "The same model, the same flights, one flight a request; one core for the server, the other for wrk. "
    "What these figures mean is told in [the README](../README.md)."
)


def text(compared: Comparison) -> str:
    """The report for a terminal."""
    return "\n".join([tables.text(HEAD, _rows(compared)), "", *remarks(compared)])


def markdown(compared: Comparison, machine: dict[str, str]) -> str:
    """The report as a page, with the machine it was measured on."""
    known = variants(compared.peers)
    ways = [
        [line.contender.title, known[line.contender.key][1].how, known[line.contender.key][1].protocol.name]
        for line in report.lines(compared.result)
        if line.contender.key in known
    ]
    out = [[key, reason.replace("\n", " ")] for key, reason in compared.result.left_out.items()]
    parts = [
        "# Beside other servers",
        INTRODUCTION,
        tables.markdown(HEAD, _rows(compared)),
        "\n".join(f"- {remark}" for remark in remarks(compared)),
        "![The comparison as a plot](peers.png)",
        "The programs and their pinned requirements are in [peers/](../peers).",
        tables.markdown(("", "how", "asked in the form of"), ways) if ways else "",
        tables.markdown(("left out", "because"), out) if out else "",
        tables.markdown(("", "measured on"), list(machine.items())),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def document(compared: Comparison, machine: dict[str, str]) -> dict[str, Any]:
    """Everything as plain data."""
    return {
        **report.document(compared.result, machine),
        "versions": compared.versions,
        "left_out": compared.result.left_out,
        "puerta_times": {key: _plain(compared, key) for key in variants(compared.peers) if compared.has(key)},
        "goals": {
            variant: {"fastest": compared.fastest(variant), "at_least": goal, "met": compared.met(variant)}
            for variant, goal in GOALS.items()
        },
    }


def write(compared: Comparison, machine: dict[str, str], folder: Path) -> list[Path]:
    """Write ``peers.json``, ``peers.md`` and ``peers.png`` into a folder, and name them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"peers.{suffix}" for suffix in ("json", "md", "png")]
    paths[0].write_text(json.dumps(document(compared, machine), indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(markdown(compared, machine), encoding="utf-8")
    plot.peers(compared, machine, paths[2])
    return paths


def remarks(compared: Comparison) -> list[str]:
    """The goals, what was left out, and what was wrong, each in a line."""
    said = [_goal(compared, variant) for variant in GOALS]
    onnx = compared.fastest("onnx")
    if onnx is not None:
        said.append(f"given our ONNX graph instead of scikit-learn's estimator, {onnx}: {_times(compared, onnx)}")
    result = compared.result
    rounds = max((one.number for one in result.rounds), default=0)
    samples = sum(one.samples for one in result.rounds)
    said.append(f"medians of interleaved rounds ({rounds}), each ratio from the same round; {result.cores}")
    said.append("memory is the sum over a server's processes, of which pages that they share count more than once")
    said += [f"left out: {key}: {reason.splitlines()[0]}" for key, reason in result.left_out.items()]
    said += [f"PROBLEM: {problem}" for problem in result.problems]
    if not result.problems:
        said.append(f"every status 2xx; {samples:,} answers taken under load, all what the model package itself gives")
    return said


def _goal(compared: Comparison, variant: str) -> str:
    key, goal = compared.fastest(variant), GOALS[variant]
    if key is None:
        return f"fastest {variant}: none took part"
    state = "met" if compared.met(variant) else "missed"
    return f"fastest {variant} is {key}: {_times(compared, key)} (goal {goal:.0f}: {state})"


def _times(compared: Comparison, key: str) -> str:
    times = compared.times(key)
    return f"Puerta answers {times.median:.1f} times as many ({times.low:.1f}-{times.high:.1f})"


def _rows(compared: Comparison) -> list[list[str]]:
    known = variants(compared.peers)
    rows = [_row(compared, line) for line in report.lines(compared.result)]
    for key in compared.result.left_out:
        peer, variant = known[key]
        row = [f"{peer.title}, {variant.key}", compared.versions[peer.key], "left out"]
        rows.append(row + [""] * (len(HEAD) - len(row)))
    return rows


def _row(compared: Comparison, line: Line) -> list[str]:
    known = variants(compared.peers).get(line.contender.key)
    ratio, latency, first = line.ratio, line.latency_ms, line.first_answer_seconds
    return [
        line.contender.title,
        compared.versions[known[0].key] if known else "",
        f"{line.requests_per_second.median:,.0f}",
        "" if ratio is None else f"{ratio.median:.3f} ({ratio.low:.3f}-{ratio.high:.3f})",
        f"{compared.times(line.contender.key).median:.1f} x" if known else "",
        *(f"{latency[name]:.2f}" for name in ("p50", "p90", "p99")),
        f"{line.cpu_microseconds:,.0f}",
        f"{line.rss_megabytes:,.0f}",
        "" if first is None else f"{first:.2f}",
    ]


def _plain(compared: Comparison, key: str) -> dict[str, float]:
    times = compared.times(key)
    return {"median": times.median, "low": times.low, "high": times.high}
