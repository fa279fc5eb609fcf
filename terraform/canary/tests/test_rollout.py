"""How long a step is watched, and what follows, minute by minute: a clock and a service that are the test's own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event

import pytest

from terraform.canary.cloud_run import GcloudError, Revision, Traffic
from terraform.canary.gates import Gate
from terraform.canary.judging import Limits, Sight
from terraform.canary.rollout import RolledBack, Rollout, Steps, StuckError

GATE = Gate("availability", "Answers", 0.01, "bad[$window]", "total[$window]")
GOOD, SCARCE, BAD = Sight(GATE, 1000, 0, None), Sight(GATE, 10, 0, None), Sight(GATE, 1000, 900, None)


@dataclass
class Service:
    """The new revision serves nothing yet."""

    sent: list[dict[str, int]] = field(default_factory=list)
    refused: int = 0

    def traffic(self) -> Traffic:
        return Traffic("new", {"old": 100}, floats=False)

    def revision(self, name: str) -> Revision:
        return Revision(ready=True, message="", created=name)

    def send(self, shares: dict[str, int]) -> None:
        self.sent.append(shares)
        if len(self.sent) > 1 and self.refused:
            self.refused -= 1
            raise GcloudError("refused")

    def by_hand(self, shares: dict[str, int]) -> str:
        return f"send {shares}"


class Clock(Event):
    """Waiting takes no time, but the clock goes on; at ``end`` somebody interrupts."""

    def __init__(self, end: float = float("inf")) -> None:
        """It is 0."""
        super().__init__()
        self.time = 0.0
        self.end = end

    def wait(self, timeout: float | None = None) -> bool:
        """Go on by so much."""
        self.time += timeout or 0.0
        return self.time >= self.end

    def now(self) -> float:
        """The time."""
        return self.time


def rollout(service: Service, clock: Clock, seen: Sequence[Sight], steps: Steps | None = None) -> Rollout:
    """A release that sees these, one after another, and from then on the last of them."""
    left = list(seen)

    def sights(_new: str, _old: str, _seconds: float) -> Sequence[Sight]:
        return [left.pop(0) if len(left) > 1 else left[0]]

    steps = steps or Steps()
    return Rollout(service, sights, steps, Limits(), lambda _words: None, clock, clock.now)


def test_each_step_takes_its_time() -> None:
    """Ten minutes each, however good it is from the beginning."""
    service, clock = Service(), Clock()
    rollout(service, clock, [GOOD]).run()
    assert clock.time == 3 * 600
    assert [shares["new"] for shares in service.sent] == [5, 25, 100]


def test_bad_at_once_is_not_waited_for() -> None:
    """Back at the first look."""
    service, clock = Service(), Clock()
    with pytest.raises(RolledBack, match="availability: 900 of 1000 bad, burns 90"):
        rollout(service, clock, [BAD]).run()
    assert clock.time == 30
    assert service.sent[-1] == {"old": 100}


def test_bad_in_the_last_step_goes_back_too() -> None:
    """With all of the traffic already."""
    service, clock = Service(), Clock()
    with pytest.raises(RolledBack):
        rollout(service, clock, [*[GOOD] * 50, BAD]).run()
    assert service.sent[-2:] == [{"new": 100, "old": 0}, {"old": 100}]


def test_too_little_is_waited_for() -> None:
    """Twenty minutes of too few events make the step last until there are enough."""
    service, clock = Service(), Clock()
    rollout(service, clock, [*[SCARCE] * 40, GOOD]).run()
    assert clock.time == 20 * 60 + 30 + 2 * 600


def test_but_not_for_ever() -> None:
    """After an hour it goes back, with the reason."""
    service, clock = Service(), Clock()
    with pytest.raises(RolledBack, match="after 3600 s at 5 % still not known to be good: .* 10 events, expected 100"):
        rollout(service, clock, [SCARCE]).run()
    assert clock.time == 3600


def test_interrupted_before_the_first_look() -> None:
    """Whenever it comes, all goes back."""
    service, clock = Service(), Clock(end=1)
    with pytest.raises(RolledBack, match="interrupted"):
        rollout(service, clock, [GOOD]).run()
    assert service.sent == [{"new": 5, "old": 95}, {"old": 100}]


@pytest.mark.parametrize(("refused", "error"), [(1, RolledBack), (2, StuckError)])
def test_going_back_is_tried_twice(refused: int, error: type[Exception]) -> None:
    """Then a person has to."""
    service = Service(refused=refused)
    with pytest.raises(error):
        rollout(service, Clock(), [BAD]).run()
    assert service.sent[1:] == [{"old": 100}] * 2


def test_a_mistake_of_our_own_goes_back_too() -> None:
    """Whatever happens while traffic is split, the old revision serves in the end."""

    def sights(_new: str, _old: str, _seconds: float) -> Sequence[Sight]:
        raise ZeroDivisionError("a mistake")

    service, clock = Service(), Clock()
    with pytest.raises(RolledBack, match="a mistake"):
        Rollout(service, sights, Steps(), Limits(), lambda _words: None, clock, clock.now).run()
    assert service.sent[-1] == {"old": 100}
