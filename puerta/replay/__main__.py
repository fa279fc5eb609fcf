"""``python -m puerta.replay``: replay a year of flights, look back at it, and stay until ended.

``python -m puerta`` starts it where PUERTA_DEMO is set.
"""

import os
import signal
import sys

from gateway_config.local import LocalGateway
from gateway_config.settings import read_settings
from puerta.parts import backends
from puerta.replay.caller import Caller, RefusedError
from puerta.replay.player import Player
from puerta.replay.retrospect import retrospect
from puerta.replay.year import Year
from puerta.settings import Settings

MODEL = "flight-delay"


def main() -> int:
    """Replay the year of the settings; 1 where the gateway or the service refuses it."""
    settings = read_settings(Settings, os.environ)
    gateway = LocalGateway.open(settings, backends(settings))
    year = Year.read(settings.demo_flights)
    caller = Caller(gateway, (settings.state_dir / "demo.key").read_text().strip())
    try:
        days = Player(caller, MODEL, settings.demo_day_seconds, _say).play(year)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 1
    for line in retrospect(settings, year, days, MODEL):
        _say(line)
    while True:
        signal.pause()  # a part that ends is started again


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
