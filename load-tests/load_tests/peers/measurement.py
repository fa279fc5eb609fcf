"""One run: the ceiling, Puerta as shipped and every peer in both ways, interleaved, round after round."""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from load_tests import contenders, figures, oracle, servers
from load_tests.benchmark import Benchmark, Result
from load_tests.benchmark import Options as BenchmarkOptions
from load_tests.contenders import Contender
from load_tests.figures import Spread
from load_tests.paths import MODELS, ROOT
from load_tests.peers import environments as peer_environments
from load_tests.peers import launching
from load_tests.peers.catalogue import PEERS, Peer, Variant
from load_tests.peers.environments import InstallError
from load_tests.peers.launching import PeerError
from load_tests.protocols import PUERTA_ARRAYS

ENVIRONMENTS = ROOT / ".local" / "peers"
SHIPPED = "shipped"
# How many times as fast as the fastest peer Puerta should be, by the peer's variant.
GOALS = {"tuned": 10.0, "documented": 40.0}


@dataclass(frozen=True)
class Options:
    """How to compare; ``environments`` is the folder of the peers' environments, made there where they are missing."""

    seconds: int = 10
    rounds: int = 3
    connections: int = 32
    peers: tuple[Peer, ...] = PEERS
    environments: Path = ENVIRONMENTS
    models: Path = MODELS
    command: tuple[str, ...] = servers.SERVICE
    make: Callable[[Path, Path, Callable[[str], None]], Path] = peer_environments.make
    scratch: Path | None = None


@dataclass(frozen=True)
class Comparison:
    """The rounds of all that took part, and the peers' versions by key."""

    result: Result
    peers: tuple[Peer, ...]
    versions: dict[str, str]

    def times(self, key: str, by: str = SHIPPED) -> Spread:
        """How many times the requests per second of one contender another has, by default Puerta; round by round."""
        return figures.ratios(self._rates(by), self._rates(key))

    def fastest(self, variant: str) -> str | None:
        """The key of the fastest peer in one way of running, None where none took part."""
        keys = [f"{peer.key}-{one.key}" for peer in self.peers for one in peer.variants if one.key == variant]
        measured = [key for key in keys if self.has(key)]
        return max(measured, key=lambda key: Spread.of(self._rates(key)).median, default=None)

    def met(self, variant: str) -> bool | None:
        """Whether Puerta is as many times as fast as the fastest in one way of running as it should be."""
        key = self.fastest(variant)
        return None if key is None else self.times(key).median >= GOALS[variant]

    def has(self, key: str) -> bool:
        """Whether a contender was measured."""
        return any(one.key == key for one in self.result.contenders)

    @property
    def took_part(self) -> bool:
        """Whether any peer was measured."""
        return any(one.foreign for one in self.result.contenders)

    def _rates(self, key: str) -> list[float]:
        return [one.requests_per_second for one in self.result.rounds if one.contender == key]


def measure(options: Options, say: Callable[[str], None]) -> Comparison:
    """Make what is missing, and run all rounds.

    A peer that cannot be installed, prepared or started is left out, with the reason.

    Raises:
        OracleError: if there is no such model.
        ProcessError: if the ceiling or Puerta does not start or dies.
        WrkError: if wrk is missing or fails.
    """
    left_out: dict[str, str] = {}
    asked: list[Contender] = list(_own())
    model = oracle.newest(options.models, servers.ONE_HOT_MODEL)
    with tempfile.TemporaryDirectory(prefix="puerta-peers-", dir=options.scratch) as name:
        for peer in options.peers:
            try:
                python = options.make(peer.requirements, options.environments / peer.key, say)
                place = launching.prepare(peer, python, model, Path(name))
            except (InstallError, PeerError) as error:
                left_out |= {f"{peer.key}-{variant.key}": str(error) for variant in peer.variants}
                say(f"left out: {peer.title}: {error}")
                continue
            asked += [launching.contender(peer, variant, place) for variant in peer.variants]
        benchmark = BenchmarkOptions(
            seconds=options.seconds,
            rounds=options.rounds,
            connections=options.connections,
            contenders=tuple(asked),
            models=options.models,
            model=servers.ONE_HOT_MODEL,
            command=options.command,
            scratch=options.scratch,
        )
        result = Benchmark(benchmark, say).run()
    result = replace(result, left_out={**left_out, **result.left_out})
    return Comparison(result, options.peers, {peer.key: version(peer) for peer in options.peers})


def version(peer: Peer) -> str:
    """The version that a peer's requirements pin; empty where they pin none."""
    text = peer.requirements.read_text(encoding="utf-8") if peer.requirements.exists() else ""
    found = re.search(rf"^{re.escape(peer.package)}(?:\[.*?\])?==(\S+)", text, re.MULTILINE)
    return found.group(1) if found else ""


def variants(peers: tuple[Peer, ...]) -> dict[str, tuple[Peer, Variant]]:
    """Each way to run each peer, by its contender's key."""
    return {f"{peer.key}-{variant.key}": (peer, variant) for peer in peers for variant in peer.variants}


def _own() -> tuple[Contender, ...]:
    ceiling, shipped = contenders.choose((SHIPPED,))
    arrays = replace(
        shipped, key=f"{SHIPPED}-arrays", title=f"{shipped.title}, arrays", protocol=PUERTA_ARRAYS, target=None
    )
    return (ceiling, shipped, arrays)
