"""Replies of the API as values, before they become bytes on a socket. Pure."""

import json
from typing import Any

from msgspec import Struct, field


class Reply(Struct, frozen=True):
    """One reply.

    Attributes:
        body: Text to send; JSON unless `kind` says otherwise.
        kind: Content type.
    """

    status: int = 200
    body: str = ""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def json_reply(value: Any, status: int = 200) -> Reply:
    """Return a value as a JSON reply, ASCII only."""
    return Reply(status, json.dumps(value))


def refused(message: str, status: int = 400, **more: Any) -> Reply:
    """Return a refusal with a message for a person."""
    return json_reply({"message": message, **more}, status)


BAD_REQUEST = json_reply({"result": "Bad Request"}, 400)
"""What Cortex says of an empty text."""
