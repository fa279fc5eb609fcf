"""How far a long command is: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_EVERY = 5.0  # seconds between plain lines


class Progress(Protocol):
    """Where a command tells of its progress."""

    def advance(self, rows: int, share: float) -> None:
        """So many rows more are done; ``share`` (0 to 1) of the whole is."""
        ...

    def note(self, text: str) -> None:
        """Something that happened on the way."""
        ...


@contextmanager
def progress(title: str, stream: TextIO) -> Iterator[Progress]:
    """Show progress on a stream while the block runs."""
    if not stream.isatty():
        yield PlainProgress(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(file=stream)) as bars:
        yield _BarProgress(bars, bars.add_task(title, total=1.0, rows=0))


class _BarProgress:
    def __init__(self, bars: "Bars", task: "TaskID") -> None:
        self._bars = bars
        self._task = task
        self._rows = 0

    def advance(self, rows: int, share: float) -> None:
        self._rows += rows
        self._bars.update(self._task, completed=share, rows=self._rows)

    def note(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False)


class PlainProgress:
    """Lines, one every few seconds."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._said = clock()
        self._rows = 0

    def advance(self, rows: int, share: float) -> None:
        """So many rows more are done; ``share`` (0 to 1) of the whole is."""
        self._rows += rows
        if self._clock() - self._said >= _EVERY:
            self._said = self._clock()
            self.note(f"{self._rows:,} rows, {share:.0%}")

    def note(self, text: str) -> None:
        """Something that happened on the way."""
        print(text, file=self._stream, flush=True)
