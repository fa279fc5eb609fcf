"""How long a step is watched, and what follows, minute by minute: a clock and a service that are the test's own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from terraform.canary.cloud_run import GcloudError, Revision, Traffic
from terraform.canary.gates import Gate
from terraform.canary.interruption import Interruption
from terraform.canary.judging import Limits, Sight
from terraform.canary.rollout import RolledBack, Rollout, RolloutError, Steps, StuckError

GATE = Gate("availability", "Answers", 0.01, "bad[$window]", "total[$window]")
GOOD, SCARCE, BAD = Sight(GATE, 1000, 0, None), Sight(GATE, 10, 0, None), Sight(GATE, 1000, 900, None)


@dataclass
class Service:
    """The new revision serves nothing yet; as many calls as are ``refused`` are, after the first."""

    sent: list[dict[str, int]] = field(default_factory=list)
    refused: int = 0
    shares: dict[str, int] = field(default_factory=lambda: {"old": 100})
    ready: bool = True

    def traffic(self) -> Traffic:
        return Traffic("new", self.shares, floats=False)

    def revision(self, name: str) -> Revision:
        return Revision(self.ready, message="", created=name)

    def send(self, shares: dict[str, int]) -> None:
        self.sent.append(shares)
        if len(self.sent) > 1 and self.refused:
            self.refused -= 1
            raise GcloudError("refused")

    def by_hand(self, shares: dict[str, int]) -> str:
        return f"send {shares}"


class Clock(Interruption):
    """Waiting takes no time, but the clock goes on; at ``end`` somebody interrupts."""

    def __init__(self, end: float = float("inf")) -> None:
        """It is 0."""
        super().__init__()
        self.time = 0.0
        self.end = end

    def wait(self, seconds: float) -> None:
        """Go on by so much."""
        self.time += seconds

    def is_set(self) -> bool:
        """Whether somebody did."""
        return super().is_set() or self.time >= self.end

    def now(self) -> float:
        """The time."""
        return self.time


def silent(_words: str) -> None:
    """Say nothing."""


def rollout(service: Service, clock: Clock, seen: Sequence[Sight], say: Callable[[str], None] = silent) -> Rollout:
    """A release that sees these, one after another, and from then on the last of them."""
    left = list(seen)

    def sights(_new: str, _old: str, _seconds: float) -> Sequence[Sight]:
        return [left.pop(0) if len(left) > 1 else left[0]]

    return Rollout(service, sights, Steps(), Limits(), say, clock, clock.now)


def test_each_step_takes_its_time() -> None:
    """Ten minutes each, however good it is from the beginning."""
    service, clock = Service(), Clock()
    rollout(service, clock, [GOOD]).run()
    assert clock.time == 3 * 600
    assert service.sent == [{"new": 5, "old": 95}, {"new": 25, "old": 75}, {"new": 99, "old": 1}, {"new": 100}]


def test_bad_at_once_is_not_waited_for() -> None:
    """Back at the first look."""
    service, clock = Service(), Clock()
    with pytest.raises(RolledBack, match="availability: 900 of 1000 bad, burns 90"):
        rollout(service, clock, [BAD]).run()
    assert clock.time == 30
    assert service.sent[-1] == {"old": 100}


def test_bad_in_the_last_step_goes_back_too() -> None:
    """With almost all of the traffic already: the old one is still named."""
    service, clock = Service(), Clock()
    with pytest.raises(RolledBack):
        rollout(service, clock, [*[GOOD] * 50, BAD]).run()
    assert service.sent[-2:] == [{"new": 99, "old": 1}, {"old": 100}]


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
        Rollout(service, sights, Steps(), Limits(), silent, clock, clock.now).run()
    assert service.sent[-1] == {"old": 100}


def broken(_words: str) -> None:
    """Say something to somebody who is gone."""
    raise BrokenPipeError


def test_nobody_listens_and_it_goes_back() -> None:
    """The traffic is moved, and the reason is the revision's."""
    service = Service()
    with pytest.raises(RolledBack, match="burns 90"):
        rollout(service, Clock(), [BAD], broken).run()
    assert service.sent == [{"new": 5, "old": 95}, {"old": 100}]


def test_nobody_listens_and_it_goes_on() -> None:
    """A good revision gets all."""
    service = Service()
    rollout(service, Clock(), [GOOD], broken).run()
    assert service.sent[-1] == {"new": 100}


def test_going_back_is_said_when_it_is_done() -> None:
    """Words that fail, whatever the reason, come after the traffic."""
    service, said = Service(), list[tuple[str, int]]()
    with pytest.raises(RolledBack):
        rollout(service, Clock(), [BAD], lambda words: said.append((words, len(service.sent)))).run()
    assert said[-1] == ("back: all to old", 2)


@pytest.mark.parametrize(("step", "gate"), [(1, 1), (1, 2), (2, 1), (3, 1), (3, 2)])
def test_interrupted_in_the_last_look_of_a_step(step: int, gate: int) -> None:
    """Nothing more is asked, and no look is good enough to go on after a signal; in the last step neither."""
    service, clock, asked = Service(), Clock(), list[int]()

    def sights(_new: str, _old: str, seconds: float) -> Iterator[Sight]:
        asked.clear()
        for number in (1, 2):
            asked.append(number)
            if len(service.sent) == step and seconds >= Steps().least and number == gate:
                clock.set()
            yield GOOD

    with pytest.raises(RolledBack, match="interrupted"):
        Rollout(service, sights, Steps(), Limits(), silent, clock, clock.now).run()
    assert asked == [1, 2][:gate]
    assert clock.time == step * 600
    assert len(service.sent) == step + 1
    assert service.sent[-1] == {"old": 100}


@pytest.mark.parametrize("share", [5, 100])
def test_interrupted_while_traffic_is_moved(share: int) -> None:
    """A signal that comes while Google is asked is seen as soon as it answered; at 100 percent too."""
    service, clock = Service(), Clock()
    send = service.send

    def sent(shares: dict[str, int]) -> None:
        send(shares)
        if shares.get("new") == share:
            clock.set()

    service.send = sent  # type: ignore[method-assign]
    with pytest.raises(RolledBack, match="interrupted"):
        rollout(service, clock, [GOOD]).run()
    assert [service.sent[-2]["new"], service.sent[-1]] == [share, {"old": 100}]


@pytest.mark.parametrize(("serves", "after"), [(5, [5, 25, 99]), (25, [25, 99]), (60, [99]), (99, [99])])
def test_goes_on_where_it_was(serves: int, after: list[int]) -> None:
    """At the step that was under way, the last one too; all only when that held."""
    service = Service(shares={"old": 100 - serves, "new": serves})
    rollout(service, Clock(), [GOOD]).run()
    assert service.sent == [*({"new": share, "old": 100 - share} for share in after), {"new": 100}]


@pytest.mark.parametrize("serves", [5, 99])
def test_serves_and_is_not_ready_any_more(serves: int) -> None:
    """It goes back, for something was changed: by the release before."""
    service = Service(shares={"old": 100 - serves, "new": serves}, ready=False)
    with pytest.raises(RolledBack, match=f"new is not ready, and serves {serves} %: no reason was given"):
        rollout(service, Clock(), [GOOD]).run()
    assert service.sent == [{"old": 100}]


def test_serves_nothing_and_is_not_ready() -> None:
    """Nothing is changed."""
    service = Service(ready=False)
    with pytest.raises(RolloutError, match="new is not ready, and serves 0 %"):
        rollout(service, Clock(), [GOOD]).run()
    assert service.sent == []
