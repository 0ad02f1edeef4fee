"""The edge to aiohttp's server: bounded connections, and bad HTTP answered as everything else is.

The gate sees requests; what never becomes one (a silent socket, half a head, another protocol) ends here.
"""

import logging

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from core.api.replies import Reply, refused

_log = logging.getLogger(__name__)

CONNECTIONS_MAX = 200  # downloads need descriptors too, and a process often has 1,024
IDLE_S = 30.0  # without a request, or with half of one
SERVER = "Pulley"  # and no version, of us or anybody


def response(reply: Reply, headers: dict[str, str] | None = None) -> web.Response:
    """Return a reply as aiohttp sends it."""
    return web.Response(
        status=reply.status,
        body=reply.body.encode(),
        headers={
            "Content-Type": reply.kind,
            "Server": SERVER,
            "X-Content-Type-Options": "nosniff",
            **reply.headers,
            **(headers or {}),
        },
    )


class _Connection(RequestHandler):
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP; nothing that was sent is repeated."""
        if status >= 500:
            _log.error("a request could not be handled", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer was sent already")
        said = "An error of Pulley itself; its log tells more" if status >= 500 else "This is no sound HTTP request"
        answer = response(refused(said, status))
        answer.force_close()
        return answer


class BoundedServer(web.Server):
    """aiohttp's server with so many connections at most; one more is closed at once."""

    def __call__(self) -> RequestHandler:
        """Make the handler of a new connection."""
        return _Connection(
            self,
            loop=self._loop,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp itself passes it on
            keepalive_timeout=IDLE_S,
            logger=_quiet_logger(),
        )

    def connection_made(self, handler: RequestHandler, transport: "object") -> None:
        """Count it."""
        super().connection_made(handler, transport)  # type: ignore[arg-type]
        if len(self.connections) > CONNECTIONS_MAX and hasattr(transport, "abort"):
            transport.abort()


def _quiet_logger() -> logging.Logger:
    """aiohttp reports every bad request of strangers as an error of ours."""
    logger = logging.getLogger(f"{__name__}.http")
    logger.setLevel(logging.CRITICAL)
    return logger
