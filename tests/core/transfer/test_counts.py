"""What a download costs, in things that can be counted: requests, writes, syncs, hops to threads."""

import asyncio
import os
import threading
from collections import Counter
from pathlib import Path

import h11
import pytest

from core.errors import LocalError
from core.transfer.job import Crew, Job
from tests.core.transfer.conftest import BIG, MB, Bench


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count system calls that write or sync, and jobs given to threads."""
    counts: Counter[str] = Counter()
    for name in ("pwritev", "fdatasync", "fsync", "preadv"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real: (counts.update([name]), real(*args))[1])
    for name in ("write", "hash", "look"):
        real = getattr(Crew, name)
        monkeypatch.setattr(
            Crew, name, lambda *args, name=name, real=real: (counts.update([f"hop {name}"]), real(*args))[1]
        )
    return counts


async def test_a_large_file_costs_about_one_write_and_one_read_a_mebibyte(
    bench: Bench, counted: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.transfer.fetch.FLUSH_EVERY_S", 60)  # what is counted must not depend on the clock
    await bench.run(bench.job("big.gguf"), connections=4)
    mebibytes = BIG // MB
    requests = bench.hub.requests.of("big.gguf", server="cdn")
    assert len(requests) <= 12
    assert counted["pwritev"] <= mebibytes // 2 + 2 * len(requests)
    assert counted["preadv"] <= 2 * mebibytes, "at most one extra read"
    assert counted["fdatasync"] <= mebibytes // 12 + 2, "one flush covers all connections"
    assert counted["hop write"] <= counted["pwritev"] + counted["fdatasync"] + 8


async def test_a_small_file_costs_one_request_one_sync_and_few_hops(bench: Bench, counted: Counter[str]) -> None:
    await bench.run(bench.job("plain.txt"))
    answered = [r for r in bench.hub.requests.of("plain.txt") if r.status == 200]
    assert len(answered) == 1
    assert counted["fdatasync"] == 1 and counted["fsync"] == 1, "the file and its folder"
    assert counted["hop write"] <= 3 and counted["hop hash"] == 0


async def test_a_small_file_costs_a_request_a_hop_of_its_address_and_no_more(bench: Bench) -> None:
    for name, hops in (("plain.txt", ["hub", "hub"]), ("small.bin", ["hub", "cdn"])):
        await bench.run(bench.job(name))
        asked = bench.hub.requests.of(name)
        assert [r.method for r in asked] == ["GET", "GET"], "no HEAD: the listing has told size and hash"
        assert [r.server for r in asked] == hops
        bench.hub.requests.clear()


async def test_small_files_one_after_another_share_one_connection(bench: Bench) -> None:
    dialled = Counter[str]()
    real = asyncio.get_running_loop().create_connection

    async def create_connection(*args: object, **more: object) -> object:
        dialled.update(["connection"])
        return await real(*args, **more)  # type: ignore[arg-type]

    asyncio.get_running_loop().create_connection = create_connection  # type: ignore[method-assign,assignment]
    for number in range(8):
        job = bench.job("plain.txt")
        await bench.run(Job(job.identity, final=job.final.with_name(f"{number}.txt"), root=job.root))
    assert dialled["connection"] == 1


async def test_looks_that_are_asked_for_while_one_runs_share_the_next_hop(
    bench: Bench, counted: Counter[str], tmp_path: Path
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def first() -> str:
        begun.set()
        may_go_on.wait()
        return "first"

    def wrong() -> str:
        raise OSError("this one alone")

    one = bench.crew.look(tmp_path, first)
    await asyncio.to_thread(begun.wait)
    others = [bench.crew.look(tmp_path, str, number) for number in range(50)]
    bad = bench.crew.look(tmp_path, wrong)
    elsewhere = await bench.crew.look(tmp_path / "other disk", str, "at once")
    assert elsewhere == "at once" and not one.done(), "a disk that hangs holds up nobody else's"
    may_go_on.set()
    assert await one == "first"
    assert await asyncio.gather(*others) == [str(number) for number in range(50)]
    with pytest.raises(OSError, match="this one alone"):
        await bad
    assert counted["hop write"] == 3


async def test_a_small_file_reads_back_nothing_and_asks_for_no_buffer(
    bench: Bench, counted: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.transfer.hashing.READ_BYTES", None)  # of what a hasher reads
    await bench.run(bench.job("plain.txt"))
    assert counted["preadv"] == 0


async def test_small_files_that_come_together_are_written_in_one_hop_with_one_sync(
    bench: Bench, counted: Counter[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.transfer.job.GROUPS_AT_ONCE", 1)
    begun, may_go_on = threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        may_go_on.wait()

    def wrong() -> None:
        raise OSError("this one alone")

    one = bench.crew.end(tmp_path, tmp_path, first)
    await asyncio.to_thread(begun.wait)
    others = [bench.crew.end(tmp_path, tmp_path, str, number) for number in range(15)]
    bad = bench.crew.end(tmp_path, tmp_path, wrong)
    elsewhere = await bench.crew.end(tmp_path / "other disk", tmp_path, str, "at once")
    assert elsewhere is None and not one.done(), "a disk that hangs holds up nobody else's"
    may_go_on.set()
    await asyncio.gather(one, *others)
    with pytest.raises(OSError, match="this one alone"):
        await bad
    assert counted["hop write"] == 1 + 1 + 16 // 8
    assert counted["fsync"] == counted["hop write"], "of the folder, once a group"


async def test_a_name_that_cannot_be_made_durable_fails_the_files_of_that_folder(
    bench: Bench, tmp_path: Path
) -> None:
    gone = bench.crew.end(tmp_path, tmp_path / "gone", str)
    here = bench.crew.end(tmp_path, tmp_path, str)
    with pytest.raises(LocalError):
        await gone
    await here


async def test_the_address_of_a_small_file_is_taken_apart_by_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("httpx._urls.urlparse", lambda *_, **__: pytest.fail("taken apart"))
    await bench.run(bench.job("plain.txt"))


async def test_a_small_reply_that_came_with_its_head_is_parsed_no_further(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = Counter[str]()
    real = h11.Connection.next_event
    monkeypatch.setattr(h11.Connection, "next_event", lambda self: (parsed.update(["event"]), real(self))[1])
    await bench.run(bench.job("plain.txt"))
    assert len(bench.hub.requests.of("plain.txt")) == 2
    assert parsed["event"] == 2, "the heads"
