"""Requests for plain addresses are httpx's own in every respect, at less cost."""

import httpx
import pytest

from core.net.request import PlainRequest, make_request

COMMON = [(b"Accept", b"*/*"), (b"User-Agent", b"test")]
PLAIN = (
    "http://localhost:34911/o/r/resolve/0123abcd/part-00/file-0001.json",
    "https://huggingface.co/",
    "https://cas-bridge.example.co/a/b.c/d..e?X-Amz-Date=2024&Signature=a%2Fb~c_d-e.f&etag=%22ab%22",
    "http://localhost:8080/api/resolve-cache/models/o/r/0123/config.json?%2Fo%2Fr=&etag=%22abc%22",
    "http://a-b.c-d.example:65535/(x)!$&*+,;=:@",
)
OTHER = (
    "https://huggingface.co",
    "https://huggingface.co:443/x",
    "http://localhost:80/x",
    "http://localhost:99999/x",
    "http://user:word@localhost/x",
    "http://localhost/a b",
    "http://localhost/ä",
    "http://localhost/a%2fb",
    "http://localhost/100%",
    "http://localhost/a/../b",
    "http://localhost/.gitattributes",
    "http://localhost/x#part",
    "http://localhost/x?",
    "http://[::1]:8080/x",
    "http://127.0.0.1:8080/x",
    "http://1.2.3/x",
    "http://xn--bcher-kva.example/x",
    "http://BIG.example/x",
    "http://localhost/'x'",
    "HTTP://localhost/x",
)


def made(url: str, **headers: str) -> tuple[httpx.Request, str]:
    return make_request("GET", url, common=COMMON, headers=headers, limits={"read": 1.0})


def of_httpx(url: str, **headers: str) -> httpx.Request:
    return httpx.Request("GET", url, headers={**{k.decode(): v.decode() for k, v in COMMON}, **headers})


@pytest.mark.parametrize("url", [url for url in (*PLAIN, *OTHER) if "99999" not in url])
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-7", "Authorization": "Bearer x"}])
def test_it_is_what_httpx_makes_of_the_address(url: str, headers: dict[str, str]) -> None:
    request, address = made(url, **headers)
    expected = of_httpx(url, **headers)
    assert address == str(expected.url)
    assert request.url == expected.url and request.url.raw_path == expected.url.raw_path
    assert request.method == "GET" and request.read() == b""
    assert request.headers.raw == expected.headers.raw
    assert request.extensions["timeout"] == {"read": 1.0}
    if isinstance(request, PlainRequest):
        assert request.extensions["target"] == expected.url.raw_path
        scheme, host, port = request.extensions["place"]
        assert (scheme, host) == (expected.url.raw_scheme, expected.url.raw_host.decode())
        assert port == expected.url.port or (expected.url.port is None and port in (80, 443))


@pytest.mark.parametrize("url", PLAIN)
def test_a_plain_address_is_not_taken_apart(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpx._urls.urlparse", lambda *_, **__: pytest.fail("taken apart"))
    request, _ = made(url)
    assert isinstance(request, PlainRequest)


@pytest.mark.parametrize("url", OTHER)
def test_what_is_not_plain_is_left_to_httpx(url: str) -> None:
    try:
        request, _ = made(url)
    except httpx.InvalidURL:
        return
    assert not isinstance(request, PlainRequest)


def test_a_header_of_ones_own_goes_in_place_of_the_common_one() -> None:
    request, _ = made("http://localhost/x", accept="text/plain")
    assert request.headers.get_list("Accept") == ["text/plain"]
    assert request.headers["User-Agent"] == "test"
