"""The local API of the real window: on at the start, changed by a program, moved and switched off by a person."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import keyring
import keyring.core
import pytest
import yaml
from keyring.backends import fail
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core.settings import Settings, SettingsStore
from gui.api_switch import ApiSwitch
from gui.main_window import MainWindow
from gui.settings.dialog import SettingsDialog
from tests.end2end.conftest import Stage, play

KEY = "sk-of-this-test-and-no-other"


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    """No test writes into the keyring of whoever runs it."""
    before = keyring.core._keyring_backend
    keyring.set_keyring(fail.Keyring())
    yield
    keyring.core._keyring_backend = before


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ask(
    url: str, body: dict[str, object] | None = None, *, method: str = "GET", key: str = ""
) -> tuple[int, str]:
    """Return status and text of a reply; 0 where nobody listens."""
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("User-Agent", "Jan")
    if key:
        request.add_header("Authorization", f"Bearer {key}")

    def send() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except urllib.error.URLError:
            return 0, ""

    return await asyncio.to_thread(send)


def switch_of(stage: Stage) -> ApiSwitch:
    assert stage.session is not None and stage.session.api is not None
    return stage.session.api


def open_settings(window: MainWindow) -> SettingsDialog:
    window.open_settings()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.tabs.setCurrentIndex(1)
    return dialog


def test_a_program_and_a_person_change_the_same_settings(stage: Stage) -> None:
    path = stage.places.data / "settings.yml"
    port = free_port()
    SettingsStore(path).save(Settings(api_enabled=True, api_port=port, keep_awake=False))

    async def story() -> None:
        window = await stage.open()
        api = switch_of(stage)
        await stage.until(lambda: api.is_on)
        assert api.url == f"http://127.0.0.1:{port}"
        assert (await ask(f"{api.url}/healthz"))[0] == 200

        status, _ = await ask(
            f"{api.url}/v1/configs", {"max_parallel_tasks": 2, "max_connections": 9}, method="PATCH"
        )
        assert status == 200
        limits = stage.engine.limits
        assert (limits.tasks, limits.connections) == (2, 9), "the engine follows"
        dialog = open_settings(window)
        assert dialog.general.tasks.value() == 2, "and the window"
        page = dialog.api
        assert page is not None and page.programs.text() == "1 program: Jan (127.0.0.1)"
        await stage.until(lambda: "in memory only" in page.keys.hint.text())

        status, _ = await ask(f"{api.url}/v1/configs", {"api_keys": [KEY]}, method="PATCH")
        assert status == 200
        assert (await ask(f"{api.url}/v1/models"))[0] == 401
        assert (await ask(f"{api.url}/v1/models", key=KEY))[0] == 200
        await stage.until(lambda: page.keys.list.count() == 1)
        assert page.keys.list.item(0).text() == f"sk-…{KEY[-4:]}"
        assert KEY not in path.read_text() and yaml.safe_load(path.read_text())["needs_api_key"] is True

        other = free_port()
        page.port.setValue(other)
        QTest.mouseClick(dialog.apply, Qt.MouseButton.LeftButton)
        await stage.until(lambda: api.url == f"http://127.0.0.1:{other}")
        assert (await ask(f"http://127.0.0.1:{port}/healthz"))[0] == 0, "nobody is left at the old one"
        assert (await ask(f"{api.url}/v1/configs", key=KEY))[0] == 200

        QTest.mouseClick(page.enabled, Qt.MouseButton.LeftButton)
        QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
        await stage.until(lambda: not api.is_changing)
        assert (await ask(f"http://127.0.0.1:{other}/healthz"))[0] == 0
        QTest.mouseClick(open_settings(window).ok, Qt.MouseButton.LeftButton)
        await stage.close()

    play(stage, story)
    kept = SettingsStore(path).load()
    assert (kept.parallel_tasks, kept.max_connections, kept.api_enabled) == (2, 9, False)


def test_keys_that_are_gone_keep_it_off_and_are_said(stage: Stage) -> None:
    port = free_port()
    settings = Settings(api_enabled=True, api_port=port, needs_api_key=True, secrets_kept=("api_keys",))
    SettingsStore(stage.places.data / "settings.yml").save(settings)

    async def story() -> None:
        window = await stage.open()
        api = switch_of(stage)
        await stage.until(lambda: api.problem is not None and not api.is_changing)
        assert not api.is_on and "cannot be read" in window.status.currentMessage()
        assert (await ask(f"http://127.0.0.1:{port}/healthz"))[0] == 0, "rather off than open"
        await stage.close()

    play(stage, story)


def test_a_taken_port_is_said_and_the_window_works_on(stage: Stage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        SettingsStore(stage.places.data / "settings.yml").save(Settings(api_enabled=True, api_port=port))

        async def story() -> None:
            window = await stage.open()
            api = switch_of(stage)
            await stage.until(lambda: api.problem is not None and not api.is_changing)
            assert f"Port {port} is taken" in window.status.currentMessage()
            dialog = open_settings(window)
            assert dialog.api is not None and f"Port {port} is taken" in dialog.api.problem_text.text()
            dialog.reject()
            window.add_texts(["tinyllama:gguf"], ask=False)
            assert [task.id for task in stage.engine.tasks] == ["tinyllama:gguf"]
            stage.engine.cancel("tinyllama:gguf")
            await stage.close()

        play(stage, story)


def test_quitting_while_it_starts_leaves_nothing_behind(stage: Stage) -> None:
    port = free_port()
    SettingsStore(stage.places.data / "settings.yml").save(Settings(api_enabled=True, api_port=port))

    async def story() -> None:
        await stage.open()
        await stage.close()
        assert (await ask(f"http://127.0.0.1:{port}/healthz"))[0] == 0

    play(stage, story)
