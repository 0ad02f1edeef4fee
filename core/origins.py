"""Origins of web pages as a person writes them, and as browsers send them. Pure."""

import re

from core.patterns import pattern

ORIGIN_CHARS_MAX = 255
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = pattern(r"[a-z][a-z0-9+.-]*")
_PLACE = pattern(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_PORT_SIGN = pattern(r"[^:]:[^:\]]*$")


def read_origin(text: str) -> tuple[str, str]:
    """Return an origin as browsers send it, and what is wrong with it: one of the two is empty.

    Wrong is `any` (`*`), `null`, `scheme` (none), `host` (none, or none that browsers send), `path` (more than an
    origin), `port` (no port), `long`.
    """
    origin = text.strip().lower()
    if "*" in origin:
        return "", "any"
    if origin == "null":
        return "", "null"
    if len(origin) > ORIGIN_CHARS_MAX:
        return "", "long"
    scheme, mark, rest = origin.partition("://")
    if not mark or not _SCHEME.fullmatch(scheme) or scheme == "file":  # browsers send `null` for a file
        return "", "scheme"
    place = rest.removesuffix("/")
    if re.search(r"[/?#@\\]", place):
        return "", "path"
    if (found := _PLACE.fullmatch(place)) is None:
        return "", "port" if _PORT_SIGN.search(place) else "host"
    host, port = found["host"], found["port"]
    if port is None:
        return f"{scheme}://{host}", ""
    if not 1 <= int(port) <= 65535:
        return "", "port"
    is_default = _DEFAULT_PORTS.get(scheme) == int(port)  # browsers leave that one out
    return f"{scheme}://{host}" + ("" if is_default else f":{int(port)}"), ""
