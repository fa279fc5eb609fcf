"""The verdict on a run: a good one holds, and each thing that is broken in it is found by the check that is for it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from load_tests.histogram import Histogram, exact_ms
from load_tests.measurement import Measurement, Pace, Second
from load_tests.scenarios import judging, knee, objectives, report
from load_tests.scenarios.agreement import Counts
from load_tests.scenarios.judging import verdict
from load_tests.scenarios.objectives import Gate, GateError, Judged
from load_tests.scenarios.parts import CLIENT, Look, cores, name_of, used
from load_tests.scenarios.running import Outcome, Run
from load_tests.scenarios.scenario import Limits, Phase, Ramp, Scenario, Slow
from load_tests.scenarios.slow import Told
from load_tests.scenarios.target import Target, TargetError, deployed
from load_tests.traces import Count

SECONDS = 40
RATE = 1000
REQUESTS = SECONDS * RATE
START = 1_000_000.0
MB = 1024 * 1024
GATE = Gate(name="latency", title="Nine of ten", kind="latency", objective="90", error_ratio="x[$window]")
MACHINE = {"cpu": "<a processor>", "date": "today"}


def measurement(slower: float = 1.0, **changes: Any) -> Measurement:
    """40 s of 1,000 requests a second from 1 to 10 ms; with ``slower``, the second half takes so much longer."""
    first = np.linspace(1_000, 10_000, RATE)
    times = [first * (slower if second >= SECONDS // 2 else 1.0) for second in range(SECONDS)]
    together = np.concatenate(times)
    by_second = tuple(
        Second(START + second, 1.0, {200: RATE}, 0, Histogram.of(one)) for second, one in enumerate(times)
    )
    pace = Pace(RATE, "fixed", REQUESTS, 0, {"p99": 0.1}, 0.2)
    seen = Measurement(
        REQUESTS, float(SECONDS), 1, 0, 0, 0, 0, {200: REQUESTS}, exact_ms(together), 1.0, START,
        Histogram.of(together), by_second, pace,
    )  # fmt: skip
    return replace(seen, **changes)


def looks(megabytes: Callable[[int], float] = lambda _: 90.0) -> list[Look]:
    """The service at half a core, and a gateway."""
    return [
        look
        for second in range(SECONDS)
        for look in (
            Look(START + second, "service", second * 0.5, int(megabytes(second) * MB)),
            Look(START + second, "gateway", second * 0.25, 70 * MB),
        )
    ]


@pytest.fixture
def good(tmp_path: Path) -> Run:
    """A run in which all is well."""
    scenario = Scenario(
        name="test",
        title="A <test>",
        about="Of nothing.",
        phases=(Phase(name="steady", seconds=SECONDS, rate=float(RATE)),),
        limits=Limits(requests=30_000, p99_ms=20, growth_mb=5, p99_drift=2),
        goals=Limits(p50_ms=1),
    )
    target = Target("http://127.0.0.1:1", "", "a test", 1, tmp_path, "http://127.0.0.1:2", Count())
    outcome = Outcome(scenario.phases[0], float(RATE), START, START + SECONDS, measurement(), samples=100)
    answered = outcome.answered
    return Run(
        scenario, target, [outcome], looks(), answered, answered // 100, [Judged(GATE, 0.001)],
        Counts(float(answered), 0.0, {0.4: 0.0, 1.0: 0.0}),
    )  # fmt: skip


def change(run: Run, **changes: Any) -> Run:
    """The same with its only outcome changed."""
    return replace(run, outcomes=[replace(run.outcomes[0], **changes)])


def refused(run: Run) -> list[str]:
    """The checks that did not hold."""
    return [check.what for check in judging.judge(run) if check.held is False and not check.goal]


def test_a_good_run_holds(good: Run) -> None:
    """Every check is judged; a goal that is missed decides nothing."""
    checks = judging.judge(good)
    assert refused(good) == []
    assert verdict(checks)
    assert [(check.what, check.held) for check in checks if check.goal] == [("p50, ms", False)]
    assert None not in [check.held for check in checks]


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (lambda run: change(run, wrong=["a wrong answer"]), "bodies against the model itself"),
        (lambda run: change(run, samples=0), "bodies against the model itself"),
        (lambda run: change(run, seen=measurement(statuses={200: REQUESTS - 1, 503: 1})), "statuses"),
        (lambda run: change(run, seen=measurement(timeouts=1)), "statuses"),
        (lambda run: change(run, seen=measurement(pace=Pace(RATE, "fixed", REQUESTS, 9, {}, 0.1))), "statuses"),
        (lambda run: change(run, probe=measurement(read_errors=1)), "statuses"),
        (lambda run: replace(run, rows_logged=REQUESTS), "event log"),
        (lambda run: replace(run, rows_logged=REQUESTS + 1000), "event log"),
        (lambda run: replace(run, traces=0), "traces"),
        (lambda run: change(run, seen=measurement(requests=29_999)), "requests answered"),
        (lambda run: change(run, seen=measurement(slower=3)), "p99, ms"),
        (lambda run: change(run, seen=measurement(corrected_ms={"p99": 21.0})), "p99, ms"),
        (lambda run: change(run, seen=measurement(slower=3)), "p99, last quarter beside the second"),
        (lambda run: replace(run, looks=looks(lambda second: 90 + second)), "growth of the service's memory"),
        (lambda run: replace(run, looks=looks(lambda second: 257 if second == 9 else 90)), "memory of the service"),
        (lambda run: replace(run, looks=[]), "memory of the service"),
        (lambda run: replace(run, judged=[Judged(GATE, 0.11)]), "objective latency"),
        (lambda run: replace(run, judged=[Judged(GATE, None)]), "objective latency"),
        (lambda run: replace(run, counts=replace(run.counts, requests=REQUESTS)), "Prometheus: requests"),
        (lambda run: replace(run, counts=replace(run.counts, requests=REQUESTS + 1000)), "Prometheus: requests"),
        (lambda run: replace(run, counts=replace(run.counts, requests=None)), "Prometheus: requests"),
        (lambda run: replace(run, counts=replace(run.counts, server_errors=500.0)), "Prometheus: answers 5xx"),
        (lambda run: replace(run, counts=Counts(REQUESTS + 100, 0, {0.4: 500.0})), "Prometheus: slower than 0.4 s"),
    ],
)
def test_whatever_is_broken_is_found(good: Run, broken: Callable[[Run], Run], check: str) -> None:
    """Each by its own check, and the verdict is no."""
    found = broken(good)
    assert check in refused(found)
    assert not verdict(judging.judge(found))


def test_a_probe_that_was_late_itself_says_nothing_of_the_platform(good: Run) -> None:
    """It is beside a closed loop that takes all the CPU there is; what it was answered counts all the same."""
    late = measurement(pace=Pace(RATE, "fixed", REQUESTS, 0, {"p99": 500.0}, 1.0), requests=0)
    assert "statuses" in refused(change(good, seen=late))
    assert "statuses" in refused(change(good, probe=replace(late, timeouts=1)))
    assert "statuses" not in refused(change(good, probe=replace(late, requests=1)))


def test_the_last_phase_must_be_as_quick_as_the_first(good: Run) -> None:
    """What a spike leaves behind, or slow callers beside good ones do, is seen."""
    scenario = msgspec.structs.replace(good.scenario, limits=Limits(last_p99_times=2))
    run = replace(good, scenario=scenario, outcomes=[good.outcomes[0], good.outcomes[0]])
    assert "p99 of 'steady', ms" not in refused(run)
    slow = replace(good.outcomes[0], seen=measurement(slower=3))
    assert "p99 of 'steady', ms" in refused(replace(run, outcomes=[good.outcomes[0], slow]))


def test_slow_callers_that_never_came_are_told(good: Run) -> None:
    """Otherwise a run beside nobody would hold."""
    phase = msgspec.structs.replace(good.outcomes[0].phase, slow=Slow(writers=5, readers=5))
    assert "slow callers were there" in refused(change(good, phase=phase, slow=Told(opened=9)))
    assert "slow callers were there" not in refused(change(good, phase=phase, slow=Told(opened=10)))


def test_what_can_not_be_seen_is_said(good: Run) -> None:
    """A deployed platform shows neither its log nor its processes: not judged, and not held to be well."""
    run = replace(
        good,
        target=deployed("https://gateway.example", None, None),
        rows_logged=None,
        traces=None,
        judged=None,
        counts=None,
    )
    run = replace(run, scenario=msgspec.structs.replace(run.scenario, limits=Limits()))
    checks = judging.judge(run)
    assert verdict(checks)
    assert len([check for check in checks if check.came == "not measured"]) == 4


def test_the_knee_is_the_last_step_that_holds(good: Run) -> None:
    """By errors, by p99, by throughput; what comes after a step that broke does not count."""
    ramp = Ramp(first=1000, last=3000, step=1000, seconds=SECONDS, p99_ms=20)
    step = good.outcomes[0]
    slow = replace(step, rate=2000.0, seen=measurement(slower=3, requests=2 * REQUESTS))
    short = replace(step, rate=2000.0)
    failing = replace(step, rate=2000.0, seen=measurement(requests=2 * REQUESTS, statuses={503: 1}))
    assert knee.find(ramp, [step]).rate == RATE
    assert "at least 1,000/s" in knee.find(ramp, [step]).words
    for broken, said in ((slow, "p99"), (short, "answers a second"), (failing, "1 answers 503")):
        found = knee.find(ramp, [step, broken, step])
        assert found.rate == RATE
        assert found.until == step.ended
        assert said in found.words
    assert knee.find(ramp, [failing]).rate is None


def test_a_ramp_is_judged_by_its_knee(good: Run) -> None:
    """The step that breaks is no problem; a ramp of which none holds is one."""
    ramp = Ramp(first=1000, last=2000, step=1000, seconds=SECONDS, p99_ms=20)
    scenario = msgspec.structs.replace(good.scenario, phases=(), ramp=ramp, limits=Limits())
    failing = replace(good.outcomes[0], rate=2000.0, seen=measurement(statuses={503: 1}))
    assert "the knee" not in refused(replace(good, scenario=scenario, outcomes=[good.outcomes[0], failing]))
    assert "the knee" in refused(replace(good, scenario=scenario, outcomes=[failing]))


def test_the_page_says_the_verdict_and_needs_nothing_else(good: Run, tmp_path: Path) -> None:
    """No script, no network; what came from elsewhere is escaped; the JSON has the same verdict."""
    for run, word in ((good, "held"), (change(good, wrong=["x"]), "not held")):
        checks = judging.judge(run)
        json_path, page_path, picture = report.write(run, checks, MACHINE, tmp_path)
        page = page_path.read_text()
        assert f"<title>test: {word}</title>" in page
        assert page.count("<svg") == 5
        assert "A &lt;test&gt;" in page
        assert "&lt;a processor&gt;" in page
        assert picture.stat().st_size
        assert "<script" not in page
        assert 'src="http' not in page
        assert msgspec.json.decode(json_path.read_bytes())["held"] is (word == "held")
        assert ("NOT HELD" in report.text(run, checks)) is (word == "not held")


def test_gates_are_the_objectives(tmp_path: Path) -> None:
    """The committed file is read; an error ratio is held against the objective exactly."""
    assert {"latency", "gateway-availability", "prediction-log"} <= {gate.name for gate in objectives.read_gates()}
    assert Judged(GATE, 0.1).held is True
    assert Judged(GATE, 0.1000001).held is False
    assert Judged(msgspec.structs.replace(GATE, name="label-arrival"), None).held is None
    for content in ("", "{}", '{"gates": []}', '{"gates": [{"name": "x"}]}'):
        path = tmp_path / "gates.json"
        path.write_text(content)
        with pytest.raises(GateError, match=r"gates\.json"):
            objectives.read_gates(path)


def test_parts_are_known_by_their_command() -> None:
    """Each process falls under the part that it is."""
    assert name_of(["python", "-OO", "-m", "service"]) == "service"
    assert name_of(["python", "-m", "gateway_config", "metrics"]) == "gateway-metrics"
    assert name_of(["/usr/bin/prometheus", "--config.file=x"]) == "prometheus"
    assert name_of(["python", "-m", "puerta"]) == "runner"
    assert name_of(["wrk", "-t1"]) == "wrk"


def test_cpu_is_cores_kept_busy() -> None:
    """Half a second of CPU in each second is half a core; the busiest part comes first; memory is the highest seen."""
    found = used(looks(lambda second: 90 + (second == 3)), START, START + SECONDS)
    assert [(one.part, one.cores) for one in found] == [("service", 0.5), ("gateway", 0.25)]
    assert found[0].peak_bytes == 91 * MB
    assert {value for _, value in cores(looks(), "service")} == {0.5}
    assert CLIENT not in [one.part for one in found]


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://x", "http://x/v1/predict", "http://"])
def test_an_address_that_can_not_be_used_is_told(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(TargetError, match="expected http"):
        deployed(url, None, None)


def test_a_key_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(TargetError, match="key.txt"):
        deployed("http://x", tmp_path / "key.txt", None)
