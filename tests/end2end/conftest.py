"""The real window on the real loop, against a demo hub on a thread of its own."""

import asyncio
import gc
import os
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from core.cli import WindowOptions
from core.compose import build
from core.demo.catalogue import Scale
from core.demo.knobs import Knobs
from core.demo.server import DemoHub
from core.demo.thread import HubThread
from core.engine import Engine
from core.holder import DataLock
from core.places import Places
from core.settings import SettingsStore
from core.spawn import spawn
from gui.app import Session
from gui.loop import run
from gui.main_window import MainWindow


class Stage:
    """Opens windows over one data folder, one after the other."""

    def __init__(self, app: QApplication, folder: Path) -> None:
        self.app = app
        self.places = Places(folder / "data", folder / "models")
        self.session: Session | None = None
        self._lock: DataLock | None = None
        self._running: asyncio.Task[int] | None = None

    async def open(self) -> MainWindow:
        self._lock = DataLock(self.places.data, "window")
        store = SettingsStore(self.places.data / "settings.yml")
        settings = store.load()
        assert self.places.models is not None
        parts = build(self.places.data, self.places.models, settings, os.environ)
        options = WindowOptions(self.places)
        self.session = Session(self.app, options, self.places, self._lock, parts, store, settings)
        self._running = spawn(self.session.main(), name="session")
        while self.session.window is None:
            await asyncio.sleep(0.01)
            assert not self._running.done(), self._running
        return self.session.window

    @property
    def engine(self) -> Engine:
        assert self.session is not None
        return self.session.engine

    async def close(self) -> None:
        """Close the window as a person does, and wait until the program would have ended."""
        assert self.session is not None and self.session.window is not None
        self.session.window.close()
        await self.ended()

    async def ended(self) -> None:
        """Wait until the program would have ended."""
        assert self._running is not None and self._lock is not None
        async with asyncio.timeout(20):
            await self._running
        self._lock.close()

    async def until(self, condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)


def drop(window: MainWindow, text: str) -> None:
    """Drop text in the middle of the window, as a browser does."""
    mime = QMimeData()
    mime.setText(text)
    if text.startswith("http"):
        mime.setUrls([QUrl(text)])
    place = QPoint(window.width() // 2, window.height() // 2)
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, copy, mime, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(place), copy, mime, left, none))


def press(window: MainWindow, action: str) -> None:
    """Click the tool bar's button of an action."""
    buttons = window.toolbar.findChildren(QToolButton)
    button = next(b for b in buttons if b.defaultAction() is window.actions_[action])
    assert button.isEnabled() and button.isVisible(), action
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


class HubOnThread:
    """A demo hub that does not share the loop of the test."""

    def __init__(self, thread: HubThread, knobs: Knobs, endpoint: str) -> None:
        self._thread = thread
        self.knobs = knobs
        self.endpoint = endpoint

    @property
    def hub(self) -> DemoHub:
        assert self._thread.hub is not None
        return self._thread.hub


@pytest.fixture
def hub_scale() -> Scale:
    return "demo"


@pytest.fixture
def loud_hub(hub_scale: Scale, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubOnThread]:
    gc.collect()  # widgets of earlier tests must not be deleted by the thread that starts here
    gc.disable()
    knobs = Knobs()
    thread = HubThread(scale=hub_scale, knobs=knobs)
    endpoint = thread.start()
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    yield HubOnThread(thread, knobs, endpoint)
    thread.close()
    gc.collect()
    gc.enable()


@pytest.fixture
def stage(qapp: QApplication, loud_hub: HubOnThread, tmp_path: Path) -> Stage:
    return Stage(qapp, tmp_path)


def play(stage: Stage, story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story on the Qt loop."""
    run(stage.app, story)
