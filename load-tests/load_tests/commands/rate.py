"""``python -m load_tests rate``."""

import argparse
from pathlib import Path

import msgspec

from load_tests import open_loop, tables
from load_tests.arrivals import ARRIVALS
from load_tests.commands.options import Commands, name, positive, say, tell
from load_tests.commands.options import add as add_command
from load_tests.measurement import Measurement
from load_tests.order import Order
from load_tests.paths import WRK_BODIES


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(
        commands, "rate", run, "an open loop against any URL: a constant rate, latency from when a request was due"
    )
    one.add_argument("url", help="where to post, for example http://127.0.0.1:8080/v1/predict")
    one.add_argument("--rate", type=float, default=1000.0, help="requests per second (default: %(default)s)")
    one.add_argument("--seconds", type=positive, default=10, help="(default: %(default)s)")
    one.add_argument("--connections", type=positive, default=64, help="keep-alive connections (default: %(default)s)")
    one.add_argument("--arrivals", choices=ARRIVALS, default="fixed", help="gaps between them (default: %(default)s)")
    one.add_argument("--header", action="append", default=[], help='"name: value"; repeatable')
    one.add_argument("--key-file", type=Path, help="file of the API key")
    one.add_argument("--bodies", type=Path, default=WRK_BODIES, help="(default: load-tests/wrk/flights.jsonl)")
    one.add_argument("--authority", type=Path, help="PEM file of certificates to trust for https")
    one.add_argument("--timeout", type=float, default=10.0, help="seconds for an answer (default: %(default)s)")
    one.add_argument("--out", type=Path, help="file for everything, as JSON: histogram, seconds, the client's own pace")


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when an answer was no 2xx, or the client did not keep up."""
    key = (f"x-api-key: {options.key_file.read_text().strip()}",) if options.key_file else ()
    measured = open_loop.carry_out(
        Order(
            options.url,
            str(options.bodies.absolute()),
            options.rate,
            options.seconds,
            options.connections,
            (*options.header, *key),
            options.arrivals,
            options.authority and str(options.authority.absolute()),
            options.timeout,
        )
    )
    say(table(measured))
    tell(measured.problems())
    if options.out:
        options.out.write_bytes(msgspec.json.format(msgspec.json.encode(measured)) + b"\n")
        name([options.out])
    return 1 if measured.problems() else 0


def table(measured: Measurement) -> str:
    """The run as text, second by second, the whole of it last."""
    rows = [
        [
            f"{number}",
            f"{one.requests_per_second:,.0f}",
            *(f"{one.histogram.percentile_ms(share):.2f}" for share in (50, 90, 99, 100)),
        ]
        for number, one in enumerate(measured.by_second)
        if one.histogram.count
    ]
    whole = (
        [f"{measured.latency_ms[share]:.2f}" for share in ("p50", "p90", "p99", "max")] if measured.latency_ms else []
    )
    rows.append(["all", f"{measured.requests_per_second:,.0f}", *whole])
    text = tables.text(("second", "answers/s", "p50 ms", "p90 ms", "p99 ms", "max ms"), rows)
    if measured.pace is None:
        return text
    lag, share = measured.pace.lag_ms, measured.pace.cpu_share
    told = f"late by {lag['p50']:.3f} ms (p50), {lag['p99']:.3f} ms (p99); {share:.0%} of a core"
    return f"{text}\nthe client: {told}{', before other programs' if measured.pace.realtime else ''}"
