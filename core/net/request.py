"""A request of httpx that costs a small file little: a plain address is taken apart by one match.

httpx takes an address apart letter by letter, and again where it is asked for as text. What is not plain in any
way goes to httpx as ever. Must not know: who asks, for what, credentials.
"""

from collections.abc import Mapping
from functools import lru_cache

import httpx

from core.patterns import pattern

# What httpx would send just so: no user, no standard port, no dot segments, nothing that has to be escaped.
_PLAIN = pattern(
    r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([1-9][0-9]{0,4}))?"
    r"(/(?:[A-Za-z0-9_~!$&()*+,;=:@/-]|(?<!/)\.|%[0-9A-F]{2})*(?:\?(?:[A-Za-z0-9._~!$&()*+,;=:@/?-]|%[0-9A-F]{2})+)?)"
)
_PORTS = {"http": 80, "https": 443}
_PORT_MOST = 65535
HEADERS_KEPT = 32


class PlainRequest(httpx.Request):
    """A request without a body for a plain address, which is taken apart by httpx where somebody asks for its URL.

    Its extensions: `address` is the URL as text, `place` (scheme, host, port), `target` what the first line has.
    """

    def __init__(
        self,
        method: str,
        address: str,
        *,
        headers: list[tuple[bytes, bytes]],
        place: tuple[bytes, str, int],
        target: bytes,
        limits: dict[str, float],
    ) -> None:
        self.method = method
        self.headers = httpx.Headers(_as_headers(tuple(headers)))
        self.extensions = {"timeout": limits, "address": address, "place": place, "target": target}
        self.stream = httpx.ByteStream(b"")
        self._address = address
        self._url: httpx.URL | None = None
        self.read()

    @property
    def url(self) -> httpx.URL:  # type: ignore[override]  # httpx sets it at once
        """The address, taken apart."""
        if self._url is None:
            self._url = httpx.URL(self._address)
        return self._url


@lru_cache(HEADERS_KEPT)
def _as_headers(pairs: tuple[tuple[bytes, bytes], ...]) -> httpx.Headers:
    """Return headers in httpx's form, to be copied: those of one small file are those of the next."""
    return httpx.Headers(list(pairs))


def make_request(
    method: str,
    url: str,
    *,
    common: list[tuple[bytes, bytes]],
    headers: Mapping[str, str],
    limits: dict[str, float],
) -> tuple[httpx.Request, str]:
    """Return a request without a body and its address in httpx's form; `headers` go before `common` ones.

    Raises:
        httpx.InvalidURL: The address is none.
    """
    if headers:
        names = {name.lower().encode("ascii") for name in headers}
        common = [pair for pair in common if pair[0].lower() not in names]
        common += [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    plain = _PLAIN.fullmatch(url)
    port = 0
    if plain is not None:
        port = int(plain[3] or _PORTS[plain[1]])
    if plain is None or port > _PORT_MOST or (plain[3] and port == _PORTS[plain[1]]) or _is_number(plain[2]):
        request = httpx.Request(method, url, headers=common, extensions={"timeout": limits})
        return request, str(request.url)
    host = f"{plain[2]}:{port}" if plain[3] else plain[2]
    made = PlainRequest(
        method,
        url,
        headers=[(b"Host", host.encode("ascii")), *common],
        place=(plain[1].encode("ascii"), plain[2], port),
        target=plain[4].encode("ascii"),
        limits=limits,
    )
    return made, url


def _is_number(host: str) -> bool:
    """Tell whether httpx may read a host as an address, or as an encoded name."""
    return host.rpartition(".")[2].isdigit() or "xn--" in host
