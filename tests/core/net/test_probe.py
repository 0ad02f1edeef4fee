"""One question to the hub, with the network as it would be set."""

from pathlib import Path

from core.demo.server import DemoHub
from core.errors import CertificateRefused, ConnectFailed, GotWebPage, ProxyRefused, ServerBusy
from core.net.probe import ask_once
from core.net.proxies import Proxy
from tests.fakes import tls
from tests.fakes.proxies import free_port, own_address, teller, tinyproxy

ANSWER = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: 2\r\n\r\n[]"


async def ask(endpoint: str, proxy: Proxy | None = None, ca_file: str = "") -> object:
    return await ask_once(endpoint, proxy=proxy or Proxy(), ca_file=ca_file, environ={})


async def test_a_hub_that_answers_is_said_to(hub: DemoHub) -> None:
    assert await ask(hub.endpoint) is None


async def test_what_is_wrong_is_returned_and_nobody_is_asked_twice(tmp_path: Path) -> None:
    for answer, kind in (
        (ANSWER % (b"503 Busy", b"text/plain"), ServerBusy),
        (ANSWER % (b"429 Slow down", b"text/plain"), ServerBusy),
        (ANSWER % (b"200 OK", b"text/html; charset=utf-8"), GotWebPage),
        (ANSWER % (b"404 Not found", b"application/json"), type(None)),
    ):
        async with teller(answer) as there:
            assert type(await ask(there.url)) is kind
            assert len(there.asks) == 1 and b"uthorization" not in there.asks[0]
    assert type(await ask(f"http://127.0.0.1:{free_port()}")) is ConnectFailed
    async with teller(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as there:
        assert type(await ask("https://hub.example", Proxy(there.url, "jan", "secretword"))) is ProxyRefused
        assert len(there.asks) == 1


async def test_the_ca_file_and_the_proxy_that_are_tried_are_those_that_were_given(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(tls.company().cert_pem.bytes())
    async with (
        tls.server(tls.context_of(own_address()), host=own_address()) as url,
        tinyproxy(tmp_path / "p") as proxy,
    ):
        assert type(await ask(url, Proxy(proxy.url))) is CertificateRefused
        assert await ask(url, Proxy(proxy.url), str(ca_file)) is None
        assert f"CONNECT {own_address()}" in proxy.log
    assert type(await ask("https://hub.example", ca_file=str(tmp_path / "none.pem"))) is ConnectFailed
