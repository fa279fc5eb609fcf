"""The conformance trial: every case of the table, asked of the local gateway or of a deployed one.

The local gateway is started for the trial, with its own policy, keys and backend, so that every case can be brought
about; behind it the backend says what reached it. Of a deployed gateway only the answers are seen.
"""

import datetime as dt
import http.client
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, Protocol, Self
from urllib.parse import urlsplit

from gateway_config.envoy import headers
from gateway_config.keys.store import VISIBLE, make_key
from gateway_config.trials.cases import BODY, CASES, DIRECT, Case
from gateway_config.trials.scratch import Scratch
from gateway_config.trials.witness import Reply, Seen

Verdict = Literal["passed", "FAILED", "not run"]

UNPROCESSABLE = b'{"title": "Unprocessable Content"}'

_IN_EFFECT = 1.0  # seconds within which a revoked key is refused
_PATIENCE = 10.0
_STATUS_OK = range(200, 300)


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes

    @property
    def message(self) -> str:
        """The message of an answer in the gateway's shape, with one blank behind its first colon; "" of any other."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return ""
        if not isinstance(document, dict) or document.get("code") != self.status:
            return ""
        return _one_blank(str(document.get("message", "")))


@dataclass(frozen=True)
class Outcome:
    """What became of a case; ``advice`` says what to do where it did not pass."""

    case: Case
    got: str
    verdict: Verdict
    advice: str = ""


class Target(Protocol):
    """A gateway that cases can be asked of."""

    def run(self, case: Case) -> Outcome:
        """Ask one case."""


def run_cases(target: Target) -> Iterator[Outcome]:
    """All cases in the table's order; some build on the ones before."""
    for case in CASES:
        yield target.run(case)


def send(
    url: str, case: Case, fields: tuple[tuple[str, str], ...], path: str | None = None, source: str | None = None
) -> Answer:
    """Send a case's request exactly as it is written, and take the answer.

    Raises:
        OSError: if the gateway can't be reached, or does not answer.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=30, source_address=(source, 0) if source else None)
    try:
        connection.putrequest(case.method, parts.path.rstrip("/") + (path or case.path), skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        if case.body:
            connection.putheader("content-type", "application/json")
            connection.putheader("content-length", str(len(case.body)))
        connection.endheaders(case.body or None)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except http.client.HTTPException as error:
        raise OSError(f"{url} does not answer as HTTP: {error!r}") from error
    finally:
        connection.close()


class LocalTarget(AbstractContextManager["LocalTarget"]):
    """Two local gateways, of which one stands behind a proxy that it trusts, with a backend each."""

    def __init__(self) -> None:
        policy = files("gateway_config.trials").joinpath("conformance.yaml").read_text(encoding="utf-8")
        self._reply = Reply()
        self._plain = Scratch(policy, self._answer)
        self._behind = Scratch(policy.replace("local: {", "local: {trusted_hops: 1, "), self._answer)
        self._keys: dict[str, str] = {}
        self._behind_keys: dict[str, str] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for scratch, keys in ((self._plain, self._keys), (self._behind, self._behind_keys)):
                stack.enter_context(scratch)
                _make_keys(scratch, keys)
                scratch.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, case: Case) -> Outcome:
        """Ask one case; those for a deployed gateway only are not run."""
        if "L" not in case.where:
            return Outcome(case, "", "not run", "holds for a deployed gateway only")
        scratch, keys = (self._behind, self._behind_keys) if case.given == "proxy" else (self._plain, self._keys)
        names = (case.key, *case.keys) if case.key else case.keys
        fields = (*((headers.KEY, keys[name]) for name in names), *case.headers)
        seen = scratch.witness.seen
        try:
            with self._given(case):
                seen.clear()
                path = case.path.replace("{right}", keys["right"])
                answer = send(scratch.gateway.url, case, fields, path, case.source)
                faults = [*_answer_faults(case, answer), *_backend_faults(case, tuple(seen), scratch.token)]
        except OSError as error:
            return Outcome(case, str(error), "FAILED", "Does the gateway run? `check` tries the same policy.")
        if case.given == "refusing" and answer.body != UNPROCESSABLE:
            faults.append(f"the body is {answer.body!r}, expected the backend's own {UNPROCESSABLE!r}")
        if case.check == "logs":
            faults += self._leaks()
        return _judge(case, answer, faults)

    def _answer(self, seen: Seen) -> Reply:  # noqa: ARG002 - every request is answered as the case wants it
        return self._reply

    def _given(self, case: Case) -> AbstractContextManager[None]:
        if case.given == "slow":
            return self._replying(Reply(seconds=1.5))
        if case.given == "refusing":
            return self._replying(Reply(422, UNPROCESSABLE))
        if case.given == "down":
            return _Down(self._plain)
        if case.given == "three before":
            self._spend(case, 3)
        if case.given == "batch before":
            batch = Case(
                number="", says="", where="L", status=200, method="POST", path="/v1/batch", body=BODY, key=case.key
            )
            self._spend(batch, 1)
            self._spend(case, 1)
        if case.given == "first removed":
            self._plain.gateway.store.revoke("turning", self._keys["removed"][:VISIBLE])
            self._plain.gateway.write_keys()
            time.sleep(_IN_EFFECT)
        return nullcontext()

    def _replying(self, reply: Reply) -> "_Replying":
        return _Replying(self._set_reply, reply)

    def _set_reply(self, reply: Reply) -> None:
        self._reply = reply

    def _spend(self, case: Case, times: int) -> None:
        """Requests that are let in, each of them."""
        for _ in range(times):
            answer = send(self._plain.gateway.url, case, ((headers.KEY, self._keys[case.key]),))
            if answer.status not in _STATUS_OK:
                raise OSError(
                    f"a request before case {case.number or case.path} is answered {answer.status}: {answer.body!r}"
                )

    def _leaks(self) -> Iterator[str]:
        time.sleep(1.5)  # the access log is written in blocks, once a second
        logs = self._plain.logs() + self._behind.logs()
        for name, key in (*self._keys.items(), *self._behind_keys.items()):
            if key in logs:
                yield f"the key {name!r} is in a log"
        for scratch in (self._plain, self._behind):
            if scratch.token in logs or scratch.pepper in logs:
                yield "the token or the pepper is in a log"


class DeployedTarget:
    """A deployed gateway, of which only the answers are seen."""

    def __init__(self, url: str, keys: Mapping[str, str], direct: str = "") -> None:
        """``keys`` by whose they are: ``right``, and as far as there are such ``narrow`` and ``elsewhere``."""
        self._url, self._keys, self._direct = url, keys, direct

    def run(self, case: Case) -> Outcome:
        """Ask one case, if it can be asked here."""
        if "G" not in case.where:
            return Outcome(case, "", "not run", "holds for the local gateway only")
        if case.cannot:
            return Outcome(case, "", "not run", case.cannot)
        if case.check == "direct" and not self._direct:
            return Outcome(case, "", "not run", DIRECT)
        if case.key and case.key not in self._keys:
            option = {"right": "--key KEY", "narrow": "--narrow-key KEY, of a key for another API"}.get(
                case.key, "--elsewhere-key KEY, of a key that is not allowed from this machine"
            )
            return Outcome(case, "", "not run", f"give {option}")
        fields = (*(((headers.KEY, self._keys[case.key]),) if case.key else ()), *case.headers)
        try:
            answer = send(self._direct if case.check == "direct" else self._url, case, fields)
        except OSError as error:
            return Outcome(case, str(error), "FAILED", "is the URL right, and the gateway up?")
        if case.never_ok:
            faults = [f"{answer.status} lets it in"] if answer.status in _STATUS_OK else []
        elif case.check == "direct":
            faults = [] if answer.status in (401, 403) else ["the backend answers whoever asks it"]
        else:
            faults = list(_answer_faults(case, answer))
        return _judge(case, answer, faults)


def _judge(case: Case, answer: Answer, faults: list[str]) -> Outcome:
    got = f"{answer.status} {answer.message}".strip()
    if not faults:
        return Outcome(case, got, "passed")
    return Outcome(case, got, "FAILED", f"{'; '.join(faults)}. {_advice(case)}")


def _advice(case: Case) -> str:
    """What somebody does about it, by the table's row."""
    row = int(case.number[:-1])
    advice = {
        1: "Is the key live (`keys list`), and this machine's address among its client's?",
        5: "Look at the client's operations and models in the policy, or at the key's API restrictions.",
        6: "Look at the client's networks, the trusted hops, or the key's allowed addresses.",
        10: "Look at the operation's deadline and the backend's health.",
        11: "Look at the client's rate and quota; on GCP a limit is per project and minute, and overshoots.",
        12: "Look at the gateway's own messages: a file that it can't use leaves the last good keys in force.",
        17: "Stop the gateway, take the logs away, and revoke the keys.",
    }
    return advice.get(row, "Render again and compare what the gateway runs with what is committed.")


def _answer_faults(case: Case, answer: Answer) -> Iterator[str]:
    if answer.status != case.status:
        yield f"the status is {answer.status}, expected {case.status}"
        return
    if case.message and answer.message != _one_blank(case.message):
        yield f"the body is {answer.body[:200]!r}, expected the message {case.message!r}"
    if case.prefixes and not answer.message.startswith(tuple(map(_one_blank, case.prefixes))):
        yield f"the body is {answer.body[:200]!r}, expected a message that begins with {' or '.join(case.prefixes)}"
    if case.given == "refusing" and answer.message:
        yield "the answer is the gateway's, not the backend's"


def _backend_faults(case: Case, seen: tuple[Seen, ...], token: str) -> Iterator[str]:
    if len(seen) != int(case.reaches):
        yield f"the backend has seen {len(seen)} requests, expected {int(case.reaches)}"
    for request in seen:
        for name in dict.fromkeys((headers.KEY, *case.unseen)):
            if request.values(name):
                yield f"the backend has seen {name}"
        if request.values(headers.TOKEN) != [token]:
            yield "the backend can't tell the gateway by its token"
        whose = [] if not case.key else [{"second": "turning", "removed": "turning"}.get(case.key, case.key)]
        if request.values(headers.CLIENT) != whose:
            yield f"the backend was told {request.values(headers.CLIENT)} asks, expected {whose}"


def _make_keys(scratch: Scratch, keys: dict[str, str]) -> None:
    """A key for every client, two for the one that turns, one that has expired, and two that nobody has."""
    store, clients = scratch.gateway.store, scratch.gateway.policy.clients
    for client in clients:
        keys[client] = store.add(client)
    keys["removed"] = keys.pop("turning")
    keys["second"] = store.add("turning")
    keys["unknown"] = make_key()
    keys["mistyped"] = keys["right"][:-1] + ("0" if keys["right"][-1] != "0" else "1")
    store.rotate("late", grace=dt.timedelta(0))


def _one_blank(message: str) -> str:
    """Allow for the managed gateway's optional blank: one after the first colon, however many there are."""
    return re.sub(r"^([A-Z_]+): *", r"\1: ", message)


class _Replying(AbstractContextManager[None]):
    def __init__(self, set_reply: Callable[[Reply], None], reply: Reply) -> None:
        self._set_reply, self._reply = set_reply, reply

    def __enter__(self) -> None:
        self._set_reply(self._reply)

    def __exit__(self, *_: object) -> None:
        self._set_reply(Reply())


class _Down(AbstractContextManager[None]):
    """The backend is gone, and afterwards there again, as the gateway has found out."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch

    def __enter__(self) -> None:
        self._scratch.witness.die()

    def __exit__(self, *_: object) -> None:
        witness = self._scratch.witness
        witness.listen()
        probes, until = witness.probes, time.monotonic() + _PATIENCE
        while witness.probes < probes + 2 and time.monotonic() < until:
            time.sleep(0.02)
