"""When a fault strikes, and the faults by name. A fault is a function that changes an answer."""

import gzip
import json
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.faults.content import Blob
from tests.fakes.faults.wire import Answer, Ask, End

Action = Callable[[Ask, Answer], None]
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Welcome to the network.</body></html>\n"


@dataclass
class Rule:
    """An action, and the requests that it is for.

    Attributes:
        role: The server asked; empty for every one.
        path: Part of the path.
        nth: Which of the requests for one path, counted from 1; None for all.
        times: How often it strikes at most.
        at: Which first byte asked for.
        files_only: Only requests for the bytes of a file.
        when: Asked last.
    """

    action: Action
    role: str = ""
    path: str = ""
    method: str = ""
    nth: Container[int] | None = None
    times: int | None = None
    at: Container[int] | None = None
    files_only: bool = False
    when: Callable[[Ask], bool] | None = None
    struck: int = field(default=0, init=False)

    def takes(self, ask: Ask) -> bool:
        """Tell whether it strikes now, and count."""
        matches = (
            self.role in ("", ask.role)
            and self.path in ask.path
            and self.method in ("", ask.method)
            and (self.nth is None or ask.number in self.nth)
            and (self.times is None or self.struck < self.times)
            and (self.at is None or ask.start in self.at)
            and (not self.files_only or ask.is_for_bytes)
            and (self.when is None or self.when(ask))
        )
        self.struck += matches
        return matches


def together(*actions: Action) -> Action:
    """Do several things to one answer."""

    def act(ask: Ask, answer: Answer) -> None:
        for action in actions:
            action(ask, answer)

    return act


def do(change: Callable[[Answer], object]) -> Action:
    """Make an action of a function that looks at the answer alone."""
    return lambda ask, answer: (change(answer), None)[1]


def with_fields(**values: Any) -> Action:
    """Set attributes of the answer."""

    def act(ask: Ask, answer: Answer) -> None:
        for name, value in values.items():
            setattr(answer, name, value)

    return act


# -- the head --------------------------------------------------------------------------------------------


def status(
    code: int, *, headers: dict[str, str] | None = None, body: bytes = b"", kind: str = "text/plain"
) -> Action:
    """Answer with another status."""

    def act(ask: Ask, answer: Answer) -> None:
        answer.become(code, body, kind)
        answer.headers += list((headers or {}).items())

    return act


def busy(code: int = 503, *, retry_after: str | None = None) -> Action:
    """Have no time for this."""
    return status(code, headers={} if retry_after is None else {"Retry-After": retry_after})


def hub_error(code: int, name: str, message: str, *, headers: dict[str, str] | None = None) -> Action:
    """Refuse as the hub does."""
    named = {"X-Error-Code": name, "X-Error-Message": message, **(headers or {})}
    return status(code, headers=named, body=json.dumps({"error": message}).encode(), kind="application/json")


def redirect(to: str, code: int = 302) -> Action:
    """Send the client elsewhere."""
    return status(code, headers={"Location": to})


def header(name: str, value: str) -> Action:
    """Set a header."""
    return do(lambda answer: answer.put(name, value))


def without(*names: str) -> Action:
    """Leave headers out."""
    return do(lambda answer: [answer.drop(name) for name in names])


def lengths(*values: str) -> Action:
    """Say these lengths, one line each."""
    return do(lambda answer: answer.headers.extend(("Content-Length", value) for value in values))


def no_length() -> Action:
    """Tell the length by closing the connection."""
    return with_fields(framing="none")


# -- ranges ----------------------------------------------------------------------------------------------


def _range_text(answer: Answer) -> str:
    assert answer.blob is not None
    return f"bytes {answer.start}-{answer.stop - 1}/{answer.blob.size}"


def ignore_range() -> Action:
    """Send the whole file whatever was asked for."""

    def act(ask: Ask, answer: Answer) -> None:
        if answer.blob is not None:
            answer.status, answer.start, answer.stop = 200, 0, answer.blob.size
            answer.drop("Content-Range")

    return act


def move_range(by: int) -> Action:
    """Send another range than was asked for, and say so."""

    def act(ask: Ask, answer: Answer) -> None:
        if answer.status == 206 and answer.blob is not None:
            answer.start = max(0, min(answer.start + by, answer.blob.size - 1))
            answer.stop = max(answer.start + 1, min(answer.stop + by, answer.blob.size))
            answer.put("Content-Range", _range_text(answer))

    return act


def resize_range(by: int) -> Action:
    """Send fewer or more bytes than were asked for, and say so."""

    def act(ask: Ask, answer: Answer) -> None:
        if answer.status == 206 and answer.blob is not None:
            answer.stop = max(answer.start + 1, min(answer.stop + by, answer.blob.size))
            answer.put("Content-Range", _range_text(answer))

    return act


def says_total(total: str) -> Action:
    """Speak of another size in Content-Range."""

    def act(ask: Ask, answer: Answer) -> None:
        if answer.status == 206:
            answer.put("Content-Range", f"{_range_text(answer).partition('/')[0]}/{total}")

    return act


def multipart() -> Action:
    """Send the range as multipart/byteranges."""

    def act(ask: Ask, answer: Answer) -> None:
        if answer.status == 206:
            text = _range_text(answer)
            body = answer.read(0, answer.length)
            wrapped = b"--x\r\nContent-Range: %b\r\n\r\n%b\r\n--x--\r\n" % (text.encode(), body)
            answer.become(206, wrapped, "multipart/byteranges; boundary=x")

    return act


# -- the body --------------------------------------------------------------------------------------------


def cut(after: int, *, end: End = "close") -> Action:
    """Send so many bytes of the body, then close, reset, or say no more."""
    return with_fields(cut=after, end=end)


def changed_at(*places: int) -> Action:
    """Flip the bytes at these places of the file."""

    def change(start: int, piece: bytes) -> bytes:
        data = bytearray(piece)
        for place in places:
            if start <= place < start + len(data):
                data[place - start] ^= 0xFF
        return bytes(data)

    return with_fields(change=change)


def content(blob: Blob) -> Action:
    """Send the bytes of another file of the same size, under the same head."""

    def act(ask: Ask, answer: Answer) -> None:
        if answer.blob is not None:
            answer.blob = blob

    return act


def content_of(blob: Blob) -> Action:
    """Send the bytes of a blob, whatever this was."""

    def act(ask: Ask, answer: Answer) -> None:
        answer.blob, answer.start, answer.stop = blob, 0, blob.size

    return act


def drip(piece: int, pause_s: float) -> Action:
    """Send slowly."""
    return with_fields(piece=piece, pause_s=pause_s)


def zipped() -> Action:
    """Compress the body although plain bytes were asked for."""

    def act(ask: Ask, answer: Answer) -> None:
        body = gzip.compress(answer.read(0, answer.length), 0, mtime=0)  # stored: it must not take long
        answer.body, answer.blob = body, None
        answer.put("Content-Encoding", "gzip")

    return act


def page(code: int = 200) -> Action:
    """Send a web page in place of what was asked for."""
    return status(code, body=PAGE, kind="text/html; charset=utf-8")


def pointer() -> Action:
    """Send what git keeps in place of a large file."""

    def act(ask: Ask, answer: Answer) -> None:
        if answer.blob is not None:
            oid, size = answer.blob.sha256, answer.blob.size
            text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"
            answer.become(200, text.encode(), "text/plain")

    return act


def body(data: bytes, kind: str = "application/json") -> Action:
    """Send another body under the same head."""

    def act(ask: Ask, answer: Answer) -> None:
        answer.body, answer.blob = data, None
        answer.put("Content-Type", kind)

    return act


def edit_json(change: Callable[[Any], Any]) -> Action:
    """Change the JSON of an answer."""
    return lambda ask, answer: setattr(answer, "body", json.dumps(change(json.loads(answer.body))).encode())
