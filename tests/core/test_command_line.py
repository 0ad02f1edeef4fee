"""The command line itself: which words are understood, wrong usage, help, and what is loaded for it."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.demo.server import DemoHub
from core.options import COMMANDS, NAMES, PARSERS, split_command
from tests.fakes.terminal import Terminal, terminal_on

LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def terminal(hub: DemoHub, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with terminal_on(hub, tmp_path / "data") as terminal:
        yield terminal


@pytest.mark.parametrize(
    ("words", "command", "rest"),
    [
        (["pull", "org/repo"], "pull", ["org/repo"]),
        (["--data-dir", "pull", "pull", "org/repo"], "pull", ["--data-dir", "pull", "org/repo"]),
        (["--data-dir=x", "--verbose", "list"], "list", ["--data-dir=x", "--verbose"]),
        (["org/repo", "pull"], "", ["org/repo", "pull"]),
        (["--", "pull"], "", ["--", "pull"]),
        (["--help"], "", ["--help"]),
        ([], "", []),
    ],
)
def test_a_command_is_the_first_word_that_is_no_option(words: list[str], command: str, rest: list[str]) -> None:
    assert split_command(words) == (command, rest)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pull"], "at least one model"),
        (["pull", "not a handle at all"], "Accepted forms"),
        (["pull", "tinyllama:gguf", "a//b"], "Accepted forms"),
        (["pull", "org/repo@dev", "--revision", "main"], "--revision"),
        (["pull", "org/repo@main", "--revision", "dev"], "--revision"),
        (["pull", "https://huggingface.co/org/repo/tree/main", "--revision", "dev"], "--revision"),
        (["pull", "--no-such-option", LLAMA], "unrecognized"),
        (["pull", "--quiet", "--json", LLAMA], "not allowed with"),
        (["pull", "--rev", "dev", LLAMA], "unrecognized"),
        (["serve", "--port", "99999"], "no port"),
        (["serve", "somewhere"], "unrecognized"),
        (["list", "--quiet"], "unrecognized"),
        (["pause"], "required"),
        (["resume", "a", "b"], "unrecognized"),
        (["cancel"], "required"),
        (["verify"], "at least one path or model"),
        (["verify", "no such thing"], "no such path"),
    ],
)
async def test_wrong_usage_is_two_and_starts_nothing(
    terminal: Terminal, hub: DemoHub, words: list[str], said: str
) -> None:
    ended = await terminal.do(*words)
    assert ended.code == 2
    assert said in ended.err and ended.out == ""
    assert len(hub.requests) == 0
    assert not terminal.folder.exists()


@pytest.mark.parametrize("command", sorted(PARSERS))
async def test_every_command_has_a_help_and_a_version(terminal: Terminal, command: str) -> None:
    words = [command] if command else []
    helped = await terminal.run(*words, "--help")
    assert helped.code == 0 and f"usage: pulley {command}".rstrip() in helped.out
    versioned = await terminal.run(*words, "--version")
    assert versioned.code == 0 and versioned.out.startswith("pulley ")


async def test_the_help_names_every_command(terminal: Terminal) -> None:
    helped = await terminal.run("--help")
    assert all(form in helped.out for form, _ in COMMANDS)
    assert NAMES | {""} == set(PARSERS)


async def test_without_a_display_the_window_names_the_commands_that_need_none(terminal: Terminal) -> None:
    ended = await terminal.run("--data-dir", str(terminal.folder))
    assert ended.code == 1
    assert "pulley pull" in ended.err and "pulley serve" in ended.err


@pytest.mark.parametrize(
    "words",
    [["--help"], ["pull", "--help"], ["pull", "a//b"], ["list"], ["list", "--json"], ["pause", "x"], ["verify"]],
)
def test_what_needs_no_engine_loads_neither_qt_nor_the_network(tmp_path: Path, words: list[str]) -> None:
    script = (
        "import sys\n"
        "from core.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:], open_window=lambda _: 9)\n"
        "except SystemExit:\n"
        "    pass\n"
        "bad = [m for m in sys.modules if m.startswith('gui') or m in ('PySide6', 'aiohttp', 'httpx', 'qasync')]\n"
        "assert not bad, bad\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *words, "--data-dir", str(tmp_path / "data")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
