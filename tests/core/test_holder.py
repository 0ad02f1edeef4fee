"""The lock on a data folder: who waits for it and for how long, and a file that another process reads just now."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from core import holder
from core.demo.server import DemoHub
from core.holder import COMMAND, DataLock, Held, _patiently, lock_soon, read_holder
from core.places import Places
from core.serve import ServeOptions, serve
from tests.fakes.terminal import PIPE, Running, Terminal


@pytest.fixture
def steered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that a command holds until somebody waits for it."""
    lock = DataLock(tmp_path, COMMAND)
    monkeypatch.setattr(holder.time, "sleep", lambda _: lock.close())
    return tmp_path


def test_a_command_that_only_steers_is_waited_for(steered: Path) -> None:
    lock = lock_soon(steered, "server")
    found = read_holder(steered)
    assert found is not None and found.kind == "server"
    lock.close()


def test_who_keeps_the_folder_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = DataLock(tmp_path, "server")
    monkeypatch.setattr(holder.time, "sleep", lambda _: pytest.fail("it waits"))
    with pytest.raises(Held, match="server"):
        lock_soon(tmp_path, "window")
    lock.close()


def test_waiting_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = DataLock(tmp_path, COMMAND)
    monkeypatch.setattr(holder, "COMMAND_S", 0.0)
    with pytest.raises(Held, match="command"):
        lock_soon(tmp_path, "window")
    lock.close()


def test_serve_begins_when_the_command_is_over(steered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(ServeOptions(host="0.0.0.0"), Places(steered, steered / "models")) == 1
    assert "no access keys are set" in capsys.readouterr().err, "it got as far as that"


def test_a_window_opens_when_the_command_is_over(steered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.cli import WindowOptions
    from gui import app

    monkeypatch.setattr(app, "_run", lambda *_: 7)
    assert app.open_window(WindowOptions(Places(steered, steered / "models"))) == 7


@pytest.mark.parametrize(("system", "tries"), [("nt", 3), ("posix", 1)])
def test_a_file_that_is_read_just_now_is_tried_again_where_that_refuses(
    system: str, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def replace() -> None:
        tried.append(1)
        if len(tried) < 3:
            raise PermissionError(13, "in use")

    with monkeypatch.context() as patch:
        patch.setattr(holder.time, "sleep", lambda _: None)
        patch.setattr(holder.os, "name", system)
        try:
            _patiently(replace)
        except PermissionError:
            assert system == "posix"
    assert len(tried) == tries


WITHOUT_A_DOOR = """
import sys
from core.door import server

async def refuse(self):
    raise OSError(98, "no loopback")

server.Door.open = refuse
from gui.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("words", [("serve", "--port", "0", "--data-dir"), ("--data-dir",)])
async def test_without_a_door_serve_and_the_window_say_so_and_go_on(
    words: tuple[str, ...], hub: DemoHub, tmp_path: Path
) -> None:
    environ = Terminal(hub, tmp_path).environ | {"QT_QPA_PLATFORM": "offscreen"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WITHOUT_A_DOOR, *words, str(tmp_path), stdout=PIPE, stderr=PIPE, env=environ
    )
    running = Running(process)
    await running.says("other commands cannot reach this Pulley (no loopback)", stream="err")
    if words[0] == "serve":
        await running.says("Listening on")
    ended = await running.interrupted()
    assert ended.code == 0, ended
    assert not os.path.exists(tmp_path / "holder.json")
