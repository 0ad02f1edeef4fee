"""What is still to be sent to one follower: bounded, whatever the follower does.

A view that nobody fetched yet is replaced by the next one of the same task in the same state, so that numbers cost
no memory and no change of state is lost. A follower that is too far behind is given up; it comes back by itself.
"""

import asyncio
from collections.abc import Callable

from core.door.wire import Message, Saw, message_line, to_line

MESSAGES_MAX = 10_000
TEXT_BYTES_MAX = 64 * 2**20

_END = to_line({"end": True})


class Outbox:
    """Collects messages until they are fetched; `given_up` is called once when there are too many."""

    def __init__(self, given_up: Callable[[], None]) -> None:
        self._given_up = given_up
        self._waiting: list[Message] = []
        self._last: dict[str, int] = {}
        self._size = 0
        self._is_closed = False
        self._is_ended = False
        self._changed = asyncio.Event()

    def put(self, message: Message) -> None:
        """Take a message."""
        if self._is_closed:
            return
        if isinstance(message, Saw):
            self._put_view(message)
        else:
            self._append(message)
        if len(self._waiting) > MESSAGES_MAX or self._size > TEXT_BYTES_MAX:
            self.close()
            self._given_up()
        self._changed.set()

    def _put_view(self, message: Saw) -> None:
        view = message.view
        at = self._last.get(view.id)
        if at is not None:
            old = self._waiting[at]
            same = isinstance(old, Saw) and (old.view.state, old.view.wanted, old.view.is_removed) == (
                view.state, view.wanted, view.is_removed,
            )  # fmt: skip
            if same:
                self._waiting[at] = message
                return
        self._last[view.id] = len(self._waiting)
        self._append(message)

    def _append(self, message: Message) -> None:
        self._size += len(getattr(message, "text", ""))
        self._waiting.append(message)

    def end(self) -> None:
        """Nothing more comes."""
        self._is_ended = True
        self._changed.set()

    def close(self) -> None:
        """Nobody fetches any more: take nothing."""
        self._is_closed = True
        self._waiting.clear()
        self._last.clear()

    async def fetch(self) -> bytes:
        """Wait for messages and return them as lines; empty after the end."""
        while not (self._waiting or self._is_ended):
            self._changed.clear()
            await self._changed.wait()
        waiting, self._waiting = self._waiting, []
        self._last.clear()
        self._size = 0
        lines = b"".join(message_line(message) for message in waiting)
        if not waiting and self._is_ended and not self._is_closed:
            self._is_closed = True
            return _END
        return lines
