"""`pulley verify --repair` asked for again, in parts, through other paths, and for what no hub has."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.headless import verify
from core.headless.check import Checked
from core.spawn import cancel_and_wait, spawn
from core.verify import Finding, Verdict, targets, targets_at
from tests.fakes.terminal import Terminal

MB = 2**20
REPO = "t/set"


@pytest.fixture
async def folder(terminal: Terminal, hub: DemoHub) -> Path:
    """A pulled model of two files."""
    hub.add_repo(Repo(REPO, [GeneratedFile("one.bin", 8 * MB), GeneratedFile("two.bin", 2 * MB, seed=1)]))
    assert (await terminal.pull(REPO)).code == 0
    return terminal.models / "huggingface.co" / "t" / "set"


def damage(*paths: Path) -> None:
    """Change one byte in the middle of each; the size stays."""
    for path in paths:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


def is_right(hub: DemoHub, folder: Path) -> bool:
    return all((folder / name).read_bytes() == hub.content(REPO, name) for name in ("one.bin", "two.bin"))


@pytest.mark.parametrize("through_a_server", [False, True])
async def test_an_interrupted_repair_goes_on_when_it_is_asked_for_again(
    terminal: Terminal, hub: DemoHub, folder: Path, through_a_server: bool
) -> None:
    server = await terminal.serve() if through_a_server else None
    damage(folder / "one.bin")
    before = hub.bytes_sent("one.bin")
    hub.knobs.bytes_per_s_total = 4 * MB
    running = await terminal.begin("verify", REPO, "--repair")
    await hub.requests.until(lambda: hub.bytes_sent("one.bin") > before + 2 * MB)
    assert (await running.interrupted()).code == 130
    hub.knobs.bytes_per_s_total = MB // 2
    again = await terminal.begin("verify", REPO, "--repair")
    await again.says("1 of 2 files is wrong")
    hub.knobs.bytes_per_s_total = 8 * MB
    ended = await again.ended()
    assert ended.code == 0 and "complete, verified" in ended.out, ended
    assert is_right(hub, folder) and hub.bytes_sent("one.bin") - before < 10 * MB, "it went on where it stood"
    if server is not None:
        assert (await server.interrupted()).code == 0


async def test_a_follower_takes_a_repair_over_from_a_killed_holder(
    terminal: Terminal, hub: DemoHub, folder: Path
) -> None:
    damage(folder / "one.bin", folder / "two.bin")
    hub.add_repo(Repo("t/other", [GeneratedFile("other.bin", 64 * MB, seed=5)]))
    hub.knobs.bytes_per_s_total = 4 * MB
    holder = await terminal.begin("pull", "t/other")
    await holder.says("t/other: 1 file")
    before = hub.bytes_sent("one.bin")
    running = await terminal.begin("verify", REPO, "--repair")
    await hub.requests.until(lambda: hub.bytes_sent("one.bin") > before + MB)
    holder.process.kill()
    hub.knobs.bytes_per_s_total = None
    ended = await running.ended()
    assert ended.code == 0 and is_right(hub, folder), ended


async def test_two_files_of_one_model_are_one_repair_and_are_hashed_once(
    terminal: Terminal, hub: DemoHub, folder: Path
) -> None:
    damage(folder / "one.bin", folder / "two.bin")
    names = [str(folder / name) for name in ("one.bin", "two.bin", "one.bin")]
    ended = await terminal.do("verify", *names, "--repair")
    assert ended.code == 0 and is_right(hub, folder), ended
    assert ended.out.count("2 of 2 files are wrong") == 1 and ended.err.count("one.bin is damaged") == 1
    damage(folder / "two.bin")
    ended = await terminal.do("verify", str(folder / "one.bin"), REPO)
    assert ended.code == 1 and ended.out.count("1 of 2 files is wrong") == 1, "a file and its model are the model"


async def test_a_link_to_the_models_folder_leads_to_the_same_model(
    terminal: Terminal, hub: DemoHub, folder: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(terminal.models)
    (found,) = targets_at(link / "huggingface.co", terminal.models)
    assert (found.root, found.folder) == (terminal.models, folder)
    (found,) = targets_at(folder, link)
    assert (found.root, found.folder) == (link, link / "huggingface.co" / "t" / "set")
    damage(folder / "two.bin")
    ended = await terminal.do("verify", str(link / "huggingface.co" / "t" / "set" / "two.bin"), "--repair")
    assert ended.code == 0 and is_right(hub, folder), ended
    assert len((await terminal.do("list")).out.splitlines()) == 1, "the list knows it by one name"


async def test_a_file_that_no_hub_has_is_never_called_repaired(
    terminal: Terminal, hub: DemoHub, folder: Path
) -> None:
    (folder / "more.py").write_bytes(b"import os")
    digest = hashlib.sha256(b"import os").hexdigest()
    description = folder / "model.yml"
    text = description.read_text(encoding="utf-8")
    entry = next(line for line in text.splitlines() if "path: two.bin" in line)
    inner = " " * entry.index("path")
    added = f"{entry.replace('two.bin', 'more.py')}\n{inner}size: 9\n{inner}hash: sha256:{digest}\n"
    description.write_text(text + added, encoding="utf-8")
    damage(folder / "two.bin")
    ended = await terminal.do("verify", REPO, "--repair")
    assert ended.code == 1 and "more.py is described, but the hub has no such file" in ended.err, ended
    assert "It cannot be repaired: take it out of model.yml" in ended.err
    assert is_right(hub, folder), "what can be repaired is"
    (folder / "more.py").unlink()
    description.write_text(text + added, encoding="utf-8")
    ended = await terminal.do("verify", REPO, "--repair")
    assert ended.code == 1 and "more.py is not there. It cannot be repaired" in ended.err, ended
    ended = await terminal.do("verify", REPO)
    assert ended.code == 1 and "--repair" not in ended.err, "nobody is sent to what does not help"


async def test_an_interrupt_ends_the_walk_through_the_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(top: Path) -> Iterator[Path]:
        try:
            while not ended.wait(0.001):
                begun.set()
                yield top
        finally:
            ended.set()

    monkeypatch.setattr(targets, "_folders", endless)
    looking = spawn(verify._targets([str(tmp_path)], tmp_path), name="look")
    assert await asyncio.to_thread(begun.wait, 10)
    await cancel_and_wait(looking)
    is_over = await asyncio.to_thread(ended.wait, 10)
    ended.set()
    assert is_over


async def test_models_that_are_left_out_are_told_of(
    terminal: Terminal,
    hub: DemoHub,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (await terminal.pull("demo/empty-file")).code == 0
    for room in (targets, verify):
        monkeypatch.setattr(room, "TARGETS_MAX", 1)
    found, is_incomplete = await verify._targets([str(terminal.models)], terminal.models)
    assert len(found) == 1 and is_incomplete
    assert "more than 1 models are there" in capsys.readouterr().err


async def test_a_holder_is_told_paths_and_no_more_where_the_description_is_right(
    terminal: Terminal, hub: DemoHub, folder: Path
) -> None:
    (target,) = targets_at(folder, terminal.models)
    bad = tuple(Finding(file.path, Verdict.WRONG_HASH, "is damaged") for file in target.description.files)
    asked = verify._asked_for(Checked(target, bad, frozenset({"two.bin"})))
    two = next(file for file in target.description.files if file.path == "two.bin")
    assert sorted(asked["files"], key=str) == [["two.bin", two.size, two.hash, ""], "one.bin"]
