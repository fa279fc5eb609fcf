"""``python -m load_tests locust``."""

import argparse
from pathlib import Path

from load_tests import locust, oracle, servers
from load_tests.commands.options import Commands, name, positive, progress, say, tell
from load_tests.commands.options import add as add_command
from load_tests.oracle import Oracle
from load_tests.paths import ROOT


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(commands, "locust", run, "load a running platform with Locust, for those who like its report")
    one.add_argument("--url", default="http://127.0.0.1:8080", help="of the platform (default: %(default)s)")
    one.add_argument("--key-file", type=Path, help="file of the API key (default: .local/demo.key where it is there)")
    one.add_argument("--users", type=positive, default=20, help="who never wait (default: %(default)s)")
    one.add_argument("--seconds", type=positive, default=30, help="(default: %(default)s)")
    one.add_argument(
        "--report", type=Path, default=Path(".local/locust.html"), help="Locust's own (default: .local/locust.html)"
    )


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when an answer was wrong or none came."""
    local = ROOT / ".local" / "demo.key"
    chosen = locust.Options(
        url=options.url,
        key_file=options.key_file or (local if local.exists() else None),
        users=options.users,
        seconds=options.seconds,
        report=options.report,
    )
    judge = Oracle(oracle.newest(options.models, servers.DEFAULT_MODEL))
    outcome = locust.run(chosen, judge, progress)
    latency = ", ".join(f"{share} {value:.0f} ms" for share, value in outcome.latency_ms.items())
    say(f"{outcome.requests:,} requests, {outcome.requests_per_second:,.0f}/s; {latency}")
    problems = [f"{count} times: {reason}" for reason, count in outcome.failures.items()]
    if not outcome.requests:
        problems.append("no answer at all")
    tell(problems)
    name([chosen.report])
    return 1 if problems else 0
