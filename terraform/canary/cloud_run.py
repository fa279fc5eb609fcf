"""A service on Cloud Run as far as a release needs it: who serves how much, and who shall. By ``gcloud``."""

import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

_TIMEOUT_SECONDS = 300.0
_Kind = TypeVar("_Kind")


class GcloudError(RuntimeError):
    """A call of ``gcloud`` that failed; the message is the end of what it said."""


class NoServiceError(GcloudError):
    """The service is not there."""


class _Target(msgspec.Struct, frozen=True, rename="camel"):
    revision_name: str = ""
    percent: int = 0
    latest_revision: bool = False


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    latest_created_revision_name: str
    traffic: tuple[_Target, ...] = ()


class _Service(msgspec.Struct, frozen=True):
    status: _Status


class _Condition(msgspec.Struct, frozen=True):
    type: str
    status: str
    message: str = ""


class _Conditions(msgspec.Struct, frozen=True):
    conditions: tuple[_Condition, ...] = ()


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    creation_timestamp: str


class _Revision(msgspec.Struct, frozen=True):
    metadata: _Metadata
    status: _Conditions


@dataclass(frozen=True)
class Traffic:
    """The revision that was made last, and who serves how many percent; ``floats`` if new ones get traffic by themselves."""

    newest: str
    shares: Mapping[str, int]
    floats: bool


@dataclass(frozen=True)
class Revision:
    """Whether a revision can serve, with the reason if not, and when it was made."""

    ready: bool
    message: str
    created: str


@dataclass(frozen=True)
class CloudRun:
    """One service. The only place that calls ``gcloud``."""

    project: str
    region: str
    service: str

    def traffic(self) -> Traffic:
        """How it stands.

        Raises:
            NoServiceError: if there is no such service.
            GcloudError: if it can't be told.
        """
        said = self._run("services", "describe", self.service, "--format", "json")
        status = _read(said, _Service).status
        shares: Counter[str] = Counter()
        for target in status.traffic:
            shares[target.revision_name] += target.percent
        floats = any(target.latest_revision and target.percent for target in status.traffic)
        return Traffic(
            status.latest_created_revision_name, {name: part for name, part in shares.items() if part}, floats
        )

    def revision(self, name: str) -> Revision:
        """How a revision stands.

        Raises:
            GcloudError: if it can't be told.
        """
        found = _read(self._run("revisions", "describe", name, "--format", "json"), _Revision)
        ready = next((one for one in found.status.conditions if one.type == "Ready"), _Condition("Ready", "Unknown"))
        return Revision(ready.status == "True", ready.message, found.metadata.creation_timestamp)

    def send(self, shares: Mapping[str, int]) -> None:
        """Give each revision its percent of the traffic, and no other any.

        Raises:
            GcloudError: if it is refused.
        """
        self._run(*self.sending(shares))

    def sending(self, shares: Mapping[str, int]) -> tuple[str, ...]:
        """The arguments of ``gcloud run`` that do so."""
        split = ",".join(f"{name}={part}" for name, part in shares.items() if part)
        return ("services", "update-traffic", self.service, f"--to-revisions={split}")

    def by_hand(self, shares: Mapping[str, int]) -> str:
        """The same as a line for a person."""
        return " ".join(("gcloud", "run", *self.sending(shares), *self._where))

    def token(self) -> str:
        """What Google's APIs are shown, an hour at most.

        Raises:
            GcloudError: if nobody is signed in.
        """
        return self._gcloud("auth", "print-access-token").strip()

    @property
    def _where(self) -> tuple[str, ...]:
        return ("--region", self.region, "--project", self.project)

    def _run(self, *arguments: str) -> str:
        return self._gcloud("run", *arguments, *self._where)

    def _gcloud(self, *arguments: str) -> str:
        command = ("gcloud", *arguments, "--quiet")
        try:
            # A session of its own: Ctrl-C at a terminal is for this program, which still has traffic to take back.
            done = subprocess.run(  # noqa: S603 - gcloud, with arguments and no shell
                command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False, start_new_session=True
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GcloudError(f"{' '.join(command[:4])}: {error}") from error
        if done.returncode:
            said = "\n".join(done.stderr.strip().splitlines()[-3:])
            kind = NoServiceError if "Cannot find service" in said else GcloudError
            raise kind(f"{' '.join(command[:4])} ended with {done.returncode}: {said}")
        return done.stdout


def _read(said: str, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(said, type=kind)
    except msgspec.DecodeError as error:
        raise GcloudError(f"gcloud says what was not expected: {error}") from error
