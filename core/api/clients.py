"""Who is connected: listeners of events, and programs that asked lately. For a person to look at."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec import Struct

LATELY_S = 60.0
NAME_CHARS_MAX = 48
PROGRAMS_MAX = 64


class ClientInfo(Struct, frozen=True):
    """One client.

    Attributes:
        address: Where it connects from.
        name: What it calls itself; empty where it does not.
        since_s: Seconds since it was first seen.
        is_listening: It listens to events now.
    """

    address: str
    name: str
    since_s: float
    is_listening: bool = False


class _Seen(Struct):
    first: float
    last: float
    listeners: int = 0


class Clients:
    """Remembers by address and name; `on_change` is called when the list changes."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: dict[tuple[str, str], _Seen] = {}
        self.on_change: Callable[[], None] | None = None

    def saw(self, address: str, name: str, *, listens: int = 0) -> None:
        """A request came, or a listener came (1) or went (-1)."""
        now = self._now()
        self._forget(now)
        key = (address, name)
        if key not in self._seen and len(self._seen) >= PROGRAMS_MAX:
            return
        is_new = key not in self._seen
        seen = self._seen.setdefault(key, _Seen(now, now))
        seen.last = now
        seen.listeners = max(0, seen.listeners + listens)
        if (is_new or listens) and self.on_change is not None:
            self.on_change()

    def _forget(self, now: float) -> None:
        self._seen = {k: s for k, s in self._seen.items() if s.listeners or now - s.last < LATELY_S}

    def all(self) -> list[ClientInfo]:
        """Return who listens, and who asked within the last minute."""
        now = self._now()
        self._forget(now)
        return [
            ClientInfo(address, name, now - seen.first, seen.listeners > 0)
            for (address, name), seen in self._seen.items()
        ]


def name_of(agent: str, origin: str) -> str:
    """Return what a client calls itself: the host of its page, else the first word of its User-Agent."""
    name = (urlsplit(origin).hostname or "") if origin else (agent.split() or [""])[0]
    return "".join(char for char in name if char.isprintable())[:NAME_CHARS_MAX]
