"""Where a server may lead: numbers that are addresses, and names that are inside."""

import pytest

from core.errors import ServerRefused
from core.net.origin import is_global, is_loopback, is_private
from core.net.redirects import Names, addresses_of, check_redirect

HUB = "https://hub.example/a/file"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "localhost", "localhost.", "a.localhost", "::1",
        "10.1.2.3", "10.258", "169.254.169.254", "fe80::1%eth0", "::ffff:10.0.0.1", "192.168.0.1.",
    ],
)  # fmt: skip
def test_every_way_to_write_an_inner_address_is_known(host: str) -> None:
    assert is_private(host)
    with pytest.raises(ServerRefused, match="private address"):
        check_redirect(HUB, f"https://{f'[{host}]' if ':' in host else host}/x", public=True)


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "example.com", "a.cc", "face.be", "cafe", "2606:4700::1111", "x.1e100.net"]
)
def test_a_public_address_or_a_name_is_none(host: str) -> None:
    assert not is_private(host) and not is_loopback(host)


def test_an_address_is_global_or_not_and_a_name_is_none() -> None:
    assert is_global("8.8.8.8") and not is_global("10.0.0.1") and not is_global("example.com")


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "javascript:alert(1)", "data:,x", "http://[x", "//h:99999/"]
)
def test_what_is_no_web_address_is_refused(location: str) -> None:
    with pytest.raises(ServerRefused, match="no web address"):
        check_redirect(HUB, location, public=False)


def test_a_way_within_the_host_is_joined_to_it() -> None:
    assert check_redirect(HUB, "../b", public=True) == "https://hub.example/b"
    with pytest.raises(ServerRefused, match="unencrypted"):
        check_redirect(HUB, "http://hub.example/b", public=True)


class FakeNames:
    def __init__(self, **addresses: list[str]) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        return self.addresses.get(host.partition(".")[0], [])


def names(**addresses: list[str]) -> tuple[Names, FakeNames]:
    fake, made = FakeNames(**addresses), Names()
    made.resolve = fake.resolve
    return made, fake


async def test_a_public_hub_does_not_lead_to_a_name_of_this_network() -> None:
    made, _ = names(hub=["93.184.216.34"], inner=["10.0.0.7"], cdn=["8.8.8.8"], both=["8.8.8.8", "127.0.0.1"])
    assert await made.lead_inside(HUB, "https://inner.example/x")
    assert await made.lead_inside(HUB, "https://both.example/x")
    assert not await made.lead_inside(HUB, "https://cdn.example/x")
    assert not await made.lead_inside(HUB, "https://hub.example/y")


async def test_a_hub_of_this_network_may_and_what_is_unknown_here_is_the_proxys_matter() -> None:
    made, _ = names(hub=["10.0.0.1"], inner=["10.0.0.7"])
    assert not await made.lead_inside(HUB, "https://inner.example/x")
    unknown, _ = names(inner=["10.0.0.7"])
    assert not await unknown.lead_inside(HUB, "https://inner.example/x")


async def test_names_are_looked_up_once_in_a_while() -> None:
    made, fake = names(hub=["93.184.216.34"], cdn=["8.8.8.8"])
    for _ in range(5):
        await made.lead_inside(HUB, "https://cdn.example/x")
    assert fake.asked == ["hub.example", "cdn.example"]


async def test_the_system_is_asked_and_a_name_that_is_none_has_no_addresses() -> None:
    assert "127.0.0.1" in await addresses_of("127.0.0.1")
    assert await addresses_of("no..name") == []
