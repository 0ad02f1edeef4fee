"""Proxies: which one, with what, and one clear sentence where it does not work; real programs carry the bytes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.errors import ConnectFailed, DownloadError, ProxyRefused
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.proxies import Proxy, is_excepted, label, normal, parts_of, proxy_from_environment
from tests.fakes.proxies import free_port, microsocks, own_address, teller, tinyproxy

BODY = b"x" * 300_000
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"


@dataclass
class Origin:
    """A plain server that is not on loopback."""

    url: str = ""
    heads: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(BODY) + BODY)
        await writer.drain()
        writer.close()


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    made = Origin()
    server = await asyncio.start_server(made.serve, own_address(), 0)
    host, port = server.sockets[0].getsockname()
    made.url = f"http://{host}:{port}"
    yield made
    server.close()


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    made = Net(Credentials())
    yield made
    await made.aclose()


async def failure(net: Net, url: str) -> DownloadError:
    with pytest.raises(DownloadError) as caught:
        await net.fetch("GET", url)
    return caught.value


# -- real programs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["", "jan"])
async def test_bytes_come_through_tinyproxy(net: Net, origin: Origin, tmp_path: Path, user: str) -> None:
    async with tinyproxy(tmp_path, user=user, password="secretword") as proxy:
        net.proxy = Proxy(proxy.url, user, "secretword" if user else "")
        assert (await net.fetch("GET", f"{origin.url}/x")).body == BODY
        assert f"GET {origin.url}/x" in proxy.log
    assert b"roxy-Authorization" not in origin.heads[0] and b"secretword" not in origin.heads[0]


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("user", ["", "jan"])
async def test_bytes_come_through_microsocks(
    net: Net, origin: Origin, tmp_path: Path, user: str, scheme: str
) -> None:
    async with microsocks(tmp_path, user=user, password="secretword") as proxy:
        net.proxy = Proxy(proxy.url.replace("socks5", scheme), user, "secretword" if user else "")
        assert (await net.fetch("GET", f"{origin.url}/x")).body == BODY
        host = origin.url.removeprefix("http://").partition(":")[0]
        assert host in proxy.log, "it went past the proxy"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_the_environment_names_a_proxy_with_its_credentials(
    net: Net, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    async with tinyproxy(tmp_path, user="jan", password="secretword") as proxy:
        monkeypatch.setenv(variable, proxy.url.replace("://", "://jan:secret%77ord@"))
        assert (await net.fetch("GET", f"{origin.url}/x")).body == BODY
        assert f"GET {origin.url}/x" in proxy.log


async def test_a_socks_proxy_of_the_environment_is_used(
    net: Net, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with microsocks(tmp_path, user="jan", password="secretword") as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url.replace("socks5://", "socks5h://jan:secretword@"))
        assert (await net.fetch("GET", f"{origin.url}/x")).body == BODY
        assert own_address() in proxy.log


async def test_b9_loopback_and_excepted_hosts_go_past_the_proxy(
    net: Net, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", f"example.com, {own_address()}")
    assert (await net.fetch("GET", f"{origin.url}/x")).body == BODY
    monkeypatch.delenv("NO_PROXY")
    here = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    fresh = Net(Credentials())
    for host in ("127.0.0.1", "localhost"):
        port = here.sockets[0].getsockname()[1]
        assert (await fresh.fetch("GET", f"http://{host}:{port}/")).body == BODY
    fresh.proxy = Proxy(f"socks5://127.0.0.1:{free_port()}")
    assert (await fresh.fetch("GET", f"http://127.0.0.1:{port}/")).body == BODY
    await fresh.aclose()
    here.close()


async def test_a_change_of_the_proxy_holds_from_the_next_request_on(
    net: Net, origin: Origin, tmp_path: Path
) -> None:
    net.proxy = Proxy(f"http://127.0.0.1:{free_port()}")
    assert isinstance(await failure(net, origin.url), ConnectFailed)
    async with microsocks(tmp_path) as proxy:
        net.proxy = Proxy(proxy.url)
        assert (await net.fetch("GET", origin.url)).body == BODY
    net.proxy = Proxy(is_off=True)
    assert (await net.fetch("GET", origin.url)).body == BODY


# -- what goes wrong -------------------------------------------------------------------------------------------


async def test_b8_a_proxy_that_refuses_the_password_is_asked_once_whoever_asks(
    net: Net, origin: Origin, tmp_path: Path
) -> None:
    async with tinyproxy(tmp_path, user="jan", password="secretword") as proxy:
        net.proxy = Proxy(proxy.url, "jan", "wrongword")
        secure = origin.url.replace("http://", "https://")
        errors = await asyncio.gather(*(failure(net, f"{secure}/{n}") for n in range(20)))
        errors.append(await failure(net, f"{secure}/late"))
        assert proxy.log.count("Request (file descriptor") == 1, "accounts get locked by more"
        for error in errors:
            assert isinstance(error, ProxyRefused)
            assert proxy.url.removeprefix("http://") in error.message and "password" in error.message
            assert "wrongword" not in repr(error) + error.message and error.action
        net.proxy = Proxy(proxy.url, "jan", "secretword")
        assert (await net.fetch("GET", origin.url)).body == BODY, "another password is asked at once"


async def test_b8_a_tunnel_refused_with_407_is_said_and_not_repeated(net: Net) -> None:
    async with teller(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as proxy:
        net.proxy = Proxy(proxy.url, "jan", "wrongword")
        for _ in range(3):
            error = await failure(net, "https://hub.example/x")
            assert isinstance(error, ProxyRefused) and "password" in error.message
        assert len(proxy.asks) == 1


async def test_b8_socks_refuses_the_password(net: Net, origin: Origin, tmp_path: Path) -> None:
    async with microsocks(tmp_path, user="jan", password="secretword") as proxy:
        for user, password in (("jan", "wrongword"), ("", "")):
            net.proxy = Proxy(proxy.url, user, password)
            error = await failure(net, origin.url)
            assert isinstance(error, ProxyRefused), error
            assert "password" in error.message and "wrongword" not in error.message


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
async def test_b8_a_proxy_that_is_down_is_named(net: Net, scheme: str) -> None:
    port = free_port()
    net.proxy = Proxy(f"{scheme}://127.0.0.1:{port}", "jan", "secretword")
    error = await failure(net, "https://hub.example/x")
    assert isinstance(error, ConnectFailed) and not isinstance(error, ProxyRefused), "it may come back"
    assert f"The proxy 127.0.0.1:{port} cannot be reached: Connection refused" in error.message
    assert "secretword" not in error.message and "Settings > Network" in error.action


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (b"HTTP/1.1 403 Filtered\r\nContent-Length: 0\r\n\r\n", ProxyRefused, "opens no way to hub.example"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", ConnectFailed, "it answered 502"),
        (HTML, ConnectFailed, "may want a sign-in"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", ProxyRefused, "no proxy"),
    ],
)
async def test_b8_what_a_proxy_answers_to_connect_is_named(
    net: Net, answer: bytes, kind: type[DownloadError], says: str
) -> None:
    async with teller(answer) as proxy:
        net.proxy = Proxy(proxy.url)
        error = await failure(net, "https://hub.example/x?Signature=abc")
        assert type(error) is kind, error
        assert says in error.message and proxy.url.removeprefix("http://") in error.message
        assert "Signature" not in error.message


async def test_b8_tinyproxy_refuses_a_host_by_its_rules(net: Net, tmp_path: Path) -> None:
    async with tinyproxy(tmp_path, refuses="hub.example") as proxy:
        net.proxy = Proxy(proxy.url)
        error = await failure(net, "https://hub.example/x")
        assert type(error) is ProxyRefused and "403" in error.message


async def test_what_is_no_socks_proxy_is_said(net: Net) -> None:
    server = await asyncio.start_server(_speaks_http, "127.0.0.1", 0)
    net.proxy = Proxy(f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    error = await failure(net, "https://hub.example/x")
    assert type(error) is ProxyRefused and "no SOCKS proxy" in error.message
    server.close()


async def _speaks_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(3)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def test_a_proxy_of_a_kind_that_is_not_spoken_is_said(
    net: Net, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks4://jan:secretword@127.0.0.1:1080")
    error = await failure(net, origin.url)
    assert "socks4" in error.message and "secretword" not in error.message
    assert not origin.heads, "nothing goes past a proxy that was named"


# -- which proxy -----------------------------------------------------------------------------------------------


def test_no_proxy_takes_names_addresses_networks_and_ports() -> None:
    listed = "example.com,.corp.test, 10.0.0.0/8 ,192.0.2.7,host.test:8080,[fd00::1]"
    for host in ("example.com", "a.example.com", "x.corp.test", "10.1.2.3", "192.0.2.7", "fd00::1"):
        assert is_excepted(host, listed), host
    for host in ("notexample.com", "corp.test.evil", "11.1.2.3", "192.0.2.70", "host.test", ""):
        assert not is_excepted(host, listed), host
    assert is_excepted("host.test", listed, port=8080) and not is_excepted("host.test", listed, port=443)
    assert is_excepted("anything", "*") and not is_excepted("anything", "")


def test_proxies_are_understood_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert normal("proxy.test:3128") == "http://proxy.test:3128"
    assert normal(" SOCKS5H://proxy.test:1080/ ") == "socks5h://proxy.test:1080"
    assert normal("socks://proxy.test") == "socks5://proxy.test"
    assert label("http://jan:secret@proxy.test:3128/") == "proxy.test:3128"
    parts = parts_of("socks5://j%40n:p%3Aw@proxy.test")
    assert (parts.username, parts.password, parts.port) == ("j@n", "p:w", 1080)
    assert "p:w" not in repr(parts)
    for wrong in ("socks4://u:secret@x", "ftp://x", "http://u:secret@:1", "http://u:secret@x:99999"):
        with pytest.raises(ValueError, match="proxy") as caught:
            parts_of(wrong)
        assert "secret" not in str(caught.value)
    monkeypatch.setenv("HTTPS_PROXY", "proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,.corp.test:8443")
    find = proxy_from_environment()
    assert find("https://hub.example/") == "http://proxy.test:3128" and find("http://hub.example/") is None
    assert find("https://10.1.1.1/") is None
    assert find("https://x.corp.test:8443/") is None and find("https://x.corp.test/") is not None


def test_a_proxy_shows_no_password() -> None:
    proxy = Proxy("http://proxy.test:3128", "jan", "secretword")
    assert "secretword" not in repr(proxy)
    assert proxy.for_url("https://hub.example/") == "http://jan:secretword@proxy.test:3128"
    assert Proxy("http://proxy.test:3128", is_off=True).for_url("https://hub.example/") is None
