"""Plays a year through the gateway: predictions at their time, and labels as late as people tell."""

import heapq
import math
import random
import time
from calendar import month_name
from collections.abc import Callable, Sequence

from puerta.replay.caller import Caller
from puerta.replay.retrospect import Day
from puerta.replay.year import Flight, Year

_MORNING, _EVENING = 0.25, 0.85  # of a day: reports are made at midnight, and no flight is near it
_BATCH = 64
_LAG, _SPREAD = 0.4, 0.7  # of a label: the median in days, and the deviation of its logarithm
_LONGEST_LAG = 1.5  # days: a label that would take longer never comes
_LOOKS = 50  # at the labels, in a day
_MOST_LABELS = 1000
_AHEAD = 2.0  # seconds before the first day


class Player:
    """Asks for a prediction of every flight at its time, and tells later what became of it."""

    def __init__(
        self,
        caller: Caller,
        model: str,
        day_seconds: float,
        say: Callable[[str], None],
        *,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._caller = caller
        self._model = model
        self._day = day_seconds
        self._say = say
        self._chance = random.Random(seed)  # noqa: S311 - nothing depends on its being hard to guess
        self._clock = clock
        self._sleep = sleep
        self._coming: list[tuple[float, str, int]] = []  # labels by when they come, in seconds since the epoch
        self._labelled = 0

    def play(self, year: Year) -> list[Day]:
        """Replay a year from the next midnight on, and wait for its last label.

        Raises:
            RefusedError: if the gateway or the service refuses what it is asked.
        """
        first = math.ceil((self._clock() + _AHEAD) / self._day) * self._day
        self._say(f"Replaying {len(year.months)} months of real flights, a day of {self._day:g} s for each.")
        days = []
        for number, (month, flights) in enumerate(year.months.items()):
            days.append(Day(month, first + number * self._day))
            self._month(flights, days[-1].midnight)
            self._say(
                f"  {month_name[month]:9} {len(flights):6,} flights, {year.late(month):5.1%} late;"
                f" {self._labelled:6,} labels by now{self._trouble()}"
            )
        while self._coming:
            self._until(self._coming[0][0] + self._day / _LOOKS)
        return days

    def _month(self, flights: Sequence[Flight], midnight: float) -> None:
        batches = [flights[place : place + _BATCH] for place in range(0, len(flights), _BATCH)]
        for number, batch in enumerate(batches):
            self._until(midnight + self._day * (_MORNING + (_EVENING - _MORNING) * number / len(batches)))
            answer = self._caller.post(
                f"/v1/models/{self._model}/predict", {"instances": [dict(flight.features) for flight in batch]}
            )
            for flight, prediction in zip(batch, answer["predictions"], strict=True):
                lag = self._chance.lognormvariate(math.log(_LAG), _SPREAD)
                if lag <= _LONGEST_LAG:
                    when = self._clock() + lag * self._day
                    heapq.heappush(self._coming, (when, prediction["id"], int(flight.late)))

    def _until(self, moment: float) -> None:
        """Wait, and send the labels that come meanwhile."""
        while True:
            self._send_labels()
            left = moment - self._clock()
            if left <= 0:
                return
            self._sleep(min(left, self._day / _LOOKS))

    def _send_labels(self) -> None:
        while self._coming and self._coming[0][0] <= self._clock():
            labels: list[dict[str, str | int]] = []
            while self._coming and self._coming[0][0] <= self._clock() and len(labels) < _MOST_LABELS:
                _, id_, label = heapq.heappop(self._coming)
                labels.append({"id": id_, "label": label})
            self._caller.post("/v1/labels", {"labels": labels})
            self._labelled += len(labels)

    def _trouble(self) -> str:
        return f"; {self._caller.failures} requests were sent again" if self._caller.failures else ""
