"""Comparisons made up for tests."""

from load_tests.comparison import ALONE, Comparison, Sight
from load_tests.first_requests import First, Firsts
from load_tests.gateways.ways import WAYS

ROUNDS = 9
FIRSTS = Firsts([First(number, 1.5, 1.2, 0.9, 0.4) for number in range(1, ROUNDS + 1)])
CPU_MICROSECONDS = {"bare": 57.0, "public": 80.0, "key": 92.0, "allowlist": 93.0, "policy": 104.0, "tls": 112.0}
P50_MS = {
    "direct": 0.18, "bare": 0.33, "public": 0.37, "key": 0.39, "allowlist": 0.39, "policy": 0.42, "tls": 0.45,
    "haproxy": 0.265, "nginx": 0.246,
}  # fmt: skip


def sight(way: str, number: int, p50: float, cpu: float | None = None) -> Sight:
    """One way in one round: twice the median at p99."""
    latency = {"p50": p50, "p90": 1.4 * p50, "p99": 2 * p50}
    return Sight(way, number, {ALONE: latency, "500/s": latency}, 1e3, cpu, None if cpu is None else 50_000_000)


def made(p50: dict[str, float], drift: float = 0.0, jitter: float = 0.0) -> Comparison:
    """Rounds with these medians in ms; everybody is slower by ``drift`` in each round, and differs by up to ``jitter``."""
    sights = []
    for number in range(1, ROUNDS + 1):
        for place, (way, value) in enumerate(p50.items()):
            wave = jitter * ((number * (place + 2)) % 7 - 3) / 3
            sights.append(sight(way, number, value + number * drift + wave, CPU_MICROSECONDS.get(way)))
    return Comparison("pinned", tuple(way for way in WAYS if way.key in p50), sights, FIRSTS)
