"""Digests of blocks, the control file, and the decisions about retries and connections."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HashMismatch, Offline, RemoteChanged, ServerBusy, Truncated
from core.transfer import blocks, control, retry
from core.transfer.blocks import BlockMap, Digest, damaged
from core.transfer.control import Identity
from core.transfer.grow import Growth, useful

WHO = Identity("m.gguf", 1000, "sha256:" + "0" * 64, "c0ffee", "http://localhost/m", "org/repo")


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(0, 50))
def test_recorded_digests_are_those_of_the_bytes_and_never_cross_a_block(pieces, at) -> None:
    data = b"".join(pieces)
    whole = b"\0" * at + data
    before, blocks.BLOCK_BYTES = blocks.BLOCK_BYTES, 16
    try:
        known, digest = BlockMap(), Digest(at)
        for piece in pieces:
            known.record(digest.feed([piece]))
        entries = known.entries()
        assert sum(end - start for start, end, _ in entries) == len(data) == known.total
        for start, end, crc in entries:
            assert start // 16 == (end - 1) // 16
            assert crc == zlib.crc32(whole[start:end])
        assert damaged(entries, lambda o, n: whole[o : o + n]) == []
        if data:
            bent = bytearray(whole)
            bent[at] ^= 1
            assert damaged(entries, lambda o, n: bytes(bent[o : o + n])) == [at]
        grown = known.open_entry(at + len(data))
        if grown is not None:
            known.record(Digest(at + len(data), grown).feed([b"more"]))
            start, end, crc = known.entries()[-1]
            assert crc == zlib.crc32((whole + b"more")[start:end])
    finally:
        blocks.BLOCK_BYTES = before


def test_a_control_file_says_what_was_written_into_it() -> None:
    entries = [(0, 100, 7), (500, 1000, 2**32 - 1)]
    assert control.load(control.dump(WHO, entries)) == (WHO, entries)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(format=2),
        lambda d: d.pop("file"),
        lambda d: d["blocks"].append([0, 1]),
        lambda d: d["blocks"].append([50, 20, 0]),
        lambda d: d["blocks"].append([900, 1001, 0]),
        lambda d: d["blocks"].append([50, 150, 0]),
        lambda d: d["blocks"].append([200, 300, -1]),
        lambda d: d["blocks"].append([200, 300, True]),
        lambda d: d["file"].update(size="big"),
        lambda d: d["file"].update(hash=None),
    ],
)
def test_a_control_file_that_contradicts_itself_is_none(change) -> None:
    document = json.loads(control.dump(WHO, [(0, 100, 7)]))
    change(document)
    assert control.load(json.dumps(document).encode()) is None


@given(st.binary(max_size=300))
def test_rubbish_is_no_control_file(data: bytes) -> None:
    assert control.load(data) is None


def test_the_same_bytes_are_told_by_hash_and_without_one_by_commit() -> None:
    other = Identity("m.gguf", 1000, WHO.hash, "another")
    assert WHO.same_bytes(other)
    assert not WHO.same_bytes(Identity("m.gguf", 1000, "sha256:" + "1" * 64, "c0ffee"))
    plain = Identity("m", 5, "", "v1")
    assert plain.same_bytes(Identity("m", 5, "", "v1"))
    assert not plain.same_bytes(Identity("m", 5, "", "v2"))
    assert not Identity("m", 5, "", "").same_bytes(Identity("m", 5, "", ""))


def test_only_tries_that_moved_no_byte_are_charged() -> None:
    error = Truncated("broke off")
    assert isinstance(retry.after_failure(error, 0, jitter=0.5), retry.Wait)
    waits = [retry.after_failure(error, n, jitter=1.0) for n in range(1, 7)]
    assert [w.seconds for w in waits[:5] if isinstance(w, retry.Wait)] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert isinstance(waits[5], retry.GiveUp)


@given(st.integers(0, 5), st.floats(0, 1))
def test_waits_stay_between_the_bounds(fruitless: int, jitter: float) -> None:
    decision = retry.after_failure(Truncated("x"), fruitless, jitter=jitter)
    assert isinstance(decision, retry.Wait)
    assert 0.0 < decision.seconds <= retry.BACK_OFF_MOST_S


def test_what_waiting_cannot_change_is_given_up_at_once() -> None:
    assert isinstance(retry.after_failure(RemoteChanged("x"), 0, jitter=0), retry.GiveUp)
    assert isinstance(retry.after_failure(HashMismatch("x"), 0, jitter=0), retry.GiveUp)


def test_a_server_may_ask_for_a_longer_wait_within_reason_and_never_for_a_shorter_one() -> None:
    assert retry.after_failure(ServerBusy("x", retry_after_s=900.0), 1, jitter=0) == retry.Wait(900.0)
    assert retry.after_failure(ServerBusy("x", retry_after_s=1e9), 1, jitter=0) == retry.Wait(3600.0)
    assert retry.after_failure(ServerBusy("x", retry_after_s=0.0), 1, jitter=1) == retry.Wait(1.0)


def test_what_was_no_try_is_held_and_never_given_up() -> None:
    for error in (Offline("x"), ServerBusy("x", retry_after_s=7.0, is_charged=False)):
        assert retry.counted(error, 5) == 5
        held = retry.after_failure(error, 99, jitter=0)
        assert held == retry.Hold(error.retry_after_s or retry.HOLD_S)
    assert retry.counted(Truncated("x"), 5) == 6


def test_connections_grow_while_they_pay_and_stop_where_they_do_not() -> None:
    growth = Growth()
    received = now = 0
    rate = 100
    for step, wanted in ((1, 8), (2, 16)):
        growth.observe(received, growth.wants, now)
        now, received = now + 2, received + rate * step * 2
        assert growth.observe(received, growth.wants, now)
        assert growth.wants == wanted
    flat = Growth()
    flat.observe(0, 4, 0)
    assert flat.observe(200, 4, 2) and flat.wants == 8
    flat.observe(200, 8, 2.1)
    assert not flat.observe(400, 8, 4.1)
    assert flat.wants == 8 and flat.is_settled


def test_young_connections_that_are_slow_at_first_are_given_a_second() -> None:
    growth = Growth()
    growth.observe(0, 4, 0.0)
    assert growth.observe(100, 4, 0.25) and growth.wants == 8
    growth.observe(100, 7, 0.3)
    growth.observe(100, 8, 0.4)
    assert not growth.observe(130, 8, 0.7) and not growth.is_settled, "slower than before, but only just begun"
    assert growth.observe(500, 8, 1.2) and growth.wants == 16


def test_a_server_that_objects_is_asked_for_no_more_than_it_gave() -> None:
    growth = Growth()
    growth.objected(2)
    assert growth.wants == growth.ceiling == 2
    growth.objected(0)
    assert growth.wants == 1


def test_a_small_remainder_is_not_spread_thin() -> None:
    assert useful(10, 16) == 1
    assert useful(5 * 2**20, 16) == 3
    assert useful(2**40, 16) == 16
