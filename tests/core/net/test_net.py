"""Credentials by origin, redirects by our rules, errors in our words."""

import asyncio
from pathlib import Path

import httpx
import pytest

from core.demo.server import DemoHub
from core.errors import ConnectFailed, ServerRefused, TransferError
from core.net.client import Net, check_redirect, retry_after_s
from core.net.credentials import Credentials, from_environment
from core.net.origin import host_label, is_private, origin_of
from core.net.proxies import proxy_from_environment
from core.net.weather import Weather


def reply(status: int, body: bytes = b"", **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def net_over(handler) -> Net:
    return Net(Credentials(), transport=httpx.MockTransport(handler))


async def test_a_token_goes_to_its_own_origin_and_not_along_a_redirect() -> None:
    seen: dict[str, str | None] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = request.headers.get("authorization")
        if request.url.host == "hub.example":
            return reply(302, location="https://cdn.example/x")
        return reply(200, b"bytes")

    net = net_over(answer)
    net.credentials.put("https://hub.example", "hf_canary")
    got = await net.fetch("GET", "https://hub.example/x")
    assert got.body == b"bytes" and got.url == "https://cdn.example/x"
    assert seen == {"hub.example": "Bearer hf_canary", "cdn.example": None}
    assert "hf_canary" not in repr(net.credentials)
    await net.aclose()


@pytest.mark.parametrize(
    ("source", "target", "public"),
    [
        ("https://a.example/", "http://a.example/", True),
        ("https://a.example/", "ftp://a.example/", True),
        ("https://a.example/", "file:///etc/passwd", True),
        ("https://a.example/", "javascript:alert(1)", True),
        ("https://a.example/", "https://127.0.0.1/", True),
        ("https://a.example/", "https://10.0.0.1/", True),
        ("https://a.example/", "https://169.254.169.254/", True),
        ("https://a.example/", "https://localhost/", True),
        ("https://a.example/", "https://[::1]/", True),
    ],
)
def test_a_redirect_to_where_it_has_no_business_is_refused(source, target, public) -> None:
    with pytest.raises(ServerRefused):
        check_redirect(source, target, public=public)


def test_a_hub_on_this_machine_may_redirect_within_it() -> None:
    check_redirect("http://localhost:1/", "http://127.0.0.1:2/", public=False)


async def test_a_redirect_loop_ends_with_the_hosts_and_no_signed_address() -> None:
    net = net_over(lambda request: reply(302, location="/again?Signature=secret"))
    with pytest.raises(ServerRefused, match="Too many redirects") as caught:
        await net.fetch("GET", "https://a.example/x")
    assert "secret" not in caught.value.message
    await net.aclose()


async def test_a_reply_that_never_ends_is_cut_off() -> None:
    net = net_over(lambda request: reply(200, b"x" * 5000))
    with pytest.raises(TransferError, match="larger"):
        await net.fetch("GET", "https://a.example/", max_bytes=1000)
    await net.aclose()


async def test_a_busy_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def no_wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", no_wait)
    replies = [reply(503), reply(429, **{"retry-after": "7"}), reply(200)]
    transport = httpx.MockTransport(lambda request: replies.pop(0))
    net = Net(Credentials(), transport=transport, weather=Weather(now=lambda: sum(waits)))
    assert (await net.fetch("GET", "https://a.example/")).status == 200
    assert waits == [1.0, 7.0]
    await net.aclose()


async def test_offline_mode_sends_nothing() -> None:
    net = Net(Credentials(), offline=True, transport=httpx.MockTransport(lambda request: pytest.fail("sent")))
    with pytest.raises(ConnectFailed, match="Offline"):
        await net.fetch("GET", "https://a.example/")
    await net.aclose()


async def test_a_refused_connection_names_the_host_and_the_reason(unused_tcp_port: int) -> None:
    net = Net(Credentials())
    with pytest.raises(ConnectFailed, match=rf"127\.0\.0\.1:{unused_tcp_port}: Connection refused"):
        await net.fetch("GET", f"http://127.0.0.1:{unused_tcp_port}/")
    await net.aclose()


async def test_bodies_come_through_the_real_transport_byte_for_byte(hub: DemoHub) -> None:
    net = Net(Credentials())
    url = f"{hub.endpoint}/bartowski/Llama-3.2-1B-Instruct-GGUF/resolve/main/Llama-3.2-1B-Instruct-Q8_0.gguf"
    whole = (await net.fetch("GET", url)).body
    part = await net.fetch("GET", url, headers={"Range": "bytes=100-199"})
    assert part.status == 206 and part.body == whole[100:200]
    assert (await net.fetch("HEAD", url)).body == b""
    await net.aclose()


def test_the_token_of_the_environment_belongs_to_its_endpoint(tmp_path: Path) -> None:
    credentials, warning = from_environment({"HF_TOKEN": "t", "HF_ENDPOINT": "http://localhost:9/"}, tmp_path)
    assert warning == ""
    assert credentials.has("http://localhost:9/api") and not credentials.has("https://huggingface.co/api")
    folder = tmp_path / ".cache" / "huggingface"
    folder.mkdir(parents=True)
    (folder / "token").write_text("from-file\n")
    credentials, _ = from_environment({}, tmp_path)
    assert credentials.headers("https://huggingface.co/x") == {"Authorization": "Bearer from-file"}
    _, warning = from_environment({"HF_TOKEN": "two words"}, tmp_path)
    assert "not used" in warning and "two words" not in warning


def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    proxy_for = proxy_from_environment()
    assert proxy_for("https://huggingface.co/x") == "http://proxy.example:3128"
    assert proxy_for("http://127.0.0.1:8080/x") is None
    assert proxy_for("http://localhost:8080/x") is None


def test_small_words_about_addresses() -> None:
    assert origin_of("HTTPS://Hub.Example/x") == ("https", "hub.example", 443)
    assert host_label("https://hub.example:443/x") == "hub.example"
    assert host_label("http://localhost:8080/") == "localhost:8080"
    assert host_label("mailto:x") == ""
    assert is_private("192.168.1.1") and is_private("::1") and not is_private("8.8.8.8")
    assert retry_after_s(httpx.Headers({"Retry-After": "99999999999"})) == 3600.0
    assert retry_after_s(httpx.Headers({"Retry-After": "-1"})) is None
