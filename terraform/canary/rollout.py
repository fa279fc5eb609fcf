"""A release in steps: each gives the new revision more of the traffic and watches it; whatever goes wrong, all goes back."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from terraform.canary.cloud_run import GcloudError, NoServiceError, Revision, Traffic
from terraform.canary.interruption import Interruption
from terraform.canary.judging import Limits, Sight, Verdict, overall

ALL = 100
WATCHED = 99  # at most, as long as it may have to go back: at 100 % nothing would name the old revision any more


class Service(Protocol):
    """What a release needs of Cloud Run."""

    def traffic(self) -> Traffic:
        """Who serves how much."""

    def revision(self, name: str) -> Revision:
        """Whether one can serve."""

    def send(self, shares: dict[str, int]) -> None:
        """Who shall."""

    def by_hand(self, shares: dict[str, int]) -> str:
        """The same as a line for a person."""


class RolloutError(RuntimeError):
    """A release that can't begin; nothing was changed."""


class StuckError(RuntimeError):
    """The traffic could not be taken back: the message says what a person has to do."""


class RolledBack(Exception):  # noqa: N818 - not an error of this program: what it is for
    """The old revision serves alone again; the message says why."""


@dataclass(frozen=True)
class Steps:
    """The parts of the traffic, in percent; how long each is watched at least and at most, and how often, in seconds."""

    shares: tuple[int, ...] = (5, 25, 100)
    least: float = 600.0
    most: float = 3600.0
    look: float = 30.0


@dataclass(frozen=True)
class Rollout:
    """One release of the revision that was made last."""

    service: Service
    sights: Callable[[str, str, float], Iterable[Sight]]  # of a revision, beside another, in the last seconds
    steps: Steps
    limits: Limits
    say: Callable[[str], None]
    interrupted: Interruption
    now: Callable[[], float] = time.monotonic

    def run(self) -> None:
        """Release it; where a release was left in the middle, go on at that step.

        Raises:
            RolloutError: if it can't begin.
            RolledBack: if the old revision serves alone again.
            StuckError: if that could not be done.
        """
        traffic = self.service.traffic()
        new, old = traffic.newest, _old(traffic)
        if old is None:
            self._tell(f"{new} serves all already: nothing to release")
            return
        begun = traffic.shares.get(new, 0)
        if not begun:
            self._see_ready(new, begun)
        try:
            if begun:  # what serves and is not ready goes back
                self._see_ready(new, begun)
            self._tell(f"{new} is ready and serves {begun} %, {old} the rest")
            for share in sorted({min(share, WATCHED) for share in self.steps.shares}):
                if share >= begun:
                    self._step(new, old, share)
            self._give({new: ALL})
        except Exception as reason:  # whatever it was: the old revision serves
            back(self.service, old)
            self._tell(f"back: all to {old}")
            raise RolledBack(str(reason)) from reason
        self._tell(f"{new} serves all")

    def _see_ready(self, new: str, begun: int) -> None:
        found = self.service.revision(new)
        if not found.ready:
            raise RolloutError(f"{new} is not ready, and serves {begun} %: {found.message or 'no reason was given'}")

    def _step(self, new: str, old: str, share: int) -> None:
        self._give({new: share, old: ALL - share})
        since = self.now()
        self._tell(f"{new}: {share} %, watched for {self.steps.least:.0f} s")
        while True:
            self.interrupted.wait(self.steps.look)
            self._heed()
            passed = self.now() - since
            sights = self._look(new, old, passed)
            verdict = overall(sights, self.limits)
            told = [sight.told(self.limits) for sight in sights if sight.verdict(self.limits) is verdict]
            self._tell(f"{passed:.0f} s: {verdict.value}: {'; '.join(told)}")
            if verdict is Verdict.BURNING:
                raise RolledBack("; ".join(told))
            if verdict is Verdict.KEPT and passed >= self.steps.least:
                return
            if passed >= self.steps.most:
                raise RolledBack(f"after {passed:.0f} s at {share} % still not known to be good: {'; '.join(told)}")

    def _look(self, new: str, old: str, passed: float) -> list[Sight]:
        found = []
        for sight in self.sights(new, old, passed):
            self._heed()
            found.append(sight)
        return found

    def _give(self, shares: dict[str, int]) -> None:
        self._heed()
        self.service.send(shares)
        self._heed()

    def _heed(self) -> None:
        if self.interrupted.is_set():
            raise RolledBack("interrupted")

    def _tell(self, words: str) -> None:
        with suppress(OSError):  # nobody listens any more: no reason to do anything else
            self.say(words)


def back(service: Service, old: str) -> None:
    """Give one revision all the traffic, and try again once.

    Raises:
        StuckError: if it can't be done.
    """
    for last in (False, True):
        try:
            service.send({old: ALL})
        except GcloudError as error:
            if last:
                raise StuckError(
                    f"{error}\nthe traffic is still split; do it by hand: {service.by_hand({old: ALL})}"
                ) from error
        else:
            return


def pin(service: Service, say: Callable[[str], None]) -> None:
    """Have those revisions serve that do now, by name, so that a newer one gets nothing by itself.

    Raises:
        GcloudError: if it can't be done.
    """
    traffic = service.traffic()
    if traffic.floats:
        service.send(dict(traffic.shares))
        say(f"pinned: {_split(traffic)}")
    else:
        say(f"pinned already: {_split(traffic)}")


def give_back(service: Service, say: Callable[[str], None]) -> None:
    """Take a release back that was left in the middle: the oldest of those who serve gets all.

    Raises:
        NoServiceError: if there is no such service.
        StuckError: if it can't be told who serves, or can't be done.
    """
    try:
        traffic = service.traffic()
        old = min(traffic.shares, key=lambda name: service.revision(name).created) if len(traffic.shares) > 1 else None
    except NoServiceError:
        raise
    except GcloudError as error:
        by_hand = service.by_hand({"OLD_REVISION": ALL})
        raise StuckError(f"{error}\nthe traffic may be split; do it by hand: {by_hand}") from error
    if old is not None:
        back(service, old)
        say(f"back: all to {old}")
    else:
        say(f"nothing is under way: {_split(traffic)}")


def _old(traffic: Traffic) -> str | None:
    """Who serves beside the newest revision; None if nobody does.

    Raises:
        RolloutError: if several do.
    """
    others = [name for name in traffic.shares if name != traffic.newest]
    if len(others) > 1:
        raise RolloutError(
            f"{_split(traffic)}: {traffic.newest} is newer than a release that is under way, expected one revision that"
            " serves; python -m terraform.canary back"
        )
    return others[0] if others else None


def _split(traffic: Traffic) -> str:
    return ", ".join(f"{name} {part} %" for name, part in traffic.shares.items()) or "nobody serves"
