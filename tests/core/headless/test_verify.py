"""`pulley verify` and `--repair` in real processes: what is found, what is fetched again, exit codes."""

import os
import signal
from pathlib import Path

import pytest

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from tests.fakes.terminal import Terminal

MB = 2**20
REPO = "t/set"
NAMES = ("one.bin", "two.bin", "config.json")


@pytest.fixture
async def folder(terminal: Terminal, hub: DemoHub) -> Path:
    """A pulled model of three files."""
    files = [GeneratedFile("one.bin", 3 * MB), GeneratedFile("two.bin", 2 * MB, seed=1)]
    hub.add_repo(Repo(REPO, [*files, GeneratedFile("config.json", 900, seed=2, lfs=False)]))
    assert (await terminal.pull(REPO)).code == 0
    hub.requests.clear()
    return terminal.models / "huggingface.co" / "t" / "set"


def damage(path: Path) -> None:
    """Change one byte in the middle; the size stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


async def test_what_is_right_is_0_by_handle_by_path_and_for_the_whole_folder(
    terminal: Terminal, hub: DemoHub, folder: Path
) -> None:
    for what in (REPO, str(folder), str(folder / "one.bin"), str(terminal.models)):
        ended = await terminal.do("verify", what)
        assert (ended.code, ended.err) == (0, ""), ended
        assert f"{REPO}: complete, verified" in ended.out
    assert len(hub.requests) > 0, "the hub was asked too"
    hub.requests.clear()
    assert (await terminal.do("verify", REPO, HF_HUB_OFFLINE="1")).code == 0
    assert len(hub.requests) == 0


async def test_each_bad_and_missing_file_is_named(terminal: Terminal, folder: Path) -> None:
    damage(folder / "one.bin")
    (folder / "two.bin").unlink()
    ended = await terminal.do("verify", REPO)
    assert ended.code == 1
    assert f"{REPO}: one.bin is damaged" in ended.err and f"{REPO}: two.bin is not there" in ended.err
    assert "config.json" not in ended.err and "--repair" in ended.err
    assert f"{REPO}: failed: 2 of 3 files are wrong" in ended.out
    assert (await terminal.do("verify", str(folder / "config.json"))).code == 0, "that one is right"


async def test_repair_fetches_only_what_is_wrong(terminal: Terminal, hub: DemoHub, folder: Path) -> None:
    damage(folder / "one.bin")
    sent = {name: hub.bytes_sent(name) for name in NAMES}
    ended = await terminal.do("verify", "--repair", REPO)
    assert ended.code == 0, ended
    assert "one.bin is damaged" in ended.err and f"{REPO}: complete, verified" in ended.out
    assert [hub.bytes_sent(name) - sent[name] for name in NAMES] == [3 * MB, 0, 0]
    assert all((folder / name).read_bytes() == hub.content(REPO, name) for name in NAMES)
    assert [path.name for path in folder.glob("*.bad-*")] == ["one.bin.bad-1"]
    assert (await terminal.do("verify", REPO)).code == 0


async def test_repair_goes_through_the_door_and_works_for_what_is_not_listed(
    terminal: Terminal, hub: DemoHub, folder: Path
) -> None:
    (terminal.folder / "tasks.sqlite").unlink()
    server = await terminal.serve()
    (folder / "two.bin").write_bytes(b"short")
    ended = await terminal.do("verify", "--repair", str(folder))
    assert ended.code == 0, ended
    assert "two.bin has 5 bytes" in ended.err and f"{REPO}: complete, verified" in ended.out
    assert (folder / "two.bin").read_bytes() == hub.content(REPO, "two.bin")
    assert f"{REPO} " in (await terminal.do("list")).out
    assert (await server.interrupted()).code == 0


async def test_a_description_that_was_changed_is_found_out_by_the_hub(
    terminal: Terminal, hub: DemoHub, folder: Path
) -> None:
    description = folder / "model.yml"
    text = description.read_text(encoding="utf-8")
    old = text.partition("one.bin")[2].partition("sha256:")[2][:64]
    damage(folder / "one.bin")
    import hashlib

    new = hashlib.sha256((folder / "one.bin").read_bytes()).hexdigest()
    assert old in text
    description.write_text(text.replace(old, new), encoding="utf-8")
    assert (await terminal.do("verify", REPO, HF_HUB_OFFLINE="1")).code == 0, "alone they agree"
    ended = await terminal.do("verify", REPO)
    assert ended.code == 1 and "one.bin is described with another hash than the hub's" in ended.err, ended
    ended = await terminal.do("verify", REPO, "--repair")
    assert ended.code == 0, ended
    assert (folder / "one.bin").read_bytes() == hub.content(REPO, "one.bin")
    assert (await terminal.do("verify", REPO)).code == 0


async def test_a_hub_that_cannot_be_reached_is_a_warning(terminal: Terminal, folder: Path) -> None:
    ended = await terminal.do("verify", REPO, HF_ENDPOINT="http://127.0.0.1:9")
    assert ended.code == 0
    assert "compared with its description alone" in ended.err
    damage(folder / "one.bin")
    ended = await terminal.do("verify", "--repair", REPO, HF_HUB_OFFLINE="1")
    assert ended.code == 1 and "Offline mode" in ended.err, ended


async def test_what_is_not_there_is_1_and_named(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    ended = await terminal.do("verify", "who/knows", str(tmp_path), REPO)
    assert ended.code == 1
    assert "who/knows: no complete model" in ended.err and f"{tmp_path}: no model" not in ended.err, ended
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = await terminal.do("verify", str(empty))
    assert ended.code == 1 and f"{empty}: no model" in ended.err


async def test_an_interrupt_is_130_at_once(terminal: Terminal, folder: Path) -> None:
    size = 2**42  # a hole that nobody reads to its end
    description = folder / "model.yml"
    text = description.read_text(encoding="utf-8")
    description.write_text(text.replace(f"size: {2 * MB}\n", f"size: {size}\n"), encoding="utf-8")
    os.truncate(folder / "two.bin", size)
    running = await terminal.begin("verify", str(folder / "two.bin"))
    await running.says(f"{REPO}: 1 file, 4.4 TB")
    assert (await running.interrupted(signal.SIGINT)).code == 130
