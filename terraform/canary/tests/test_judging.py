"""What is said of a revision, and when; what is asked of Prometheus for it."""

import json
from pathlib import Path

import promql_parser
import pytest

from terraform.canary.cloud_run import GcloudError
from terraform.canary.gates import GATES, Gate, GateError, read_gates, selected
from terraform.canary.judging import Limits, Sight, Verdict, Watch, overall
from terraform.canary.kept import Kept
from terraform.canary.prometheus import Prometheus, PrometheusError, managed

LIMITS = Limits(events=100, failures=5, burn=6)
GATE = Gate("availability", "Answers", 0.01, "bad[$window]", "total[$window]")


@pytest.mark.parametrize(
    ("events", "failures", "beside", "expected"),
    [
        (None, 0, None, Verdict.OPEN),  # nothing is known
        (99, 0, None, Verdict.OPEN),  # too few to say anything good
        (99, 4, None, Verdict.OPEN),
        (99, 5, None, Verdict.OPEN),  # burns 5: not yet too fast
        (60, 60, None, Verdict.BURNING),  # that all fail is known before there are many
        (5, 5, None, Verdict.BURNING),
        (4, 4, None, Verdict.OPEN),
        (60, 60, 60.0, Verdict.OPEN),  # so does the other
        (0, 0, None, Verdict.OPEN),
        (100, 0, None, Verdict.KEPT),
        (100, 4, None, Verdict.KEPT),  # burns 4, but so few failures are chance
        (1000, 10, None, Verdict.KEPT),  # exactly its budget
        (1000, 11, None, Verdict.OPEN),  # a little more: not good, not bad
        (1000, 60, None, Verdict.OPEN),  # exactly as fast as it may
        (1000, 61, None, Verdict.BURNING),
        (1000, 61, 0.0, Verdict.BURNING),
        (1000, 61, 3.0, Verdict.BURNING),  # the other burns too, half as fast
        (1000, 61, 3.1, Verdict.OPEN),  # so does the other: it is the world
    ],
)
def test_verdict(events: float | None, failures: float, beside: float | None, expected: Verdict) -> None:
    """Each limit at its edge."""
    assert Sight(GATE, events, failures, beside).verdict(LIMITS) is expected


@pytest.mark.parametrize(
    ("events", "failures", "expected"),
    [
        (None, 0, "not measured"),
        (60, 60, "60 of 60 bad, burns 100.00, the other revision 0.50"),
        (60, 4, "60 events, expected 100 to judge by"),
        (100, 4, "4 of 100 bad, burns 4.00, the other revision 0.50"),
    ],
)
def test_told(events: float | None, failures: float, expected: str) -> None:
    """The words give the reason of the verdict."""
    assert Sight(GATE, events, failures, 0.5).told(LIMITS) == f"availability: {expected}"


def test_overall() -> None:
    """One that burns is enough to go back; to go on all have to be kept; nothing at all is not kept."""
    kept, open_, burning = Sight(GATE, 1000, 0, None), Sight(GATE, None, 0, None), Sight(GATE, 1000, 900, None)
    assert overall([kept, kept], LIMITS) is Verdict.KEPT
    assert overall([kept, open_], LIMITS) is Verdict.OPEN
    assert overall([kept, open_, burning], LIMITS) is Verdict.BURNING
    assert overall([], LIMITS) is Verdict.OPEN


def test_committed_gates() -> None:
    """What the service exposes itself; nothing of the gateway, nothing that takes days."""
    assert {gate.name for gate in read_gates()} == {
        "latency", "latency-tail", "prediction-log", "service-availability", "valid-input",
    }  # fmt: skip


@pytest.mark.parametrize("gate", read_gates(), ids=lambda gate: gate.name)
def test_every_selector_is_narrowed(gate: Gate) -> None:
    """PromQL that a parser takes, in which each selector has the revision and the window; bad over total is the gate's own."""
    for query in gate.asked({"namespace": "puerta", "revision_name": "puerta-02"}, 90):
        promql_parser.parse(query)
        assert (
            query.count("[90s]") == query.count('namespace="puerta",revision_name="puerta-02"') == query.count("rate(")
        )
        assert "$" not in query
    whole = {one["name"]: one["error_ratio"] for one in json.loads(GATES.read_text())["gates"]}[gate.name]
    assert whole == f"{gate.bad} / ({gate.total} > 0)"


def test_label_beside_others_and_alone() -> None:
    """A selector with labels, with a brace in one, and without any."""
    query = 'sum(rate(a{b="}",c=~"d|e"}[$window])) - sum(rate(f[$window]))'
    assert selected(query, {"r": "x"}, 5) == 'sum(rate(a{b="}",c=~"d|e",r="x"}[5s])) - sum(rate(f{r="x"}[5s]))'


@pytest.mark.parametrize(
    "ratio", ["bad[$window]", "bad[$window] / total[$window]", "(bad[$window]) / ((Total[$window]) > 0)"]
)
def test_gate_of_another_shape(ratio: str, tmp_path: Path) -> None:
    """What can't be taken apart is refused by name, not judged wrongly."""
    path = tmp_path / "gates.json"
    gate = {"name": "odd", "title": "Odd", "objective": "99", "error_ratio": ratio}
    path.write_text(json.dumps({"gates": [gate]}))
    with pytest.raises(GateError, match=r"gates.json: odd: .* came, expected BAD / \(TOTAL > 0\)"):
        read_gates(path)


def test_no_gates(tmp_path: Path) -> None:
    """No file, no JSON, nothing left: each is refused."""
    path = tmp_path / "gates.json"
    with pytest.raises(GateError, match="python -m slo generate"):
        read_gates(path)
    path.write_text("{")
    with pytest.raises(GateError, match="python -m slo generate"):
        read_gates(path)
    path.write_text('{"gates": []}')
    with pytest.raises(GateError, match="no objective is left"):
        read_gates(path)


def test_a_failing_look_is_told() -> None:
    """A Prometheus that does not answer is no answer, with its reason."""

    def ask(_query: str) -> float | None:
        raise PrometheusError("no answer")

    (sight,) = Watch(ask, (GATE,), "puerta").sights("new", "old", 60)
    assert sight.verdict(LIMITS) is Verdict.OPEN
    assert sight.told(LIMITS) == "availability: no answer"


def test_looks_are_asked_for_one_at_a_time() -> None:
    """Who stops in the middle asks nothing more."""
    asked: list[str] = []

    def ask(query: str) -> float | None:
        asked.append(query)
        return 1.0

    sights = Watch(ask, (GATE, GATE), "puerta").sights("new", "old", 60)
    assert asked == []
    next(sights)
    assert len(asked) == 4


def test_token_is_kept_for_a_minute() -> None:
    """Then another is asked for; one that could not be had is asked for again at once."""
    time, tokens = 0.0, iter(["first", "", "second"])

    def ask() -> str:
        token = next(tokens)
        if not token:
            raise GcloudError("refused")
        return token

    token = Kept(ask, lambda: time)
    assert token() == "first"
    time = 59.9
    assert token() == "first"
    time = 60.0
    with pytest.raises(GcloudError):
        token()
    assert [token(), token()] == ["second"] * 2


def test_prometheus_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds in a look, as long as it says in a budget; then it is no answer."""
    waited: list[float] = []

    def urlopen(_request: object, timeout: float) -> None:
        waited.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    for prometheus in (Prometheus("http://127.0.0.1:9090"), Prometheus("http://127.0.0.1:9090", timeout=30)):
        with pytest.raises(PrometheusError, match="TimeoutError"):
            prometheus.value("up")
    assert waited == [5, 30]


def test_token_is_sent_over_tls_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the open nobody is shown it; Google's own address has it."""
    sent: list[str | None] = []

    def fetched(_self: Prometheus, request: object) -> bytes:
        sent.append(request.get_header("Authorization"))  # type: ignore[attr-defined]
        return b'{"status": "success", "data": {"result": []}}'

    monkeypatch.setattr(Prometheus, "_fetched", fetched)
    for url in ("http://127.0.0.1:9090", managed("my-project")):
        assert Prometheus(url, lambda: "a-token").value("up") is None
    assert sent == [None, "Bearer a-token"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"status": "error", "error": "parse error"}', "parse error"),
        (b'{"status": "success"}', "KeyError"),
        (b"<html>", "JSONDecodeError"),
        (b'{"status": "success", "data": {"result": [{"value": [1, "1"]}, {"value": [1, "2"]}]}}', "2 values"),
    ],
)
def test_answer_that_is_none(body: bytes, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not one value is an error in words."""
    monkeypatch.setattr(Prometheus, "_fetched", lambda _self, _request: body)
    with pytest.raises(PrometheusError, match=expected):
        Prometheus("http://127.0.0.1:9090").value("up")


def test_nan_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 / 0 is no figure."""
    answer = b'{"status": "success", "data": {"result": [{"value": [1, "NaN"]}]}}'
    monkeypatch.setattr(Prometheus, "_fetched", lambda _self, _request: answer)
    assert Prometheus("http://127.0.0.1:9090").value("up") is None
