"""The open loop, on servers whose slowness is known."""

import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from load_tests import open_loop
from load_tests.arrivals import ARRIVALS, Arrivals, schedule
from load_tests.measurement import Measurement
from load_tests.open_loop import OpenLoopError
from load_tests.order import Order, OrderError, encode
from load_tests.tests.slow_server import ANSWER, SlowServer
from tests.parts import require

BODY = b'{"instances":[]}'


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    """A file of one body."""
    path = tmp_path / "bodies.jsonl"
    path.write_bytes(BODY + b"\n")
    return path


def _order(bodies: Path, url: str = "http://127.0.0.1:1/v1/predict?a=b", **changed: object) -> Order:
    return Order(url, str(bodies), **{"rate": 100.0, "seconds": 1.0, **changed})  # type: ignore[arg-type]


def test_fixed_arrivals_are_equally_far_apart() -> None:
    """A rate of 4 for 2 seconds is eight requests, a quarter of a second apart."""
    assert schedule(4, 2, "fixed", 0).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]


def test_poisson_arrivals_have_the_rate_and_the_spread_of_independent_callers() -> None:
    """The gaps are exponential: their mean is 1/rate and so is their standard deviation; a seed repeats them."""
    moments = schedule(1000, 100, "poisson", 7)
    gaps = np.diff(moments)
    assert len(moments) == pytest.approx(100_000, rel=0.02)
    assert gaps.mean() == pytest.approx(1e-3, rel=0.02)
    assert gaps.std() == pytest.approx(1e-3, rel=0.02)
    assert moments.max() < 100
    assert np.array_equal(moments, schedule(1000, 100, "poisson", 7))


@pytest.mark.parametrize("arrivals", ARRIVALS)
def test_no_time_has_no_arrivals(arrivals: Arrivals) -> None:
    """Nothing comes due in no time."""
    assert schedule(10, 0, arrivals, 0).size == 0


def test_each_line_becomes_a_whole_request(tmp_path: Path) -> None:
    """A body goes to the URL, one that names a path goes there; headers, host and length are right; empty lines are none."""
    path = tmp_path / "bodies.jsonl"
    path.write_bytes(b'{"a":1}\n\n/v1/labels\t{}\n')
    first, second = encode(_order(path, headers=("X-API-Key: k:1", "content-type: text/plain")))
    assert first == (
        b"POST /v1/predict?a=b HTTP/1.1\r\nhost: 127.0.0.1:1\r\ncontent-type: text/plain\r\n"
        b'x-api-key: k:1\r\ncontent-length: 7\r\n\r\n{"a":1}'
    )
    assert second.startswith(b"POST /v1/labels HTTP/1.1\r\n")
    assert second.endswith(b"content-length: 2\r\n\r\n{}")


def test_a_bad_order_is_refused(tmp_path: Path, bodies: Path) -> None:
    """A header without a colon and a file without a body are named."""
    with pytest.raises(OrderError, match="headers: 'nonsense' is no header"):
        encode(_order(bodies, headers=("nonsense",)))
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"\n")
    with pytest.raises(OrderError, match="holds no body"):
        encode(_order(empty))


@pytest.mark.platform
@pytest.mark.parametrize(
    ("url", "rate", "said"),
    [
        ("http://127.0.0.1:9/", 10, "refused|Connect"),
        ("ftp://127.0.0.1/", 10, "expected http"),
        ("", 10, "url: ''"),
        ("http://127.0.0.1:9/", 0, "rate"),
    ],
)
def test_a_run_that_cannot_be_says_why(bodies: Path, url: str, rate: float, said: str) -> None:
    """Where nobody listens, or the order makes no sense, there is no measurement, only the reason."""
    with pytest.raises(OpenLoopError, match=said):
        open_loop.run(url, bodies, rate=rate, seconds=1)


def _accounted(measured: Measurement) -> int:
    """Every request that came due, whatever became of it."""
    assert measured.pace is not None
    return measured.requests + measured.connect_errors + measured.read_errors + measured.timeouts + measured.pace.unsent


@pytest.mark.platform
@pytest.mark.parametrize("arrivals", ARRIVALS)
def test_a_quick_server_is_asked_at_the_rate(bodies: Path, arrivals: Arrivals) -> None:
    """Each request that comes due is asked, whole, and answered; the seconds add up to the run."""
    with SlowServer() as server:
        measured = open_loop.run(
            server.url, bodies, rate=200, seconds=2, connections=8, headers=("x-api-key: k",), arrivals=arrivals
        )
    assert measured.pace is not None
    assert measured.requests == measured.pace.scheduled == len(server.requests)
    assert measured.requests == pytest.approx(400, rel=0 if arrivals == "fixed" else 0.2)
    assert measured.statuses == {200: measured.requests}
    assert measured.bytes_read == measured.requests * len(ANSWER)
    assert {request.partition(b"\r\n\r\n")[2] for request in server.requests} == {BODY}
    assert all(b"x-api-key: k\r\n" in request for request in server.requests)
    assert sum(sum(second.statuses.values()) for second in measured.by_second) == measured.requests
    assert sum(second.histogram.count for second in measured.by_second) == measured.histogram.count == measured.requests
    assert measured.client_cpu_seconds > 0


@pytest.mark.platform
def test_a_stall_is_seen_by_everybody_who_came_during_it(bodies: Path) -> None:
    """A stall of a second at 200 a second: 200 requests saw it, each as much of it as was left when it came due.

    So one in ten of the slow ones took less than 100 ms and one in ten more than 900 ms: their latencies are evenly
    spread. Of 600 requests in three seconds a third was slow, and the median of all is quick.
    """
    rate, stall = 200, 1.0
    with SlowServer(stalls_at=rate + 20, stall_seconds=stall) as server:
        measured = open_loop.run(server.url, bodies, rate=rate, seconds=3, connections=4)
    slower = measured.histogram.share_slower
    assert measured.requests == 600
    for seconds in (0.1, 0.3, 0.5, 0.7, 0.9):
        assert slower(seconds) * 600 == pytest.approx(rate * (stall - seconds), abs=20)
    assert measured.latency_ms["max"] == pytest.approx(1000, rel=0.1)
    assert measured.latency_ms["p90"] == pytest.approx(1000 * (stall - 60 / rate), abs=100)
    first, second, third = (one.histogram.percentile_ms(50) for one in measured.by_second[:3])
    assert second == pytest.approx(500, abs=100)
    assert max(first, third) < 200
    assert measured.by_second[1].requests_per_second < 0.5 * rate, "nobody is answered during the stall"


@pytest.mark.platform
def test_a_server_slower_than_the_rate_is_told_by_growing_latency(bodies: Path) -> None:
    """Asked twice as fast as it can, each second finds it further behind, and throughput is what it can do.

    At 10 ms and more a request it does c, at most 100, a second; of r a second the one due at t is number r t, answered
    at r t / c: (r / c - 1) t late.
    """
    rate = 200
    with SlowServer(each_seconds=0.01) as server:
        measured = open_loop.run(server.url, bodies, rate=rate, seconds=2, connections=4)
    can = measured.requests_per_second
    assert _accounted(measured) == 400
    assert can < 101
    late = [one.histogram.percentile_ms(50) for one in measured.by_second[:2]]
    assert late == pytest.approx([1000 * (rate / can - 1) * due for due in (0.5, 1.5)], rel=0.2)
    assert measured.latency_ms["max"] == pytest.approx(1000 * (rate / can - 1) * 2, rel=0.1)


@pytest.mark.platform
def test_what_is_still_waiting_at_the_end_counts(bodies: Path) -> None:
    """A server that never catches up leaves requests unsent; they are told, and as slow as they have been so far."""
    with SlowServer(each_seconds=0.1) as server:
        measured = open_loop.carry_out(_order(bodies, server.url, connections=2, timeout=1.0))
    assert measured.pace is not None
    assert _accounted(measured) == 100
    assert 60 < measured.pace.unsent < 95
    assert measured.histogram.count == 100
    assert measured.latency_ms["p50"] > 1000
    assert sum(second.errors for second in measured.by_second) == measured.pace.unsent + measured.timeouts
    assert any("waiting for a connection at the end" in problem for problem in measured.problems())


@pytest.mark.platform
def test_statuses_broken_connections_and_silence_are_told_apart(bodies: Path) -> None:
    """Each answer is counted by its status, chunked or not; a connection that breaks or goes silent is replaced."""
    chunked = b"HTTP/1.1 503 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER
    closing = ANSWER.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    answers = (ANSWER, chunked, interim, closing, None, b"")
    with SlowServer(answers=answers) as server:
        measured = open_loop.carry_out(_order(bodies, server.url, rate=60.0, connections=6, timeout=0.4))
    assert measured.statuses == {200: 30, 503: 10}
    assert (measured.read_errors, measured.timeouts, measured.connect_errors) == (10, 10, 0)
    assert _accounted(measured) == 60
    assert measured.problems() == ["10 connections broken while reading", "10 timeouts", "10 answers 503"]


@pytest.mark.platform
def test_a_server_that_goes_away_is_an_error_for_each_caller(bodies: Path) -> None:
    """Once nobody listens, whoever comes is refused."""
    with SlowServer(answers=(None,), leaves_at=1) as server:
        measured = open_loop.carry_out(_order(bodies, server.url, connections=1, timeout=0.5))
    assert (measured.requests, measured.read_errors, measured.connect_errors) == (0, 1, 99)
    assert measured.problems() == ["99 connections refused", "1 connections broken while reading", "no answer at all"]


def _pause(seconds: float) -> None:
    """Hold this process's client up in the middle of its run."""
    while not (clients := [one for one in psutil.Process().children() if "load_tests.open_client" in one.cmdline()]):
        time.sleep(0.01)
    time.sleep(1.0)
    clients[0].suspend()
    time.sleep(seconds)
    clients[0].resume()


@pytest.mark.platform
def test_a_client_that_is_late_says_so(bodies: Path) -> None:
    """A client that was held up itself does not tell its own slowness as the server's: the run is not valid."""
    with SlowServer() as server, ThreadPoolExecutor() as pool:
        paused = pool.submit(_pause, 0.5)
        measured = open_loop.run(server.url, bodies, rate=100, seconds=3, connections=4)
        paused.result()
    assert measured.statuses == {200: 300}
    assert measured.pace is not None
    assert measured.pace.lag_ms["max"] == pytest.approx(500, rel=0.2)
    assert any("the client did not keep up: late by" in problem for problem in measured.problems())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    program = require("openssl", "apt install openssl")
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    made = (
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        str(path),
        "-out",
        f"{path}.crt",
    )
    subprocess.run([program, "req", "-x509", "-days", "2", *made, *subject], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.mark.platform
def test_https_is_asked_and_its_certificate_checked(bodies: Path, certificate: Path) -> None:
    """A certificate that is trusted by name is used; one that is not is refused, not waved through."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with SlowServer(tls=context) as server:
        measured = open_loop.run(server.url, bodies, rate=50, seconds=1, connections=2, authority=certificate)
        with pytest.raises(OpenLoopError, match="CERTIFICATE_VERIFY_FAILED"):
            open_loop.run(server.url, bodies, rate=50, seconds=1, connections=2)
    assert measured.statuses == {200: 50}
