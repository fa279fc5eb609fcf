"""The service, slower on purpose: each request takes SLOWED_MICROSECONDS more of processor time."""

import os
import sys
import time
from collections.abc import Sequence

from service.__main__ import main
from service.prediction import Answer, Call, Predictor

MICROSECONDS = "SLOWED_MICROSECONDS"


class SlowPredictor(Predictor):
    """Answers as ever, after working as long for nothing."""

    def answer(self, calls: Sequence[Call]) -> list[Answer]:
        """One answer for each call."""
        until = time.thread_time() + len(calls) * float(os.environ[MICROSECONDS]) / 1e6
        while time.thread_time() < until:
            pass
        return super().answer(calls)


if __name__ == "__main__":
    from service import service

    vars(service)["Predictor"] = SlowPredictor
    sys.exit(main())
