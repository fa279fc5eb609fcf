"""The comparison with other servers, on a stand-in for one."""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import contenders, protocols
from load_tests.benchmark import Result, Round
from load_tests.measurement import Measurement
from load_tests.oracle import Oracle
from load_tests.peers import environments, launching, measurement, page
from load_tests.peers.catalogue import PEERS, Peer, Variant
from load_tests.peers.environments import InstallError
from load_tests.peers.launching import Place
from load_tests.peers.measurement import Comparison, Options
from load_tests.tests.conftest import STAND_IN

MACHINE = {"cpu": "a processor", "python": "3.11", "date": "2026-11-21"}


def _stand_in(folder: Path, *manners: str) -> Peer:
    command = ("{bin}/python", "-m", "load_tests.tests.stand_in_peer", "{port}")
    variants = tuple(
        Variant(key, "a stand-in", (*command, manner), protocols.ARRAYS)
        for key, manner in zip(("documented", "tuned", "onnx"), manners, strict=False)
    )
    return Peer("stand-in", "A stand-in", "stand-in", variants, folder)


def _this_environment(requirements: Path, folder: Path, say: Callable[[str], None]) -> Path:
    del requirements, folder, say
    return Path(sys.executable)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.key)
def test_every_peer_is_pinned(peer: Peer, one_hot: Oracle) -> None:
    """By version and hash, from no named index, with the scikit-learn that made the model; what is asked for is there."""
    text = peer.requirements.read_text()
    assert "--index-url" not in text
    assert "://" not in text
    pins = dict(re.findall(r"^([\w.-]+)(?:\[.*?\])?==(\S+)", text, re.MULTILINE))
    assert len(re.findall(r"^\S+==.*\\$\n    --hash=", text, re.MULTILINE)) == len(
        re.findall(r"^\S+==", text, re.MULTILINE)
    )
    assert pins["scikit-learn"] == one_hot.manifest.libraries["scikit-learn"]
    assert measurement.version(peer) == pins[peer.package]
    asked = re.findall(r"^([\w-]+)", (peer.folder / "requirements.in").read_text(), re.MULTILINE)
    assert set(asked) <= set(pins)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.key)
def test_every_peer_runs_as_documented_and_as_tuned(peer: Peer, tmp_path: Path) -> None:
    """Each command names no placeholder that there is none of, and its programs are there; only loopback is listened on."""
    assert [variant.key for variant in peer.variants][:2] == ["documented", "tuned"]
    assert peer.prepares == (peer.folder / "prepare.py").exists()
    place = Place(Path(sys.executable), tmp_path, tmp_path)
    for variant in peer.variants:
        launch = launching.launch(peer, variant, place, tmp_path / variant.key)
        told = " ".join((*launch.command, *launch.environment.values()))
        assert str(launch.port) in told
        assert "{" not in " ".join(launch.command)
        programs = [part for part in launch.command if part.startswith(str(peer.folder)) and part.endswith(".py")]
        assert all(Path(program).exists() for program in programs)
        assert "127.0.0.1" in told or all('"127.0.0.1"' in Path(program).read_text() for program in programs)


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    """One that is of these requirements is left as it is; where there are no requirements, that is told."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    folder = tmp_path / "environment"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / "requirements.sha256").write_text(hashlib.sha256(b"").hexdigest())
    assert environments.make(requirements, folder, pytest.fail) == folder / "bin" / "python"
    with pytest.raises(InstallError, match="nowhere.txt: No such file"):
        environments.make(tmp_path / "nowhere.txt", folder, pytest.fail)


@pytest.mark.platform
def test_what_has_another_hash_is_not_installed(tmp_path: Path) -> None:
    """The error says what pip said, and the environment is not taken for a good one afterwards."""
    wheel = tmp_path / "other-1-py3-none-any.whl"
    wheel.write_bytes(b"not what was pinned")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"{wheel} --hash=sha256:{'0' * 64}\n")
    folder = tmp_path / "environment"
    with pytest.raises(InstallError, match=r"(?s)pip install failed.*0{64}"):
        environments.make(requirements, folder, lambda _: None)
    assert (folder / "bin" / "python").exists()
    assert not (folder / "requirements.sha256").exists()


def _round(contender: str, number: int, rate: int, problems: tuple[str, ...] = ()) -> Round:
    latency = {"mean": 1.0, "p50": 0.8, "p75": 1.0, "p90": 1.5, "p99": 3.25, "p99_9": 5.0, "max": 9.0}
    measured = Measurement(rate * 10, 10.0, 1, 0, 0, 0, 0, {200: rate * 10}, latency, client_cpu_seconds=9.9)
    return Round(contender, number, 1, measured, 9.5, 80_000_000, 20, rate * 11, None, None, list(problems), 1.25)


@pytest.fixture
def compared(tmp_path: Path) -> Comparison:
    """Two rounds: Puerta at 0.5 of the ceiling, the peer 50 and 8 times slower, and one way that did not start."""
    peer = _stand_in(tmp_path, "right", "right", "absent")
    place = Place(Path(sys.executable), tmp_path, tmp_path)
    theirs = [launching.contender(peer, variant, place) for variant in peer.variants]
    rates = {"ceiling": 20_000, "shipped": 10_000, "stand-in-documented": 200, "stand-in-tuned": 1250}
    result = Result(
        cores="server on core 0, client on core 1",
        answer_bytes=133,
        contenders=(*contenders.choose(("shipped",)), *theirs[:2]),
        rounds=[_round(key, number, rate // number) for number in (1, 2) for key, rate in rates.items()],
        left_out={"stand-in-onnx": "it ended with 1:\na long story"},
    )
    return Comparison(result, (peer,), {"stand-in": "1.2.3"})


def test_puerta_is_told_as_times_of_each_peer(compared: Comparison) -> None:
    """From the same round: that the second round was half as fast changes nothing."""
    assert compared.times("stand-in-documented").median == pytest.approx(50)
    assert compared.times("stand-in-tuned").high == pytest.approx(8)
    assert (compared.met("documented"), compared.met("tuned"), compared.met("onnx")) == (True, False, None)
    said = page.text(compared)
    assert (
        "fastest documented is stand-in-documented: Puerta answers 50.0 times as many (50.0-50.0) (goal 40: met)"
        in said
    )
    assert "(goal 10: missed)" in said
    assert re.search(r"A stand-in, tuned +1\.2\.3 +938 +0\.062 .* 8\.0 x", said)
    assert re.search(r"A stand-in, onnx +1\.2\.3 +left out", said)
    assert "left out: stand-in-onnx: it ended with 1:" in said
    assert "PROBLEM" not in said


def test_a_problem_is_in_every_report(compared: Comparison, tmp_path: Path) -> None:
    """As text and as data; the files are written, and the plot is drawn."""
    rounds = [*compared.result.rounds[:-1], replace(compared.result.rounds[-1], problems=["a wrong answer: x"])]
    wrong = replace(compared, result=replace(compared.result, rounds=rounds))
    assert "PROBLEM: stand-in-tuned, round 2: a wrong answer: x" in page.text(wrong)
    data, markdown, plot = page.write(wrong, MACHINE, tmp_path / "results")
    said = json.loads(data.read_text())
    assert said["problems"] == ["stand-in-tuned, round 2: a wrong answer: x"]
    assert said["goals"]["tuned"] == {"fastest": "stand-in-tuned", "at_least": 10.0, "met": False}
    assert said["left_out"]["stand-in-onnx"].startswith("it ended")
    assert "a long story" in markdown.read_text()
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("wrk_installed")
def test_peers_are_measured_beside_puerta(tmp_path: Path, models: Path) -> None:
    """Wrong answers are found; what cannot be started, or not be prepared, is left out and ends nothing."""
    peer = _stand_in(tmp_path / "peer", "right", "wrong", "absent")
    unready = replace(peer, key="unready", folder=tmp_path / "unready", variants=peer.variants[:1], prepares=True)
    unready.folder.mkdir()
    (unready.folder / "prepare.py").write_text("raise SystemExit('no such format')\n")
    options = Options(
        seconds=1, rounds=1, connections=4, peers=(peer, unready), models=models, command=STAND_IN,
        make=_this_environment, environments=tmp_path / "environments",
    )  # fmt: skip
    said: list[str] = []
    compared = measurement.measure(options, said.append)
    result = compared.result
    measured = [one.contender for one in result.rounds]
    assert measured == ["ceiling", "shipped", "shipped-arrays", "stand-in-documented", "stand-in-tuned"]
    assert all(one.wrk.requests and one.first_answer_seconds and one.rss_bytes for one in result.rounds)
    assert {one.contender for one in result.rounds if one.problems} == {"stand-in-tuned"}
    assert all("a wrong answer" in problem for problem in result.problems)
    assert "cannot import" in result.left_out["stand-in-onnx"]
    assert "no such format" in result.left_out["unready-documented"]
    assert compared.took_part
    assert page.write(compared, MACHINE, tmp_path / "results")
