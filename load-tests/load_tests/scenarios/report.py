"""The report of a run: JSON, a page that needs no network and no script, and lines for a terminal."""

import json
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from load_tests import tables
from load_tests.measurement import Measurement
from load_tests.scenarios import agreement, judging, knee, parts, pictures
from load_tests.scenarios.judging import Check
from load_tests.scenarios.running import Outcome, Run

_LATENCIES = ("p50", "p90", "p99", "max")
_HEAD = (
    "phase",
    "load",
    "seconds",
    "answers",
    "answers/s",
    "rows/s",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "max ms",
    "not well",
)
_WORDS = {True: "held", False: "not held", None: "not judged"}
_GOALS = {True: "reached", False: "missed", None: "not judged"}


def text(run: Run, checks: Sequence[Check]) -> str:
    """For a terminal."""
    lines = [tables.text(_HEAD, [_row(one) for one in run.outcomes]), ""]
    width = max(len(_word(check)) for check in checks)
    lines += [
        f"{_word(check):{width}}  {check.what}: {check.came}" + (f" (wanted: {check.wanted})" if check.wanted else "")
        for check in checks
    ]
    return "\n".join([*lines, "", headline(run, checks)])


def headline(run: Run, checks: Sequence[Check]) -> str:
    """The verdict in a line."""
    missed = [check.what for check in checks if check.held is False and not check.goal]
    return f"{run.scenario.name}: " + (f"NOT HELD: {'; '.join(missed)}" if missed else "held")


def write(run: Run, checks: Sequence[Check], machine: dict[str, str], folder: Path) -> list[Path]:
    """Write ``<scenario>.json``, ``<scenario>.html`` and ``<scenario>.png``, and name them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{run.scenario.name}.{suffix}" for suffix in ("json", "html", "png")]
    paths[0].write_text(json.dumps(document(run, checks, machine), indent=1) + "\n", encoding="utf-8")
    paths[1].write_text(page(run, checks, machine), encoding="utf-8")
    pictures.summary(run, headline(run, checks), machine, paths[2])
    return paths


def document(run: Run, checks: Sequence[Check], machine: dict[str, str]) -> dict[str, Any]:
    """Everything as plain data."""
    ramp = run.scenario.ramp
    return {
        "scenario": msgspec.to_builtins(run.scenario),
        "held": judging.verdict(checks),
        "target": run.target.what,
        "machine": machine,
        "checks": msgspec.to_builtins(checks),
        "knee": msgspec.to_builtins(knee.find(ramp, run.outcomes)) if ramp else None,
        "phases": [_plain(one) for one in run.outcomes],
        "parts": msgspec.to_builtins(_used(run)),
        "agreement": msgspec.to_builtins(agreement.compare(run.counts, run.outcomes)) if run.counts else None,
        "rows_logged": run.rows_logged,
        "traces": run.traces,
    }


def page(run: Run, checks: Sequence[Check], machine: dict[str, str]) -> str:
    """The page."""
    held = judging.verdict(checks)
    template = Template(resources.files("load_tests.scenarios").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(run.scenario.title),
        name=escape(run.scenario.name),
        about=escape(" ".join(run.scenario.about.split())),
        tone="good" if held else "bad",
        verdict="held" if held else "not held",
        headline=escape(_summary(run, checks)),
        target=escape(run.target.what),
        checks="\n".join(_check(check) for check in checks),
        phases=_table(_HEAD, [_row(one) for one in run.outcomes]),
        parts=_parts(run),
        plots="\n".join(f"<section><h2>{escape(title)}</h2>{svg}</section>" for title, svg in pictures.all_of(run)),
        machine=_table(("measured on", ""), list(machine.items())),
    )


def _summary(run: Run, checks: Sequence[Check]) -> str:
    answered = sum(one.seen.requests for one in run.outcomes)
    seconds = sum(one.seen.seconds for one in run.outcomes)
    missed = [check.what for check in checks if check.held is False and not check.goal]
    goals = [f"{check.what} {check.came}, {check.wanted}" for check in checks if check.goal and check.held is False]
    words = f"{answered:,} answers in {seconds:.0f} s."
    if run.scenario.ramp:
        words += f" The knee: {knee.find(run.scenario.ramp, run.outcomes).words}."
    if missed:
        words += f" Not held: {'; '.join(missed)}."
    return words + (f" Goals missed: {'; '.join(goals)}." if goals else "")


def _word(check: Check) -> str:
    return (_GOALS if check.goal else _WORDS)[check.held]


def _check(check: Check) -> str:
    tone = {True: "good", False: "low" if check.goal else "bad", None: "unknown"}[check.held]
    badge = f'<span class="badge" style="--tone: var(--{tone})">{escape(_word(check))}</span>'
    return f"<tr><td>{badge}</td><td>{escape(check.what)}</td><td>{escape(check.came)}</td><td>{escape(check.wanted)}</td></tr>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [f"<th>{escape(name)}</th>" for name in head]
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in ("".join(cells), *lines)) + "</table>"


def _row(one: Outcome) -> list[str]:
    seen, latency = one.seen, one.seen.latency_ms
    load = f"{one.phase.connections} connections" if one.rate is None else f"{one.rate:,.0f}/s"
    rows = seen.requests_per_second * one.phase.rows
    return [
        one.phase.name,
        load,
        f"{seen.seconds:.1f}",
        f"{seen.requests:,}",
        f"{seen.requests_per_second:,.0f}",
        f"{rows:,.0f}",
        *(f"{latency[name]:.2f}" if name in latency else "" for name in _LATENCIES),
        "; ".join(one.problems).replace(f"{one.phase.name}: ", ""),
    ]


def _used(run: Run) -> list[parts.Used]:
    return parts.used(run.looks, run.outcomes[0].began, run.outcomes[-1].ended)


def _parts(run: Run) -> str:
    answered = sum(one.answered for one in run.outcomes)
    span = run.outcomes[-1].ended - run.outcomes[0].began
    rows = [
        (
            one.part,
            f"{one.cores:.2f}",
            f"{one.cores * span * 1e6 / max(1, answered):,.1f}",
            f"{one.peak_bytes / 1024 / 1024:,.0f}",
        )
        for one in _used(run)
    ]
    return _table(("part", "cores busy", "CPU us a request", "peak MB"), rows)


def _plain(one: Outcome) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": one.phase.name,
        "rate": one.rate,
        "connections": one.phase.connections,
        "rows_per_request": one.phase.rows,
        "began": one.began,
        "ended": one.ended,
        "answers_compared": one.samples,
        "wrong": one.wrong,
        "seen": _measurement(one.seen),
        "probe": _measurement(one.probe) if one.probe else None,
        "slow_callers": msgspec.to_builtins(one.slow),
    }
    return plain


def _measurement(seen: Measurement) -> dict[str, Any]:
    """A measurement; of each second percentiles, for its histogram would make the file a hundred times as long."""
    plain: dict[str, Any] = msgspec.to_builtins(seen, str_keys=True)
    plain["by_second"] = [
        {
            "at": second.at,
            "seconds": second.seconds,
            "statuses": msgspec.to_builtins(second.statuses, str_keys=True),
            "errors": second.errors,
            **{f"p{share}_ms": judging.percentile(second.histogram, share) for share in (50, 90, 99)},
        }
        for second in seen.by_second
    ]
    plain["problems"] = seen.problems()
    return plain
