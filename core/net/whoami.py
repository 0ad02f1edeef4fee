"""Whose token is this? One question to the hub, over a network as it would be set, with that token and no other.

The hub answers this question seldom (its limit is strict): it is asked when a person wants to know, and never again
by itself. What the hub calls the person is shown, so it is taken only as a short line.
"""

import asyncio
import json
from collections.abc import Mapping

from core.errors import DownloadError, GotWebPage, ResolveError, ServerBusy, TimedOut, TokenRefused
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.errors import translated
from core.net.origin import host_label
from core.net.proxies import Proxy

HUGGING_FACE = "/api/whoami-v2"
MODELSCOPE = "/openapi/v1/users/me"
_NAMES = ("Username", "username", "name", "preferred_username")  # the handle before a name for show
BODY_BYTES_MAX = 2**20  # a person of many organisations has some kilobytes
NAME_CHARS_MAX = 96
ANSWER_S = 30.0  # somebody looks at a page and waits


async def who_is(
    endpoint: str, token: str, *, proxy: Proxy, ca_file: str, environ: Mapping[str, str], path: str = HUGGING_FACE
) -> str:
    """Return what the hub calls the owner of a token; `path` is where it says so.

    Raises:
        TokenRefused: The hub does not know it, or it cannot be sent.
        DownloadError: The hub could not be asked, or does not answer this question.
    """
    host = host_label(endpoint)
    credentials = Credentials()
    try:
        credentials.put(endpoint, token)
    except ValueError as error:
        raise TokenRefused(f"This is no token: {error}") from error
    net = Net(credentials, environ=environ)
    net.proxy, net.ca_file = proxy, ca_file
    try:
        async with (
            asyncio.timeout(ANSWER_S),
            net.stream("GET", endpoint + path, headers={}, follow=False) as response,
        ):
            body = b""
            with translated(endpoint):
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > BODY_BYTES_MAX:
                        raise ResolveError(f"The answer of {host} is larger than it should be")
            return _name(response.status_code, response.headers.get("content-type", ""), body, host)
    except TimeoutError as error:
        raise TimedOut(f"{host} did not answer in time") from error
    finally:
        await net.aclose()


def _name(status: int, kind: str, body: bytes, host: str) -> str:
    if error := _refusal(status, kind, host):
        raise error
    try:
        told = json.loads(body)
        told = told["data"] if isinstance(told.get("data"), dict) else told
        name = next(told[key] for key in _NAMES if told.get(key))
    except StopIteration:
        name = None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ResolveError(f"The answer of {host} cannot be read") from error
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= NAME_CHARS_MAX:
        raise ResolveError(f"The answer of {host} names nobody")
    return name


def _refusal(status: int, kind: str, host: str) -> DownloadError | None:
    if status in (401, 403):
        return TokenRefused(f"{host} does not accept the access token")
    if status == 429 or status >= 500:
        return ServerBusy(f"{host} is busy ({status})")
    if "html" in kind:
        return GotWebPage(f"A web page answered in place of {host}")
    return None if status == 200 else ResolveError(f"{host} does not say whose token it is (status {status})")
