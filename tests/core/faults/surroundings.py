"""What surrounds a case: short times, logs, memory, certificates and names."""

import gc
import logging
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

import httpx
import trustme

from core.net import client, weather
from core.net.direct import AddressInfo, DirectTransport
from core.net.transport import Transport
from core.transfer import ground, pace, retry, small

SHORT_TIMES: dict[object, dict[str, float]] = {
    retry: {"BACK_OFF_FIRST_S": 0.02, "BACK_OFF_MOST_S": 0.1},
    client: {"SILENCE_S": 0.5, "CONNECT_S": 1.0, "HEAD_S": 1.0, "REPLY_S": 3.0, "TRY_AGAIN_S": 0.05},
    pace: {"STALL_AFTER_S": 0.8, "BEHIND_AFTER_S": 0.5},
    weather: {"REST_FIRST_S": 0.1, "REST_MOST_S": 0.3, "PROBE_S": 0.05},
}


@contextmanager
def short_times() -> Iterator[None]:
    """Make every wait of the product short."""
    patches = [patch.multiple(module, **values) for module, values in SHORT_TIMES.items()]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


@contextmanager
def space_left(folder: Path, space: int | None) -> Iterator[None]:
    """Let a file of unknown size find so much space beyond what is kept free; None for what there really is."""
    if space is None:
        yield
        return

    def free_bytes(_: Path) -> int:
        used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return ground.RESERVE_BYTES + space - used

    with patch.multiple(small, free_bytes=free_bytes, LOOK_AT_SPACE_BYTES=4 * 2**20):
        yield


class _Keeping(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextmanager
def kept_logs() -> Iterator[list[str]]:
    """Keep every line that is logged, down to the finest."""
    lines: list[str] = []
    handler, logger = _Keeping(lines), logging.getLogger()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # as core.cli does: it prints signed addresses
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class MemoryMark:
    """How far the process grew at most since it was made; Linux alone can be asked to forget the peak before."""

    def __init__(self) -> None:
        gc.collect()
        self._start = None
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self._start = _status("VmHWM")
        except OSError:
            pass

    def bytes(self) -> int | None:
        """Return the growth; None where it cannot be told."""
        return None if self._start is None else max(0, _status("VmHWM") - self._start)


def _status(name: str) -> int:
    match = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) * 1024 if match else 0


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


@cache
def server_context() -> ssl.SSLContext:
    """Return what a server of these tests speaks https with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _authority().issue_cert("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4").configure_cert(context)
    return context


@cache
def client_context() -> ssl.SSLContext:
    """Return one that trusts the servers of these tests."""
    context = httpx.create_ssl_context()
    _authority().configure_trust(context)
    return context


class _NamedTransport(DirectTransport):
    """Looks names up in `addresses`."""

    names: Mapping[str, str]

    async def addresses(self, host: str, port: int) -> Sequence[AddressInfo]:
        if host[0].isdigit():
            return await super().addresses(host, port)
        found = self.names.get(host, "127.0.0.3")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (found, port))]


def transport_of(addresses: Mapping[str, str]) -> Transport:
    """Return what carries the bytes: the real transport, trusting the authority of these tests.

    `addresses` stand for names, where there are any.
    """
    if not addresses:
        return Transport(client_context(), proxy_for=lambda url: None)
    transport = Transport(client_context(), proxy_for=lambda url: None)
    transport.direct = named = _NamedTransport(client_context())
    named.names = addresses
    return transport


async def public_unless_inside(host: str) -> list[str]:
    """Answer as the names of the public internet do, save for `inside.example`."""
    return ["10.1.2.3"] if host == "inside.example" else ["93.184.216.34"]
