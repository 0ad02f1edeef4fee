"""One question to the hub over a network as it would be set: does it answer, how soon, and what is wrong if not."""

import asyncio
import json
import time
from collections.abc import Mapping

from core.errors import CertificateRefused, DownloadError, GotWebPage, ServerBusy
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.mirrors import Answer
from core.net.origin import host_label
from core.net.proxies import Proxy

PATH = "/api/models?limit=1"
MEASURE_S = 8.0  # a place that takes longer for this is none to fetch from
MEASURE_BYTES_MAX = 1 << 18


async def ask_once(
    endpoint: str, *, proxy: Proxy, ca_file: str, environ: Mapping[str, str]
) -> DownloadError | None:
    """Ask the hub once, without a token or a second try; return what went wrong, None where it answered."""
    net = Net(Credentials(), environ=environ)
    net.proxy, net.ca_file = proxy, ca_file
    host = host_label(endpoint)
    try:
        async with net.stream("GET", endpoint + PATH, headers={}, follow=False) as response:
            if response.status_code >= 500 or response.status_code == 429:
                return ServerBusy(f"{host} answers, but is busy ({response.status_code})")
            if "html" in response.headers.get("content-type", ""):
                return GotWebPage(f"A web page answered in place of {host}")
    except DownloadError as error:
        return error
    finally:
        await net.aclose()
    return None


async def measure(
    place: str, *, proxy: Proxy, ca_file: str, environ: Mapping[str, str], most_s: float = MEASURE_S
) -> Answer:
    """Ask one place for a small list, without a token, a redirect or a second try; tell how long it took."""
    net = Net(Credentials(), environ=environ)
    net.proxy, net.ca_file = proxy, ca_file
    try:
        await net.ready(place)
        began = time.monotonic()
        async with asyncio.timeout(most_s):
            reply = await net.fetch("GET", place + PATH, max_bytes=MEASURE_BYTES_MAX, follow=False, tries=1)
        took = time.monotonic() - began
    except CertificateRefused:
        return Answer(place, None, "certificate")
    except (DownloadError, TimeoutError):
        return Answer(place, None, "silent")
    finally:
        await net.aclose()
    problem = problem_of(reply.status, reply.headers.get("content-type", ""), reply.body)
    return Answer(place, None, problem) if problem else Answer(place, took)


def problem_of(status: int, content_type: str, body: bytes) -> str:
    """Return what is wrong with an answer, as in `core.net.mirrors.Answer`; empty where it is a list of models."""
    if status in (301, 302, 303, 307, 308):
        return "away"
    if status == 429 or status >= 500:
        return "busy"
    if "html" in content_type or body.lstrip()[:1] == b"<":
        return "web"
    if status != 200:
        return "refused"
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "nonsense"
    return "" if isinstance(found, list) and all(isinstance(each, dict) for each in found) else "nonsense"
