"""What each layer costs, told: tables for a terminal, Markdown, and everything as plain data."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from load_tests import tables, waterfall
from load_tests.comparison import ALONE, Comparison
from load_tests.figures import FEWEST, Interval
from load_tests.first_requests import Firsts
from load_tests.gateways.way import Way
from load_tests.gateways.ways import BARE, DIRECT, POLICY

# What the issues of the gateway ask for: at most so many ms of the median at one connection, the full policy over these.
MOST_OVER = {DIRECT: 0.30, BARE: 0.10}
HEAD = ("", "p50 ms", "this layer adds", "over direct", "p99 over direct", "CPU us", "requests/CPU s", "RSS MB", "has")
FIRSTS = {
    "cold": "a key's first request, the gateway warm",
    "after_reload": "the first request after the keys were read again",
    "after_start": "the first request after the gateway's start",
}

Table = tuple[tuple[str, ...], list[list[str]]]


def layers(comparison: Comparison) -> Table:
    """One line a way, at one connection: what it adds to the way under it and to the direct one; its CPU under load."""
    return HEAD, [_row(comparison, way) for way in comparison.ways]


def loads(comparison: Comparison, percentile: str) -> Table:
    """What every way adds to the direct one, one column a load."""
    head = (f"{percentile} over direct", *comparison.loads)
    rows = [
        [way.title, *(_us(comparison.added(way.key, DIRECT, percentile, load)) for load in comparison.loads)]
        for way in comparison.ways
        if way.key != DIRECT
    ]
    return head, rows


def firsts(found: Firsts) -> Table:
    """What a request takes more whose key is not remembered yet."""
    return ("", "over a warm one"), [[title, _us(found.added(kind))] for kind, title in FIRSTS.items()]


def text(comparison: Comparison) -> str:
    """The comparison for a terminal, without the last column of words, for which it is too narrow."""
    parts = [f"{title}\n{tables.text(*_narrow(table))}" for title, table in _tables(comparison)]
    return "\n\n".join([*parts, "\n".join(_remarks(comparison))])


def page(comparison: Comparison, machine: dict[str, str], name: str) -> str:
    """The comparison as Markdown; its plot is ``name`` with ``.png``."""
    parts = ["# What the gateway costs", "What these figures mean is told in [the README](../README.md)."]
    parts.append(f"![What each layer costs]({name}.png)")
    for title, table in _tables(comparison):
        parts += [f"## {title}", tables.markdown(*table)]
    parts.append("\n".join(f"- {remark}" for remark in _remarks(comparison)))
    parts.append(tables.markdown(("", "measured on"), list(machine.items())))
    return "\n\n".join(parts) + "\n"


def document(comparison: Comparison, machine: dict[str, str]) -> dict[str, Any]:
    """Everything as plain data: intervals in ms, and each round as it was seen."""
    added = {
        way.key: {
            over: {
                load: {name: asdict(comparison.added(way.key, base, name, load)) for name in percentiles}
                for load, percentiles in comparison.sights[0].latency_ms.items()
            }
            for over, base in {"over_direct": DIRECT, "over_the_layer_under_it": way.under}.items()
            if _has(comparison, base) and way.key != base
        }
        for way in comparison.ways
    }
    return {
        "machine": machine,
        "cores": comparison.cores,
        "added_ms": added,
        "first_requests": None
        if comparison.firsts is None
        else {
            "added_ms": {kind: asdict(comparison.firsts.added(kind)) for kind in FIRSTS},
            "starts": [asdict(one) for one in comparison.firsts.starts],
        },
        "rounds": [asdict(sight) for sight in comparison.sights],
        "problems": comparison.problems,
    }


def write(comparison: Comparison, machine: dict[str, str], folder: Path, name: str = "gateway") -> list[Path]:
    """Write ``name`` as JSON, Markdown and a plot into a folder, and name the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{suffix}" for suffix in ("json", "md", "png")]
    paths[0].write_text(json.dumps(document(comparison, machine), indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(page(comparison, machine, name), encoding="utf-8")
    waterfall.draw(comparison, machine, paths[2])
    return paths


def _tables(comparison: Comparison) -> Iterator[tuple[str, Table]]:
    yield f"Each layer, at {ALONE}; us, with 95 % intervals", layers(comparison)
    for percentile in ("p50", "p99"):
        yield f"Over direct by load, {percentile}; us", loads(comparison, percentile)
    if comparison.firsts is not None:
        yield "Before a key is remembered; us", firsts(comparison.firsts)


def _narrow(table: Table) -> Table:
    head, rows = table
    return (head[:-1], [row[:-1] for row in rows]) if head == HEAD else table


def _row(comparison: Comparison, way: Way) -> list[str]:
    cpu = comparison.cpu(way.key)
    rss = [sight.gateway_rss_bytes for sight in comparison.of(way.key) if sight.gateway_rss_bytes is not None]
    over_direct = way.key != DIRECT
    return [
        way.title,
        f"{comparison.latency(way.key).median:.3f}",
        f"{way.layer}: {_us(comparison.added(way.key, way.under))}" if _has(comparison, way.under) else "",
        _us(comparison.added(way.key, DIRECT)) if over_direct else "",
        _us(comparison.added(way.key, DIRECT, "p99")) if over_direct else "",
        f"{cpu.median:.0f}" if cpu else "",
        f"{1e6 / cpu.median:,.0f}" if cpu else "",
        f"{max(rss) / 1e6:.0f}" if rss else "",
        way.checks,
    ]


def _has(comparison: Comparison, key: str) -> bool:
    return any(way.key == key for way in comparison.ways)


def _remarks(comparison: Comparison) -> Iterator[str]:
    rounds = len(comparison.of(DIRECT))
    yield (
        f"medians of {rounds} interleaved rounds; each difference is one of percentiles within a round, its interval a "
        f"bootstrap over rounds{'' if rounds >= FEWEST else f', for which {rounds} are too few'}; {comparison.cores}"
    )
    if _has(comparison, POLICY):
        for base, most in MOST_OVER.items():
            if _has(comparison, base):
                came = comparison.added(POLICY, base)
                title = next(way.title for way in comparison.ways if way.key == base)
                yield (
                    f"full policy over {title}: {came.median:+.3f} ms, goal at most {most:.2f}: "
                    + ("met" if came.median <= most else "missed")
                )
    if not comparison.problems:
        yield "every status 2xx; before, no gateway that a key belongs to answered without it"
    yield from (f"PROBLEM: {problem}" for problem in comparison.problems)


def _us(interval: Interval) -> str:
    said = f"{interval.median * 1e3:+,.0f}"
    if interval.low is None or interval.high is None:
        return said
    return f"{said} ({interval.low * 1e3:+,.0f} to {interval.high * 1e3:+,.0f})"
