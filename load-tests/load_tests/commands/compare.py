"""``python -m load_tests compare``."""

import argparse
from pathlib import Path

from load_tests import comparison, costs, deployed, machine
from load_tests.commands.options import Commands, add_out, name, positive, progress, say
from load_tests.commands.options import add as add_command
from load_tests.comparison import Comparison
from load_tests.deployed import DeployedError, Door
from load_tests.gateways.ways import DIRECT, WAYS, there


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(commands, "compare", run, "what each layer of the gateway costs, here or between deployed URLs")
    one.add_argument("--rounds", type=positive, default=9, help="interleaved rounds (default: %(default)s)")
    one.add_argument(
        "--seconds", type=positive, help="of each measurement (default: 1, and 10 between deployed addresses)"
    )
    one.add_argument("--connections", type=positive, default=32, help="under load (default: %(default)s)")
    one.add_argument(
        "--rates",
        type=positive,
        nargs="*",
        default=list(comparison.Options.rates),
        help="requests a second of the open loops, below the knee (default: 500 1000 2000)",
    )
    one.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[way.key for way in WAYS if way.key != DIRECT],
        help="compare this way with the direct one; repeatable",
    )
    there_already = one.add_argument_group("deployed addresses", "nothing is started then, and --rates is not used")
    there_already.add_argument("--direct", metavar="URL", help="the service itself, such as Cloud Run's URL")
    there_already.add_argument("--gateway", metavar="URL", help="the gateway in front of it")
    there_already.add_argument(
        "--outputs", type=Path, help="both from a file of `terraform output -json`: service_url, gateway_url"
    )
    there_already.add_argument(
        "--direct-token-file", type=Path, help="an identity token, sent as a bearer to the first"
    )
    there_already.add_argument("--key-file", type=Path, help="an API key, sent as x-api-key to the second")
    add_out(one)


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when something was wrong."""
    about = machine.describe()
    if options.direct or options.gateway or options.outputs:
        found, about = _between(options, about)
        file = "gateway-deployed"
    else:
        found, file = _here(options), "gateway"
    say(costs.text(found))
    name(costs.write(found, about, options.out, file))
    return 1 if found.problems else 0


def _here(options: argparse.Namespace) -> Comparison:
    wanted = tuple(way for way in WAYS if not options.only or way.key in {DIRECT, *options.only})
    chosen = comparison.Options(
        rounds=options.rounds,
        seconds=options.seconds or comparison.Options.seconds,
        connections=options.connections,
        rates=tuple(options.rates),
        ways=there(wanted),
        models=options.models,
        scratch=options.scratch,
    )
    for way in wanted:
        if way not in chosen.ways:
            progress(f"left out: {way.title} is not installed (Debian: apt install {way.program})")
    return comparison.compare(chosen, progress)


def _between(options: argparse.Namespace, about: dict[str, str]) -> tuple[Comparison, dict[str, str]]:
    urls = deployed.read_outputs(options.outputs) if options.outputs else {}
    urls |= {way: url for way, url in ((DIRECT, options.direct), (deployed.GATEWAY, options.gateway)) if url}
    if len(urls) < len(deployed.WAYS):
        raise DeployedError("one address came, expected --direct and --gateway, or --outputs with both")
    token = {DIRECT: options.direct_token_file, deployed.GATEWAY: options.key_file}
    head = {DIRECT: ("authorization", "Bearer "), deployed.GATEWAY: ("x-api-key", "")}
    doors = {}
    for way, url in urls.items():
        (header, scheme), file = head[way], token[way]
        doors[way] = Door(url, {header: scheme + deployed.read_secret(file)} if file else {})
    chosen = deployed.Options(doors, options.rounds, options.seconds or deployed.Options.seconds)
    return deployed.compare(chosen, progress), {**urls, **about}
