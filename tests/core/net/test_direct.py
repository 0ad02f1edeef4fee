"""The transport that speaks HTTP itself: every framing, every cut, kept connections, ends in the middle."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h11
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.net.buffers import KEPT_MOST, SHORT_AT, Buffers
from core.net.connection import WAITING_BYTES_MOST, BrokeOff, Connection
from core.net.direct import DirectTransport
from core.net.faults import Dropped
from core.net.trust import make_context
from core.spawn import spawn
from tests.fakes.tls import BODY as TLS_BODY
from tests.fakes.tls import company, context_of
from tests.fakes.tls import server as tls_server

MB = 2**20
BODY = bytes(range(256)) * (3 * 4096 + 17)  # a little over 3 MiB
SHORT = {"timeout": {"connect": 5.0, "read": 0.2}}


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def framed(body: bytes, how: str) -> bytes:
    """Return a whole reply."""
    if how == "length":
        return head(f"Content-Length: {len(body)}") + body
    if how == "chunked":
        pieces = [body[at : at + 70_000] for at in range(0, len(body), 70_000)]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        return head("Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n"
    return head("Connection: close") + body


class Server:
    """Answers each request with the next of `replies`; None closes the connection instead."""

    def __init__(self, replies: list[bytes | None]) -> None:
        self.replies = replies
        self.asked: list[bytes] = []
        self.connections = 0
        self.closed = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                reply = self.replies.pop(0)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
                if b"Connection: close" in reply[:100]:
                    break
                if not self.replies:
                    await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        self.closed.set()
        writer.close()


@asynccontextmanager
async def serving(*replies: bytes | None) -> AsyncIterator[Server]:
    server = Server(list(replies))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/f"
    yield server
    listening.close()


@pytest.fixture
async def transport() -> AsyncIterator[DirectTransport]:
    made = DirectTransport(make_context(environ={}))
    yield made
    await made.aclose()
    assert not made._open


async def ask(transport: DirectTransport, url: str, method: str = "GET", **more: object) -> tuple[int, bytes]:
    """Send a request and read all of its reply."""
    response = await transport.handle_async_request(httpx.Request(method, url, **more))  # type: ignore[arg-type]
    try:
        return response.status_code, b"".join([bytes(piece) async for piece in response.aiter_raw()])
    finally:
        await response.aclose()


@pytest.mark.parametrize("how", ["length", "chunked", "until the end"])
@pytest.mark.parametrize("body", [b"", b"x", BODY[:65_536], BODY[:65_537], BODY], ids=len)
async def test_a_body_of_any_framing_arrives_whole(transport: DirectTransport, how: str, body: bytes) -> None:
    async with serving(framed(body, how)) as server:
        assert await ask(transport, server.url) == (200, body)


@pytest.mark.parametrize(
    ("method", "reply", "status"),
    [
        ("HEAD", head("Content-Length: 9000000"), 200),
        ("GET", head("Content-Length: 9000000", status="304 Not Modified"), 304),
        ("GET", head(status="204 No Content"), 204),
        ("GET", head(status="100 Continue") + head(status="103 Early Hints") + framed(b"", "length"), 200),
    ],
)
async def test_what_has_no_body_ends_with_its_head_and_keeps_the_connection(
    transport: DirectTransport, method: str, reply: bytes, status: int
) -> None:
    async with serving(reply, framed(b"next", "length")) as server:
        assert await ask(transport, server.url, method) == (status, b"")
        assert await ask(transport, server.url) == (200, b"next")
        assert server.connections == 1


async def test_a_request_brings_its_headers_and_its_body(transport: DirectTransport) -> None:
    async with serving(framed(b"", "length")) as server:
        await ask(transport, server.url + "?a=%20b", "POST", headers={"X-One": "1"}, content=b"hello")
        assert server.asked[0].startswith(b"POST /f?a=%20b HTTP/1.1\r\n") and b"X-One: 1\r\n" in server.asked[0]
        assert b"Content-Length: 5\r\n" in server.asked[0]


async def test_a_connection_is_used_again_and_dialled_anew_where_the_server_closed_it(
    transport: DirectTransport,
) -> None:
    async with serving(
        framed(BODY, "length"), framed(b"two", "chunked"), None, framed(b"three", "length")
    ) as server:
        assert await ask(transport, server.url) == (200, BODY)
        assert await ask(transport, server.url) == (200, b"two")
        assert server.connections == 1
        assert await ask(transport, server.url) == (200, b"three"), "asked again: nobody had answered"
        assert server.connections == 2


async def test_a_server_that_closes_a_fresh_connection_is_not_asked_again(transport: DirectTransport) -> None:
    async with serving(None, framed(b"never", "length")) as server:
        with pytest.raises(httpx.ReadError):
            await ask(transport, server.url)
        assert server.connections == 1


@pytest.mark.parametrize("length", [4, 200_000])
async def test_bytes_that_nobody_asked_for_cost_the_connection_and_reach_nobody(
    transport: DirectTransport, length: int
) -> None:
    body = BODY[:length]
    async with serving(framed(body, "length") + framed(b"evil", "length"), framed(b"right", "length")) as server:
        assert await ask(transport, server.url) == (200, body)
        assert await ask(transport, server.url) == (200, b"right")
        assert server.connections == 2


@pytest.mark.parametrize("how", ["length", "chunked"])
async def test_a_body_that_breaks_off_gives_what_came_and_then_says_so(
    transport: DirectTransport, how: str
) -> None:
    reply = framed(BODY, how)[: MB + 99].replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n", 1)
    async with serving(reply) as server:
        response = await transport.handle_async_request(httpx.Request("GET", server.url))
        got = b""
        with pytest.raises(httpx.ReadError):
            async for piece in response.aiter_raw():
                got += piece
        await response.aclose()
        assert BODY.startswith(got) and len(got) > MB * 0.9


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        head("Content-Length: 12abc"),
        head("Content-Length: 3", "Content-Length: 4"),
        head("X: " + "y" * 200_000),
    ],
)
async def test_what_is_no_proper_http_is_said(transport: DirectTransport, reply: bytes) -> None:
    async with serving(reply) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(transport, server.url)


async def test_silence_ends_a_head_and_a_body(transport: DirectTransport) -> None:
    async with serving(b"") as server:
        with pytest.raises(httpx.ReadTimeout):
            await ask(transport, server.url, extensions=SHORT)
    async with serving(framed(BODY, "length")[: 2 * MB]) as server:
        with pytest.raises(httpx.ReadTimeout):
            await ask(transport, server.url, extensions=SHORT)


async def test_who_stops_in_the_middle_gets_what_is_in_memory_and_closes_the_connection(
    transport: DirectTransport,
) -> None:
    async with serving(framed(BODY * 8, "length")) as server:
        response = await transport.handle_async_request(httpx.Request("GET", server.url))
        pieces = response.aiter_raw()
        got = bytes(await anext(pieces))
        connection = next(iter(transport._open))
        while not connection._paused:
            await asyncio.sleep(0.01)
        waiting = response.extensions["read_nowait"]()
        assert WAITING_BYTES_MOST <= len(waiting) <= WAITING_BYTES_MOST + MB, "bounded while nobody reads"
        assert (BODY * 8).startswith(got + waiting)
        await response.aclose()
        await server.closed.wait()


async def test_many_connections_that_nobody_reads_from_share_a_bounded_memory(transport: DirectTransport) -> None:
    async with serving(*[framed(BODY * 8, "length")] * 40) as server:
        asking = [transport.handle_async_request(httpx.Request("GET", server.url)) for _ in range(40)]
        responses = await asyncio.gather(*asking)
        while not all(connection._paused for connection in transport._open):
            await asyncio.sleep(0.01)
        assert len(transport._buffers) <= SHORT_AT + 2 * 40
        held = sum(connection._waiting for connection in transport._open)
        assert held <= (SHORT_AT + 40) * MB, "one each, once they are short"
        for response in responses:
            await response.aclose()


async def test_a_sleep_drops_what_waits_and_what_is_kept(transport: DirectTransport) -> None:
    async with serving(framed(b"one", "length"), framed(BODY, "length")[:MB]) as server:
        await ask(transport, server.url)
        waiting = asyncio.ensure_future(ask(transport, server.url))  # noqa: TID251
        while len(server.asked) < 2:
            await asyncio.sleep(0.01)
        transport.renew()
        with pytest.raises(Dropped):
            await waiting


async def test_with_another_context_no_kept_connection_is_used(transport: DirectTransport) -> None:
    async with serving(framed(b"one", "length"), framed(b"two", "length")) as server:
        server.replies.append(None)
        await ask(transport, server.url)
        transport.use(make_context(environ={}))
        await ask(transport, server.url)
        assert server.connections == 2


async def test_who_reads_a_large_body_is_woken_about_once_a_buffer(transport: DirectTransport) -> None:
    body = BODY * 20
    async with serving(framed(body, "length")) as server:
        response = await transport.handle_async_request(httpx.Request("GET", server.url))
        lengths = [len(piece) async for piece in response.aiter_raw()]
        await response.aclose()
    assert sum(lengths) == len(body) and len(lengths) < 1.5 * len(body) / MB
    assert len(transport._buffers) <= 5, "a piece that was dropped makes room for the next"


# -- without a socket ------------------------------------------------------------------------------------------


class Wire(asyncio.Transport):
    """What a connection writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.aborted = False

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.sent += data

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def bring(connection: Connection, data: bytes) -> None:
    """Hand bytes over as a loop does."""
    while data:
        buffer = connection.get_buffer(-1)
        count = min(len(buffer), len(data))
        assert count
        buffer[:count] = data[:count]
        connection.buffer_updated(count)
        data = data[count:]


async def exchange(reply: bytes, cuts: list[int], *, ends: bool) -> bytes:
    connection = Connection(Buffers(1000), memoryview(bytearray(333)), lost=lambda _: None)
    connection.connection_made(Wire())
    request = h11.Request(method="GET", target="/", headers=[("Host", "x")])
    asking = asyncio.ensure_future(connection.ask(request, b"", silence_s=None))  # noqa: TID251
    await asyncio.sleep(0)
    got = b""
    edges = sorted({0, len(reply), *(cut % (len(reply) + 1) for cut in cuts)})
    for start, end in zip(edges, edges[1:], strict=False):
        bring(connection, reply[start:end])
        got += connection.read_nowait()
    if ends:
        connection.eof_received()
        connection.connection_lost(None)
    await asking
    while piece := await connection.read():
        got += piece
    connection.end()
    return got


@pytest.mark.parametrize("how", ["length", "chunked", "until the end"])
@given(size=st.integers(0, 140_000), cuts=st.lists(st.integers(0, 10**6), max_size=12))
def test_a_reply_may_be_cut_anywhere(how: str, size: int, cuts: list[int]) -> None:
    body = BODY[:size]
    got = asyncio.run(exchange(framed(body, how), cuts, ends=how == "until the end"))
    assert got == body


@given(size=st.integers(1, 140_000), missing=st.integers(1, 140_000), how=st.sampled_from(["length", "chunked"]))
def test_a_reply_that_is_cut_short_is_never_taken_for_whole(size: int, missing: int, how: str) -> None:
    reply = framed(BODY[:size], how)
    whole = len(reply) - min(missing, size)
    with pytest.raises((BrokeOff, h11.RemoteProtocolError)):
        asyncio.run(exchange(reply[:whole], [], ends=True))


def test_a_buffer_is_free_once_no_view_of_it_is_left() -> None:
    buffers = Buffers(100)
    first = buffers.take()
    part = first[10:20]
    part[:] = b"0123456789"
    del first
    second = buffers.take()
    second[:] = b"x" * 100
    assert bytes(part) == b"0123456789" and len(buffers) == 2, "a part of a view keeps the whole"
    del part, second
    assert [buffers.take() for _ in range(2)] and len(buffers) == 2
    held = [buffers.take() for _ in range(3 * KEPT_MOST)]
    buffers.trim()
    assert len(buffers) == 3 * KEPT_MOST and held and buffers.is_short
    del held
    assert not buffers.is_short
    buffers.trim()
    assert len(buffers) == KEPT_MOST


async def test_a_stop_at_the_end_of_a_handshake_leaves_no_connection_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trusted = ssl.create_default_context()
    company().configure_trust(trusted)
    transport = DirectTransport(trusted)
    made = Connection.connection_made
    async with tls_server(context_of()) as url:
        asking = spawn(ask(transport, url), name="asking")

        def stop(connection: Connection, wire: asyncio.BaseTransport) -> None:
            made(connection, wire)
            asyncio.get_running_loop().call_soon(asking.cancel)

        monkeypatch.setattr(Connection, "connection_made", stop)
        with pytest.raises(asyncio.CancelledError):
            await asking
        monkeypatch.undo()
        assert (await ask(transport, url))[1] == TLS_BODY  # its socket has the number of the one before
    await transport.aclose()
