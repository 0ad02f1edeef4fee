"""Rates, limits and faults, turned while the hub runs."""

import asyncio
import time

import httpx
import pytest

from core.demo.catalogue import LLAMA
from core.demo.knobs import Fault, Knobs
from core.demo.pace import CREDIT_S, TICK_S, Pace, Pipe
from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub

SIZE = 1_000_000
FILE = "demo/knobs/file.bin"


@pytest.fixture
async def url(hub: DemoHub, client: httpx.AsyncClient) -> str:
    hub.add_repo(Repo("demo/knobs", [GeneratedFile("file.bin", SIZE)]))
    return (await client.get("/demo/knobs/resolve/main/file.bin")).headers["Location"]


def test_a_pipe_lets_through_what_its_rate_allows_and_little_more() -> None:
    pipe, now, passed = Pipe(), 100.0, 0
    while now < 110.0:
        now += pipe.reserve(1000, 50_000, now=now)
        passed += 1000
    assert passed == pytest.approx(500_000, abs=50_000 * CREDIT_S + 1000)


def test_a_pipe_without_a_rate_never_waits() -> None:
    assert Pipe().reserve(10**9, None, now=5.0) == 0


def test_slices_are_small_enough_to_be_smooth_and_follow_the_knobs() -> None:
    pace = Pace(Knobs())
    free = pace.slice_bytes()
    pace.knobs.bytes_per_s_total = 1_000_000
    pace.bodies = 4
    assert pace.slice_bytes() == int(250_000 * TICK_S)
    pace.knobs.bytes_per_s_connection = 100_000
    assert pace.slice_bytes() == int(100_000 * TICK_S)
    pace.knobs.bytes_per_s_connection = 0
    assert pace.slice_bytes() == 0
    assert free > 100_000


async def test_the_total_rate_holds_for_all_connections_together(
    hub: DemoHub, client: httpx.AsyncClient, url: str
) -> None:
    hub.knobs.bytes_per_s_total = rate = 4_000_000
    began = time.monotonic()
    replies = await asyncio.gather(*(client.get(url) for _ in range(4)))
    took = time.monotonic() - began
    assert sum(len(reply.content) for reply in replies) == 4 * SIZE
    assert took >= 4 * SIZE / rate - CREDIT_S


async def test_the_rate_of_one_connection_holds(hub: DemoHub, client: httpx.AsyncClient, url: str) -> None:
    hub.knobs.bytes_per_s_connection = rate = 2_000_000
    began = time.monotonic()
    await client.get(url)
    assert time.monotonic() - began >= SIZE / rate - CREDIT_S


async def test_a_body_under_way_follows_the_knob(hub: DemoHub, client: httpx.AsyncClient, url: str) -> None:
    hub.knobs.bytes_per_s_total = 0
    async with client.stream("GET", url) as reply:
        assert hub.bytes_sent(FILE) == 0
        hub.knobs.bytes_per_s_total = 500_000
        await hub.requests.until(lambda: hub.bytes_sent(FILE) > 10_000)
        hub.knobs.bytes_per_s_total = None
        assert len(await reply.aread()) == SIZE


async def test_latency_comes_before_the_answer(hub: DemoHub, client: httpx.AsyncClient) -> None:
    hub.knobs.latency_s = 0.1
    began = time.monotonic()
    await client.get("/")
    assert time.monotonic() - began >= 0.1


async def test_too_many_connections_are_told_to_wait(hub: DemoHub, client: httpx.AsyncClient, url: str) -> None:
    hub.knobs.max_connections_per_client = 1
    hub.knobs.bytes_per_s_total = 0
    async with client.stream("GET", url):
        refused = await client.get(url)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert (await client.head(url)).status_code == 200
    hub.knobs.bytes_per_s_total = None
    await hub.requests.until(lambda: not hub.requests.under_way())
    assert (await client.get(url)).status_code == 200


async def test_a_status_is_given_once_and_then_the_file(hub: DemoHub, client: httpx.AsyncClient, url: str) -> None:
    hub.knobs.fail_next["file.bin"] = ["status:503", "status:429"]
    first, second, third = [await client.get(url) for _ in range(3)]
    assert (first.status_code, first.headers["Retry-After"]) == (503, "1")
    assert (second.status_code, second.headers["RateLimit"]) == (429, '"resolvers";r=0;t=1')
    assert len(third.content) == SIZE == hub.bytes_sent(FILE)


async def test_a_bare_path_means_the_request_that_carries_the_bytes(
    hub: DemoHub, client: httpx.AsyncClient, url: str
) -> None:
    hub.knobs.fail_next["file.bin"] = ["status:500"]
    assert (await client.get("/demo/knobs/resolve/main/file.bin")).status_code == 302
    assert (await client.head(url)).status_code == 200
    assert (await client.get(url)).status_code == 500


async def test_a_server_in_front_of_the_path_means_any_request_there(
    hub: DemoHub, client: httpx.AsyncClient, url: str
) -> None:
    hub.knobs.fail_next["hub:/resolve/main/file.bin"] = ["status:500"]
    hub.knobs.fail_next[f"hub:/api/models/{LLAMA}"] = ["status:502"]
    assert (await client.get(url)).status_code == 200
    assert (await client.head("/demo/knobs/resolve/main/file.bin")).status_code == 500
    assert (await client.get("/demo/knobs/resolve/main/file.bin")).status_code == 302
    assert (await client.get(f"/api/models/{LLAMA}")).status_code == 502


async def test_a_cut_body_ends_after_that_many_bytes(hub: DemoHub, client: httpx.AsyncClient, url: str) -> None:
    hub.knobs.fail_next["file.bin"] = ["cut:300000"]
    got = bytearray()
    with pytest.raises(httpx.RemoteProtocolError):
        async with client.stream("GET", url) as reply:
            async for chunk in reply.aiter_raw():
                got += chunk
    assert bytes(got) == hub.content("demo/knobs", "file.bin")[:300_000]
    await hub.requests.until(lambda: not hub.requests.under_way())
    assert hub.bytes_sent(FILE) == 300_000


@pytest.mark.parametrize("fault", ["reset", "reset:1000"])
async def test_a_reset_is_an_error_of_the_connection(
    hub: DemoHub, client: httpx.AsyncClient, url: str, fault: str
) -> None:
    hub.knobs.fail_next["file.bin"] = [fault]
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await client.get(url)
    assert len((await client.get(url)).content) == SIZE


@pytest.mark.parametrize("fault", ["hang", "hang:1000"])
async def test_a_hang_is_silence_until_the_client_gives_up(
    hub: DemoHub, client: httpx.AsyncClient, url: str, fault: str
) -> None:
    hub.knobs.fail_next["file.bin"] = [fault]
    sent, status = (1000, 200) if ":" in fault else (0, 0)
    async with asyncio.TaskGroup() as group:
        pull = group.create_task(client.get(url))
        await hub.requests.until(lambda: not hub.knobs.fail_next["file.bin"] and hub.bytes_sent(FILE) == sent)
        assert hub.requests.under_way() and not pull.done()
        pull.cancel()
    await hub.requests.until(lambda: not hub.requests.under_way())
    (record,) = hub.requests.of("file.bin", server="cdn")
    assert (record.status, record.bytes_sent) == (status, sent)


async def test_a_hub_that_ends_does_not_wait_for_bodies(client: httpx.AsyncClient) -> None:
    async with DemoHub() as other:
        other.knobs.bytes_per_s_total = 0
        async with client.stream("GET", other.direct_url("weights.bin")) as reply:
            await asyncio.wait_for(other.aclose(), 5)
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                await reply.aread()
        assert not other.requests.under_way()


async def test_a_web_page_may_come_in_place_of_the_file(hub: DemoHub, client: httpx.AsyncClient, url: str) -> None:
    hub.knobs.fail_next["file.bin"] = ["html"]
    reply = await client.get(url)
    assert reply.status_code == 200 and reply.headers["Content-Type"].startswith("text/html")
    assert hub.bytes_sent(FILE) == 0


async def test_a_range_may_be_ignored(hub: DemoHub, client: httpx.AsyncClient, url: str) -> None:
    hub.knobs.fail_next["file.bin"] = ["ignore_range"]
    reply = await client.get(url, headers={"Range": "bytes=500000-"})
    assert reply.status_code == 200 and len(reply.content) == SIZE
    assert "Content-Range" not in reply.headers


async def test_a_corrupt_byte_waits_for_the_reply_that_holds_it(
    hub: DemoHub, client: httpx.AsyncClient, url: str
) -> None:
    hub.knobs.fail_next["file.bin"] = ["corrupt:600000"]
    data = hub.content("demo/knobs", "file.bin")
    first = await client.get(url, headers={"Range": "bytes=0-499999"})
    assert first.content == data[:500_000]
    second = await client.get(url, headers={"Range": "bytes=500000-"})
    wrong = [at for at in range(SIZE - 500_000) if second.content[at] != data[500_000 + at]]
    assert wrong == [100_000]
    assert (await client.get(url)).content == data


@pytest.mark.parametrize("text", ["fire", "status", "cut", "corrupt:"])
def test_a_fault_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        Fault.parse(text)


async def test_requests_are_remembered_with_their_range_and_their_bytes(
    hub: DemoHub, client: httpx.AsyncClient, url: str
) -> None:
    await client.get(url, headers={"Range": "bytes=1-10"})
    (record,) = hub.requests.of("file.bin", server="cdn")
    assert (record.method, record.range, record.status, record.bytes_sent) == ("GET", "bytes=1-10", 206, 10)
    assert record.ended is not None and record.ended >= record.started
    assert hub.bytes_sent("file.bin") == hub.bytes_sent() == 10
    hub.requests.clear()
    assert len(hub.requests) == 0 == hub.bytes_sent()
