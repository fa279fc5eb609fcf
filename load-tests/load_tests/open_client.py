"""The process of an open loop: reads its order as JSON from standard input and prints its measurement as JSON."""

import asyncio
import contextlib
import gc
import os
import ssl
import sys
import time
from collections import deque
from urllib.parse import urlsplit

import httptools
import msgspec
import uvloop

from load_tests.alarm import Alarm
from load_tests.arrivals import schedule
from load_tests.ledger import BROKEN, REFUSED, TIMEOUT, UNSENT, Ledger
from load_tests.measurement import Measurement, Pace
from load_tests.order import Order, OrderError, encode

_LOOK_SECONDS = 0.1
_AHEAD_SECONDS = 0.02  # from the last preparation to the first request


class Connection(asyncio.Protocol):
    """A keep-alive connection with at most one request on it."""

    def __init__(self, client: "Client") -> None:
        self.number = -1  # of the request that it carries
        self.sent = 0.0
        self.given_up = False
        self._client = client
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for a request."""
        self._transport = transport  # type: ignore[assignment]  # of a TCP connection it is a Transport
        self._client.made(self)

    def send(self, number: int, request: bytes, now: float) -> None:
        """Send a request."""
        self.number = number
        self.sent = now
        self._transport.write(request)

    def abort(self) -> None:
        """Close, whatever is under way."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        self._client.bytes_read += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def on_message_complete(self) -> None:
        """Take an answer, past any 1xx."""
        status = self._parser.get_status_code()
        if status >= 200:  # noqa: PLR2004 - below are the interim answers of RFC 9110
            keep = self._parser.should_keep_alive()
            if not keep:
                self._transport.close()
            self._client.answered(self, status, keep=keep)

    def connection_lost(self, _: Exception | None) -> None:
        """Tell that a request may be lost, and that a connection is."""
        self._client.lost(self)


class Client:
    """Asks when a request is due, over the connection that has been free the longest."""

    def __init__(self, order: Order) -> None:
        url = urlsplit(order.url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise OrderError(f"url: {order.url!r} is no address, expected http://... or https://...")
        self.bytes_read = 0
        self._order = order
        self._host = url.hostname
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._tls = ssl.create_default_context(cafile=order.authority) if url.scheme == "https" else None
        self._requests = encode(order)
        self._ledger = Ledger(schedule(order.rate, order.seconds, order.arrivals, order.seed))
        self._next = 0
        self._ended = False
        self._free: deque[Connection] = deque()
        self._waiting: deque[int] = deque()
        self._open: set[Connection] = set()
        self._reconnecting: set[asyncio.Task[None]] = set()

    async def run(self) -> Measurement:
        """Carry out the order.

        Raises:
            OSError: if nobody listens.
        """
        await asyncio.gather(*(self._connect() for _ in range(self._order.connections)))
        ledger, limit = self._ledger, self._order.seconds + self._order.timeout
        alarm = Alarm(asyncio.get_running_loop(), lambda: self._ring(alarm))
        cpu = time.process_time()
        started = time.time() + _AHEAD_SECONDS
        ledger.start = time.monotonic() + _AHEAD_SECONDS
        if ledger.due:
            alarm.at(ledger.start + ledger.due[0])
        while ledger.left and ledger.now() < limit:
            await asyncio.sleep(_LOOK_SECONDS)
            self._give_up(ledger.now() - self._order.timeout)
        used, ended = time.process_time() - cpu, ledger.now()
        alarm.close()
        self._end()
        return self._measurement(started, used, used / ended)

    def made(self, connection: Connection) -> None:
        """Use a new connection."""
        self._open.add(connection)
        self._ready(connection)

    def answered(self, connection: Connection, status: int, *, keep: bool) -> None:
        """Note an answer."""
        if connection.number < 0:
            connection.abort()  # nobody asked: a server that says good-bye
            return
        self._ledger.note(connection.number, status)
        connection.number = -1
        if keep:
            self._ready(connection)

    def lost(self, connection: Connection) -> None:
        """Note what was under way on a connection that has ended, and open another."""
        self._open.discard(connection)
        if connection.number >= 0:
            self._ledger.note(connection.number, TIMEOUT if connection.given_up else BROKEN)
        elif connection in self._free:
            self._free.remove(connection)
        if not self._ended:
            task = asyncio.ensure_future(self._reconnect())
            self._reconnecting.add(task)
            task.add_done_callback(self._reconnecting.discard)

    def _ready(self, connection: Connection) -> None:
        if self._waiting:
            self._send(connection, self._waiting.popleft())
        else:
            self._free.append(connection)

    def _ring(self, alarm: Alarm) -> None:
        """Ask all that is due, and set the alarm to what comes next."""
        ledger = self._ledger
        due = ledger.due
        while self._next < len(due):
            number, now = self._next, ledger.now()
            if due[number] > now:
                alarm.at(ledger.start + due[number])
                return
            ledger.asked(number, now)
            self._next = number + 1
            if self._free:
                self._send(self._free.popleft(), number)
            else:
                self._waiting.append(number)
        alarm.silence()

    def _send(self, connection: Connection, number: int) -> None:
        connection.send(number, self._requests[number % len(self._requests)], self._ledger.now())

    def _give_up(self, sent_before: float) -> None:
        for connection in [*self._open]:
            if connection.number >= 0 and connection.sent < sent_before:
                connection.given_up = True
                connection.abort()

    def _end(self) -> None:
        self._ended = True
        for connection in [*self._open]:
            if connection.number >= 0:
                self._ledger.note(connection.number, TIMEOUT)
                connection.number = -1
            connection.abort()
        self._ledger.close()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Connection(self), self._host, self._port, ssl=self._tls)

    async def _reconnect(self) -> None:
        """Open a connection for one that was lost. While there is none at all, who waits is refused, as a caller is."""
        while not self._ended:
            try:
                await self._connect()
            except OSError:
                while self._waiting and not self._open:
                    self._ledger.note(self._waiting.popleft(), REFUSED)
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                return

    def _measurement(self, started: float, cpu_seconds: float, cpu_share: float) -> Measurement:
        order, ledger = self._order, self._ledger
        statuses = ledger.statuses()
        length = max(ledger.length(), order.seconds)
        return Measurement(
            requests=sum(statuses.values()),
            seconds=length,
            bytes_read=self.bytes_read,
            connect_errors=ledger.count(REFUSED),
            read_errors=ledger.count(BROKEN),
            write_errors=0,
            timeouts=ledger.count(TIMEOUT),
            statuses=statuses,
            latency_ms=ledger.latency_ms(),
            client_cpu_seconds=cpu_seconds,
            started=started,
            histogram=ledger.histogram(),
            by_second=tuple(ledger.seconds(started)),
            pace=Pace(
                rate=order.rate,
                arrivals=order.arrivals,
                scheduled=len(ledger.due),
                unsent=ledger.count(UNSENT),
                lag_ms=ledger.lag_ms(),
                cpu_share=cpu_share,
                realtime=os.sched_getscheduler(0) == os.SCHED_FIFO,
            ),
        )


def come_first() -> None:
    """Ask to run as soon as there is something to do, before whatever else has this core; without the right to, as others do.

    On a busy core that takes the client's own lag from milliseconds to a tenth of one. It runs for as long as its requests
    need; Linux leaves the others 5 % in any case (sched_rt_runtime_us).
    """
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def main() -> int:
    """Read an order, carry it out and print the measurement; 1 with a reason on standard error when it cannot be."""
    try:
        client = Client(msgspec.json.decode(sys.stdin.buffer.read(), type=Order))
        come_first()
        gc.disable()  # a collection would be the client's lag; what it leaves ends with the process
        measured = uvloop.run(client.run())
    except (OrderError, OSError, msgspec.ValidationError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - read by open_loop
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
