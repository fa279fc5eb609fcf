"""Progress is a bar on a terminal and plain lines elsewhere."""

import io

from service.client.progress import PlainProgress, progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_lines_come_every_few_seconds() -> None:
    """Not one for every batch, however many there are; notes come at once."""
    stream, now = io.StringIO(), [0.0]
    shown = PlainProgress(stream, lambda: now[0])
    for second in range(12):
        now[0] = float(second)
        shown.advance(1000, second / 12)
    shown.note("the gateway is gone for a moment")
    assert stream.getvalue().splitlines() == ["6,000 rows, 42%", "11,000 rows, 83%", "the gateway is gone for a moment"]


def test_a_stream_that_is_no_terminal_gets_lines() -> None:
    """No control characters in a log."""
    stream = io.StringIO()
    with progress("flights.csv", stream) as shown:
        shown.advance(5, 0.5)
        shown.note("once more")
    assert stream.getvalue() == "once more\n"


def test_a_terminal_gets_a_bar() -> None:
    """With the rows done; notes go above it, as they are."""
    stream = Terminal()
    with progress("flights.csv", stream) as shown:
        shown.advance(1500, 0.25)
        shown.note("[500] once more")
        shown.advance(1500, 1.0)
    text = stream.getvalue()
    assert "flights.csv" in text
    assert "3,000 rows" in text
    assert "[500] once more" in text
