"""What was asked and what was sent: the memory of the hub, for tests and benchmarks to look at.

Knows: requests after the fact, never a token's value. Must not know: how they are answered.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from msgspec import Struct, field

KEPT_REQUESTS = 20_000

ServerName = Literal["hub", "cdn"]


class Request(Struct):
    """One request. `status` is 0 until an answer begins, `ended` None until it is over (times are monotonic)."""

    server: ServerName
    method: str
    path: str  # percent-decoded, without the query
    query: str = ""
    file: str = ""  # "org/repo/path" of the file asked for
    range: str | None = None
    has_token: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names, without the token
    status: int = 0
    bytes_sent: int = 0  # of the body
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None

    def concerns(self, suffix: str) -> bool:
        """Whether the path or the file asked for ends so."""
        return self.path.endswith(suffix) or self.file.endswith(suffix)


class Requests:
    """The latest requests in order, and what was sent of each file since the last `clear`."""

    def __init__(self) -> None:
        self._kept: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self._bytes_by_file: Counter[str] = Counter()
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def __iter__(self) -> Iterator[Request]:
        return iter(list(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> Request:
        return self._kept[index]

    def __repr__(self) -> str:
        return f"Requests({len(self)} kept, {self._bytes_by_file.total()} bytes of files sent)"

    def of(self, suffix: str, *, server: ServerName | None = None, method: str | None = None) -> list[Request]:
        """Return the requests whose path or file ends with `suffix`."""
        return [
            request
            for request in self._kept
            if request.concerns(suffix) and server in (None, request.server) and method in (None, request.method)
        ]

    def under_way(self) -> list[Request]:
        """Return the requests that are not over."""
        return [request for request in self._kept if request.ended is None]

    def with_token(self, server: ServerName) -> list[Request]:
        """Return the requests that brought a token: for the CDN, each one is a leak."""
        return [request for request in self._kept if request.has_token and request.server == server]

    def bytes_sent(self, suffix: str = "") -> int:
        """Sum the body bytes of the files whose "org/repo/path" ends with `suffix`, from either server."""
        return sum(count for name, count in self._bytes_by_file.items() if name.endswith(suffix))

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._bytes_by_file.clear()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition()` holds; it is asked after each change."""
        if condition():
            return
        waiter = (condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter[1]
        finally:
            self._waiters.remove(waiter)

    def begin(self, request: Request) -> None:
        """Keep a request that has just come."""
        self._kept.append(request)
        self.changed()

    def sent(self, request: Request, count: int, *, of_file: bool) -> None:
        """Count body bytes, `of_file` for those that are the file's own."""
        request.bytes_sent += count
        if of_file:
            self._bytes_by_file[request.file] += count
        self.changed()

    def end(self, request: Request) -> None:
        """Note the end of a request, however it came."""
        request.ended = time.monotonic()
        self.changed()

    def changed(self) -> None:
        """Wake those whose condition holds now."""
        for condition, future in self._waiters:
            if not future.done() and condition():
                future.set_result(None)
