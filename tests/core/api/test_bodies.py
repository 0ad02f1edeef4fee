"""Bodies of strangers: bounded, typed, nothing started by a bad one; over raw sockets where clients would help."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api import server, sockets
from core.api.bodies import BODY_BYTES_MAX, BadBody, Field, parse_body
from tests.core.api.conftest import Api

FIELDS = (
    Field("model", "text", ""),
    Field("files", "texts", ""),
    Field("flag", "flag", ""),
    Field("n", "number", ""),
)


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        (b"", {}),
        (b"  \n", {}),
        (b"{}", {}),
        (b'{"model": "a", "unknown": [[1]], "n": 3}', {"model": "a", "n": 3}),
        (b'{"files": "*.gguf"}', {"files": ["*.gguf"]}),
        (b'{"files": [], "flag": false}', {"files": [], "flag": False}),
    ],
)
def test_known_fields_are_taken_and_unknown_ones_ignored(raw: bytes, parsed: dict[str, object]) -> None:
    assert parse_body(raw, FIELDS) == parsed


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "JSON"),
        (b"nonsense", "JSON"),
        (b"[]", "object"),
        (b"null", "object"),
        (b'"text"', "object"),
        (b"\xff\xfe", "JSON"),
        (b'{"model": NaN}', "JSON"),
        (b'{"model": 1}', "model"),
        (b'{"model": null}', "model"),
        (b'{"model": ["a"]}', "model"),
        (b'{"model": "\\ud800"}', "model"),
        (b'{"files": [1]}', "files"),
        (b'{"files": {"a": "b"}}', "files"),
        (b'{"flag": 1}', "flag"),
        (b'{"flag": "true"}', "flag"),
        (b'{"n": true}', "n "),
        (b'{"n": 1.5}', "n "),
        (b'{"n": 1e999}', "n "),
        (b'{"model": "' + b"a" * 5000 + b'"}', "model"),
        (b"[" * 60_000, "nested"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested"),
        (json.dumps({"files": ["a"] * 300}).encode(), "files"),
    ],
)
def test_a_bad_body_is_refused_with_its_field(raw: bytes, said: str) -> None:
    with pytest.raises(BadBody) as caught:
        parse_body(raw, FIELDS)
    assert said in caught.value.message


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_comes_is_a_mapping_or_a_refusal(raw: bytes) -> None:
    try:
        assert isinstance(parse_body(raw, FIELDS), dict)
    except BadBody as error:
        assert error.message


ROUTES = ["POST /v1/models/pull", "DELETE /models/pull", "PATCH /v1/configs", "POST /models/pull/info"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b'{"model": "t/a"}', 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"model=t/a", 415),
        ({"Content-Type": "application/json; charset=utf-16"}, b"{}", 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"x", 415),
        ({}, b"{}", 415),
        ({"Content-Type": "application/json"}, b"x" * (BODY_BYTES_MAX + 1), 413),
        ({"Content-Type": "application/json"}, b'{"model":' + b"[" * 20_000, 400),
        ({"Content-Type": "application/json"}, b'{"model"', 400),
        ({"Content-Type": "application/json"}, b'["model"]', 400),
        ({"Content-Type": "application/json"}, b'{"model": {}, "taskId": 7, "cors": "x"}', 400),
    ],
)
async def test_a_bad_body_starts_nothing(
    api: Api, route: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    method, path = route.split()
    reply = await api.http.request(method, path, headers=headers, content=body)
    assert reply.status_code == status and reply.json()["message"]
    assert api.engine.tasks == [] and len(api.hub.requests) == 0
    assert (await api.http.get("/healthz")).text == "cortex-cpp is alive!!!"


async def send_raw(api: Api, raw: bytes, *, ends: bool = False) -> bytes:
    """Send bytes as they are; return what comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(raw)
    if ends:
        writer.write_eof()
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


def head(api: Api, line: str, *more: str) -> bytes:
    return "\r\n".join([line, f"Host: 127.0.0.1:{api.port}", "Connection: close", *more, "", ""]).encode()


async def test_half_a_body_is_answered_with_408(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_S", 0.2)
    more = ("Content-Type: application/json", "Content-Length: 100")
    answer = await send_raw(api, head(api, "POST /v1/models/pull HTTP/1.1", *more) + b'{"model"')
    assert answer.startswith(b"HTTP/1.1 408 ") and b'"message"' in answer
    assert (await api.http.get("/healthz")).status_code == 200


def test_half_a_body_gets_ten_seconds() -> None:
    assert server.BODY_S == 10.0


async def test_a_body_that_breaks_off_starts_nothing(api: Api) -> None:
    more = ("Content-Type: application/json", "Content-Length: 100")
    await send_raw(api, head(api, "POST /v1/models/pull HTTP/1.1", *more) + b'{"model": "t/a"}', ends=True)
    assert api.engine.tasks == []


async def test_a_body_without_an_end_is_cut_at_64_kib(api: Api) -> None:
    more = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    answer = await send_raw(api, head(api, "POST /v1/models/pull HTTP/1.1", *more) + chunk * 5)
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET http://evil.example/v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"POST /v1/models/pull HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/models/pull HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_sound_request_is_refused_and_the_server_lives(api: Api, raw: bytes) -> None:
    answer = await send_raw(api, raw, ends=True)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    if answer:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"application/json" in head and json.loads(body)["message"]
        assert b"aiohttp" not in answer and b"evil" not in answer, "no version, nothing repeated"
    assert api.engine.tasks == []
    assert (await api.http.get("/healthz")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/v2/models", "/v1", "/v1/events", "/v1/healthz", "/models/", "/../models"])
async def test_an_unknown_address_is_404(api: Api, path: str) -> None:
    answer = await send_raw(api, head(api, f"GET {path} HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 404 ") and b'"message"' in answer


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/models/pull", "POST, GET, DELETE"),
        ("POST", "/models", "GET"),
        ("DELETE", "/v1/configs", "GET, PATCH"),
        ("GET", "/models/pull/info", "POST"),
        ("POST", "/healthz", "GET"),
        ("PATCH", "/v1/models/some/model", "GET, DELETE"),
        ("TRACE", "/events", "GET"),
    ],
)
async def test_a_method_that_a_route_lacks_is_405(api: Api, method: str, path: str, allowed: str) -> None:
    reply = await api.http.request(method, path)
    assert reply.status_code == 405 and reply.json()["message"]
    assert reply.headers["allow"] == allowed


async def test_an_error_that_nobody_thought_of_is_one_500(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    monkeypatch.setattr("core.api.pulls.parse_handle", lambda *_, **__: 1 / 0)
    status, body = await api.pull("t/a")
    assert status == 500 and "ZeroDivision" not in json.dumps(body)
    assert "ZeroDivisionError" in caplog.text
    assert (await api.http.get("/healthz")).status_code == 200


async def test_silent_connections_are_bounded_and_let_go(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "CONNECTIONS_MAX", 5)
    monkeypatch.setattr(sockets, "IDLE_S", 0.5)
    opened = [await asyncio.open_connection("127.0.0.1", api.port) for _ in range(12)]
    opened[0][1].write(b"GET /healthz HTTP/1.1\r\nHost: ")
    async with asyncio.timeout(20):
        await asyncio.gather(*(reader.read() for reader, _ in opened), return_exceptions=True)
    for _, writer in opened:
        writer.close()
    assert (await api.http.get("/healthz")).status_code == 200
