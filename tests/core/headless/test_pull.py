"""`pulley pull` as people and scripts start it: real processes, exit codes, what is said where, and kills."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

from core import logbook
from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.transfer import disk
from tests.fakes.canary import CANARY, found_in
from tests.fakes.terminal import Terminal

MB = 2**20
ROOT = Path(__file__).parents[3]
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"


async def test_two_models_overlap_in_time_and_a_missing_one_fails_alone(terminal: Terminal, hub: DemoHub) -> None:
    hub.knobs.bytes_per_s_total = 3 * MB
    ended = await terminal.pull(LLAMA, "tinyllama:gguf", "nobody/missing")
    assert ended.code == 1
    one, two = (
        [r for r in hub.requests.of(name, server="cdn", method="GET")] for name in ("Q4_K_M.gguf", "model.gguf")
    )
    begin = max(min(r.started for r in one), min(r.started for r in two))
    end = min(max(r.ended or 0 for r in one), max(r.ended or 0 for r in two))
    assert begin < end, "both were under way at once"
    assert re.search(r"nobody/missing: .*does not exist", ended.err)
    assert f"{LLAMA}: complete, verified" in ended.out and "tinyllama:gguf: complete, verified" in ended.out
    name = "Llama-3.2-1B-Instruct-Q4_K_M.gguf"
    assert (terminal.models / "huggingface.co" / LLAMA / name).read_bytes() == hub.content(LLAMA, name)


async def test_what_is_complete_is_not_fetched_again_and_no_network_is_asked(
    terminal: Terminal, hub: DemoHub
) -> None:
    assert (await terminal.pull("tinyllama", "demo/empty-file")).code == 0
    hub.requests.clear()
    (terminal.folder / "tasks.sqlite").unlink()
    again = await terminal.pull("tinyllama:gguf", "demo/empty-file", HF_HUB_OFFLINE="1")
    assert again.code == 0, again.err
    assert len(hub.requests) == 0
    assert (await terminal.pull(LLAMA, HF_HUB_OFFLINE="1")).code == 1
    assert len(hub.requests) == 0


async def test_a_glob_and_a_revision_choose_the_files(terminal: Terminal, hub: DemoHub) -> None:
    repo = "sentence-transformers/all-MiniLM-L6-v2"
    ended = await terminal.pull(repo, "--files", "*config.json", "--files", "vocab*", "--revision", "v1.0")
    assert ended.code == 0, ended.err
    folder = terminal.models / "huggingface.co" / f"{repo}@v1.0"
    got = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.suffix != ".yml"}
    assert got == {"1_Pooling/config.json", "config.json", "tokenizer_config.json", "vocab.txt"}
    assert (await terminal.pull(LLAMA, "--files", "*.nothing")).code == 1
    assert (await terminal.pull(f"{LLAMA}:Q9_9")).code == 1


async def test_quiet_says_nothing_on_stdout(terminal: Terminal) -> None:
    ended = await terminal.pull("tinyllama:gguf", "--quiet")
    assert (ended.code, ended.out) == (0, "")


async def test_an_interrupt_keeps_every_byte_and_the_same_command_goes_on(terminal: Terminal, hub: DemoHub) -> None:
    hub.add_repo(Repo("t/big", [GeneratedFile("big.bin", 24 * MB)]))
    hub.knobs.bytes_per_s_total = 12 * MB
    path = terminal.models / "huggingface.co" / "t" / "big" / "big.bin"
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 130)):
        sent = hub.bytes_sent("big.bin")
        running = await terminal.begin("pull", "t/big")
        await hub.requests.until(lambda sent=sent: hub.bytes_sent("big.bin") > sent + 5 * MB)
        assert (await running.interrupted(number)).code == code
        kept = disk.read_control(path)
        assert kept is not None
        on_the_way = hub.bytes_sent("big.bin") - sum(end - start for start, end, _ in kept[1])
        assert on_the_way < 2 * MB, "two stops cost next to nothing twice"
    hub.knobs.bytes_per_s_total = None
    assert (await terminal.pull("t/big")).code == 0
    assert path.read_bytes() == hub.content("t/big", "big.bin")


async def test_a_kill_costs_no_more_than_the_last_moment(terminal: Terminal, hub: DemoHub) -> None:
    hub.add_repo(Repo("t/big", [GeneratedFile("big.bin", 40 * MB)]))
    hub.knobs.bytes_per_s_total = 16 * MB
    for _ in range(3):
        sent = hub.bytes_sent("big.bin")
        running = await terminal.begin("pull", "t/big")
        await hub.requests.until(lambda sent=sent: hub.bytes_sent("big.bin") > sent + 10 * MB)
        await running.interrupted(signal.SIGKILL)
    hub.knobs.bytes_per_s_total = None
    ended = await terminal.pull("t/big")
    assert ended.code == 0, ended.err
    folder = terminal.models / "huggingface.co" / "t" / "big"
    assert (folder / "big.bin").read_bytes() == hub.content("t/big", "big.bin")
    assert not list(folder.glob("*.part*"))
    assert hub.bytes_sent("big.bin") - 40 * MB <= 3 * 16 * MB


async def test_a_pull_leaves_other_stored_tasks_as_they_are(terminal: Terminal, hub: DemoHub) -> None:
    hub.add_repo(Repo("t/other", [GeneratedFile("other.bin", 8 * MB)]))
    hub.knobs.bytes_per_s_total = 4 * MB
    running = await terminal.begin("pull", "t/other")
    await hub.requests.until(lambda: hub.bytes_sent("other.bin") > MB)
    await running.interrupted(signal.SIGTERM)
    sent = hub.bytes_sent("other.bin")
    assert (await terminal.pull("tinyllama:gguf")).code == 0
    assert hub.bytes_sent("other.bin") == sent


async def test_a_canary_token_is_written_nowhere(terminal: Terminal, hub: DemoHub) -> None:
    hub.granted_tokens.add(CANARY)
    ended = await terminal.pull("google/gemma-3-27b-it", "--verbose", "--files", "*.json")
    assert ended.code == 0, ended.err
    assert CANARY not in ended.out + ended.err
    assert [path for path in terminal.folder.rglob("*.json") if path.is_file()]
    assert found_in(terminal.folder) == []
    assert hub.requests.with_token("hub") and hub.requests.with_token("cdn") == []


async def test_the_proxy_of_the_settings_is_used_by_pull_and_verify(terminal: Terminal, hub: DemoHub) -> None:
    assert (await terminal.pull("tinyllama")).code == 0
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        (terminal.folder / "settings.yml").write_text(f"proxy_url: http://127.0.0.1:{port}\n", encoding="utf-8")
        for command, text in (("pull", "demo/empty-file"), ("verify", "tinyllama")):
            asked.clear()
            ended = await terminal.do(command, text, HF_ENDPOINT="http://hub.invalid")
            assert asked and all(line.startswith(b"GET http://hub.invalid/api/") for line in asked), (asked, ended)


async def test_what_went_wrong_stands_in_the_log_and_no_token_does(terminal: Terminal, hub: DemoHub) -> None:
    hub.add_repo(Repo("t/taken", [GeneratedFile("model.gguf", MB, "taken")]))
    path = terminal.models / "huggingface.co" / "t" / "taken" / "model.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    assert (await terminal.pull("t/taken")).code == 1
    log = terminal.folder / "logs" / "pulley.log"
    text = log.read_text("utf-8")
    assert "INFO core.conductor: t/taken model.gguf: Another file stands at" in text
    assert terminal.environ["HF_TOKEN"] not in text

    hub.add_repo(Repo("demo/direct", [GeneratedFile("weights.bin", MB, "direct")]))
    url = hub.direct_url("weights.bin")
    assert (await terminal.pull(url)).code == 0
    path = next((terminal.models / "direct").rglob("weights.bin"))
    path.write_bytes(b"mine")
    secret = "hf_ofAnAddress0123456789"
    assert (await terminal.pull(f"{url}?token={secret}")).code == 1
    text = log.read_text("utf-8")
    assert text.count("Another file stands at") == 2 and "?***" in text and secret not in text


async def test_the_log_of_a_pull_begins_anew_where_it_is_full(terminal: Terminal) -> None:
    logs = terminal.folder / "logs"
    logs.mkdir(parents=True)
    for name in ("pulley.log", "pulley.log.1", "pulley.log.2", "pulley.log.3"):
        (logs / name).write_bytes(b"x" * (logbook.FILE_BYTES_MAX - 1) + b"\n")
    assert (await terminal.pull("nobody/missing")).code == 1
    assert (await terminal.pull("nobody/missing")).code == 1
    sizes = [path.stat().st_size for path in logs.iterdir()]
    assert len(sizes) == logbook.FILES_KEPT + 1
    assert max(sizes) <= logbook.FILE_BYTES_MAX + logbook.RECORD_CHARS_MAX


async def test_a_pull_loads_nothing_that_it_does_not_need(terminal: Terminal, hub: DemoHub) -> None:
    script = (
        "import sys\n"
        "from core.cli import main\n"
        "code = main(sys.argv[1:], open_window=lambda _: 9)\n"
        "unwanted = ('PySide6', 'shiboken6', 'aiohttp', 'click',"
        " 'core.api.server', 'core.demo', 'core.net.proxied', 'core.serve', 'gui', 'keyring', 'psutil', 'qasync',"
        " 'rich')\n"
        "bad = [name for name in unwanted if sys.modules.get(name)]\n"
        "assert not bad, bad\n"
        "sys.exit(code)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, "pull", "tinyllama:gguf", "--quiet",
        "--data-dir", str(terminal.folder), "--models-dir", str(terminal.models),
        env=os.environ | {"HF_ENDPOINT": hub.endpoint}, cwd=ROOT, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
