"""The real service with a model that fails and dawdles on command: stands in for ``python -m service``.

``STUB_FAULTS`` names a JSON file, read at each prediction: every ``fail_every``-th one fails as a broken graph does; of the
others every ``slow_every``-th one takes ``slow_seconds`` longer. Where there is no file, all is well.
"""

import itertools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from service.application import assemble
from service.model import Model
from service.server import serve
from service.settings import read_settings


def faulty(run: Callable[..., Any], commands: Path) -> Callable[..., Any]:
    """A model's ``run`` that does as it is told."""
    turns = itertools.count(1)

    def run_or_fail(*arguments: Any) -> Any:
        if commands.exists():
            told, turn = json.loads(commands.read_text()), next(turns)
            if turn % told["fail_every"] == 0:
                raise RuntimeError("the test has broken the model")
            if turn % told["slow_every"] == 0:
                time.sleep(told["slow_seconds"])
        return run(*arguments)

    return run_or_fail


def main() -> None:
    """Serve as the service does."""
    Model.run = faulty(Model.run, Path(os.environ["STUB_FAULTS"]))  # type: ignore[method-assign]
    settings = read_settings(os.environ)
    uvloop.run(serve(assemble(settings), settings))


if __name__ == "__main__":
    main()
