"""TLS straight on the socket: OpenSSL reads it itself, and what it decrypts goes where the protocol wants it.

asyncio hands each byte through a memory BIO first, which clears, fills and empties it: three passes over memory
that other threads have just pushed out of the caches. Must not know: HTTP, pools. Why it is ours, with the figures,
stands in docs/decisions.md.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any

READ_BYTES = 2**20  # in one go, a millisecond: then others have their turn


def is_possible(context: ssl.SSLContext) -> bool:
    """Tell whether connections of this context can be made here.

    A loop on Windows has no readers, and where the system itself checks certificates (truststore) it does so for
    memory BIOs alone: asyncio's TLS carries both.
    """
    return sys.platform != "win32" and type(context) is ssl.SSLContext


async def connect(
    sock: socket.socket, context: ssl.SSLContext, server_hostname: str, protocol: asyncio.BufferedProtocol
) -> "TlsTransport":
    """Shake hands on a connected, non-blocking socket, which is ours from then on, and begin to read.

    Raises:
        OSError: It failed, mostly as ssl.SSLError; the socket is closed.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    secured = context.wrap_socket(
        sock, server_hostname=server_hostname, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    try:
        while True:
            try:
                secured.do_handshake()
                break
            except ssl.SSLWantReadError:
                await _ready(secured, to_write=False)
            except ssl.SSLWantWriteError:
                await _ready(secured, to_write=True)
            except ssl.SSLEOFError as error:
                raise ConnectionResetError("the connection was closed while hands were shaken") from error
        return TlsTransport(secured, protocol)
    except BaseException:
        secured.close()
        raise


async def _ready(sock: socket.socket, *, to_write: bool) -> None:
    """Wait until a socket can be read or written."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    add, remove = (loop.add_writer, loop.remove_writer) if to_write else (loop.add_reader, loop.remove_reader)
    number = sock.fileno()
    add(number, wake)
    try:
        await ready
    finally:
        remove(number)


class TlsTransport(asyncio.Transport):
    """Carries a protocol over a socket whose handshake is done.

    An end without TLS's own goodbye is an error: a body without a length might have been cut short.
    """

    def __init__(self, sock: ssl.SSLSocket, protocol: asyncio.BufferedProtocol) -> None:
        super().__init__({"socket": sock, "ssl_object": sock})
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        # What SSLSocket itself calls; without it one call of Python's more for each record, a twentieth of a pull.
        inner: Any = getattr(sock, "_sslobj", None) or sock
        self._read_record: Callable[[int, memoryview], int] = inner.read
        self._number = sock.fileno()
        self._protocol = protocol
        self._to_send = bytearray()
        self._is_paused = False
        self._is_closing = False
        self._is_writing = False  # the loop tells when the socket takes more
        protocol.connection_made(self)
        self._loop.add_reader(self._number, self._read)

    # -- reading -----------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read what is there, but not for long."""
        came, stopped = 0, None
        while stopped is None and came < READ_BYTES and not self._is_paused and not self._is_closing:
            count, stopped = self._fill(memoryview(self._protocol.get_buffer(-1)))
            came += count
            if count:
                self._protocol.buffer_updated(count)
        if self._is_closing:
            return
        if isinstance(stopped, ssl.SSLWantWriteError):
            self._await_writing()  # new keys have to be sent first
        elif stopped is not None and not isinstance(stopped, ssl.SSLWantReadError):
            self._come_to_an_end(stopped)
        else:
            if self._to_send and not self._is_writing:
                self._send()  # it waited for keys
            self._read_on()

    def _fill(self, view: memoryview) -> tuple[int, OSError | None]:
        """Read records until a buffer is full; return the count, and what stopped it before."""
        read, size, at = self._read_record, len(view), 0
        try:
            while at < size:
                count = read(size - at, view[at:])
                if not count:
                    return at, ssl.SSLZeroReturnError()
                at += count
        except OSError as error:
            return at, error
        return at, None

    def _come_to_an_end(self, error: OSError) -> None:
        if isinstance(error, ssl.SSLZeroReturnError):
            self._protocol.eof_received()
            self._end(None)
        elif isinstance(error, ssl.SSLEOFError):
            self._end(ConnectionResetError("the connection ended without a goodbye"))
        else:
            self._end(error)

    def _read_on(self) -> None:
        """Come back for what OpenSSL has already taken from the socket: the loop sees only what is left there."""
        if not self._is_closing and not self._is_paused and self._sock.pending():
            self._loop.call_soon(self._read_rest)

    def _read_rest(self) -> None:
        if not self._is_closing and not self._is_paused:
            self._read()

    def pause_reading(self) -> None:
        """Leave the socket alone."""
        if not self._is_paused and not self._is_closing:
            self._is_paused = True
            self._loop.remove_reader(self._number)

    def resume_reading(self) -> None:
        """Read again."""
        if self._is_paused and not self._is_closing:
            self._is_paused = False
            self._loop.add_reader(self._number, self._read)
            self._read_on()

    def is_reading(self) -> bool:
        """Tell whether bytes are taken."""
        return not self._is_paused and not self._is_closing

    # -- writing -----------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, now as far as the socket takes it, the rest as it can."""
        if self._is_closing:
            return
        self._to_send += data
        if not self._is_writing:
            self._send()

    def _send(self) -> None:
        self._stop_writing()
        try:
            while self._to_send:
                del self._to_send[: self._sock.send(self._to_send)]
        except ssl.SSLWantWriteError:
            self._await_writing()
        except ssl.SSLWantReadError:
            pass  # keys are being changed: the read that brings them sends on
        except OSError as error:
            self._end(error)

    def _await_writing(self) -> None:
        if not self._is_writing:
            self._is_writing = True
            self._loop.add_writer(self._number, self._written)

    def _written(self) -> None:
        self._send()
        self._read_rest()

    def _stop_writing(self) -> None:
        if self._is_writing:
            self._is_writing = False
            self._loop.remove_writer(self._number)

    # -- the end -----------------------------------------------------------------------------------------

    def is_closing(self) -> bool:
        """Tell whether it is over."""
        return self._is_closing

    def abort(self) -> None:
        """Close at once, without a goodbye."""
        self._end(None)

    close = abort

    def _end(self, error: Exception | None) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self._stop_writing()
        self._loop.remove_reader(self._number)
        self._to_send.clear()
        self._loop.call_soon(self._tell, error)

    def _tell(self, error: Exception | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._sock.close()
