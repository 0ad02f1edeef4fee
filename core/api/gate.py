"""The gate: who may ask at all. One pure function over what a request says of itself; it stands before every route.

Order: Host, Origin, key. So a web page that reaches this port by a name of its own, or from another origin, learns
nothing, not even whether a key is needed.
"""

import hmac
import ipaddress
from collections.abc import Sequence

from msgspec import Struct

PROTOCOL_PREFIX = "bearer."
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
WILDCARDS = frozenset({"0.0.0.0", "::", ""})


class Rules(Struct, frozen=True):
    """What the gate goes by.

    Attributes:
        host: The address that the server was given; counts as a name of ours.
        port: Our port; 0 matches nothing.
        origins: Origins of web pages that may ask, exactly as browsers send them.
        keys: Access keys; empty where none is needed.
    """

    host: str
    port: int
    origins: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Rules({self.host}:{self.port}, {len(self.origins)} origins, {len(self.keys)} keys)"


class Ask(Struct, frozen=True):
    """What a request says of itself.

    Attributes:
        hosts: All Host headers; exactly one is sound.
        origins: All Origin headers.
        authorization: The Authorization header; empty where there is none.
        protocols: What Sec-WebSocket-Protocol offers.
        local: The address of this machine that the connection came in on.
        is_public: The route needs no key.
    """

    hosts: Sequence[str]
    origins: Sequence[str] = ()
    authorization: str = ""
    protocols: Sequence[str] = ()
    local: str = ""
    is_public: bool = False


class Refusal(Struct, frozen=True):
    """The status and the message that a refused request gets."""

    status: int
    message: str


def refusal(ask: Ask, rules: Rules) -> Refusal | None:
    """Return why a request is refused; None where it may go on."""
    if len(ask.hosts) != 1 or ask.hosts[0].lower() not in _names(ask, rules):
        return Refusal(403, "This address is not one that Pulley answers to")
    if len(ask.origins) > 1 or any(origin not in rules.origins for origin in ask.origins):
        return Refusal(403, "This origin is not allowed; add it to allowed_origins in Pulley's settings")
    if rules.keys and not ask.is_public and not _has_key(ask, rules):
        return Refusal(401, "Invalid API Key")
    return None


def _names(ask: Ask, rules: Rules) -> frozenset[str]:
    hosts = {*LOOPBACK_NAMES, bracketed(rules.host.lower())}
    if rules.host in WILDCARDS and ask.local:
        hosts.add(bracketed(ask.local.lower()))  # an address cannot be made to lead elsewhere, as a name can
    names = {f"{host}:{rules.port}" for host in hosts if rules.port}
    return frozenset(names | hosts) if rules.port == 80 else frozenset(names)


def bracketed(host: str) -> str:
    """Return an address as it stands in a URL."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _has_key(ask: Ask, rules: Rules) -> bool:
    scheme, _, given = ask.authorization.partition(" ")
    candidates = [given.strip()] if scheme.lower() == "bearer" else []
    candidates += [p[len(PROTOCOL_PREFIX) :] for p in ask.protocols if p.startswith(PROTOCOL_PREFIX)]
    # Every key is compared with every candidate in full, so that the time tells nothing.
    right = [hmac.compare_digest(_bytes(given), _bytes(key)) for given in candidates for key in rules.keys]
    return any(right)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # a header may hold any byte


def accepted_protocol(protocols: Sequence[str]) -> str:
    """Return the protocol that a browser's WebSocket has to hear back; empty where it offers none of ours."""
    return next((p for p in protocols if p.startswith(PROTOCOL_PREFIX)), "")


def needs_keys(host: str) -> bool:
    """Tell whether other machines could reach an address that a server is bound to."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host != "localhost"
