"""Sending a reply: paced, counted, and spoilt where a fault says so.

Knows: sockets, faults, rates. Must not know: what a reply is about.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterator

from aiohttp import web

from core.demo.calls import Part, Reply, error_reply
from core.demo.knobs import Fault
from core.demo.pace import Pace, Pipe

YIELD_EVERY_BYTES = 1024 * 1024  # a client that keeps up never fills the socket; others must get their turn
SEND_BUFFER_BYTES = 4 * 1024 * 1024
SIGN_IN_PAGE = b"<!doctype html><html><body><h1>Welcome</h1><p>Sign in to use this network.</p></body></html>"

Count = Callable[[int], None]


def spoil(reply: Reply, fault: Fault | None) -> Reply:
    """Return what a fault that concerns the whole answer makes of it."""
    if fault is None:
        return reply
    if fault.name == "status" and fault.value is not None:
        return with_retry_after(error_reply(fault.value, "The demo hub was told to fail"), file=reply.file)
    if fault.name == "html":
        return Reply(200, {"Content-Type": "text/html; charset=utf-8"}, SIGN_IN_PAGE)
    return reply.whole() if fault.name == "ignore_range" else reply


def with_retry_after(reply: Reply, *, file: str) -> Reply:
    """Add what tells a client when to come back."""
    reply.file = file
    if reply.status in (429, 503):
        reply.headers["Retry-After"] = "1"
    if reply.status == 429:
        reply.headers["RateLimit"] = '"resolvers";r=0;t=1'
    return reply


async def deliver(
    request: web.BaseRequest, reply: Reply, *, pace: Pace, fault: Fault | None, count: Count
) -> web.StreamResponse:
    """Send the reply and return the response, complete or as broken as the fault wants it."""
    if fault and fault.is_silent:
        await _break_off(request, fault)
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    if reply.headers.get("Transfer-Encoding") == "chunked":
        del response.headers["Transfer-Encoding"]
        response.enable_chunked_encoding()
    elif reply.status != 304:
        response.content_length = reply.length
    try:
        await response.prepare(request)
        if request.method == "HEAD" or reply.status == 304:
            return response
        if fault is None and isinstance(reply.body, bytes):
            await response.write(reply.body)
            count(reply.length)
            return response
        pace.bodies += 1
        try:
            await _send(request, response, reply, pace=pace, fault=fault, count=count)
        finally:
            pace.bodies -= 1
    except ConnectionError:
        pass  # the client has gone; what was sent is counted
    return response


async def _send(
    request: web.BaseRequest,
    response: web.StreamResponse,
    reply: Reply,
    *,
    pace: Pace,
    fault: Fault | None,
    count: Count,
) -> None:
    breaks = fault is not None and fault.breaks_off
    length = min(reply.length, fault.value or 0) if fault and breaks else reply.length
    spoilt = fault.value if fault and fault.name == "corrupt" else None
    if breaks or pace.is_limited:
        await response.write(b"")  # the headers go at once, however long the body takes
    elif reply.length > SEND_BUFFER_BYTES:
        _widen(request)
    own, sent = Pipe(), 0
    while sent < length:
        step = await pace.turn(own, most=length - sent)
        for view in _views(reply, sent, sent + step, spoilt=spoilt):
            await response.write(view)
            count(len(view))
        if sent // YIELD_EVERY_BYTES != (sent + step) // YIELD_EVERY_BYTES:
            await asyncio.sleep(0)
        sent += step
    if fault and breaks:
        await _break_off(request, fault)


def _views(reply: Reply, start: int, stop: int, *, spoilt: int | None) -> Iterator[memoryview]:
    """Yield [start, stop) of the body, with the byte at `spoilt` of the file turned over."""
    if not isinstance(reply.body, Part):
        yield memoryview(reply.body)[start:stop]
        return
    at = reply.body.start + start
    for view in reply.body.content.views(at, reply.body.start + stop):
        if spoilt is not None and at <= spoilt < at + len(view):
            copy = bytearray(view)
            copy[spoilt - at] ^= 0xFF
            yield memoryview(copy)
        else:
            yield view
        at += len(view)


async def _break_off(request: web.BaseRequest, fault: Fault) -> None:
    """End the connection as the fault says; `hang` waits until the client or the hub gives up."""
    transport = request.transport
    if transport is not None and fault.name == "cut":
        transport.close()
    elif transport is not None and fault.name == "reset":
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
        transport.abort()
    await asyncio.get_running_loop().create_future()  # cancelled when the connection is gone


def _widen(request: web.BaseRequest) -> None:
    """Let the kernel take whole slices: less copying in the transport."""
    sock = request.transport.get_extra_info("socket") if request.transport else None
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
