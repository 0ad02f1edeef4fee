"""The real window over a hub, for a measurement: opened, told what to do, closed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtWidgets import QApplication

from core.cli import WindowOptions
from core.compose import build
from core.holder import DataLock
from core.places import Places
from core.settings import SettingsStore
from core.spawn import spawn
from core.vault import MemorySecrets
from gui.app import Session

SETTINGS = "ask_before_quit: false\nkeep_awake: false\n"
SIZE = (1280, 860)


@asynccontextmanager
async def shown_window(app: QApplication, folder: Path, *, settings: str = "") -> AsyncIterator[Session]:
    """Open the window with its own data in `folder`; yield the session once the window is there."""
    places = Places(folder / "data", folder / "models")
    lock = DataLock(places.data, "window")
    store = SettingsStore(places.data / "settings.yml")
    (places.data / "settings.yml").write_text(SETTINGS + settings, encoding="utf-8")
    loaded = store.load()
    assert places.models is not None
    parts = build(places.data, places.models, loaded, os.environ)
    session = Session(app, WindowOptions(places), places, lock, parts, store, loaded, secrets=MemorySecrets())
    running = spawn(session.main(), name="session")
    try:
        while session.window is None:
            await asyncio.sleep(0.01)
            if running.done():
                raise SystemExit("the window did not open")
        session.window.resize(*SIZE)
        yield session
    finally:
        if session.window is not None:
            session.window.close()
        await running
        lock.close()
