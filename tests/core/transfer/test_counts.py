"""What a download costs, in things that can be counted: requests, writes, syncs, hops to threads."""

import os
from collections import Counter

import pytest

from core.transfer.job import Crew
from tests.core.transfer.conftest import BIG, MB, Bench


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count system calls that write or sync, and jobs given to threads."""
    counts: Counter[str] = Counter()
    for name in ("pwritev", "fdatasync", "fsync", "preadv"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real: (counts.update([name]), real(*args))[1])
    for name in ("write", "hash"):
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
