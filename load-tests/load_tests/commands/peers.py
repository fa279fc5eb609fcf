"""``python -m load_tests peers``."""

import argparse
from pathlib import Path

from load_tests import machine
from load_tests.commands.options import Commands, add_out, name, positive, progress, say
from load_tests.commands.options import add as add_command
from load_tests.peers import measurement, page
from load_tests.peers.catalogue import PEERS
from load_tests.peers.measurement import ENVIRONMENTS, Options


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(
        commands, "peers", run, "speed beside BentoML, MLServer, LitServe, Ray Serve, MLflow, Flask, FastAPI"
    )
    one.add_argument("--seconds", type=positive, default=10, help="of each measurement (default: %(default)s)")
    one.add_argument("--rounds", type=positive, default=3, help="interleaved rounds (default: %(default)s)")
    one.add_argument("--connections", type=positive, default=32, help="keep-alive connections (default: %(default)s)")
    one.add_argument(
        "--only", action="append", default=[], choices=[peer.key for peer in PEERS], help="this peer; repeatable"
    )
    one.add_argument(
        "--environments",
        type=Path,
        default=ENVIRONMENTS,
        metavar="DIR",
        help="folder of the peers' environments, made when first asked for (default: .local/peers)",
    )
    add_out(one)


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when something was wrong, or when no peer took part."""
    chosen = Options(
        seconds=options.seconds,
        rounds=options.rounds,
        connections=options.connections,
        peers=tuple(peer for peer in PEERS if not options.only or peer.key in options.only),
        environments=options.environments.absolute(),
        models=options.models.absolute(),
        scratch=options.scratch,
    )
    about = machine.describe()
    compared = measurement.measure(chosen, progress)
    say(page.text(compared))
    name(page.write(compared, about, options.out))
    return 1 if compared.result.problems or not compared.took_part else 0
