"""The lines that go through a door, and what is told of an errand. Pure.

A request: `{"token": ..., "do": "pull", ...}`. A long one says only `{"token": ..., "body": COUNT}`, and so many
bytes follow, which are read once the token was seen to be right. The first answer: `{"ok": true, ...}` or
`{"ok": false, "reason": ..., "action": ...}`. An errand and a list go on with one line a message, and end with
`{"end": true}`; `{"beat": true}` between them tells that the holder is alive.
"""

import json
from typing import Any

from msgspec import Struct

from core.views import TaskView, from_json, to_json

REQUEST_BYTES_MAX = 2**20  # of a line, from anybody
BODY_BYTES_MAX = 2**26  # from who knows the token: the paths of 100,000 files are some 10 MB
BODY_BYTES_S = 50_000  # a description of that many files takes its time to be read
ANSWER_BYTES_MAX = 2**29  # an event of a model with 100,000 files is a line of 40 MB
REQUEST_S = 10.0  # from the connection to the whole line, and once more to the whole body
BEAT_EVERY_S = 5.0


class Named(Struct, frozen=True):
    """The model at this place of what was asked for has this task."""

    index: int
    task_id: str


class Refused(Struct, frozen=True):
    """The model at this place of what was asked for has no task; the view tells why."""

    index: int
    view: TaskView


class Saw(Struct, frozen=True):
    """A task changed."""

    view: TaskView


class Heard(Struct, frozen=True):
    """An event of the API, as JSON in one line."""

    text: str


Message = Named | Refused | Saw | Heard


def to_line(value: dict[str, Any]) -> bytes:
    """Return a value as one line."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def request_bytes(value: dict[str, Any], token: str) -> bytes:
    """Return a request as it is sent: one line, or a line and a body.

    Raises:
        ValueError: It is too large for any door.
    """
    line = to_line({**value, "token": token})
    if len(line) <= REQUEST_BYTES_MAX:
        return line
    body = to_line(value)
    if len(body) > BODY_BYTES_MAX:
        raise ValueError("too large")
    return to_line({"token": token, "body": len(body)}) + body


def from_line(line: bytes) -> dict[str, Any]:
    """Return the object that one whole line holds.

    Raises:
        ValueError: It is half a line, or no JSON object.
    """
    if not line.endswith(b"\n"):
        raise ValueError("half a line")
    try:
        value = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def texts_of(value: dict[str, Any], name: str) -> list[str]:
    """Return a list of texts that a request may hold; empty where it holds none.

    Raises:
        ValueError: It is something else.
    """
    texts = value.get(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} is no list of texts")
    return texts


def message_line(message: Message) -> bytes:
    """Return a message as one line."""
    match message:
        case Named(index, task_id):
            return to_line({"index": index, "task": task_id})
        case Refused(index, view):
            return to_line({"index": index, "view": to_json(view)})
        case Saw(view):
            return to_line({"view": to_json(view)})
        case Heard(text):
            return to_line({"event": text})


def message_of(value: dict[str, Any]) -> Message | None:
    """Return the message that a line holds; None for one of a newer Pulley."""
    try:
        if "event" in value:
            return Heard(str(value["event"]))
        if "task" in value:
            return Named(int(value["index"]), str(value["task"]))
        if "index" in value:
            return Refused(int(value["index"]), from_json(value["view"]))
        return Saw(from_json(value["view"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
