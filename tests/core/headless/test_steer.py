"""`pulley list`, `pause`, `resume`, `cancel`: asked of who holds the data folder, and over the store alone."""

import json

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from tests.fakes.terminal import Terminal

MB = 2**20


def big(hub: DemoHub, name: str) -> str:
    """Put a model on the hub."""
    hub.add_repo(Repo(f"t/{name}", [GeneratedFile(f"{name}.bin", 24 * MB)]))
    return f"t/{name}"


async def interrupted_pull(terminal: Terminal, hub: DemoHub, name: str) -> str:
    """Leave a model half pulled."""
    repo = big(hub, name)
    hub.knobs.bytes_per_s_total = 8 * MB
    running = await terminal.begin("pull", repo)
    await hub.requests.until(lambda: hub.bytes_sent(f"{name}.bin") > 4 * MB)
    assert (await running.interrupted()).code == 130
    return repo


async def test_an_empty_list_says_so_and_makes_nothing(terminal: Terminal) -> None:
    listed = await terminal.do("list")
    assert (listed.code, listed.out) == (0, "") and "empty" in listed.err
    refused = await terminal.do("pause", "t/one")
    assert refused.code == 1 and "t/one" in refused.err
    assert not terminal.folder.exists()


async def test_the_store_is_looked_at_and_steered_where_nothing_runs(terminal: Terminal, hub: DemoHub) -> None:
    one = await interrupted_pull(terminal, hub, "one")
    assert (await terminal.pull("tinyllama")).code == 0
    hub.requests.clear()
    listed = await terminal.do("list")
    assert f"{one} " in listed.out and "queued" in listed.out and "complete, verified" in listed.out
    tasks = [json.loads(line) for line in (await terminal.do("list", "--json")).out.splitlines()]
    assert [(task["id"], task["state"]) for task in tasks] == [(one, "queued"), ("tinyllama:gguf", "done")]
    assert tasks[0]["items"][0]["bytes"] == 24 * MB and 0 < tasks[0]["items"][0]["downloadedBytes"] < 24 * MB

    paused = await terminal.do("pause", one.upper())
    assert (paused.code, paused.out) == (0, f"{one}: paused\n"), paused
    again = await terminal.do("pause", one)
    assert again.code == 1 and "paused" in again.err and again.out == ""
    resumed = await terminal.do("resume", f"{hub.endpoint}/{one}/tree/main")
    assert (resumed.code, resumed.out) == (0, f"{one}: goes on when Pulley runs next\n"), resumed
    complete = await terminal.do("cancel", "tinyllama")
    assert complete.code == 1 and "already complete" in complete.err
    folder = terminal.models / "huggingface.co" / one
    cancelled = await terminal.do("cancel", one, "--keep-parts")
    assert cancelled.code == 0 and list(folder.glob("*.part")), cancelled
    assert (await terminal.do("resume", one)).code == 0
    assert (await terminal.do("cancel", one)).code == 0
    assert not list(folder.glob("*.part"))
    assert "cancelled" in (await terminal.do("list")).out
    assert len(hub.requests) == 0, "nothing of this asks the network"


async def test_an_unknown_id_is_named_with_those_that_there_are(terminal: Terminal, hub: DemoHub) -> None:
    assert (await terminal.pull("demo/empty-file")).code == 0
    for command in ("pause", "resume", "cancel"):
        ended = await terminal.do(command, "who/knows")
        assert ended.code == 1
        assert "'who/knows'" in ended.err and "demo/empty-file" in ended.err and "pulley list" in ended.err


async def test_a_server_is_asked_through_its_door(terminal: Terminal, hub: DemoHub) -> None:
    one, two = big(hub, "one"), big(hub, "two")
    hub.knobs.bytes_per_s_total = 4 * MB
    await terminal.serve()
    puller = await terminal.begin("pull", one, two)
    await puller.says(f"{one}: 1 file")
    assert (await terminal.do("pause", one)).out == f"{one}: paused\n"
    await puller.says(f"{one}: paused")
    rows = {line.split()[0]: line.split()[1] for line in (await terminal.do("list")).out.splitlines()}
    assert rows[one] == "paused" and rows[two] in ("running", "resolving", "queued")
    refused = await terminal.do("resume", "no/such")
    assert refused.code == 1 and "'no/such'" in refused.err and one in refused.err
    assert (await terminal.do("cancel", two)).code == 0
    await puller.says(f"{two}: cancelled")
    assert puller.process.returncode is None, "a paused one has not ended"
    assert (await terminal.do("resume", one)).out == f"{one}: goes on\n"
    await puller.says(f"{one}: goes on")
    hub.knobs.bytes_per_s_total = None
    ended = await puller.ended()
    assert ended.code == 1, "one of the two was cancelled"
    assert f"{two}: It was cancelled" in ended.err and f"{one}: complete, verified" in ended.out


async def test_a_pull_is_steered_and_keeps_other_stored_tasks_out(terminal: Terminal, hub: DemoHub) -> None:
    old = await interrupted_pull(terminal, hub, "old")
    sent = hub.bytes_sent("old.bin")
    one = big(hub, "one")
    hub.knobs.bytes_per_s_total = 4 * MB
    puller = await terminal.begin("pull", one)
    await puller.says(f"{one}: 1 file")
    rows = {line.split()[0]: line.split()[1] for line in (await terminal.do("list")).out.splitlines()}
    assert set(rows) == {one, old} and rows[old] == "queued"
    assert (await terminal.do("pause", old)).code == 0
    assert hub.bytes_sent("old.bin") == sent, "it was only stored, and stays so"
    assert (await terminal.do("pause", one)).code == 0
    await puller.says(f"{one}: paused")
    # One that was only stored goes on in the process that runs, which stays for it.
    hub.knobs.bytes_per_s_total = None
    assert (await terminal.do("resume", old)).code == 0
    followed = await terminal.pull(old)
    assert followed.code == 0, followed
    assert puller.process.returncode is None
    assert (await puller.interrupted()).code == 130


async def test_what_was_resumed_over_the_store_is_pulled_by_the_next_server(
    terminal: Terminal, hub: DemoHub
) -> None:
    one = await interrupted_pull(terminal, hub, "one")
    assert (await terminal.do("pause", one)).code == 0
    assert (await terminal.do("resume", one)).code == 0
    hub.knobs.bytes_per_s_total = None
    server = await terminal.serve()
    assert (await terminal.pull(one)).code == 0
    assert (await server.interrupted()).code == 0
    assert hub.bytes_sent("one.bin") < 24 * MB + 8 * MB, "it went on where it stood"


async def test_a_pull_with_other_files_does_not_go_on_with_the_stored_ones(
    terminal: Terminal, hub: DemoHub
) -> None:
    files = [GeneratedFile("one.bin", 24 * MB), GeneratedFile("config.json", 2000, lfs=False, seed=3)]
    hub.add_repo(Repo("t/two", files))
    hub.knobs.bytes_per_s_total = 8 * MB
    running = await terminal.begin("pull", "t/two")
    await hub.requests.until(lambda: hub.bytes_sent("one.bin") > 4 * MB)
    await running.interrupted()
    sent = hub.bytes_sent("one.bin")
    ended = await terminal.pull("t/two", "--files", "*.json")
    assert ended.code == 0, ended
    assert hub.bytes_sent("one.bin") == sent
