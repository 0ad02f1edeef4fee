"""Cases B10 to B13: wrong certificates, a company's CA, bytes that change under TLS, clocks that are off."""

import ssl
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import trustme

from tests.core.faults.b_world import LinedServer, NetWorld, Setting, charged, net_case, some_bytes, trusting
from tests.core.faults.case import Case
from tests.core.faults.parts import nothing_asked_of, unless
from tests.core.faults.plan import CONFIG, MB, MODEL, Plan, fails
from tests.fakes import tls
from tests.fakes.faults.hub import Hub
from tests.fakes.faults.server import FaultServer

YEARS_10 = timedelta(days=3652)
ISSUER = "issuer that this machine does not know"


def _served_with(make: Callable[[], ssl.SSLContext]) -> Callable[..., FaultServer]:
    def serve(hub: Hub, *, contexts: object) -> FaultServer:
        return FaultServer(hub, contexts={"hub": make(), "cdn": make()})

    return serve


async def _company(setting: Setting) -> None:
    setting.ca_pem = tls.company().cert_pem.bytes()


def _refused(id_: str, title: str, says: str, make: Callable[[], ssl.SSLContext], *, known: bool) -> Case:
    """A certificate that is refused before anything is sent, however it is asked for."""

    def look(world: NetWorld, setting: Setting) -> Iterable[str]:
        yield from nothing_asked_of(world, "hub")
        yield from nothing_asked_of(world, "cdn")
        yield from charged(world)

    plan = Plan(id_, title, fails("CertificateRefused", says), files=(MODEL, CONFIG), heals=False)
    more: dict[str, Any] = {"set_up": _company} if known else {}
    return net_case(plan, serve=_served_with(make), look=look, **more)


def _valid(after: timedelta, *, names: tuple[str, ...] = (tls.HOST, "127.0.0.2")) -> Callable[[], ssl.SSLContext]:
    """A certificate that is valid for a year, beginning so much later than now."""
    begin = datetime.now(UTC) + after
    return lambda: tls.context_of(*names, before=begin, after=begin + timedelta(days=365))


class _RawHub(FaultServer):
    """A hub that answers every handshake with fixed bytes."""

    answer = b""

    async def __aenter__(self) -> "_RawHub":
        await super().__aenter__()
        self._raw = tls.server(self.answer)
        self.hub.urls["hub"] = await self._raw.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._raw.__aexit__(None, None, None)
        await super().__aexit__()


class _CutOff(_RawHub):
    answer = tls.RAW["cut off"]


class _Old(_RawHub):
    answer = tls.RAW["TLS 1.0 chosen"]


def _raw(id_: str, title: str, kind: str, says: str, serve: type[_RawHub]) -> Case:
    return net_case(Plan(id_, title, fails(kind, says), files=(CONFIG,), heals=False), serve=serve)


def _names_the_company(world: NetWorld, setting: Setting) -> Iterable[str]:
    yield from unless(world.endpoint.startswith("https://"), "it did not speak TLS")


async def _trusted(setting: Setting) -> None:
    setting.transport = trusting


async def _flip(world: NetWorld, setting: Setting) -> None:
    """Change one byte of each connection once some of the file is there, three times."""
    await some_bytes(world, 1)
    line = world.server.line  # type: ignore[attr-defined]
    flips = setting.held["flips"] = []  # type: ignore[var-annotated]

    def flip(piece: bytes) -> bytes:
        if len(flips) == 3 or len(piece) < 8192:
            return piece
        flips.append(len(piece))
        return piece[:5000] + bytes([piece[5000] ^ 1]) + piece[5001:]

    line.flip = flip


def _flipped(world: NetWorld, setting: Setting) -> Iterable[str]:
    yield from unless(len(setting.held.get("flips", [])) == 3, "no byte was changed")


def _slow(world: NetWorld) -> tuple[()]:
    world.server.line.rate = 3 * MB  # type: ignore[attr-defined]  # so that there is a middle
    return ()


def _elsewhere() -> ssl.SSLContext:
    return tls.context_of("elsewhere.test")


def _unknown() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(tls.HOST, "127.0.0.2").configure_cert(context)
    return context


CASES: list[Case] = [
    _refused("B10a", "The certificate has expired", "has expired .this machine's date", tls.expired, known=True),
    _refused(
        "B10b", "The certificate is for another name", "another name", lambda: tls.context_of("x.test"), known=True
    ),
    _refused(
        "B10c",
        "The certificate vouches for itself",
        "issuer that this machine",
        tls.self_signed,
        known=True,
    ),
    _refused(
        "B10d",
        "The certificate is from an unknown issuer",
        "issuer that this machine",
        _unknown,
        known=True,
    ),
    _raw("B10e", "The handshake is cut off", "ConnectFailed", "handshake .* was cut off", _CutOff),
    _raw("B10f", "TLS 1.0", "CertificateRefused", "only old forms of TLS", _Old),
    _refused(
        "B11a",
        "A company's proxy reads along, its CA is not known here",
        "issuer",
        _valid(-YEARS_10 / 20),
        known=False,
    ),
    net_case(
        Plan("B11b", "The same with the company's CA file in the settings", files=(MODEL, CONFIG)),
        serve=_served_with(_valid(-YEARS_10 / 20)),
        set_up=_company,
        look=_names_the_company,
    ),
    net_case(
        Plan(
            "B12",
            "Three times a byte changes on its way, under TLS",
            files=(MODEL,),
            secure=frozenset({"hub", "cdn"}),
            rules=_slow,
        ),
        serve=LinedServer,
        set_up=_trusted,
        act=_flip,
        look=_flipped,
    ),
    _refused(
        "B13a",
        "The clock is ten years behind: every certificate begins in ten years",
        "not yet valid .this machine's date",
        _valid(YEARS_10),
        known=True,
    ),
    _refused(
        "B13b",
        "The clock is ten years ahead: every certificate ended nine years ago",
        "has expired .this machine's date",
        _valid(-YEARS_10),
        known=True,
    ),
]
