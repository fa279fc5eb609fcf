"""The verdict on a run: every check with what came and what was wanted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from load_tests import benchmark, figures
from load_tests.histogram import Histogram
from load_tests.scenarios import agreement, knee, objectives, running
from load_tests.scenarios.parts import Look
from load_tests.scenarios.running import Outcome, Run
from load_tests.scenarios.scenario import Limits

# The objective `memory`: 256 MB of an instance, at every look.
MEMORY_BYTES = 256 * 1024 * 1024
_QUARTERS = 4
_FEWEST = 8  # seconds or looks, to speak of quarters
_TOLD = 3  # of many mistakes of one kind


@dataclass(frozen=True)
class Check:
    """One line of the verdict. ``held`` is None where nothing could be judged; a goal does not decide anything."""

    what: str
    came: str
    wanted: str
    held: bool | None
    goal: bool = False


def verdict(checks: Sequence[Check]) -> bool:
    """Whether everything that had to hold did."""
    return not any(check.held is False for check in checks if not check.goal)


def judge(run: Run) -> list[Check]:
    """All checks of a run."""
    return [
        *_answers(run),
        *_log(run),
        *_limits(run, run.scenario.limits, goal=False),
        *_limits(run, run.scenario.goals, goal=True),
        *_memory(run),
        *_objectives(run),
        *_agreement(run),
        *(Check(words, "not measured", "", None) for words in run.target.unseen),
    ]


def _answers(run: Run) -> Iterator[Check]:
    wrong = [f"{one.phase.name}: {words}" for one in run.outcomes for words in one.wrong]
    samples = sum(one.samples for one in run.outcomes)
    came = "; ".join(wrong[:_TOLD]) or f"{samples:,} compared, all right"
    yield Check("bodies against the model itself", came, "every sample right", bool(samples) and not wrong)
    if run.scenario.ramp:
        found = knee.find(run.scenario.ramp, run.outcomes)
        yield Check("the knee", found.words, "a step that holds", found.rate is not None)
        return
    problems = [words for one in run.outcomes for words in one.problems]
    answered = sum(one.answered for one in run.outcomes)
    came = "; ".join(problems) or f"{answered:,} answers, all 2xx"
    yield Check("statuses", came, "2xx, no connection broken, no timeout", not problems)
    for one in run.outcomes:
        if one.slow and one.phase.slow:
            callers = one.phase.slow.writers + one.phase.slow.readers
            came = f"{one.slow.opened:,} connections, {one.slow.trickled:,} bytes one by one"
            yield Check("slow callers were there", came, f"{callers:,} connections", one.slow.opened >= callers)


def _log(run: Run) -> Iterator[Check]:
    rows = sum(one.rows for one in run.outcomes)
    if run.rows_logged is not None:
        in_flight = sum(
            (one.left_behind + one.refused) * one.phase.rows
            + (one.slow.requests * running.LONG_ROWS if one.slow else 0)
            for one in run.outcomes
        )
        found = benchmark.incomplete_log(run.rows_logged, rows, in_flight)
        came = "; ".join(found) or f"{run.rows_logged:,} lines for {rows:,} answered rows"
        yield Check("event log", came, "every answered row", not found)
    if run.traces is not None:
        found = running.untraced(run)
        yield Check("traces", "; ".join(found) or f"{run.traces:,} arrived", "about 1 % of the requests", not found)


def _limits(run: Run, limits: Limits, *, goal: bool) -> Iterator[Check]:
    if limits.requests is not None:
        answered = sum(one.seen.requests for one in run.outcomes)
        held = answered >= limits.requests
        yield Check("requests answered", f"{answered:,}", f"at least {limits.requests:,}", held, goal)
    for name, most in (("p50", limits.p50_ms), ("p90", limits.p90_ms), ("p99", limits.p99_ms)):
        if most is not None:
            worst = max(_latency(one, name) for one in run.outcomes)
            yield Check(f"{name}, ms", f"{worst:.2f}", f"at most {most:g}", worst <= most, goal)
    if limits.last_p99_times is not None:
        first, last = (one.seen.latency_ms.get("p99", float("inf")) for one in (run.outcomes[0], run.outcomes[-1]))
        wanted = f"at most {limits.last_p99_times:g} times that of {run.outcomes[0].phase.name!r}"
        held = last <= limits.last_p99_times * first
        yield Check(f"p99 of {run.outcomes[-1].phase.name!r}, ms", f"{last:.2f}, first {first:.2f}", wanted, held, goal)
    if limits.p99_drift is not None:
        yield _drift(run, limits.p99_drift, goal=goal)
    if limits.growth_mb is not None and run.target.pid is not None:
        yield _growth(run, limits.growth_mb, goal=goal)


def _latency(one: Outcome, name: str) -> float:
    """A percentile in ms. Of wrk the worse of two: as requests saw it, and corrected for those that a stall held back."""
    return max(
        said.get(name, float("inf")) for said in (one.seen.latency_ms, one.seen.corrected_ms or one.seen.latency_ms)
    )


def _drift(run: Run, times: float, *, goal: bool) -> Check:
    """The median of the seconds' p99, of the last quarter and of the second: in the first, everything warms up."""
    seconds = [percentile(second.histogram, 99) for one in run.outcomes for second in (one.probe or one.seen).by_second]
    found = [value for value in seconds if value is not None]
    wanted = f"at most {times:g} times"
    if len(found) < _FEWEST:
        return Check("p99, last quarter beside the second", f"{len(found)} seconds", wanted, held=False, goal=goal)
    quarter = len(found) // _QUARTERS
    second, last = median(found[quarter : 2 * quarter]), median(found[-quarter:])
    came = f"{last:.2f} ms beside {second:.2f} ms"
    return Check("p99, last quarter beside the second", came, wanted, last <= times * second, goal)


def _growth(run: Run, most: float, *, goal: bool) -> Check:
    looks = service(run)
    wanted = f"at most {most:+g} MB"
    if len(looks) < _FEWEST:
        return Check("growth of the service's memory", f"{len(looks)} looks", wanted, held=False, goal=goal)
    points = [(look.at - looks[0].at, look.rss_bytes / 1e6) for look in looks[len(looks) // _QUARTERS :]]
    grown = figures.slope(points) * (points[-1][0] - points[0][0])
    return Check("growth of the service's memory", f"{grown:+.2f} MB along the line", wanted, grown <= most, goal)


def _memory(run: Run) -> Iterator[Check]:
    if run.target.pid is None:
        return
    peak = max((look.rss_bytes for look in service(run)), default=None)
    came = "the service was not seen" if peak is None else f"{peak / 1024 / 1024:.0f} MB"
    yield Check("memory of the service", came, "at most 256 MB", peak is not None and peak <= MEMORY_BYTES)


def service(run: Run) -> list[Look]:
    """The service's looks."""
    return [look for look in run.looks if look.part == "service"]


def percentile(histogram: Histogram, share: float) -> float | None:
    """In ms; None of nothing."""
    return histogram.percentile_ms(share) if histogram.count else None


def _objectives(run: Run) -> Iterator[Check]:
    for one in run.judged or ():
        came = objectives.NOT_ASKED.get(one.gate.name, "no value: nothing was counted")
        if one.error_ratio is not None:
            came = f"{(1 - one.error_ratio) * 100:.4g} %"
        yield Check(f"objective {one.gate.name}", came, f"{one.gate.objective} %, {one.gate.title.lower()}", one.held)


def _agreement(run: Run) -> Iterator[Check]:
    """Beyond the knee requests wait in the client too, and latencies on both sides are no longer the same thing."""
    if run.counts is None:
        return
    for line in agreement.compare(run.counts, run.outcomes):
        beyond = run.scenario.ramp is not None and line.what.startswith("slower")
        came = "nothing" if line.prometheus is None else f"{line.prometheus:,.0f} ({line.difference:+,.0f})"
        wanted = f"{line.clients:,} as the clients saw, {line.below:,.0f} less to {line.above:,.0f} more"
        yield Check(f"Prometheus: {line.what}", came, wanted, None if beyond else line.agrees)
