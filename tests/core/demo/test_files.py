"""File contents: redirects, ranges, signed links."""

import gzip
import hashlib

import httpx
import pytest

from core.demo.catalogue import GEMMA, LLAMA, MINILM
from core.demo.server import DemoHub

MODEL = "Llama-3.2-1B-Instruct-Q4_K_M.gguf"
VARIES = {"date", "x-request-id", "x-amz-cf-id"}


async def link(client: httpx.AsyncClient, repo: str = LLAMA, path: str = MODEL) -> str:
    reply = await client.get(f"/{repo}/resolve/main/{path}")
    return reply.headers["Location"]


async def test_a_large_file_is_a_redirect_to_the_other_host(hub: DemoHub, client: httpx.AsyncClient) -> None:
    reply = await client.head(f"/{LLAMA}/resolve/main/{MODEL}")
    data = hub.content(LLAMA, MODEL)
    assert reply.status_code == 302
    assert reply.headers["X-Linked-Size"] == str(len(data))
    assert reply.headers["X-Linked-ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert reply.headers["X-Repo-Commit"] in hub.repos[LLAMA].commits
    assert reply.headers["Location"].startswith(f"{hub.cdn}/") and hub.endpoint.startswith("http://localhost:")
    got = await client.get(reply.headers["Location"])
    assert got.content == data
    assert got.headers["ETag"] != reply.headers["X-Linked-ETag"]
    assert hub.bytes_sent(f"{LLAMA}/{MODEL}") == len(data)


async def test_a_small_file_is_a_relative_redirect_on_the_hub(hub: DemoHub, client: httpx.AsyncClient) -> None:
    reply = await client.get(f"/{MINILM}/resolve/dev%2Ftest/config.json")
    assert reply.status_code == 307
    assert reply.headers["Location"].startswith("/api/resolve-cache/models/")
    assert "etag=%22" in reply.headers["Location"] and "X-Linked-ETag" not in reply.headers
    got = await client.get(reply.headers["Location"])
    data = hub.content(MINILM, "config.json", revision="dev/test")
    assert got.content == data != hub.content(MINILM, "config.json")
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    assert got.headers["ETag"] == f'"{blob}"'
    assert got.headers["X-Repo-Commit"] == reply.headers["X-Repo-Commit"]
    unchanged = await client.get(reply.headers["Location"], headers={"If-None-Match": got.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_a_small_file_is_packed_for_a_client_that_accepts_it(hub: DemoHub, client: httpx.AsyncClient) -> None:
    url = await link(client, MINILM, "vocab.txt")
    async with client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as reply:
        raw = b"".join([chunk async for chunk in reply.aiter_raw()])
    assert reply.headers["Content-Encoding"] == "gzip" and "Content-Length" not in reply.headers
    assert gzip.decompress(raw) == hub.content(MINILM, "vocab.txt")


@pytest.mark.parametrize("path", ["README.md", MODEL])
async def test_head_has_the_headers_of_get(client: httpx.AsyncClient, path: str) -> None:
    url = f"/{LLAMA}/resolve/main/{path}"
    for _ in range(2):
        head, get = await client.head(url), await client.get(url)
        varies = VARIES | ({"location", "content-length"} if path == MODEL else set())
        assert head.status_code == get.status_code
        assert {k: v for k, v in head.headers.items() if k not in varies} == {
            k: v for k, v in get.headers.items() if k not in varies
        }
        assert head.content == b""
        url = get.headers.get("Location", "")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, None),
        ("bytes=100000-199999", 100_000, 200_000),
        ("bytes=400000-99999999", 400_000, None),
        ("bytes=-1000", -1000, None),
    ],
)
@pytest.mark.parametrize("path", [MODEL, "direct"])
async def test_a_range_is_sent_as_asked(
    hub: DemoHub, client: httpx.AsyncClient, path: str, asked: str, start: int, stop: int | None
) -> None:
    if path == "direct":
        data, url = hub.content("demo/direct", "weights.bin"), hub.direct_url("weights.bin")
    else:
        data, url = hub.content(LLAMA, path), await link(client)
    reply = await client.get(url, headers={"Range": asked})
    assert (reply.status_code, reply.content) == (206, data[start:stop])
    first = start % len(data)
    assert reply.headers["Content-Range"] == f"bytes {first}-{first + len(reply.content) - 1}/{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
async def test_a_range_beyond_the_end_is_416_with_the_size(
    hub: DemoHub, client: httpx.AsyncClient, asked: str
) -> None:
    size = len(hub.content(LLAMA, MODEL))
    reply = await client.get(await link(client), headers={"Range": asked})
    assert (reply.status_code, reply.headers["Content-Range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("asked", ["bytes=5-1", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=0-1,4-5"])
async def test_a_range_that_makes_no_sense_is_ignored(client: httpx.AsyncClient, asked: str) -> None:
    reply = await client.get(await link(client), headers={"Range": asked})
    assert reply.status_code == 200 and "Content-Range" not in reply.headers


async def test_if_range_guards_a_range_by_etag_or_date(hub: DemoHub, client: httpx.AsyncClient) -> None:
    url = hub.direct_url("weights.bin")
    first = await client.head(url)
    for condition, status in [
        (first.headers["ETag"], 206),
        (first.headers["Last-Modified"], 206),
        ('"other"', 200),
        (f"W/{first.headers['ETag']}", 200),
        ("Tue, 01 Jan 2030 00:00:00 GMT", 200),
    ]:
        reply = await client.get(url, headers={"Range": "bytes=0-9", "If-Range": condition})
        assert reply.status_code == status, condition


async def test_small_files_on_the_hub_have_ranges_too(hub: DemoHub, client: httpx.AsyncClient) -> None:
    url = await link(client, MINILM, "vocab.txt")
    reply = await client.get(url, headers={"Range": "bytes=10-19"})
    assert (reply.status_code, reply.content) == (206, hub.content(MINILM, "vocab.txt")[10:20])


async def test_an_empty_file_is_empty_and_has_no_range(hub: DemoHub, client: httpx.AsyncClient) -> None:
    url = await link(client, "demo/empty-file", "empty.txt")
    whole = await client.get(url)
    assert (whole.status_code, whole.content, whole.headers["Content-Length"]) == (200, b"", "0")
    assert (await client.get(url, headers={"Range": "bytes=0-"})).status_code == 416
    one = await client.get(await link(client, "demo/empty-file", "one.bin"))
    assert one.content == hub.content("demo/empty-file", "one.bin") and len(one.content) == 1


async def test_raw_shows_the_pointer_of_a_large_file(hub: DemoHub, client: httpx.AsyncClient) -> None:
    pointer = (await client.get(f"/{LLAMA}/raw/main/{MODEL}")).text
    assert f"oid sha256:{hashlib.sha256(hub.content(LLAMA, MODEL)).hexdigest()}" in pointer
    card = await client.get(f"/{LLAMA}/raw/main/README.md")
    assert card.content == hub.content(LLAMA, "README.md")


async def test_a_signed_link_ends_with_its_time(hub: DemoHub, client: httpx.AsyncClient) -> None:
    hub.knobs.signed_link_ttl_s = -1
    late = await client.get(await link(client))
    assert late.status_code == 403 and "Request has expired" in late.text
    assert late.headers["Content-Type"] == "application/xml"


async def test_links_given_out_can_be_made_old_at_once(hub: DemoHub, client: httpx.AsyncClient) -> None:
    url = await link(client)
    assert (await client.head(url)).status_code == 200
    hub.expire_signed_links()
    assert (await client.head(url)).status_code == 403
    assert (await client.head(await link(client))).status_code == 200


async def test_a_forged_or_unsigned_link_is_refused(hub: DemoHub, client: httpx.AsyncClient) -> None:
    url = await link(client)
    longer = url.replace("Expires=1", "Expires=2")
    for forged in (longer, url[:-1] + ("0" if url[-1] != "0" else "1"), url.partition("?")[0], f"{hub.cdn}/x"):
        assert (await client.get(forged)).status_code == 403


async def test_a_token_brought_to_the_cdn_is_refused_and_remembered(
    hub: DemoHub, client: httpx.AsyncClient
) -> None:
    reply = await client.get(await link(client), headers={"Authorization": "Bearer hf_secret"})
    assert reply.status_code == 400
    (leak,) = hub.requests.with_token("cdn")
    assert leak.status == 400 and "hf_secret" not in repr(leak)


async def test_a_granted_token_opens_a_gated_repo(hub: DemoHub, client: httpx.AsyncClient) -> None:
    hub.granted_tokens.add("hf_granted")
    path = f"/{GEMMA}/resolve/main/model-00001-of-00003.safetensors"
    reply = await client.get(path, headers={"Authorization": "Bearer hf_granted"})
    assert reply.status_code == 302
    assert (await client.head(reply.headers["Location"])).status_code == 200


async def test_an_old_commit_still_answers_after_an_update(hub: DemoHub, client: httpx.AsyncClient) -> None:
    repo = hub.repos[LLAMA]
    old = repo.heads["refs/heads/main"].sha
    before = hub.content(LLAMA, MODEL)
    repo.update(repo.heads["refs/heads/main"].by_path["README.md"], remove=[MODEL])
    assert (await client.get(f"/{LLAMA}/resolve/main/{MODEL}")).status_code == 404
    moved = await client.get(f"/{LLAMA}/resolve/{old}/{MODEL}")
    assert (await client.get(moved.headers["Location"])).content == before


async def test_connections_are_kept_alive(hub: DemoHub, client: httpx.AsyncClient) -> None:
    reply = await client.get("/")
    assert reply.http_version == "HTTP/1.1" and reply.headers.get("Connection", "keep-alive") == "keep-alive"


async def test_a_direct_address_needs_no_redirect(hub: DemoHub, client: httpx.AsyncClient) -> None:
    reply = await client.get(hub.direct_url("weights.bin"))
    assert reply.status_code == 200 and reply.content == hub.content("demo/direct", "weights.bin")
    assert (await client.get(hub.direct_url("nothing.bin"))).status_code == 404
