"""`pulley` as people and scripts start it: real processes, exit codes, what is said where, and kills."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.transfer import disk

MB = 2**20
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"


@dataclass
class Ended:
    code: int | None
    out: str
    err: str


class Terminal:
    def __init__(self, hub: DemoHub, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models"
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "COV_", "DISPLAY", "QT_"))}
        self.environ |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(folder / "hf"), "PYTHONIOENCODING": "utf-8"}

    async def start(self, *words: str, **environ: str) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gui", *words, stdout=PIPE, stderr=PIPE, env=self.environ | environ
        )  # fmt: skip

    async def run(self, *words: str, **environ: str) -> Ended:
        process = await self.start(*words, **environ)
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        assert b"Traceback" not in err, err.decode()
        return Ended(process.returncode, out.decode(), err.decode())

    async def pull(self, *words: str, **environ: str) -> Ended:
        return await self.run("pull", "--data-dir", str(self.folder), *words, **environ)


@pytest.fixture
def terminal(hub: DemoHub, tmp_path: Path) -> Terminal:
    return Terminal(hub, tmp_path / "data")


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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "at least one model"),
        (["not a handle at all"], "Accepted forms"),
        (["tinyllama:gguf", "a//b"], "Accepted forms"),
        (["org/repo@dev", "--revision", "main"], "--revision"),
        (["--no-such-option", LLAMA], "unrecognized"),
    ],
)
async def test_wrong_usage_is_two_and_starts_nothing(terminal: Terminal, hub: DemoHub, words, said) -> None:
    ended = await terminal.pull(*words)
    assert ended.code == 2
    assert said in ended.err
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
        process = await terminal.start("pull", "--data-dir", str(terminal.folder), "t/big")
        await hub.requests.until(lambda sent=sent: hub.bytes_sent("big.bin") > sent + 5 * MB)
        process.send_signal(number)
        await process.communicate()
        assert process.returncode == code
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
        process = await terminal.start("pull", "--data-dir", str(terminal.folder), "t/big")
        await hub.requests.until(lambda sent=sent: hub.bytes_sent("big.bin") > sent + 10 * MB)
        process.kill()
        await process.communicate()
    hub.knobs.bytes_per_s_total = None
    ended = await terminal.pull("t/big")
    assert ended.code == 0, ended.err
    folder = terminal.models / "huggingface.co" / "t" / "big"
    assert (folder / "big.bin").read_bytes() == hub.content("t/big", "big.bin")
    assert not list(folder.glob("*.part*"))
    assert hub.bytes_sent("big.bin") - 40 * MB <= 3 * 16 * MB


async def test_a_held_data_folder_names_its_holder(terminal: Terminal, hub: DemoHub) -> None:
    hub.knobs.bytes_per_s_total = 0
    process = await terminal.start("pull", "--data-dir", str(terminal.folder), LLAMA)
    await hub.requests.until(lambda: len(hub.requests) > 0)
    second = await terminal.pull("tinyllama:gguf")
    assert second.code == 1
    assert f"process {process.pid}" in second.err
    process.terminate()
    await process.communicate()


async def test_a_pull_leaves_other_stored_tasks_as_they_are(terminal: Terminal, hub: DemoHub) -> None:
    hub.add_repo(Repo("t/other", [GeneratedFile("other.bin", 8 * MB)]))
    hub.knobs.bytes_per_s_total = 4 * MB
    process = await terminal.start("pull", "--data-dir", str(terminal.folder), "t/other")
    await hub.requests.until(lambda: hub.bytes_sent("other.bin") > MB)
    process.terminate()
    await process.communicate()
    sent = hub.bytes_sent("other.bin")
    assert (await terminal.pull("tinyllama:gguf")).code == 0
    assert hub.bytes_sent("other.bin") == sent


async def test_without_a_display_the_window_names_the_terminal_command(terminal: Terminal) -> None:
    ended = await terminal.run("--data-dir", str(terminal.folder))
    assert ended.code == 1
    assert "pulley pull" in ended.err


@pytest.mark.parametrize("words", [["--help"], ["pull", "--help"], ["demo", "--help"], ["--version"]])
async def test_help_and_version_are_there(terminal: Terminal, words: list[str]) -> None:
    ended = await terminal.run(*words)
    assert ended.code == 0 and ended.out


async def test_a_canary_token_is_written_nowhere(terminal: Terminal, hub: DemoHub) -> None:
    hub.granted_tokens.add("hf_canary_token")
    ended = await terminal.pull(
        "google/gemma-3-27b-it", "--verbose", "--files", "*.json", HF_TOKEN="hf_canary_token"
    )
    assert ended.code == 0, ended.err
    assert "hf_canary_token" not in ended.out + ended.err
    written = [path for path in terminal.folder.rglob("*") if path.is_file()]
    assert written and not any(b"hf_canary_token" in path.read_bytes() for path in written)
    assert hub.requests.with_token("cdn") == []
