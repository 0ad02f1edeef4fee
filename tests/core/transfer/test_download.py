"""The life of an item against a real server: whole, stopped, resumed, wronged, and never mixed."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.errors import (
    AccessDenied,
    ConnectFailed,
    GotWebPage,
    HashMismatch,
    NameTaken,
    NotFound,
    NotWritable,
    RemoteChanged,
)
from core.paths import control_path, part_path
from core.spawn import spawn
from core.transfer import disk, retry
from core.transfer.control import Identity
from core.transfer.job import Job
from tests.core.transfer.conftest import BIG, MB, MEDIUM, SMALL, Bench, FakeReport
from tests.fakes.fsops import FileOps


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BACK_OFF_FIRST_S", 0.01)
    monkeypatch.setattr(retry, "BACK_OFF_MOST_S", 0.05)


def is_right(bench: Bench, path: str) -> bool:
    return (bench.root / "m" / path).read_bytes() == bench.hub.content("t/t", path)


@pytest.mark.parametrize("path", ["big.gguf", "medium.bin", "small.bin", "plain.txt", "empty.bin"])
async def test_a_file_of_any_size_arrives_whole_and_leaves_nothing_beside_it(bench: Bench, path: str) -> None:
    report = FakeReport()
    size = len(bench.hub.content("t/t", path))
    assert await bench.run(bench.job(path), report, connections=8) == size
    assert is_right(bench, path)
    assert bench.files() == [path]
    assert report.received_total == size
    # A range that is cut in two near the end wastes what its server had already put on the way.
    assert size <= bench.hub.bytes_sent(path) <= size + (MB if path == "big.gguf" else 0)
    assert report.durables[-1] == size


async def test_a_large_file_comes_over_several_connections_after_one_has_found_the_way(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_connection = 8 * MB
    report = FakeReport()
    await bench.run(bench.job("big.gguf"), report, connections=4)
    assert report.most_connections == 4
    assert len(bench.hub.requests.of("big.gguf", server="hub")) == 1, "the hub is asked once, the CDN by address"


async def test_kept_bytes_never_go_back_and_never_exceed_what_was_synced(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    write_control = disk.write_control
    monkeypatch.setattr(
        "core.transfer.disk.write_control",
        lambda final, identity, entries, owner: (
            write_control(final, identity, entries, owner=owner),
            synced.append(sum(end - start for start, end, _ in entries)),
        ),
    )
    bench.hub.knobs.bytes_per_s_total = 40 * MB
    report = FakeReport()
    report.on_durable = lambda total: assert_kept(total)

    def assert_kept(total: int) -> None:
        assert total in (0, *synced), "told only after the control file said so"

    await bench.run(bench.job("big.gguf"), report)
    assert report.durables == sorted(report.durables)
    assert len(synced) >= 3


async def test_after_a_pause_only_what_is_missing_is_fetched(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_total = 30 * MB
    await bench.run_until(bench.job("big.gguf"), 10 * MB)
    assert sorted(bench.files()) == ["big.gguf.part", "big.gguf.part.ctl"]
    bench.hub.knobs.bytes_per_s_total = None
    report = FakeReport()
    await bench.run(bench.job("big.gguf"), report)
    assert is_right(bench, "big.gguf")
    assert report.said[0] == "verifying", "what is there is checked first"
    assert bench.hub.bytes_sent("big.gguf") - BIG < MB, "a clean stop costs next to nothing twice"


async def test_blocks_that_were_damaged_on_the_disk_are_fetched_again_and_no_others(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_total = 60 * MB
    job = bench.job("big.gguf")
    await bench.run_until(job, 24 * MB, connections=1)
    with open(part_path(job.final), "r+b") as part:
        part.seek(5 * MB)
        part.write(b"damage")
    bench.hub.knobs.bytes_per_s_total = None
    sent = bench.hub.bytes_sent("big.gguf")
    kept = disk.read_control(job.final)
    assert kept is not None
    missing = BIG - sum(end - start for start, end, _ in kept[1])
    await bench.run(job, connections=1)
    assert is_right(bench, "big.gguf")
    assert bench.hub.bytes_sent("big.gguf") - sent == missing + 4 * MB


async def test_a_part_that_was_cut_short_is_completed(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_total = 60 * MB
    job = bench.job("big.gguf")
    await bench.run_until(job, 16 * MB)
    os.truncate(part_path(job.final), 3 * MB)
    bench.hub.knobs.bytes_per_s_total = None
    await bench.run(job)
    assert is_right(bench, "big.gguf")


async def test_a_part_of_another_version_is_set_aside_and_never_mixed_in(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_total = 60 * MB
    old = bench.job("big.gguf", changes={"hash": ""})
    await bench.run_until(old, 8 * MB)
    bench.hub.knobs.bytes_per_s_total = None
    await bench.run(bench.job("big.gguf"))
    assert is_right(bench, "big.gguf")
    assert bench.files() == ["big.gguf", "big.gguf.part.old-1"]


@pytest.mark.parametrize("path", ["medium.bin", "small.bin"])
@pytest.mark.parametrize(
    "faults",
    [["cut:1000"], ["reset"], ["reset:2000"], ["status:503"], ["status:429"], ["status:500", "cut:10", "reset"]],
)
async def test_a_passing_fault_of_the_server_costs_a_retry_and_no_byte(bench: Bench, path: str, faults) -> None:
    bench.hub.knobs.fail_next[path] = list(faults)
    report = FakeReport()
    await bench.run(bench.job(path), report)
    assert is_right(bench, path)
    assert not bench.hub.knobs.fail_next[path], "every fault was met"
    assert bench.files() == [path]


async def test_a_server_that_ignores_ranges_is_served_by_one_connection(bench: Bench) -> None:
    job = bench.job("big.gguf")
    bench.hub.knobs.bytes_per_s_total = 60 * MB
    await bench.run_until(job, 8 * MB)
    bench.hub.knobs.bytes_per_s_total = None
    bench.hub.knobs.fail_next["big.gguf"] = ["ignore_range"] * 50
    await bench.run(job)
    assert is_right(bench, "big.gguf")


async def test_one_wrong_byte_on_the_way_is_found_and_mended(bench: Bench) -> None:
    for path in ("medium.bin", "small.bin"):
        bench.hub.knobs.fail_next[path] = ["corrupt:1234"]
        await bench.run(bench.job(path))
        assert is_right(bench, path)
    assert bench.files() == ["medium.bin", "small.bin"]


async def test_a_copy_that_is_wrong_twice_is_kept_aside_and_said_so(bench: Bench) -> None:
    for path in ("medium.bin", "small.bin"):
        bench.hub.knobs.fail_next[path] = ["corrupt:1234"] * 20
        with pytest.raises(HashMismatch):
            await bench.run(bench.job(path))
        assert bench.hub.bytes_sent(path) == 2 * len(bench.hub.content("t/t", path))
    assert [name for name in bench.files() if ".bad-" not in name] in ([], ["small.bin.part"])
    assert "medium.bin.bad-1" in bench.files()


async def test_one_wrong_byte_of_the_server_costs_the_way_to_it_and_one_block_on_the_disk(bench: Bench) -> None:
    bench.hub.knobs.fail_next["big.gguf"] = [f"corrupt:{5 * MB}"]
    ops = FileOps(bench.root)
    with ops.watched():
        await bench.run(bench.job("big.gguf"))
    assert is_right(bench, "big.gguf")
    # A range more, and what was on its way in buffers, which depends on how busy the machine is.
    assert bench.hub.bytes_sent("big.gguf") < BIG + 34 * MB, "it ends as soon as the hash is right"
    written = sum(len(op.data) for op in ops.log if op.path.endswith(".part"))
    assert written == BIG + 4 * MB
    assert bench.files() == ["big.gguf"]


async def test_a_second_copy_that_breaks_off_goes_on_where_it_broke_off(bench: Bench) -> None:
    bench.hub.knobs.fail_next["big.gguf"] = [f"corrupt:{30 * MB}"]
    report = FakeReport()
    complete: list[int] = []

    def note(total: int) -> None:
        if total == BIG and not complete:
            complete.append(total)
            bench.hub.knobs.fail_next["big.gguf"] = [f"cut:{9 * MB}", "reset", f"cut:{6 * MB}"]

    report.on_durable = note
    await bench.run(bench.job("big.gguf"), report)
    assert is_right(bench, "big.gguf")
    assert report.said.count("backing_off") >= 2
    assert bench.hub.bytes_sent("big.gguf") < BIG + 30 * MB + 20 * MB
    assert report.durables[-1] == BIG and min(report.durables[report.durables.index(BIG) :]) == BIG


async def test_a_git_hash_is_checked_like_any_other(bench: Bench) -> None:
    content = bench.hub.content("t/t", "plain.txt")
    oid = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    await bench.run(bench.job("plain.txt", changes={"hash": "git-sha1:" + oid}))
    assert is_right(bench, "plain.txt")


async def test_an_expired_address_is_asked_for_again_and_charged_to_nobody(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_connection = 20 * MB
    job = bench.job("big.gguf")
    report = FakeReport()
    report.on_durable = lambda total: bench.hub.expire_signed_links()
    await bench.run(job, report, connections=1)
    assert is_right(bench, "big.gguf")
    assert report.errors == []
    assert len(bench.hub.requests.of("big.gguf", server="hub")) > 1


@pytest.mark.parametrize(
    ("faults", "error"),
    [(["html"], GotWebPage), (["status:404"], NotFound), (["status:403"], AccessDenied)],
)
@pytest.mark.parametrize("path", ["medium.bin", "small.bin"])
async def test_what_waiting_cannot_mend_fails_at_once_with_its_reason(bench: Bench, path, faults, error) -> None:
    bench.hub.knobs.fail_next[path if faults == ["html"] else f"hub:{path}"] = list(faults)
    report = FakeReport()
    with pytest.raises(error) as caught:
        await bench.run(bench.job(path), report)
    assert caught.value.message and caught.value.action
    assert report.errors == [] and report.received_total == 0


async def test_another_size_than_the_listing_says_is_refused_before_a_byte_is_written(bench: Bench) -> None:
    for path, size in (("medium.bin", MEDIUM + 1), ("small.bin", SMALL - 1)):
        report = FakeReport()
        with pytest.raises(RemoteChanged):
            await bench.run(bench.job(path, changes={"size": size}), report)
        assert report.received_total == 0


async def test_after_six_tries_without_a_byte_it_gives_up_and_keeps_what_it_has(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_total = 20 * MB
    job = bench.job("big.gguf")
    await bench.run_until(job, 8 * MB)
    await bench.hub.aclose()
    report = FakeReport()
    with pytest.raises(ConnectFailed):
        await bench.run(job, report)
    assert len(report.errors) == retry.TRIES_WITHOUT_A_BYTE - 1
    kept = disk.read_control(job.final)
    assert kept is not None and sum(end - start for start, end, _ in kept[1]) >= 8 * MB


async def test_a_right_file_that_stands_there_is_adopted_without_a_byte(bench: Bench) -> None:
    job = bench.job("medium.bin")
    job.final.parent.mkdir(parents=True)
    job.final.write_bytes(bench.hub.content("t/t", "medium.bin"))
    assert await bench.run(job) == MEDIUM
    assert bench.hub.bytes_sent() == 0


@pytest.mark.parametrize("content", [b"my own notes", b"x" * MEDIUM])
async def test_a_file_of_the_user_is_never_touched(bench: Bench, content: bytes) -> None:
    job = bench.job("medium.bin")
    job.final.parent.mkdir(parents=True)
    job.final.write_bytes(content)
    with pytest.raises(NameTaken):
        await bench.run(job)
    assert job.final.read_bytes() == content
    assert bench.hub.bytes_sent() == 0


async def test_a_file_that_came_into_being_meanwhile_is_not_replaced(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_total = 10 * MB
    job = bench.job("medium.bin")
    running = spawn(bench.run(job), name="download")
    await bench.hub.requests.until(lambda: bench.hub.bytes_sent("medium.bin") > 100_000)
    job.final.write_bytes(b"mine")
    with pytest.raises(NameTaken):
        await running
    assert job.final.read_bytes() == b"mine"
    assert part_path(job.final).exists(), "what came is kept"


async def test_a_process_that_ended_between_the_two_names_is_completed(bench: Bench) -> None:
    job = bench.job("medium.bin", changes={"hash": ""})
    await bench.run(job)
    os.link(job.final, part_path(job.final))
    assert await bench.run(job) == MEDIUM
    assert bench.files() == ["medium.bin"]
    assert bench.hub.bytes_sent("medium.bin") == MEDIUM


@pytest.mark.parametrize("path", ["direct.bin", "direct-small.bin"])
async def test_a_direct_file_that_changes_meanwhile_is_never_mixed(bench: Bench, path: str) -> None:
    size = MEDIUM if path == "direct.bin" else SMALL
    repo = Repo("demo/direct", [GeneratedFile(path, size, seed=1)])
    bench.hub.add_repo(repo)
    url = bench.hub.direct_url(path)
    reply = await bench.net.fetch("HEAD", url)
    changes = {"path": path, "url": url, "hash": "", "commit": reply.headers["etag"]}
    job = Job(Identity(**({"size": size} | changes)), final=bench.root / "m" / path, root=bench.root)
    repo.update(GeneratedFile(path, size, seed=2))
    with pytest.raises(RemoteChanged):
        await bench.run(job)
    assert not job.final.exists()


async def test_a_link_in_place_of_a_folder_or_a_part_is_not_followed(bench: Bench, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    bench.root.mkdir(parents=True)
    (bench.root / "m").symlink_to(outside)
    with pytest.raises(NotWritable):
        await bench.run(bench.job("medium.bin"))
    (bench.root / "m").unlink()
    job = bench.job("medium.bin")
    job.final.parent.mkdir()
    (tmp_path / "victim").write_bytes(b"precious")
    part_path(job.final).symlink_to(tmp_path / "victim")
    await bench.run(job)
    assert is_right(bench, "medium.bin")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert list(outside.iterdir()) == []


async def test_connections_can_be_taken_away_and_given_back_while_it_runs(bench: Bench) -> None:
    from core.transfer.download import Download

    bench.hub.knobs.bytes_per_s_total = 40 * MB
    report = FakeReport()
    download = Download(bench.job("big.gguf"), net=bench.net, crew=bench.crew, report=report)
    download.allot(4)
    running = spawn(download.run(), name="download")
    await bench.hub.requests.until(lambda: bench.hub.bytes_sent("big.gguf") > 4 * MB)
    download.allot(0)
    await bench.hub.requests.until(lambda: not bench.hub.requests.under_way())
    sent = bench.hub.bytes_sent("big.gguf")
    assert 4 * MB < sent < BIG
    download.allot(2)
    await running
    assert is_right(bench, "big.gguf")
    assert bench.hub.bytes_sent("big.gguf") - BIG < 2 * MB


async def test_cancelling_at_any_moment_leaves_a_part_that_can_be_continued(bench: Bench) -> None:
    bench.hub.knobs.bytes_per_s_total = 100 * MB
    job = bench.job("big.gguf")
    for delay in (0.0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.15, 0.2):
        running = spawn(bench.run(job), name="download")
        _, pending = await asyncio.wait([running], timeout=delay)
        if not pending:
            break
        running.cancel()
        await asyncio.wait([running])
    await bench.run(job)
    assert is_right(bench, "big.gguf")
    assert not control_path(job.final).exists() and not part_path(job.final).exists()


async def test_a_file_of_unknown_size_comes_in_one_go(bench: Bench) -> None:
    job = bench.job("medium.bin", changes={"size": None})
    assert await bench.run(job) == MEDIUM
    assert is_right(bench, "medium.bin")


async def test_a_plain_hub_answers_any_number_of_files_at_once(bench: Bench, hub: DemoHub) -> None:
    jobs = [bench.job(path) for path in ("medium.bin", "small.bin", "plain.txt", "empty.bin")]
    await asyncio.gather(*(bench.run(job) for job in jobs))
    assert bench.files() == sorted(job.final.name for job in jobs)
