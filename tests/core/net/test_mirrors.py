"""A mirror of Hugging Face: what it says of the hub is asked of the mirror, and tokens stay where they belong."""

from collections.abc import AsyncIterator

import httpx
import pytest

from core.errors import ServerRefused
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.redirects import at_mirror
from tests.fakes.canary import CANARY

MIRROR = "https://hf-mirror.example"
FILE = "/org/repo/resolve/main/x.gguf"


class Hubs:
    """Answers for every host from `leads`, by address; keeps what was asked, with its token."""

    def __init__(self) -> None:
        self.leads: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[str, bool]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked.append((url, "authorization" in request.headers))
        status, location = self.leads.get(url, (200, ""))
        return httpx.Response(
            status, headers={"location": location} if location else {}, stream=httpx.ByteStream(b"bytes")
        )


@pytest.fixture
def hubs() -> Hubs:
    return Hubs()


@pytest.fixture
async def net(hubs: Hubs) -> AsyncIterator[Net]:
    net = Net(Credentials(), transport=httpx.MockTransport(hubs))
    net.mirror = MIRROR

    async def public(host: str) -> list[str]:
        return ["93.184.216.34"]

    net.names.resolve = public
    yield net
    await net.aclose()


async def test_an_address_of_the_hub_is_asked_of_the_mirror(net: Net, hubs: Hubs) -> None:
    hubs.leads[MIRROR + FILE] = (
        307,
        "https://huggingface.co/api/resolve-cache/models/org/repo/abc/x.gguf?etag=%22a%22",
    )
    reply = await net.fetch("GET", MIRROR + FILE)
    assert reply.status == 200
    assert reply.url == f"{MIRROR}/api/resolve-cache/models/org/repo/abc/x.gguf?etag=%22a%22"
    assert all(url.startswith(MIRROR) for url, _ in hubs.asked)


async def test_a_mirror_that_sends_to_the_hub_for_the_same_thing_is_followed_without_its_token(
    net: Net, hubs: Hubs
) -> None:
    net.credentials.put(MIRROR, CANARY)
    hubs.leads[MIRROR + FILE] = 308, f"https://huggingface.co{FILE}"
    hubs.leads[f"https://huggingface.co{FILE}"] = 302, "https://cdn.example/blob?Signature=1"
    reply = await net.fetch("GET", MIRROR + FILE)
    assert reply.url == "https://cdn.example/blob?Signature=1"
    assert hubs.asked == [(MIRROR + FILE, True), (f"https://huggingface.co{FILE}", False), (reply.url, False)]


async def test_a_redirect_to_the_storage_is_left_as_it_is(net: Net, hubs: Hubs) -> None:
    hubs.leads[MIRROR + FILE] = 302, "https://us.aws.cdn.hf.co/repos/x?Expires=1"
    assert (await net.fetch("GET", MIRROR + FILE)).url == "https://us.aws.cdn.hf.co/repos/x?Expires=1"


async def test_a_mirror_that_leads_in_circles_comes_to_an_end(net: Net, hubs: Hubs) -> None:
    hubs.leads[MIRROR + FILE] = 302, "https://huggingface.co/other"
    hubs.leads[f"{MIRROR}/other"] = 302, f"https://huggingface.co{FILE}"
    with pytest.raises(ServerRefused, match="Too many redirects"):
        await net.fetch("GET", MIRROR + FILE)


HUB = "https://huggingface.co"
CASES = [
    (MIRROR, f"{MIRROR}/a/b", f"{HUB}/c?x=1", f"{MIRROR}/c?x=1"),
    (f"{MIRROR}/hub", f"{MIRROR}/hub/a", f"{HUB}/c", f"{MIRROR}/hub/c"),
    (f"{MIRROR}/hub", f"{MIRROR}/hub/a", f"{HUB}/a", f"{HUB}/a"),
    (MIRROR, f"{MIRROR}/a", "https://hf.co/b", f"{MIRROR}/b"),
    (MIRROR, f"{MIRROR}/a", "https://cdn.hf.co/b", "https://cdn.hf.co/b"),
    (MIRROR, f"{MIRROR}:444/a", f"{HUB}/b", f"{HUB}/b"),
    (MIRROR, "https://elsewhere.example/a", f"{HUB}/b", f"{HUB}/b"),
    ("", f"{HUB}/a", f"{HUB}/b", f"{HUB}/b"),
]


@pytest.mark.parametrize(("mirror", "source", "target", "taken"), CASES)
def test_only_what_a_mirror_says_of_the_hub_is_asked_of_the_mirror(
    mirror: str, source: str, target: str, taken: str
) -> None:
    assert at_mirror(source, target, mirror) == taken
