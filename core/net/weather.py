"""The weather: which hosts answer, which want to be left alone, whether there is a network, whether we slept.

One for a process, shared by all tasks. Nothing here makes a request: the next look of whoever waits is the probe.
The clocks and the look at the routes are given from outside; `has_route`, `clocks` and `Watch` are the thin edges.
"""

import errno
import random
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import Struct, field

from core.net.origin import is_loopback

RETRY_AFTER_MOST_S = 3600.0
BREAKS_AFTER = 8  # failures of a host in a row, of all tasks: one item alone gives up before
REST_FIRST_S = 1.0
REST_MOST_S = 30.0
PROBE_S = 1.0  # while one asks whether a host is back, the others look again after so long
PROBE_MOST_S = 60.0
WORKED_LATELY_S = 10.0
AFTER_SLEEP_S = 30.0  # a network takes its time to come back
SLEPT_S = 10.0
REFUSED_S = 60.0  # a proxy that refused these credentials is not asked again before
HOSTS_MAX = 512

_ASKED_FOR_IT = frozenset({429, 503})
_BAD = frozenset({408, 425, 429, 500, 502, 503, 504, 509})
_NO_WAY = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, 10050, 10051, 10065})  # with Windows'
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, 10024, 10055})
_NO_PORT = frozenset({errno.EADDRNOTAVAIL, 10049})  # no address of its own, or every port of it is in use


# -- what a failed connection says ------------------------------------------------------------------------------


class Signs(Struct, frozen=True):
    """What the errors behind a failed connection tell.

    Attributes:
        no_way: The system knows no way there.
        no_names: The name could not be looked up.
        no_resolver: Nobody answered who looks names up, which says nothing about the name.
        is_full: This machine gives no more connections or ports.
        is_silent: No answer came in time.
    """

    no_way: bool = False
    no_names: bool = False
    no_resolver: bool = False
    is_full: bool = False
    is_silent: bool = False


def signs_of(error: BaseException) -> Signs:
    """Read the chain of errors behind a failure."""
    no_way = no_names = no_resolver = is_full = is_silent = False
    inner: BaseException | None = error
    seen: set[int] = set()
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        if isinstance(inner, socket.gaierror):
            no_names = True
            no_resolver = no_resolver or inner.errno in (socket.EAI_AGAIN, getattr(socket, "EAI_SYSTEM", None))
        elif isinstance(inner, OSError):
            no_way = no_way or inner.errno in _NO_WAY | _NO_PORT
            is_silent = is_silent or isinstance(inner, TimeoutError)
            is_full = is_full or inner.errno in _FULL | _NO_PORT
        inner = inner.__cause__ or inner.__context__
    return Signs(no_way, no_names, no_resolver, is_full, is_silent)


def has_route() -> bool:
    """Tell whether this machine has any way out. No packet is sent: a datagram socket only looks its route up."""
    for family, place in ((socket.AF_INET, ("192.0.2.1", 9)), (socket.AF_INET6, ("2001:db8::1", 9, 0, 0))):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect(place)
                return True
        except OSError as error:
            if error.errno in _FULL:
                return True  # it cannot be told
    return False


# -- Retry-After ------------------------------------------------------------------------------------------------


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the wait that a reply asks for, seconds or date, within 0 s and 1 h; None where it names none."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(RETRY_AFTER_MOST_S, float(value[:6]))
    if not 16 <= len(value) <= 40:
        return None
    try:
        until = parsedate_to_datetime(value)
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(RETRY_AFTER_MOST_S, max(0.0, seconds))


# -- sleep ------------------------------------------------------------------------------------------------------


def clocks() -> tuple[float, float]:
    """Return a clock that is steady, and one that counts sleep too; the same one twice where there is none.

    Linux and macOS stop the first during sleep, Windows does not. The wall clock tells no sleep: it may be set.
    """
    steady = time.monotonic()
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):  # the second counts sleep on macOS
        if (number := getattr(time, name, None)) is not None:
            return steady, time.clock_gettime(number)
    return steady, steady


class Watch:
    """Finds out that the machine slept, or that the process stood still, by clocks that went on without it.

    `look` once a second while connections are open; then a gap between two looks counts as well.
    """

    def __init__(self, read: Callable[[], tuple[float, float]] = clocks) -> None:
        self._read = read
        self._steady, self._whole = read()

    def look(self, *, ticks: bool) -> bool:
        """Tell whether there was a gap since the last look; `ticks` says that looks came every second."""
        steady, whole = self._read()
        passed, asleep = steady - self._steady, (whole - self._whole) - (steady - self._steady)
        self._steady, self._whole = steady, whole
        return asleep > SLEPT_S or (ticks and passed > SLEPT_S)


# -- hosts ------------------------------------------------------------------------------------------------------


class _Host(Struct):
    worked_at: float = float("-inf")
    failures: int = 0
    rests_until: float = float("-inf")
    probe_until: float = float("-inf")  # one asks whether it is back
    was_shut: bool = False
    why: str = ""


class Rest(Struct, frozen=True):
    """A host is to be left alone for so many seconds; `why` is the rest of a sentence that begins with the host."""

    seconds: float
    why: str


class Weather(Struct):
    """What is known about hosts, by label (host and port)."""

    now: Callable[[], float] = time.monotonic
    route: Callable[[], bool] = has_route
    jitter: Callable[[], float] = random.random
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _refused: dict[str, tuple[float, str]] = field(default_factory=dict)
    _woke_at: float = float("-inf")

    def _host(self, name: str) -> _Host:
        if name not in self._hosts and len(self._hosts) >= HOSTS_MAX:
            del self._hosts[next(iter(self._hosts))]
        return self._hosts.setdefault(name, _Host())

    def ask(self, name: str) -> Rest | None:
        """Ask to make a request: None lets it pass, else its turn comes later.

        After a rest one request goes ahead; the others follow once it was answered.
        """
        host = self._hosts.get(name)
        if host is None or not host.was_shut:
            return None
        now = self.now()
        if now < host.rests_until:
            return Rest(host.rests_until - now, host.why)
        if now < host.probe_until:
            return Rest(PROBE_S, host.why)
        host.probe_until = now + PROBE_MOST_S
        return None

    def answered(self, name: str, status: int, headers: Mapping[str, str]) -> None:
        """A host answered."""
        host, now = self._host(name), self.now()
        host.probe_until = float("-inf")
        host.worked_at = now
        if status not in _BAD:
            host.failures, host.was_shut = 0, False
            return
        host.why = f"asks for fewer requests ({status})" if status == 429 else f"is busy ({status})"
        asked = retry_after_s(headers) if status in _ASKED_FOR_IT else None
        if asked:
            host.was_shut = True
            host.rests_until = max(host.rests_until, now + asked)
        else:
            self._count(host)

    def failed(self, name: str, why: str) -> None:
        """No answer came from a host that can be reached as far as is known."""
        host = self._host(name)
        host.probe_until = float("-inf")
        host.why = why
        self._count(host)

    def left(self, name: str) -> None:
        """A request was given up before it was answered: somebody else may ask."""
        if (host := self._hosts.get(name)) is not None:
            host.probe_until = float("-inf")

    def _count(self, host: _Host) -> None:
        host.failures += 1
        if host.failures >= BREAKS_AFTER:
            steps = min(host.failures - BREAKS_AFTER, 8)
            rest = min(REST_MOST_S, REST_FIRST_S * 2.0**steps) * (0.5 + self.jitter() / 2)
            host.was_shut = True
            host.rests_until = max(host.rests_until, self.now() + rest)

    # -- the network -----------------------------------------------------------------------------------

    def is_offline(self, host: str, signs: Signs) -> bool:
        """Tell whether a failed connection to `host` (no port) means that this machine has no network."""
        now = self.now()
        if is_loopback(host) or not (signs.no_way or signs.no_names or signs.is_silent):
            return False
        if signs.is_full:
            return signs.no_way and not self.route()
        if not self.route() or (not signs.is_silent and now - self._woke_at < AFTER_SLEEP_S):
            return True
        lately = (name for name, other in self._hosts.items() if now - other.worked_at < WORKED_LATELY_S)
        return signs.no_resolver and all(map(_is_here, lately))

    def woke(self) -> None:
        """The machine slept: what was known about hosts is old."""
        self._woke_at = self.now()
        for host in self._hosts.values():
            host.failures = 0
            host.worked_at = float("-inf")

    # -- proxies ---------------------------------------------------------------------------------------

    def proxy_refused(self, proxy: str, why: str) -> None:
        """A proxy refused its credentials (part of `proxy`): it is left alone for a while; accounts get locked."""
        self._refused.clear()
        self._refused[proxy] = (self.now() + REFUSED_S, why)

    def refusal(self, proxy: str) -> str:
        """Return why a proxy is not asked now; empty where it may be."""
        until, why = self._refused.get(proxy, (float("-inf"), ""))
        return why if self.now() < until else ""


def _is_here(label: str) -> bool:
    return is_loopback(label.rpartition(":")[0].strip("[]") or label) or is_loopback(label.strip("[]"))
