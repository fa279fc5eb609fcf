"""One run of a scenario: warm up, every phase of the load, and all that was seen meanwhile."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from load_tests import benchmark, bodies, events, flights, open_loop, oracle, servers, wrk
from load_tests.bodies import Instance
from load_tests.measurement import Measurement
from load_tests.oracle import Oracle
from load_tests.sampling import Sample, Sampler
from load_tests.scenarios import agreement, knee, objectives
from load_tests.scenarios.agreement import Counts
from load_tests.scenarios.objectives import Gate, Judged
from load_tests.scenarios.parts import Look, Watch
from load_tests.scenarios.prometheus import Prometheus
from load_tests.scenarios.scenario import Phase, Scenario
from load_tests.scenarios.slow import SlowCallers, Told
from load_tests.scenarios.target import SCRAPE_SECONDS, Target

# wrk knows no latency by time: beside it a few requests at a constant rate see it.
PROBE_RATE = 50.0
PROBE_CONNECTIONS = 4
_WARM_CONNECTIONS = 8
LONG_ROWS = 1000
_MOST_ROWS_OF_A_FILE = 16_000


@dataclass(frozen=True)
class Outcome:
    """What came of one phase. ``probe`` saw latency over time beside a closed loop."""

    phase: Phase
    rate: float | None
    began: float  # seconds since the epoch
    ended: float
    seen: Measurement
    probe: Measurement | None = None
    slow: Told | None = None
    samples: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """Requests of good callers that came back with a status."""
        return self.seen.requests + (self.probe.requests if self.probe else 0) + self.samples

    @property
    def rows(self) -> int:
        """Rows answered with 2xx."""
        return (self.answered - self.refused) * self.phase.rows

    @property
    def refused(self) -> int:
        """Answers other than 2xx."""
        return sum(
            count for one in self.loads for status, count in one.statuses.items() if status not in range(200, 300)
        )

    @property
    def loads(self) -> list[Measurement]:
        """What its clients saw."""
        return [self.seen] + ([self.probe] if self.probe else [])

    @property
    def problems(self) -> list[str]:
        """What the clients had to complain of. That a probe was late itself says nothing of the platform."""
        probe = replace(self.probe, pace=None).problems() if self.probe else []
        return [f"{self.phase.name}: {words}" for words in (*self.seen.problems(), *probe)]

    @property
    def left_behind(self) -> int:
        """Requests that may have been counted without an answer: hung up on at the end, broken, or a slow caller's."""
        broken = sum(one.read_errors + one.write_errors + one.timeouts for one in self.loads)
        broken += self.seen.pace.unsent if self.seen.pace else 0
        hung_up = self.phase.connections + (PROBE_CONNECTIONS if self.probe else 0)
        return broken + hung_up + (self.slow.requests if self.slow else 0)


@dataclass(frozen=True)
class Run:
    """Everything that was seen; None where it could not be."""

    scenario: Scenario
    target: Target
    outcomes: list[Outcome]
    looks: list[Look]
    rows_logged: int | None
    traces: int | None
    judged: list[Judged] | None
    counts: Counts | None


class Runner:
    """Runs a scenario against a target. ``knee_rate`` is what a phase's ``knee_share`` is a part of."""

    def __init__(
        self,
        scenario: Scenario,
        target: Target,
        say: Callable[[str], None],
        *,
        models: Path,
        folder: Path,
        gates: tuple[Gate, ...] = (),
        knee_rate: float | None = None,
    ) -> None:
        self._scenario, self._target, self._say = scenario, target, say
        self._folder, self._gates, self._knee_rate = folder, gates, knee_rate
        self._oracle = Oracle(oracle.newest(models, servers.DEFAULT_MODEL))
        self._drawn: dict[int, list[list[Instance]]] = {}

    def run(self) -> Run:
        """Run all phases.

        Raises:
            OpenLoopError, PrometheusError, ProcessError, WrkError: if it can't be run or seen to its end.
        """
        target = self._target
        self._say(f"warming up for {self._scenario.warm_seconds} s")
        first = self._scenario.steps[0]
        self._closed(self._file(first.rows), _WARM_CONNECTIONS, self._scenario.warm_seconds)
        watcher = Prometheus(target.prometheus) if target.prometheus else None
        since = watcher.settle(SCRAPE_SECONDS) if watcher else time.time()
        logged = events.count_lines(target.events) if target.events else 0
        traced = target.spans.traces if target.spans else 0
        with Watch(target.pid) as watch:
            outcomes = self._phases()
        until = watcher.settle(SCRAPE_SECONDS) if watcher else time.time()
        return Run(
            scenario=self._scenario,
            target=target,
            outcomes=outcomes,
            looks=watch.looks,
            rows_logged=events.count_lines(target.events) - logged if target.events else None,
            traces=target.spans.traces - traced if target.spans else None,
            judged=objectives.judge(watcher, self._gates, since, self._judged_until(outcomes, until))
            if watcher
            else None,
            counts=agreement.count(watcher, since, until) if watcher else None,
        )

    def _judged_until(self, outcomes: list[Outcome], until: float) -> float:
        """Beyond the knee nothing has to hold."""
        ramp = self._scenario.ramp
        found = knee.find(ramp, outcomes) if ramp else None
        return found.until if found and found.until else until

    def _phases(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for phase in self._scenario.steps:
            outcomes.append(self._phase(phase))
            self._say(_progress(outcomes[-1]))
            if self._scenario.ramp and knee.reasons(self._scenario.ramp, outcomes[-1]):
                break
        return outcomes

    def _phase(self, phase: Phase) -> Outcome:
        file, target = self._file(phase.rows), self._target
        drawn = self._drawn[phase.rows]
        encoded = [bodies.encode(rows) for rows in drawn]
        headers = {"x-api-key": target.key} if target.key else {}
        rate = self._rate(phase)
        sampler = Sampler(0, servers.PREDICT, encoded, headers, target.connect)
        slow: SlowCallers | None = None
        with ExitStack() as stack:
            stack.enter_context(sampler)
            if phase.slow:
                (rows,) = bodies.batches(flights.read(), self._oracle.manifest, rows=LONG_ROWS, count=1)
                slow = SlowCallers(target.predict, encoded[0], bodies.encode(rows), target.headers, phase.slow)
                stack.enter_context(slow)
            began = time.time()
            if rate is None:
                with ThreadPoolExecutor(1, "probe") as pool:
                    waiting = pool.submit(self._open, file, PROBE_RATE, PROBE_CONNECTIONS, phase.seconds)
                    seen = self._closed(file, phase.connections, phase.seconds)
                    probe = waiting.result()
            else:
                seen, probe = self._open(file, rate, phase.connections, phase.seconds), None
            ended = time.time()
        return Outcome(
            phase=phase,
            rate=rate,
            began=began,
            ended=ended,
            seen=seen,
            probe=probe,
            slow=slow.told if slow else None,
            samples=sum(sample.status in range(200, 300) for sample in sampler.samples),
            wrong=[*sampler.failures, *self._wrong(sampler.samples, drawn)],
        )

    def _wrong(self, samples: list[Sample], drawn: list[list[Instance]]) -> list[str]:
        found = []
        for sample in samples:
            if sample.status not in range(200, 300):
                found.append(f"a sample was answered {sample.status}: {sample.answer[:200]!r}")
            elif difference := self._oracle.disagreement(drawn[sample.index], sample.answer):
                found.append(f"a wrong answer: {difference}")
        return found

    def _rate(self, phase: Phase) -> float | None:
        if phase.knee_share is None:
            return phase.rate
        if self._knee_rate is None:
            raise ValueError("a phase is a part of the knee, expected its rate")
        return phase.knee_share * self._knee_rate

    def _closed(self, file: Path, connections: int, seconds: float) -> Measurement:
        return wrk.run(
            self._target.predict, file, connections=connections, seconds=seconds, headers=self._target.headers
        )

    def _open(self, file: Path, rate: float, connections: int, seconds: float) -> Measurement:
        return open_loop.run(
            self._target.predict,
            file,
            rate=rate,
            seconds=seconds,
            connections=connections,
            headers=self._target.headers,
        )

    def _file(self, rows: int) -> Path:
        """The file of bodies of so many rows, written when it is first asked for."""
        path = self._folder / f"rows-{rows}.jsonl"
        if rows not in self._drawn:
            count = max(16, min(bodies.DIFFERENT, _MOST_ROWS_OF_A_FILE // rows))
            self._drawn[rows] = bodies.batches(flights.read(), self._oracle.manifest, rows=rows, count=count)
            bodies.write(path, bodies.lines(bodies.encode(one) for one in self._drawn[rows]))
        return path


def untraced(run: Run) -> list[str]:
    """Whether traces of the share that is asked for arrived; nothing where they can't be seen."""
    if run.traces is None:
        return []
    return benchmark.untraced(run.traces, sum(outcome.answered for outcome in run.outcomes))


def _progress(outcome: Outcome) -> str:
    seen = outcome.seen
    state = "; ".join([*seen.problems(), *outcome.wrong[:3]]) or "all well"
    p99 = seen.latency_ms.get("p99", float("nan"))
    return (
        f"{outcome.phase.name}: {seen.requests:,} answers, {seen.requests_per_second:,.0f}/s, p99 {p99:.2f} ms; {state}"
    )
