"""Opens the real window against a demo hub, brings models into the states to show, and grabs pictures.

`python -m tests.pictures FOLDER` writes downloading.png, paused.png, failed.png, dark.png, api.png, access*.png,
accounts.png, browse*.png and chooser*.png there; for api.png, port 39281 has to be free. With `browse` after the
folder, the last two alone; with `access`, those two.
"""

import asyncio
import os
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from core.cli import WindowOptions
from core.compose import build
from core.demo.knobs import Knobs
from core.demo.repos import GeneratedFile, Repo
from core.demo.thread import HubThread
from core.holder import DataLock
from core.places import Places
from core.settings import SettingsStore
from core.spawn import spawn
from core.states import TaskState
from core.vault import new_key
from gui.app import Session
from gui.loop import run
from gui.main_window import MainWindow
from gui.settings.dialog import SettingsDialog
from tests.fakes.api import FakeSecrets
from tests.pictures.access import access_story
from tests.pictures.browse import browse_repos, browse_story
from tests.pictures.choosing import choosing_story

SIZE = (1280, 860)
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
TINY = "tinyllama:gguf"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
GEMMA = "google/gemma-3-27b-it"
QWEN = "Qwen/Qwen3-30B-A3B-GGUF:Q5_K_M"
MISTRAL = "mistralai/Mistral-7B-Instruct-v0.3"
SETTINGS = "parallel_tasks: 3\nask_before_quit: false\nkeep_awake: false\n"


def more_repos(hub: HubThread) -> None:
    """Put two further models on the hub."""
    assert hub.hub is not None
    hub.hub.add_repo(Repo("Qwen/Qwen3-30B-A3B-GGUF", [GeneratedFile("Qwen3-30B-A3B-Q5_K_M.gguf", 217_000_000)]))
    hub.hub.add_repo(
        Repo(
            "mistralai/Mistral-7B-Instruct-v0.3",
            [
                GeneratedFile("model-00001-of-00002.safetensors", 99_000_000, seed=1),
                GeneratedFile("model-00002-of-00002.safetensors", 46_000_000, seed=2),
                GeneratedFile("config.json", 900, seed=3, lfs=False),
            ],
        )
    )


class Photographer:
    """Brings the window into a state and takes its picture."""

    def __init__(self, session: Session, knobs: Knobs, folder: Path) -> None:
        self._session = session
        self._knobs = knobs
        self._folder = folder

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(120):
            while not condition():
                await asyncio.sleep(0.02)

    async def take(self, name: str, part: QWidget | None = None) -> None:
        """Write one picture once everything is painted, of the window or of a part."""
        shown = part or self._session.window
        assert shown is not None
        await asyncio.sleep(0.4)
        path = self._folder / f"{name}.png"
        if not shown.grab().save(str(path)):
            raise SystemExit(f"{path} could not be written")
        print(path)

    async def story(self) -> None:
        """Take all pictures."""
        engine = self._session.engine
        await self.until(lambda: self._session.window is not None)
        window = self._session.window
        assert window is not None
        window.resize(*SIZE)
        self._knobs.bytes_per_s_total = None
        window.add_texts([MINILM], ask=False)
        await self.until(lambda: engine.task(MINILM).state is TaskState.DONE)
        self._knobs.bytes_per_s_total = 60e6
        window.add_texts([QWEN], ask=False)
        await self.until(lambda: engine.task(QWEN).durable > 75e6)
        engine.pause(QWEN)
        window.add_texts([f"{LLAMA}\n{TINY}\n{MISTRAL}\n{GEMMA}"], ask=False)
        for index, task_id in enumerate((TINY, MISTRAL, LLAMA, QWEN, GEMMA, MINILM)):
            engine.move(task_id, index)
        self._knobs.bytes_per_s_total = 12e6
        await self.until(lambda: all(engine.task(t).durable > 8e6 for t in (LLAMA, TINY, MISTRAL)))
        window.tree.expand_task(TINY)
        window.tree.expand_task(MISTRAL)
        window.tree.select_task(MISTRAL)
        await self.until(lambda: engine.task(MISTRAL).durable > 24e6)
        await self.take("downloading")
        window.tree.select_task(QWEN)
        window.tree.expand_task(QWEN)
        await self.take("paused")
        window.tree.select_task(GEMMA)
        await self.take("failed")
        window.tree.select_task(TINY)
        self._session.theme.apply(self._session.app, "dark")
        await self.take("dark")
        self._session.theme.apply(self._session.app, "light")
        await self.local_api(window)
        await self.access()
        await self.browse()
        window.close()

    async def browse(self) -> None:
        """Take the pictures of Browse."""
        await self.until(lambda: self._session.window is not None)
        window = self._session.window
        assert window is not None
        window.resize(*SIZE)
        theme, app = self._session.theme, self._session.app
        await browse_story(
            window,
            take=self.take,
            until=self.until,
            dark=lambda on: theme.apply(app, "dark" if on else "light"),
        )
        await choosing_story(
            window,
            take=self.take,
            until=self.until,
            dark=lambda on: theme.apply(app, "dark" if on else "light"),
        )

    async def access(self) -> None:
        """Take the pictures of access."""
        await self.until(lambda: self._session.window is not None)
        window = self._session.window
        assert window is not None
        window.resize(*SIZE)
        theme, app = self._session.theme, self._session.app
        await access_story(
            window,
            take=self.take,
            until=self.until,
            dark=lambda on: theme.apply(app, "dark" if on else "light"),
        )

    async def local_api(self, window: MainWindow) -> None:
        """Show the settings of the local API while two programs use it."""
        api = self._session.api
        assert api is not None
        key = new_key()
        api.set_keys([key, new_key()])
        window._apply({"api_enabled": True, "allowed_origins": ("http://localhost:1420", "tauri://localhost")})
        await self.until(lambda: api.is_on)
        for program in ("Jan", "curl/8.15"):
            headers = {"User-Agent": program, "Authorization": f"Bearer {key}"}
            request = urllib.request.Request(f"{api.url}/v1/models", headers=headers)
            (await asyncio.to_thread(urllib.request.urlopen, request)).close()
        window.open_settings()
        dialog = window.findChild(SettingsDialog)
        assert dialog is not None
        dialog.tabs.setCurrentIndex(1)
        await self.take("api", dialog)
        dialog.reject()

    async def only(self, part: str) -> None:
        """Take the pictures of Browse or of access alone."""
        await (self.access() if part == "access" else self.browse())
        assert self._session.window is not None
        self._session.window.close()


async def main(app: QApplication, folder: Path, *, only: str = "") -> None:
    """Set the scene."""
    knobs = Knobs()
    hub = HubThread(scale="demo", knobs=knobs)
    os.environ["HF_ENDPOINT"] = hub.start()
    more_repos(hub)
    browse_repos(hub)
    with tempfile.TemporaryDirectory() as name:
        os.environ["HOME"] = name  # the pictures show `~/pulley/models`
        places = Places(Path(name) / "data", None)
        lock = DataLock(places.data, "window")
        store = SettingsStore(places.data / "settings.yml")
        (places.data / "settings.yml").write_text(SETTINGS, encoding="utf-8")
        settings = store.load()
        parts = build(places.data, places.models_or(None), settings, os.environ)
        options = WindowOptions(places)
        session = Session(app, options, places, lock, parts, store, settings, secrets=FakeSecrets())
        running = spawn(session.main(), name="session")
        try:
            photographer = Photographer(session, knobs, folder)
            await (photographer.only(only) if only else photographer.story())
            await running
        finally:
            lock.close()
            hub.close()


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    application = QApplication([])
    run(application, lambda: main(application, target, only="".join(sys.argv[2:3])))
