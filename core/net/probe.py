"""One question to the hub over a network as it would be set: does it answer, and what is wrong if not."""

from collections.abc import Mapping

from core.errors import DownloadError, GotWebPage, ServerBusy
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.origin import host_label
from core.net.proxies import Proxy

PATH = "/api/models?limit=1"


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
