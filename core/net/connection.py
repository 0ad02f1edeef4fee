"""One HTTP/1.1 connection: a request out, a reply in, and again.

A body of known length goes from the socket straight into buffers of a megabyte, and who reads it is woken once a
buffer: on a Qt loop each wake-up costs more than the bytes. Heads and chunked bodies are h11's. Must not know:
hosts, pools, proxies.
"""

import asyncio
import select
from collections import deque
from collections.abc import Callable, Iterable
from typing import cast

import h11

from core.net.buffers import Buffers

HEAD_BYTES_MAX = 2**16
PLAIN_BYTES = 2**16  # a body below this needs no buffer
WAKE_S = 0.05  # a buffer that fills slowly is shown this often
WAITING_BYTES_MOST = 2 * 2**20  # what nobody has read yet, before the socket is left alone

Piece = bytes | memoryview


class Stale(Exception):
    """A kept connection was closed by the other side before it said a word: nothing was lost by that."""


class Silent(Exception):
    """No byte came for too long."""


class BrokeOff(ConnectionError):
    """The connection ended before the reply did."""


class Connection(asyncio.BufferedProtocol):
    """Carries one exchange at a time.

    `scratch` is memory for small things that all connections of a loop share: it is read before anything else runs.

    Attributes:
        gone: Set once its socket is closed.
    """

    def __init__(self, buffers: Buffers, scratch: memoryview, *, lost: Callable[["Connection"], None]) -> None:
        self._buffers = buffers
        self._scratch = scratch
        self._on_lost = lost
        self.gone = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: h11.Connection | None = None
        self._exchanges = 0
        self._bodiless = False  # the method asks for a head alone
        self._answered = False  # a byte of the reply came
        self._has_head = False
        self._in_exchange = False
        self._left: int | None = None  # of a body of known length that goes into buffers
        self._complete = True
        self._keeps = False  # the other side will take another request
        self._error: Exception | None = None
        self._head: asyncio.Future[h11.Response] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._pieces: deque[Piece] = deque()
        self._waiting = 0  # bytes in them
        self._buffer: memoryview | None = None
        self._from = self._to = 0  # what of the buffer came and was not handed on
        self._paused = False
        self._is_late = False  # what there is of a buffer is to be shown
        self._wake_timer: asyncio.TimerHandle | None = None
        self._silence_timer: asyncio.TimerHandle | None = None
        self._silence_s: float | None = None
        self._heard = 0.0

    # -- an exchange -------------------------------------------------------------------------------------

    @property
    def is_reusable(self) -> bool:
        """The last exchange is over and another one may follow."""
        return self._transport is not None and self._complete and self._keeps and self._error is None

    @property
    def is_quiet(self) -> bool:
        """Nothing lies unread in its socket: neither an end, nor bytes that would be taken for the next reply."""
        if self._transport is None or _is_readable(self._transport.get_extra_info("socket").fileno()):
            return False
        secured = self._transport.get_extra_info("ssl_object")
        return secured is None or not secured.pending()

    async def ask(self, request: h11.Request, body: bytes, *, silence_s: float | None) -> h11.Response:
        """Send a request and return the head of its reply; the body comes from `read`.

        Raises:
            Stale: The connection was used before and had been closed.
            Silent: No byte came for `silence_s`.
            OSError, h11.RemoteProtocolError, h11.LocalProtocolError: The exchange failed.
        """
        parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
        data = parser.send(request)
        if body:
            data += parser.send(h11.Data(data=body))
        data += parser.send(h11.EndOfMessage())
        if self._transport is None or self._error is not None:
            raise Stale
        self._parser = parser
        self._exchanges += 1
        self._bodiless = request.method == b"HEAD"
        self._answered = self._has_head = self._complete = self._keeps = False
        self._in_exchange = True
        self._left = None
        self._head = self._loop.create_future()
        self._silence_s = silence_s
        self._heard = self._loop.time()
        self._watch_silence()
        self._transport.write(data)
        try:
            return await self._head
        finally:
            self._head = None

    async def read(self) -> Piece:
        """Return what came next of the body, empty at its end; it waits until a buffer is full, but not for long.

        Raises:
            Silent, OSError, h11.RemoteProtocolError: The body will not be complete.
        """
        while True:
            is_over = self._complete or self._error is not None
            # A buffer that is not full yet is left to fill up, so that one that just became full is not followed by
            # a scrap.
            if piece := self._next(scraps=is_over or self._is_late):
                return piece
            if self._error is not None and not self._complete:
                raise self._error
            if self._complete:
                return b""
            self._resume()
            if self._to > self._from:
                self._wake_soon()
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def read_nowait(self) -> bytes:
        """Return all that came and was not read."""
        pieces = []
        while piece := self._next(scraps=True):
            pieces.append(piece)
        return b"".join(pieces)

    def end(self) -> None:
        """Nobody wants the rest of the reply: what is left of it costs the connection."""
        self._in_exchange = False
        self._stop_timers()
        self._pieces.clear()
        self._waiting = 0
        self._buffer = None
        if not self.is_reusable:
            self.abort()
        else:
            self._resume()

    def abort(self, error: Exception | None = None) -> None:
        """Close at once; who waits gets `error`."""
        if error is not None:
            self._fail(error)
        if self._transport is not None:
            self._transport.abort()

    # -- what the loop calls -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go."""
        if self._left is None or self._left == 0:
            return self._scratch
        if self._buffer is None:
            self._buffer = self._buffers.take()
            self._from = self._to = 0
        return self._buffer[self._to : self._to + self._left]

    def buffer_updated(self, nbytes: int) -> None:
        """Take note of bytes that came."""
        self._heard = self._loop.time()
        if self._left:
            self._left -= nbytes
            self._to += nbytes
            self._waiting += nbytes
            assert self._buffer is not None
            if self._to == len(self._buffer):
                self._pieces.append(self._buffer[self._from :])
                self._buffer = None
                self._complete = not self._left
                self._wake()
                if self._left and self._buffers.is_short:
                    self._pause()
            elif not self._left:
                self._complete = True
                self._wake()
            elif self._waiter is not None:
                self._wake_soon()
            if self._waiting >= WAITING_BYTES_MOST:
                self._pause()
            return
        if not self._in_exchange or self._complete:
            self._keeps = False  # bytes that nobody asked for
            self.abort()
            return
        self._answered = True
        self._parse(bytes(self._scratch[:nbytes]))

    def eof_received(self) -> bool:
        """Let a body that ends with the connection end."""
        if self._in_exchange and not self._complete and self._left is None and self._has_head:
            self._parse(b"")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        self._keeps = False
        if self._in_exchange and not self._complete:
            if self._exchanges > 1 and not self._answered and not isinstance(exc, TimeoutError):
                self._fail(Stale())
            else:
                self._fail(exc or BrokeOff("the connection ended early"))
        self._stop_timers()
        self._on_lost(self)
        self.gone.set()

    # -- replies -----------------------------------------------------------------------------------------

    def _parse(self, data: bytes) -> None:
        parser = self._parser
        assert parser is not None
        try:
            parser.receive_data(data)
            while True:
                event = parser.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    break
                if isinstance(event, h11.Response):
                    if self._begin_body(event, parser):
                        return
                elif isinstance(event, h11.Data):
                    self._pieces.append(bytes(event.data))
                    self._waiting += len(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self._complete = True
                    self._keeps = self._keeps and not parser.trailing_data[0]
                    break
                elif isinstance(event, h11.ConnectionClosed):
                    break
        except h11.RemoteProtocolError as error:
            self.abort(error if data else BrokeOff("the body ended early"))
            return
        if self._pieces or self._complete:
            self._wake()
        if self._waiting >= WAITING_BYTES_MOST:
            self._pause()

    def _begin_body(self, response: h11.Response, parser: h11.Connection) -> bool:
        """Take note of the head; return whether the body needs the parser no more."""
        words = [word.strip().lower() for name, value in response.headers if name == b"connection"
                 for word in value.split(b",")]  # fmt: skip
        self._keeps = response.http_version == b"1.1" and b"close" not in words
        self._has_head = True
        length = None if self._bodiless else _length_of(response)
        rest, _ = parser.trailing_data
        # What needs a buffer goes into one; what came with its head is all there, and there is nothing to parse.
        if length is not None and (length > PLAIN_BYTES or len(rest) >= length):
            self._parser = None
            if len(rest) > length:
                rest, self._keeps = rest[:length], False
            self._left = length - len(rest)
            if rest:
                self._pieces.append(rest)
                self._waiting += len(rest)
            self._complete = not self._left
        if self._head is not None and not self._head.done():
            self._head.set_result(response)
        return self._parser is None

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        if self._head is not None and not self._head.done():
            self._head.set_exception(error)
        self._wake()

    # -- handing on --------------------------------------------------------------------------------------

    def _next(self, *, scraps: bool) -> Piece:
        if self._pieces:
            piece = self._pieces.popleft()
        elif scraps and self._buffer is not None and self._to > self._from:
            self._is_late = False
            piece = self._buffer[self._from : self._to]
            self._from = self._to
        else:
            return b""
        self._waiting -= len(piece)
        return piece

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _wake_soon(self) -> None:
        if self._wake_timer is None:
            self._wake_timer = self._loop.call_later(WAKE_S, self._wake_late)

    def _wake_late(self) -> None:
        self._wake_timer = None
        self._is_late = True
        self._wake()

    def _pause(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            self._heard = self._loop.time()
            self._transport.resume_reading()

    # -- silence -----------------------------------------------------------------------------------------

    def _watch_silence(self) -> None:
        """Look again when the time would be over; one timer a connection, not one a piece."""
        if self._silence_s is None:
            return
        self._silence_timer = self._loop.call_later(
            max(0.01, self._heard + self._silence_s - self._loop.time()), self._look_at_silence
        )

    def _look_at_silence(self) -> None:
        self._silence_timer = None
        if not self._in_exchange or self._complete or self._silence_s is None:
            return
        if self._paused:
            self._heard = self._loop.time()  # it is we who do not listen
        if self._loop.time() - self._heard >= self._silence_s:
            self.abort(Silent())
        else:
            self._watch_silence()

    def _stop_timers(self) -> None:
        for timer in (self._wake_timer, self._silence_timer):
            if timer is not None:
                timer.cancel()
        self._wake_timer = self._silence_timer = None


def _is_readable(number: int) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


def _length_of(response: h11.Response) -> int | None:
    """Return the length of the body where the head tells it; None where the parser has to find the end."""
    names = dict(cast(Iterable[tuple[bytes, bytes]], response.headers))
    if response.status_code in (204, 304) or b"transfer-encoding" in names or b"content-length" not in names:
        return None
    return int(names[b"content-length"])
