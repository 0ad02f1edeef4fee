"""TLS on the socket itself: every byte, new keys, ends with and without a goodbye, a reader that rests."""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import truststore
from hypothesis import given
from hypothesis import strategies as st

from core.net import tls
from core.spawn import spawn
from tests.fakes.tls import HOST, company, context_of

MB = 2**20
Serve = Callable[[ssl.SSLSocket], object]


class Taker(asyncio.BufferedProtocol):
    """Takes bytes into views of one size and notes how it ends."""

    def __init__(self, size: int = 2**16) -> None:
        self.memory = memoryview(bytearray(size))
        self.came = bytearray()
        self.has_ended = False
        self.error: Exception | None = None
        self.over = asyncio.Event()
        self.enough = asyncio.Event()
        self.wanted = 0

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.memory

    def buffer_updated(self, nbytes: int) -> None:
        self.came += self.memory[:nbytes]
        if len(self.came) >= self.wanted:
            self.enough.set()

    def eof_received(self) -> bool:
        self.has_ended = True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.error = exc
        self.over.set()


def client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    company().configure_trust(context)
    return context


@contextmanager
def served(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer one connection on a thread, with blocking calls; yield the port."""
    listening, theirs = socket.create_server((HOST, 0)), context or context_of()

    def run() -> None:
        with suppress(OSError):
            sock, _ = listening.accept()
            with theirs.wrap_socket(sock, server_side=True) as secured:
                serve(secured)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)  # also where nobody ever came
        listening.close()
        thread.join(10)
        assert not thread.is_alive()


async def dial(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (HOST, port))
    return sock


async def connected(port: int, taker: Taker) -> tls.TlsTransport:
    return await tls.connect(await dial(port), client(), HOST, taker)


def goodbye(sock: ssl.SSLSocket) -> None:
    """End as TLS ends: with an alert that says so."""
    with suppress(OSError):
        sock.unwrap()


@given(
    pieces=st.lists(st.integers(1, 40_000), min_size=1, max_size=12),
    size=st.sampled_from([1, 100, 16_384, 16_385, 65_536]),
)
def test_every_byte_comes_in_order_however_records_and_views_are_cut(pieces: list[int], size: int) -> None:
    body = os.urandom(sum(pieces) if size > 1 else min(sum(pieces), 3000))

    def serve(sock: ssl.SSLSocket) -> None:
        at = 0
        for count in pieces:
            sock.sendall(body[at : at + count])
            at += count
        goodbye(sock)

    async def take() -> Taker:
        taker = Taker(size)
        await connected(port, taker)
        await asyncio.wait_for(taker.over.wait(), 10)
        return taker

    with served(serve) as port:
        taker = asyncio.run(take())
    assert taker.came == body and taker.has_ended and taker.error is None


async def test_a_megabyte_costs_a_few_turns_of_the_loop_and_no_more_is_read_in_one() -> None:
    sent = threading.Event()

    def serve(sock: ssl.SSLSocket) -> None:
        for _ in range(8):
            sock.sendall(bytes(MB))
        sent.set()
        sock.recv(1)

    most, turns = 0, 0
    taker = Taker(MB)
    taker.wanted = 8 * MB
    with served(serve) as port:
        transport = await connected(port, taker)
        read = transport._read

        def counted() -> None:
            nonlocal most, turns
            before = len(taker.came)
            read()
            most, turns = max(most, len(taker.came) - before), turns + 1

        asyncio.get_running_loop().add_reader(transport._number, counted)
        await asyncio.wait_for(taker.enough.wait(), 10)
        transport.abort()
        await taker.over.wait()
    assert most <= 2 * tls.READ_BYTES
    assert taker.came == bytes(8 * MB) and turns < 8 * 64, "a turn takes many records of 16 KiB"


async def test_what_openssl_holds_already_comes_without_another_byte_on_the_wire() -> None:
    def serve(sock: ssl.SSLSocket) -> None:
        sock.sendall(bytes(16_000))  # one record
        sock.recv(1)  # and nothing more

    taker = Taker(1000)
    taker.wanted = 16_000
    with served(serve) as port:
        transport = await connected(port, taker)
        original, rounds = taker.buffer_updated, 0

        def updated(nbytes: int) -> None:
            nonlocal rounds
            original(nbytes)
            rounds += 1
            if rounds == 3:
                transport.pause_reading()
                assert not transport.is_reading()

        taker.buffer_updated = updated  # type: ignore[method-assign]
        await asyncio.sleep(0.2)
        assert len(taker.came) == 3000, "it rests"
        transport.resume_reading()
        await asyncio.wait_for(taker.enough.wait(), 5)
        transport.close()
        await taker.over.wait()
    assert len(taker.came) == 16_000 and taker.error is None and not taker.has_ended


async def test_an_end_without_a_goodbye_is_an_error_after_all_that_came() -> None:
    def serve(sock: ssl.SSLSocket) -> None:
        sock.sendall(b"half of it")
        sock.shutdown(socket.SHUT_WR)  # of the socket below

    taker = Taker()
    with served(serve) as port:
        await connected(port, taker)
        await asyncio.wait_for(taker.over.wait(), 5)
    assert taker.came == b"half of it"
    assert isinstance(taker.error, ConnectionResetError) and not taker.has_ended


async def test_what_the_socket_does_not_take_at_once_is_sent_later_and_whole() -> None:
    body, got, go = os.urandom(8 * MB), bytearray(), threading.Event()

    def serve(sock: ssl.SSLSocket) -> None:
        go.wait(10)
        while len(got) < len(body):
            got.extend(sock.recv(MB))
        sock.sendall(b"ok")
        goodbye(sock)

    taker = Taker()
    with served(serve) as port:
        transport = await connected(port, taker)
        transport.write(body[: 5 * MB])
        transport.write(body[5 * MB :])
        assert transport._is_writing, "more than the socket holds"
        go.set()
        await asyncio.wait_for(taker.over.wait(), 20)
        transport.write(b"too late")
    assert got == body and taker.came == b"ok"


@pytest.mark.parametrize("pause", [False, True])
async def test_an_abort_ends_it_at_once_and_takes_readers_and_writers_along(pause: bool) -> None:
    taker, over = Taker(), threading.Event()
    with served(lambda _: over.wait(10)) as port:
        transport = await connected(port, taker)
        transport.write(bytes(16 * MB))
        assert transport._is_writing
        if pause:
            transport.pause_reading()
        transport.abort()
        transport.abort()
        transport.resume_reading()
        await taker.over.wait()
        loop = asyncio.get_running_loop()
        assert taker.error is None and transport.is_closing() and not transport.is_reading()
        assert not loop.remove_reader(transport._number) and not loop.remove_writer(transport._number)
        over.set()


async def test_a_handshake_that_is_cancelled_or_cut_off_leaves_no_socket() -> None:
    listening = socket.create_server((HOST, 0))
    sock = await dial(listening.getsockname()[1])
    number = sock.fileno()
    handshake = spawn(tls.connect(sock, client(), HOST, Taker()), name="handshake")
    await asyncio.sleep(0.05)
    handshake.cancel()
    with pytest.raises(asyncio.CancelledError):
        await handshake
    with pytest.raises(OSError):
        os.fstat(number)
    assert not asyncio.get_running_loop().remove_reader(number)

    sock = await dial(listening.getsockname()[1])
    handshake = spawn(tls.connect(sock, client(), HOST, Taker()), name="handshake")
    for _ in range(2):  # whoever stands first in the line is the cancelled one
        listening.accept()[0].close()
    with pytest.raises(OSError):
        await handshake
    listening.close()


async def test_a_certificate_of_another_is_refused_before_a_word_is_sent() -> None:
    said: list[bytes] = []
    other = context_of("other.example")
    with (
        served(lambda sock: said.append(sock.recv(1)), other) as port,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        await connected(port, Taker())
    assert not [word for word in said if word]


async def test_new_keys_in_the_middle_cost_nothing(tmp_path: Path) -> None:
    """OpenSSL's own server changes keys, and asks for ours to be changed, between two halves of what it says."""
    program = shutil.which("openssl")
    assert program, "make test installs it"
    certificate = company().issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    words = [
        program,
        "s_server",
        "-accept",
        f"{HOST}:{port}",
        "-cert",
        str(tmp_path / "server.pem"),
        "-naccept",
        "1",
    ]
    server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert server.stdin is not None and server.stdout is not None
    try:
        while b"ACCEPT" not in server.stdout.readline():
            pass
        taker = Taker()
        transport = await connected(port, taker)
        for word in (b"one\n", b"K\n", b"two\n", b"k\n", b"three\n"):
            server.stdin.write(word)
            server.stdin.flush()
            await asyncio.sleep(0.1)
        transport.write(b"heard\n")  # under keys of our own that are new too
        taker.wanted = len(b"one\ntwo\nthree\n")
        if len(taker.came) < taker.wanted:
            await asyncio.wait_for(taker.enough.wait(), 5)
        assert taker.came == b"one\ntwo\nthree\n" and taker.error is None
        found = b""
        while b"heard" not in found:
            found = await asyncio.to_thread(server.stdout.readline)
            assert found, "it has heard nothing"
        transport.abort()
        await taker.over.wait()
    finally:
        server.kill()
        server.wait()
        server.stdin.close()
        server.stdout.close()


def test_where_the_system_checks_certificates_asyncio_carries_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tls.is_possible(client())
    assert not tls.is_possible(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    monkeypatch.setattr("sys.platform", "win32")
    assert not tls.is_possible(client())
