"""DemoHub: the hub and its CDN, two servers on two host names.

Knows: how a request becomes a call, a reply and a record. Must not know: what any single route answers.
The two names differ (localhost, 127.0.0.1) as the real ones do: a client that takes a token along fails here.
"""

import asyncio
import errno
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from aiohttp import web

from core.demo import api, cdn, resolve
from core.demo.calls import Call, Part, Reply, error_reply
from core.demo.catalogue import Scale, catalogue
from core.demo.deliver import deliver, spoil, with_retry_after
from core.demo.knobs import Knobs
from core.demo.pace import Pace
from core.demo.records import Request, Requests, ServerName
from core.demo.repos import Repo
from core.demo.shelf import Shelf

SHUTDOWN_S = 0.05  # nobody waits for a body when the hub goes
PORT_TRIES = 20  # for one number that is free on both 127.0.0.1 and ::1

Route = Callable[[Shelf, Call], Awaitable[Reply]]


class DemoHub:
    """A hub to pull from. `async with DemoHub() as hub: ... hub.endpoint ...`

    Attributes:
        endpoint: `http://localhost:PORT`, what HF_ENDPOINT takes.
        cdn: `http://127.0.0.1:PORT`, where the bytes of large files come from; another server where one was named.
        requests: what was asked and sent; see `Requests`.
    """

    def __init__(
        self,
        *,
        repos: Iterable[Repo] | None = None,
        scale: Scale = "small",
        port: int = 0,
        cdn_port: int = 0,
        cdn_url: str = "",
        knobs: Knobs | None = None,
    ) -> None:
        self._shelf = Shelf(catalogue(scale) if repos is None else repos, knobs=knobs or Knobs())
        self._ports = (port, cdn_port)
        self._cdn_url = cdn_url.rstrip("/")
        self._pace = Pace(self._shelf.knobs)
        self._runners: list[web.ServerRunner] = []
        self._bodies: Counter[str] = Counter()
        self._numbers = itertools.count(1)
        self.requests = Requests()

    def __repr__(self) -> str:
        return f"DemoHub({self.endpoint or 'not started'}, repos={len(self.repos)}, requests={len(self.requests)})"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Listen; afterwards `endpoint` and `cdn` are known."""
        port = await self._listen("hub", self._ports[0], also_v6=True)
        cdn_port = await self._listen("cdn", self._ports[1], also_v6=False)
        self._shelf.endpoint = f"http://localhost:{port}"
        self._shelf.cdn = self._cdn_url or f"http://127.0.0.1:{cdn_port}"

    async def aclose(self) -> None:
        """Drop every connection and stop listening."""
        runners, self._runners = self._runners, []
        for runner in runners:
            await runner.cleanup()
        self._shelf.close()

    @property
    def endpoint(self) -> str:
        """The address of the hub."""
        return self._shelf.endpoint

    @property
    def cdn(self) -> str:
        """The address of the CDN."""
        return self._shelf.cdn

    @property
    def knobs(self) -> Knobs:
        """What may be turned at any time."""
        return self._shelf.knobs

    @property
    def repos(self) -> dict[str, Repo]:
        """The repos by id."""
        return self._shelf.repos

    @property
    def renamed(self) -> dict[str, str]:
        """Old ids to the new ones that they lead to."""
        return self._shelf.renamed

    @property
    def granted_tokens(self) -> set[str]:
        """Tokens that may read gated repos."""
        return self._shelf.granted_tokens

    @property
    def pending_tokens(self) -> set[str]:
        """Tokens whose request for gated repos is not answered yet."""
        return self._shelf.pending_tokens

    @property
    def rejected_tokens(self) -> set[str]:
        """Tokens whose request for gated repos was turned down."""
        return self._shelf.rejected_tokens

    @property
    def member_tokens(self) -> set[str]:
        """Tokens that see private repos."""
        return self._shelf.member_tokens

    @property
    def refused_tokens(self) -> set[str]:
        """Tokens that are answered with 401, invalid credentials."""
        return self._shelf.refused_tokens

    def add_repo(self, repo: Repo) -> Repo:
        """Put a repo on the shelf, in place of one of the same id."""
        self.repos[repo.id] = repo
        return repo

    def content(self, repo_id: str, path: str, *, revision: str = "main") -> bytes:
        """Return the bytes of a file, as a client should end up with them."""
        commit = self.repos[repo_id].commit_at(revision)
        if commit is None:
            raise KeyError(revision)
        return commit.by_path[path].content.read()

    def direct_url(self, path: str) -> str:
        """Return the plain CDN address of a file of demo/direct."""
        return f"{self.cdn}/files/{path}"

    def bytes_sent(self, suffix: str = "") -> int:
        """Sum what was sent of the files whose "org/repo/path" ends with `suffix`."""
        return self.requests.bytes_sent(suffix)

    def expire_signed_links(self) -> None:
        """Make every signed link given out so far too old, as time would."""
        self._shelf.link_generation += 1

    async def warm(self) -> None:
        """Compute every hash now, so that no listing waits for it later."""
        for repo in list(self.repos.values()):
            for commit in list(repo.commits.values()):
                await self._shelf.hash(commit.files)

    async def _listen(self, name: ServerName, port: int, *, also_v6: bool) -> int:
        route = _hub_route if name == "hub" else cdn.answer

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._handle(request, name, route)

        server = web.Server(handle, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        self._runners.append(runner)
        for attempt in itertools.count(1):
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            bound = int(runner.addresses[-1][1])
            if not also_v6 or await _listen_v6(runner, bound):
                break
            await site.stop()
            if port or attempt >= PORT_TRIES:
                raise OSError(errno.EADDRINUSE, f"port {bound} is taken on ::1")
        return bound

    async def _handle(self, request: web.BaseRequest, name: ServerName, route: Route) -> web.StreamResponse:
        call, record = await _read(request, name)
        self.requests.begin(record)
        if (latency_s := self.knobs.latency_s) > 0:
            await asyncio.sleep(latency_s)
        client, is_counted = request.remote or "", False
        try:
            reply = await route(self._shelf, call)
            record.file = reply.file
            is_counted = isinstance(reply.body, Part) and call.method == "GET"
            self._bodies[client] += is_counted
            limit = self.knobs.max_connections_per_client
            if is_counted and limit is not None and self._bodies[client] > limit:
                reply = with_retry_after(error_reply(429, "Too many connections"), file=reply.file)
            plain = call.method != "HEAD" and not reply.is_redirect
            names = (record.path, record.file)
            fault = self.knobs.take_fault(name, names, plain=plain, covers=reply.covers)
            reply = spoil(reply, fault)
            self._complete(reply, name)
            record.status = 0 if fault and fault.is_silent else reply.status
            self.requests.changed()  # who waits for a fault to be taken, or for a status
            of_file = bool(reply.file) and reply.status in (200, 206)

            def count(sent: int) -> None:
                self.requests.sent(record, sent, of_file=of_file)

            return await deliver(request, reply, pace=self._pace, fault=fault, count=count)
        finally:
            self._bodies[client] -= is_counted
            self.requests.end(record)

    def _complete(self, reply: Reply, name: ServerName) -> None:
        """Add the headers that every answer of that server has."""
        number = next(self._numbers)
        if name == "cdn":
            reply.headers.setdefault("X-Cache", "Miss from demo")
            reply.headers.setdefault("X-Amz-Cf-Id", f"demo-{number:08x}")
            return
        reply.headers.setdefault("X-Powered-By", "demo-hub")
        reply.headers.setdefault("X-Request-Id", f"Root=1-{number:08x}-{0:024x}")
        reply.headers.setdefault("RateLimit", '"resolvers";r=2999;t=172')
        reply.headers.setdefault("RateLimit-Policy", '"fixed window";"resolvers";q=3000;w=300')


async def _hub_route(shelf: Shelf, call: Call) -> Reply:
    is_api = call.parts[0] == "api" and call.parts[:3] != resolve.CACHE_PREFIX
    return await (api.answer(shelf, call) if is_api and len(call.parts) > 1 else resolve.answer(shelf, call))


async def _read(request: web.BaseRequest, name: ServerName) -> tuple[Call, Request]:
    headers = {key.lower(): value for key, value in request.headers.items()}
    form = ""
    if request.body_exists:
        form = (await request.read()).decode(errors="replace")
    call = Call(request.method, request.raw_path, headers, form)
    shown = {key: value for key, value in headers.items() if key != "authorization"}
    record = Request(
        name,
        call.method,
        unquote(call.raw_path),
        query=call.raw_query,
        range=headers.get("range"),
        has_token="authorization" in headers,
        headers=shown,
    )
    return call, record


async def _listen_v6(runner: web.ServerRunner, port: int) -> bool:
    """Also answer where `localhost` means ::1. A machine without IPv6 is fine, another server there is not."""
    try:
        await web.TCPSite(runner, "::1", port).start()
    except OSError as error:
        return error.errno != errno.EADDRINUSE
    return True
