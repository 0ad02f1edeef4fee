"""Fixtures of the window: a scripted engine, a window over it, and a desktop that only takes notes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.settings import SettingsStore
from core.states import TaskState
from gui.main_window import MainWindow
from gui.style.theme import Theme
from tests.fakes.engine import FakeEngine


class FakeDesktop(QObject):
    """Takes every URL that would have been opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(url.toString())


@pytest.fixture
def engine(qapp: QApplication, tmp_path: Path) -> FakeEngine:
    return FakeEngine(root=tmp_path / "models")


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "data" / "settings.yml")


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme()


@pytest.fixture
def make_window(
    qtbot: QtBot, engine: FakeEngine, store: SettingsStore, theme: Theme
) -> Iterator[Callable[[], MainWindow]]:
    made: list[MainWindow] = []

    def make() -> MainWindow:
        window = MainWindow(engine, store, theme)  # type: ignore[arg-type]  # the fake has the engine's surface
        made.append(window)
        window.show()
        qtbot.waitExposed(window)
        settle(window)
        return window

    QGuiApplication.clipboard().clear()
    yield make
    for window in made:
        window.finish()
        window.deleteLater()


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    return make_window()


@pytest.fixture
def desktop() -> Iterator[FakeDesktop]:
    made = FakeDesktop()
    for scheme in ("https", "http", "file"):
        QDesktopServices.setUrlHandler(scheme, made, "take")
    yield made
    for scheme in ("https", "http", "file"):
        QDesktopServices.unsetUrlHandler(scheme)


def settle(window: MainWindow) -> None:
    """Do now what waits for the end of this turn of the loop."""
    window._soon.stop()
    window._refresh()


def add(engine: FakeEngine, task_id: str, state: TaskState, *, files: int = 2, size: int = 1000) -> None:
    """Add a task with files of one size and bring it into a state."""
    engine.script_add(task_id)
    engine.script_items(task_id, {f"file-{n}.gguf": size for n in range(files)})
    engine.script_state(task_id, state)


def select(window: MainWindow, *rows: str) -> None:
    """Select tasks alone, each named by its id; `id//file` selects a file."""
    window.tree.clearSelection()
    model = window.tree.selectionModel()
    for row in rows:
        task_id, _, item_id = row.partition("//")
        index = window.tree._proxy_index(task_id)
        if item_id:
            children = [window.tree.proxy.index(n, 0, index) for n in range(window.tree.proxy.rowCount(index))]
            index = next(child for child in children if child.data() == item_id)
        model.select(index, model.SelectionFlag.Select | model.SelectionFlag.Rows)
    settle(window)


def enabled(window: MainWindow) -> set[str]:
    """Return the objectNames of the enabled actions."""
    return {action.objectName() for action in window.actions_ if action.isEnabled()}
