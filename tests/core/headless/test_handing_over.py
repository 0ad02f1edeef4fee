"""`pulley pull` on a data folder that another process holds: handed over, followed, let go of, taken over."""

import asyncio
import json
import signal
from collections import Counter

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.holder import DataLock, Holder
from tests.fakes.terminal import Terminal

MB = 2**20


def big(hub: DemoHub, name: str, count: int = 1, size: int = 8 * MB) -> str:
    """Put a model on the hub."""
    files = [GeneratedFile(f"{name}-{n}.bin", size, seed=n) for n in range(count)]
    hub.add_repo(Repo(f"t/{name}", files))
    return f"t/{name}"


async def test_the_holder_pulls_what_another_pull_asks_for_and_both_end_with_0(
    terminal: Terminal, hub: DemoHub
) -> None:
    one, two = big(hub, "one"), big(hub, "two")
    hub.knobs.bytes_per_s_total = 4 * MB
    first = await terminal.begin("pull", one)
    await first.says(f"{one}: 1 file")
    second = await terminal.begin("pull", two)
    await second.says(f"{two}: 1 file")
    hub.knobs.bytes_per_s_total = None
    ended = await second.ended()
    assert ended.code == 0 and f"{two}: complete, verified" in ended.out, ended
    ended = await first.ended()
    assert ended.code == 0 and f"{one}: complete, verified" in ended.out
    assert two not in ended.out, "each tells of its own"
    assert (terminal.models / "huggingface.co" / two / "two-0.bin").read_bytes() == hub.content(two, "two-0.bin")


async def test_a_failure_behind_the_door_is_told_as_if_it_were_here(terminal: Terminal, hub: DemoHub) -> None:
    await terminal.serve()
    ended = await terminal.pull("nobody/missing", "tinyllama")
    assert ended.code == 1
    assert "nobody/missing: " in ended.err and "does not exist" in ended.err and "Check the spelling" in ended.err
    assert "tinyllama:gguf: complete, verified" in ended.out
    assert (await terminal.pull("tinyllama", HF_HUB_OFFLINE="1")).code == 0


async def test_files_and_revision_go_through_the_door(terminal: Terminal, hub: DemoHub) -> None:
    await terminal.serve()
    repo = "sentence-transformers/all-MiniLM-L6-v2"
    ended = await terminal.pull(repo, "--files", "*config.json", "--files", "vocab*", "--revision", "v1.0")
    assert ended.code == 0, ended.err
    folder = terminal.models / "huggingface.co" / f"{repo}@v1.0"
    got = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.suffix != ".yml"}
    assert got == {"1_Pooling/config.json", "config.json", "tokenizer_config.json", "vocab.txt"}
    assert f"{repo}@v1.0: 4 files" in ended.out


async def test_json_through_the_door_is_the_events_of_the_api(terminal: Terminal, hub: DemoHub) -> None:
    await terminal.serve()
    ended = await terminal.pull("--json", "tinyllama", "nobody/missing")
    assert ended.code == 1
    kinds = [(event["type"], event["task"]["id"]) for event in ended.events]
    assert kinds[-1][0] in ("DownloadSuccess", "DownloadError")
    counts = Counter(kind for kind in kinds if kind[0] != "DownloadUpdated")
    assert counts == {
        ("DownloadStarted", "tinyllama:gguf"): 1,
        ("DownloadSuccess", "tinyllama:gguf"): 1,
        ("DownloadError", "nobody/missing"): 1,
    }
    failed = [event["task"] for event in ended.events if event["type"] == "DownloadError"]
    assert [(task["id"], task["items"]) for task in failed] == [("nobody/missing", [])]
    assert {task_id for _, task_id in kinds} == {"tinyllama:gguf", "nobody/missing"}


async def test_many_models_that_run_already_are_told_once_each(terminal: Terminal, hub: DemoHub) -> None:
    names = [big(hub, f"m{n}", size=2 * MB) for n in range(150)]
    hub.knobs.bytes_per_s_total = 0
    await terminal.serve()
    first = await terminal.begin("pull", *names)
    await first.says(f"{names[-1]}: fetching file list")
    assert (await first.interrupted()).code == 130
    second = await terminal.begin("pull", "--json", *names)
    for name in names:
        await second.says(f'"id": "{name}"')
    ended = await second.interrupted()
    counts = Counter(event["task"]["id"] for event in ended.events)
    assert counts.keys() == set(names) and sum(counts.values()) < 2 * len(names)


async def test_a_holder_that_lets_go_each_time_is_given_up(terminal: Terminal) -> None:
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += "pull" in json.loads(await reader.readline())["do"]
        writer.write(b'{"ok": true}\n')
        await writer.drain()
        writer.close()

    lock = DataLock(terminal.folder, "server")
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as door:
        lock.tell(Holder("server", 1, door.sockets[0].getsockname()[1], "token"))
        ended = await terminal.pull("t/one")
    lock.close()
    assert ended.code == 1 and "a server of Pulley (process 1) takes this and lets go" in ended.err, ended
    assert asked == 5


async def test_a_failure_is_said_when_it_happens_and_before_an_interrupt(terminal: Terminal, hub: DemoHub) -> None:
    one = big(hub, "one")
    hub.knobs.fail_next["one-0.bin"] = ["hang:1000"]
    for place in ("here", "there"):
        if place == "there":
            await terminal.serve()
        running = await terminal.begin("pull", "--quiet", one, "nobody/missing")
        await running.says("nobody/missing does not exist", stream="err")
        ended = await running.interrupted()
        assert ended.code == 130 and ended.err.count("Check the spelling") == 1, ended


async def test_json_here_starts_with_started_and_ends_with_success(terminal: Terminal, hub: DemoHub) -> None:
    one = big(hub, "one")
    hub.knobs.bytes_per_s_total = 6 * MB
    ended = await terminal.pull("--json", one)
    kinds = [event["type"] for event in ended.events]
    assert (ended.code, kinds[0], kinds[-1]) == (0, "DownloadStarted", "DownloadSuccess"), kinds
    assert kinds.count("DownloadStarted") == kinds.count("DownloadSuccess") == 1 and "DownloadUpdated" in kinds
    assert ended.events[-1]["task"]["items"][0]["downloadedBytes"] == 8 * MB


async def test_ctrl_c_lets_go_and_the_holder_goes_on_to_the_end(terminal: Terminal, hub: DemoHub) -> None:
    one, two = big(hub, "one"), big(hub, "two")
    hub.knobs.bytes_per_s_total = 2 * MB
    first = await terminal.begin("pull", one)
    await first.says(f"{one}: 1 file")
    second = await terminal.begin("pull", two)
    await second.says(f"{two}: 1 file")
    left = await second.interrupted()
    assert left.code == 130
    assert f"let go of {two}" in left.err and f"process {first.process.pid}" in left.err
    hub.knobs.bytes_per_s_total = None
    ended = await first.ended()
    assert ended.code == 0, "it stays until what it was handed has ended"
    assert (terminal.models / "huggingface.co" / two / "two-0.bin").exists()


async def test_a_holder_says_why_it_stays_and_ctrl_c_ends_all(terminal: Terminal, hub: DemoHub) -> None:
    one, two = big(hub, "one"), big(hub, "two")
    hub.knobs.bytes_per_s_total = 0
    first = await terminal.begin("pull", one)
    await first.says("fetching file list")
    second = await terminal.begin("pull", two)
    await second.says("fetching file list")
    hub.knobs.bytes_per_s_total = 6 * MB
    await first.says(f"{one}: 1 file")
    hub.knobs.fail_next["two-0.bin"] = ["hang:1000000"]
    await first.says("complete")
    await first.says(f"stays until {two} has ended", stream="err")
    ended = await first.interrupted()
    assert ended.code == 130
    # The other takes over what is left, and ends it.
    hub.knobs.bytes_per_s_total = None
    ended = await second.ended()
    assert ended.code == 0 and f"{two}: complete, verified" in ended.out


async def test_a_follower_takes_over_when_the_holder_is_killed(terminal: Terminal, hub: DemoHub) -> None:
    one, two = big(hub, "one", size=64 * MB), big(hub, "two", size=24 * MB)
    hub.knobs.bytes_per_s_total = 6 * MB
    first = await terminal.begin("pull", one)
    await first.says(f"{one}: 1 file")
    second = await terminal.begin("pull", two, "tinyllama")
    third = await terminal.begin("pull", "--json", two)
    await hub.requests.until(lambda: hub.bytes_sent("two-0.bin") > 4 * MB)
    await first.interrupted(signal.SIGKILL)
    hub.knobs.bytes_per_s_total = None
    ended = await second.ended()
    assert ended.code == 0, ended
    assert f"{two}: complete, verified" in ended.out and "tinyllama:gguf: complete, verified" in ended.out
    ended = await third.ended()
    assert ended.code == 0 and ended.events[-1]["type"] == "DownloadSuccess", "one of the two follows the other"
    assert (terminal.models / "huggingface.co" / two / "two-0.bin").read_bytes() == hub.content(two, "two-0.bin")
    # What the first was pulling itself is nobody's now, and stays where it stood.
    assert not (terminal.models / "huggingface.co" / one / "one-0.bin").exists()


async def test_a_model_under_way_is_followed_and_not_pulled_twice(terminal: Terminal, hub: DemoHub) -> None:
    one = big(hub, "one")
    hub.knobs.bytes_per_s_total = 4 * MB
    first = await terminal.begin("pull", one)
    await hub.requests.until(lambda: hub.bytes_sent("one-0.bin") > MB)
    hub.knobs.bytes_per_s_total = MB // 4  # so that it is under way for as long as the others take to start
    second = await terminal.begin("pull", one)
    third = await terminal.pull(one, "--files", "*.json")
    assert third.code == 1 and "other files" in third.err
    hub.knobs.bytes_per_s_total = None
    assert ((await first.ended()).code, (await second.ended()).code) == (0, 0)
    assert hub.bytes_sent("one-0.bin") <= 8 * MB + 4096


async def test_another_models_folder_than_the_holders_is_refused(terminal: Terminal, hub: DemoHub) -> None:
    await terminal.serve()
    ended = await terminal.pull("tinyllama:gguf", "--models-dir", str(terminal.folder / "elsewhere"))
    assert ended.code == 1 and "elsewhere" in ended.err and "--models-dir" in ended.err
    assert (await terminal.pull("tinyllama:gguf", "--models-dir", str(terminal.models))).code == 0


async def test_a_second_serve_and_a_window_name_the_holder(terminal: Terminal, hub: DemoHub) -> None:
    server = await terminal.serve()
    for words in (["serve", "--port", "0", "--data-dir"], ["--data-dir"]):
        ended = await terminal.run(*words, str(terminal.folder), QT_QPA_PLATFORM="offscreen")
        assert ended.code == 1
        assert f"process {server.process.pid}" in ended.err
    assert (await server.interrupted()).code == 0
    hub.knobs.bytes_per_s_total = 0
    puller = await terminal.begin("pull", "tinyllama:gguf")
    await puller.says("3 files")
    ended = await terminal.run("--data-dir", str(terminal.folder), "org/repo", QT_QPA_PLATFORM="offscreen")
    assert ended.code == 1 and f"process {puller.process.pid}" in ended.err
    assert (await puller.interrupted()).code == 130


async def test_a_window_takes_the_handles_of_a_second_one_and_of_a_pull(terminal: Terminal, hub: DemoHub) -> None:
    offscreen = {"QT_QPA_PLATFORM": "offscreen"}
    window = await terminal.start("--data-dir", str(terminal.folder), **offscreen)
    await terminal.held_by("window")
    ended = await terminal.pull("tinyllama")
    assert ended.code == 0 and "tinyllama:gguf: complete, verified" in ended.out, ended
    assert window.process.returncode is None
    ended = await terminal.run("--data-dir", str(terminal.folder), "demo/empty-file", **offscreen)
    assert ended.code == 0, ended
    ended = await terminal.pull("--json", "demo/empty-file")
    assert ended.code == 0 and ended.events[-1]["type"] == "DownloadSuccess"
    listed = await terminal.do("list")
    assert "tinyllama:gguf" in listed.out and "demo/empty-file" in listed.out
    assert (await window.interrupted(signal.SIGTERM)).code == 0
