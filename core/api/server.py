"""The server: sockets in, replies out. Reads requests within bounds, asks the gate, then the table of routes.

Decides nothing about downloads. An error that nobody thought of is one 500, logged; the server goes on.
"""

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web

from core.api import gate, openapi
from core.api.bodies import BODY_BYTES_MAX, BadBody, parse_body
from core.api.clients import ClientInfo, Clients, name_of
from core.api.configs import Configs
from core.api.control import Control
from core.api.events import Events
from core.api.info import Info
from core.api.listeners import Listener, open_socket
from core.api.models import Models
from core.api.owner import who_listens
from core.api.pulls import Pulls
from core.api.replies import Reply, refused
from core.api.routes import Match, Route, match
from core.api.sockets import BoundedServer, response
from core.engine import Engine
from core.errors import DownloadError, PortTaken
from core.sources.cortexso import CortexSo

_log = logging.getLogger(__name__)

BODY_S = 10.0
SHUTDOWN_S = 1.0
PREFLIGHT_S = 600
ALIVE = "cortex-cpp is alive!!!"  # compared by clients, letter for letter
LISTENERS_MAX = 64
_STOPPING = refused("Pulley is closing", 503)
_CROWDED = refused("Too many programs listen already", 503)

Handler = Callable[..., Awaitable[Reply]]


class _Stop(Exception):
    """A reply that ends the reading of a request."""

    def __init__(self, reply: Reply, *, closes: bool = False) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.closes = closes


class ApiServer:
    """The local API of one engine. Make it on the running loop.

    Attributes:
        url: Where it listens; empty while it does not.
    """

    def __init__(
        self,
        engine: Engine,
        events: Events,
        control: Control,
        *,
        cortexso: CortexSo,
        endpoint: str = "",
        host: str = "127.0.0.1",
    ) -> None:
        self.url = ""
        self._events = events
        self._control = control
        self._host = host
        self._port = 0
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="pulley-api")
        models = Models(engine, self._run)
        self._rooms: dict[str, Any] = {
            "pulls": Pulls(engine, events, models, endpoint=endpoint),
            "models": models,
            "info": Info(engine, models, cortexso, endpoint=endpoint),
            "configs": Configs(control, host=host),
        }
        self._clients = Clients()
        self._listeners: set[Listener] = set()
        control.on_keys = self._end_listeners
        self._runner: web.ServerRunner | None = None
        self._is_closing = False

    def _run(self, work: Callable[..., Any], *args: object) -> "asyncio.Future[Any]":
        return asyncio.wrap_future(self._threads.submit(work, *args))

    # -- life --------------------------------------------------------------------------------------------

    async def start(self, port: int) -> None:
        """Listen on `port`; 0 takes any free one.

        Raises:
            PortTaken: Somebody else listens there, or the address is not this machine's.
        """
        # A handler outlives its client: what was asked for is done.
        server = BoundedServer(self._serve, handler_cancellation=False)
        runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        host = "127.0.0.1" if self._host == "localhost" else self._host.strip("[]")
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise await self._not_bound(error, port) from error
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = int(runner.addresses[0][1])
        self.url = f"http://{gate.bracketed(self._host)}:{self._port}"

    async def _not_bound(self, error: OSError, port: int) -> PortTaken:
        if error.errno == errno.EADDRINUSE:
            owner = await self._run(who_listens, port)
            return PortTaken(f"Port {port} is taken{f' by {owner}' if owner else ''}")
        if error.errno == errno.EACCES:
            return PortTaken(f"Port {port} may not be used by this user")
        return PortTaken(f"{self._host} is no address of this machine: {error.strerror or error}")

    async def aclose(self) -> None:
        """Stop listening; requests under way get a moment to end."""
        self._is_closing = True
        self.url = ""
        if self._listeners:
            await asyncio.gather(*(listener.aclose() for listener in list(self._listeners)))
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._threads.shutdown(wait=False)

    def _end_listeners(self) -> None:
        """Other keys hold now: who listens has to show one."""
        for listener in list(self._listeners):
            listener.end()

    def clients(self) -> list[ClientInfo]:
        """Return who listens, and who asked within the last minute."""
        return self._clients.all()

    @property
    def on_change(self) -> Callable[[], None] | None:
        """Called when the list of clients changes."""
        return self._clients.on_change

    @on_change.setter
    def on_change(self, call: Callable[[], None] | None) -> None:
        self._clients.on_change = call

    # -- requests ----------------------------------------------------------------------------------------

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        closes = False
        try:
            found = match(request.method, request.raw_path)
            cors = self._pass_gate(request, found)
            if found.route is not None and found.route.path == "/events":
                return await self._listen(request)
            reply = await self._answer(request, found)
        except _Stop as stop:
            reply, closes, cors = stop.reply, stop.closes, {}
        except web.HTTPException as error:
            reply, cors = refused(error.reason, error.status), {}
        except DownloadError as error:
            reply, cors = refused(error.message), {}
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            _log.exception("%s %s", request.method, request.path)
            reply, cors = refused("An error of Pulley itself; its log tells more", 500), {}
        answer = response(reply, cors)
        if closes or self._is_closing:
            answer.force_close()
        return answer

    def _pass_gate(self, request: web.BaseRequest, found: Match) -> dict[str, str]:
        """Refuse, or return the headers that an allowed origin gets."""
        headers = request.headers
        transport = request.transport
        local = transport.get_extra_info("sockname") if transport is not None else None
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in headers
        ask = gate.Ask(
            hosts=headers.getall("Host", []),
            origins=headers.getall("Origin", []),
            authorization=headers.get("Authorization", ""),
            protocols=_protocols(request),
            local=str(local[0]) if local else "",
            is_public=is_preflight or (found.route is not None and found.route.is_public),
        )
        refusal = gate.refusal(ask, self._control.rules(self._host, self._port))
        if refusal is not None:
            raise _Stop(refused(refusal.message, refusal.status), closes=True)
        self._clients.saw(request.remote or "", _name(request))
        if not ask.origins:
            return {}
        cors = {"Access-Control-Allow-Origin": ask.origins[0], "Vary": "Origin"}
        if is_preflight:
            raise _Stop(_preflight(found, cors))
        return cors

    async def _answer(self, request: web.BaseRequest, found: Match) -> Reply:
        route = found.route
        if route is None:
            if not found.methods:
                raise _Stop(refused("There is nothing at this address", 404), closes=request.body_exists)
            allow = ", ".join(found.methods)
            reply = refused(f"This address takes {allow}", 405)
            raise _Stop(Reply(405, reply.body, headers={"Allow": allow}), closes=request.body_exists)
        if self._is_closing:
            return _STOPPING
        try:
            body = parse_body(await self._read(request), route.fields)
        except BadBody as error:
            return refused(error.message)
        if route.path == "/healthz":
            return Reply(200, ALIVE, "text/html; charset=utf-8")
        if route.path == "/openapi.json":
            return Reply(200, openapi.text())
        return await self._handler(route)(body, *([found.ident] if found.ident else []))

    def _handler(self, route: Route) -> Handler:
        room, _, name = route.handler.partition(".")
        handler: Handler = getattr(self._rooms[room], name)
        return handler

    async def _read(self, request: web.BaseRequest) -> bytes:
        """Return the body, within bounds of kind, size and time."""
        if not request.body_exists:
            return b""
        length = request.content_length
        if length is not None and length > BODY_BYTES_MAX:
            raise _Stop(refused("The body is larger than 64 KiB", 413), closes=True)
        if length != 0 and not _is_json(request):
            raise _Stop(refused("The body has to be application/json in UTF-8, not compressed", 415), closes=True)
        raw = bytearray()
        try:
            async with asyncio.timeout(BODY_S):
                async for piece in request.content.iter_any():
                    raw += piece
                    if len(raw) > BODY_BYTES_MAX:
                        raise _Stop(refused("The body is larger than 64 KiB", 413), closes=True)
        except TimeoutError:
            raise _Stop(refused("The body did not come in time", 408), closes=True) from None
        except (web.RequestPayloadError, ValueError):
            raise _Stop(refused("The body ended early or is malformed"), closes=True) from None
        return bytes(raw)

    # -- events ------------------------------------------------------------------------------------------

    async def _listen(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._is_closing:
            raise _Stop(_STOPPING, closes=True)
        if len(self._listeners) >= LISTENERS_MAX:
            raise _Stop(_CROWDED, closes=True)
        socket = await open_socket(request, gate.accepted_protocol(_protocols(request)))
        listener = Listener(socket, request, self._events)
        self._listeners.add(listener)
        who = (request.remote or "", _name(request))
        self._clients.saw(*who, listens=1)
        try:
            await listener.run()
        finally:
            self._listeners.discard(listener)
            self._clients.saw(*who, listens=-1)
        return socket


def _name(request: web.BaseRequest) -> str:
    return name_of(request.headers.get("User-Agent", ""), request.headers.get("Origin", ""))


def _protocols(request: web.BaseRequest) -> list[str]:
    offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
    return [protocol.strip() for protocol in offered.split(",") if protocol.strip()]


def _is_json(request: web.BaseRequest) -> bool:
    charset = (request.charset or "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    return request.content_type == "application/json" and charset in ("utf-8", "utf8") and encoding == "identity"


def _preflight(found: Match, cors: dict[str, str]) -> Reply:
    return Reply(
        204,
        "",
        headers={
            **cors,
            "Access-Control-Allow-Methods": ", ".join(found.methods or ("GET",)),
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Max-Age": str(PREFLIGHT_S),
        },
    )
