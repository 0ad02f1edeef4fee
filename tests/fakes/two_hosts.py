"""A hub on `localhost` and a storage on `127.0.0.1`, which are two hosts: what the fakes of hubs are made of.

Every request is kept with its headers, so that a test can tell where a token went.
"""

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True)
class Asked:
    """One request: `server` is `hub` or `storage`; header names are lower case."""

    server: str
    method: str
    path: str
    headers: dict[str, str]


class TwoHosts:
    """Serves both on the loop that it is entered on.

    Attributes:
        hub: Address of the hub.
        storage: Address of the storage.
        asked: Every request, in its order.
        failing: Status that the hub answers everything with; 0 for its own answers.
        is_html: Whether a sign-in page comes in place of every answer of the hub.
    """

    def __init__(self) -> None:
        self.hub = self.storage = ""
        self.asked: list[Asked] = []
        self.failing = 0
        self.is_html = False
        self._runners: list[web.ServerRunner] = []

    async def __aenter__(self) -> Self:
        self.hub = f"http://localhost:{await self._listen('hub', v6=True)}"
        self.storage = f"http://127.0.0.1:{await self._listen('storage', v6=False)}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for runner in self._runners:
            await runner.cleanup()

    async def _listen(self, server: str, *, v6: bool) -> int:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.asked.append(Asked(server, request.method, request.path_qs, headers))
            if server == "storage":
                return self.of_storage(request)
            if self.failing:
                return web.json_response({"error": "told to fail"}, status=self.failing)
            if self.is_html:
                return web.Response(text="<!doctype html><html>Sign in</html>", content_type="text/html")
            return self.of_hub(request)

        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = int(runner.addresses[0][1])
        if v6:
            with suppress(OSError):  # a machine without it has no such localhost either
                await web.TCPSite(runner, "::1", port).start()
        return port

    def of_hub(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request to the hub."""
        raise NotImplementedError

    def of_storage(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request to the storage."""
        raise NotImplementedError

    def with_secrets(self, server: str) -> list[Asked]:
        """Return the requests to a server that brought a token or a cookie."""
        return [
            each for each in self.asked if each.server == server and {"authorization", "cookie"} & set(each.headers)
        ]

    def paths(self, server: str = "hub", method: str = "GET") -> list[str]:
        """Return what was asked of a server."""
        return [each.path for each in self.asked if (each.server, each.method) == (server, method)]


START_S = 15.0


@contextmanager
def on_thread(server: TwoHosts) -> Iterator[None]:
    """Serve on a thread and a loop of their own, for a test whose loop is the window's."""
    started: Future[asyncio.AbstractEventLoop] = Future()
    stop = asyncio.Event()

    async def serve() -> None:
        async with server:
            started.set_result(asyncio.get_running_loop())
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="fake hub", daemon=True)
    thread.start()
    loop = started.result(START_S)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(START_S)


def ranged(request: web.BaseRequest, data: bytes, **headers: str) -> web.Response:
    """Answer with the bytes that a request asks for."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named |= {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if match is None:
        return web.Response(body=data, headers=named)
    start, end = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
    if start > end:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    named["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return web.Response(status=206, body=data[start : end + 1], headers=named)
