"""What is dropped, pasted, typed at the start or imported becomes models, or a review, or a polite sentence."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidget

from core.states import TaskState
from gui.dialogs.review import ReviewDialog
from gui.drop import decode_list
from gui.main_window import MainWindow
from tests.fakes.engine import FakeEngine
from tests.gui.main_window.conftest import add

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs and menus


def drop(window: MainWindow, mime: QMimeData) -> None:
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none)
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        action = Qt.DropAction.CopyAction
        QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), action, mime, Qt.MouseButton.LeftButton, none))


def mime(*, text: str = "", urls: tuple[str, ...] = ()) -> QMimeData:
    made = QMimeData()
    if text:
        made.setText(text)
    if urls:
        made.setUrls([QUrl(url) for url in urls])
    return made


def review(window: MainWindow) -> ReviewDialog | None:
    found = [dialog for dialog in window.findChildren(ReviewDialog) if dialog.isVisible()]
    return found[0] if found else None


def ids(engine: FakeEngine) -> list[str]:
    return [task.id for task in engine.tasks]


def test_a_dropped_link_is_added_at_once(window: MainWindow, engine: FakeEngine) -> None:
    drop(window, mime(urls=("https://huggingface.co/org/repo",)))
    assert ids(engine) == ["org/repo"]
    assert window.status.currentMessage() == "Added org/repo"
    assert window.tree.ids_selected() == [("org/repo", None)]


def test_dropped_lines_are_added_at_once_when_all_are_understood(window: MainWindow, engine: FakeEngine) -> None:
    drop(window, mime(text="org/a\n\n  org/b  \n# a remark\ntinyllama:gguf"))
    assert len(ids(engine)) == 3
    assert window.status.currentMessage() == "3 models added"
    assert review(window) is None


@pytest.mark.parametrize(
    "text",
    [
        "org/a\nnot a model",
        "\n".join(f"org/r{n}" for n in range(6)),
        "pulley://pull?model=org/a",
        "lmstudio://open_from_hf?model=org/a&file=x.gguf",
    ],
)
def test_nothing_starts_before_a_yes_where_a_review_is_due(
    window: MainWindow, engine: FakeEngine, text: str
) -> None:
    drop(window, mime(text=text))
    dialog = review(window)
    assert dialog is not None and not dialog.isModal()
    assert engine.calls == []
    understood = len(dialog._handles)
    dialog.add_button.click()
    assert len(engine.calls) == understood
    assert review(window) is None


def test_the_review_shows_the_reason_beside_each_refused_line(window: MainWindow, engine: FakeEngine) -> None:
    drop(window, mime(text="org/a\n../etc/passwd"))
    dialog = review(window)
    assert dialog is not None
    label = dialog.findChild(object, "reviewCount")
    assert label.text() == "1 understood, 1 not"  # type: ignore[attr-defined]
    lines = dialog.findChild(QTreeWidget, "reviewLines")
    row = lines.topLevelItem(1)
    assert row is not None and "path on this computer" in row.child(0).text(0)
    dialog.reject()
    assert engine.calls == []


def test_enter_says_no_to_what_a_link_asks_for(window: MainWindow, engine: FakeEngine) -> None:
    window._intake.submit("pulley://pull?model=org/a")
    dialog = review(window)
    assert dialog is not None
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert review(window) is None
    assert engine.calls == []


def test_a_review_without_any_understood_line_offers_no_add(window: MainWindow) -> None:
    drop(window, mime(text="no model at all"))
    dialog = review(window)
    assert dialog is not None and not hasattr(dialog, "add_button")
    dialog.reject()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (mime(urls=("file:///home/somebody/models",)), "Files and folders cannot be added"),
        (mime(urls=("file:///home/somebody/cat.png",)), "picture"),
        (mime(text="x" * (1 << 20) + "yy"), "too much text"),
        (mime(text="a/b\n" * 2001), "too many lines"),
        (mime(text="  \n \n"), "no name or link"),
    ],
)
def test_what_is_no_name_is_refused_politely(
    window: MainWindow, engine: FakeEngine, data: QMimeData, says: str
) -> None:
    drop(window, data)
    assert says in window.status.currentMessage()
    assert engine.calls == [] and review(window) is None


def test_a_picture_is_not_even_accepted(window: MainWindow, engine: FakeEngine) -> None:
    data = QMimeData()
    data.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    drop(window, data)
    assert engine.calls == []


def test_ctrl_v_adds_what_was_copied(window: MainWindow, engine: FakeEngine) -> None:
    QGuiApplication.clipboard().setText("org/repo")
    window.tree.setFocus()
    QTest.keyClick(window.tree, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert ids(engine) == ["org/repo"]


def test_ctrl_v_in_the_filter_is_a_plain_paste(window: MainWindow, engine: FakeEngine) -> None:
    QGuiApplication.clipboard().setText("org/repo")
    add(engine, "a/a", TaskState.PAUSED)
    window.activateWindow()
    window._focus_filter()
    QTest.keyClick(window.toolbar.filter, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert window.toolbar.filter.text() == "org/repo"
    assert engine.calls == []


def test_an_empty_clipboard_is_said(window: MainWindow) -> None:
    QGuiApplication.clipboard().clear()
    window.actions_["actionPaste"].trigger()
    assert "no name or link" in window.status.currentMessage()


def test_the_same_model_again_is_said_to_be_there(window: MainWindow, engine: FakeEngine) -> None:
    window._intake.submit("org/repo")
    window._intake.submit("org/repo")
    assert window.status.currentMessage() == "org/repo is in the list already"


def test_handles_from_the_command_line_are_added_or_asked_for(window: MainWindow, engine: FakeEngine) -> None:
    window.add_texts(["org/a", "org/b"], ask=False)
    assert ids(engine) == ["org/a", "org/b"]
    window.add_texts(["org/c"], ask=True)
    dialog = review(window)
    assert dialog is not None and ids(engine) == ["org/a", "org/b"]
    dialog.add_button.click()
    assert ids(engine) == ["org/a", "org/b", "org/c"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_is_imported_in_every_common_encoding(
    window: MainWindow, engine: FakeEngine, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("# models\r\norg/a\r\norg/b\r\n".encode(encoding))
    window._intake.import_file(str(path))
    assert ids(engine) == ["org/a", "org/b"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [(b"\xff\xff\xff", "not a text file"), (b"a\0b", "not a text file"), (b"a" * ((1 << 20) + 1), "1 MiB")],
)
def test_what_is_no_list_is_refused(raw: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        decode_list(raw)


def test_a_missing_file_is_said(window: MainWindow, tmp_path: Path) -> None:
    window._intake.import_file(str(tmp_path / "none.txt"))
    assert "could not be used" in window.status.currentMessage()


def test_what_is_exported_can_be_imported_again(window: MainWindow, engine: FakeEngine, tmp_path: Path) -> None:
    window.add_texts(["org/a:Q8_0", "tinyllama:gguf"], ask=False)
    path = tmp_path / "out.txt"
    window._intake.export_file(str(path))
    assert path.read_text() == "org/a:Q8_0\ntinyllama:gguf\n"
    assert window.status.currentMessage() == "2 names written"


def test_an_export_to_nowhere_is_said(window: MainWindow, engine: FakeEngine, tmp_path: Path) -> None:
    window._intake.export_file(str(tmp_path / "none" / "out.txt"))
    assert "could not be used" in window.status.currentMessage()
