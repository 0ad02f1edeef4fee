"""A request and a reply as plain values, so that every route is a function from one to the other.

Knows: header names, error bodies, ranges. Must not know: sockets, aiohttp, repos.
"""

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from msgspec import Struct, field

from core.demo.content import Content


class Call(Struct, frozen=True):
    """What was asked."""

    method: str
    target: str  # as on the request line: raw path and query
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names
    form: str = ""

    @property
    def raw_path(self) -> str:
        """The path, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def raw_query(self) -> str:
        """The query, still percent-encoded."""
        return self.target.partition("?")[2]

    @property
    def parts(self) -> tuple[str, ...]:
        """The segments of the path, each decoded on its own: an encoded slash stays inside its segment."""
        return tuple(unquote(part) for part in self.raw_path.removeprefix("/").split("/"))

    @property
    def query(self) -> dict[str, list[str]]:
        """The decoded query."""
        return parse_qs(self.raw_query, keep_blank_values=True)

    @property
    def token(self) -> str | None:
        """The bearer token."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of a query key."""
        return self.query.get(name, [default])[-1]

    def flag(self, name: str) -> bool:
        """Read a query key as a boolean: httpx writes true, requests writes True."""
        return self.one(name).lower() in ("true", "1")


class Part(Struct, frozen=True):
    """A range of a content."""

    content: Content
    start: int
    stop: int


class Reply(Struct):
    """What to answer. `file` names the file ("org/repo/path") that this is about."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Part = b""
    file: str = ""

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.stop - self.body.start

    @property
    def is_redirect(self) -> bool:
        """Whether the client is sent elsewhere."""
        return "Location" in self.headers

    @property
    def covers(self) -> range:
        """Which bytes of the file this holds."""
        return range(self.body.start, self.body.stop) if isinstance(self.body, Part) else range(0)

    def whole(self) -> "Reply":
        """The same file without regard to the range asked for."""
        if not isinstance(self.body, Part):
            return self
        headers = {name: value for name, value in self.headers.items() if name != "Content-Range"}
        content = self.body.content
        return Reply(200, headers, Part(content, 0, content.size), self.file)


def json_reply(data: Any, *, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    """Answer with JSON."""
    body = json.dumps(data, separators=(",", ":")).encode()
    return Reply(status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, body)


def html_reply(title: str, body: str) -> Reply:
    """Answer with a page; both texts are HTML already."""
    page = f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"
    return Reply(200, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


def error_reply(status: int, message: str, *, code: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with the hub's form of an error."""
    extra = {"X-Error-Message": message, **(headers or {})}
    if code:
        extra["X-Error-Code"] = code
    return json_reply({"error": message}, headers=extra, status=status)


def xml_error(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with the CDN's form of an error."""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status, {"Content-Type": "application/xml", **(headers or {})}, body.encode())


def file_reply(call: Call, content: Content, *, headers: Mapping[str, str], file: str) -> Reply:
    """Answer with the content or the range of it that is asked for.

    `headers` should hold ETag (quoted) and may hold Last-Modified: If-Range is compared with both.
    """
    extra = {"Accept-Ranges": "bytes", **headers}
    span = _wanted(call, content.size, extra)
    if span is None:
        return Reply(200, extra, Part(content, 0, content.size), file)
    start, stop = span
    if start >= stop:
        reply = xml_error(416, "InvalidRange", "The requested range is not satisfiable")
        return Reply(416, {**reply.headers, "Content-Range": f"bytes */{content.size}"}, reply.body, file)
    extra["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    return Reply(206, extra, Part(content, start, stop), file)


def _wanted(call: Call, size: int, headers: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the range to send, empty where it cannot be satisfied, or None for the whole file."""
    unit, _, text = call.headers.get("range", "").partition("=")
    first, dash, last = text.strip().partition("-")
    if unit.strip() != "bytes" or not dash or "," in text or not _still_valid(call, headers):
        return None
    if not first:
        return (max(0, size - int(last)), size) if last.isdecimal() else None
    if not first.isdecimal() or (last and not (last.isdecimal() and int(last) >= int(first))):
        return None
    return int(first), min(size, int(last) + 1) if last else size


def _still_valid(call: Call, headers: Mapping[str, str]) -> bool:
    condition = call.headers.get("if-range", "")
    if not condition:
        return True
    if condition.startswith('"'):
        return condition == headers.get("ETag")
    try:
        asked = parsedate_to_datetime(condition)
    except ValueError:  # a weak or bare ETag never matches
        return False
    return "Last-Modified" in headers and asked == parsedate_to_datetime(headers["Last-Modified"])
