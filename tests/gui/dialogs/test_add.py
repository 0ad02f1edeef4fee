"""The add dialog understands while a person types, says why not, and hands over what it understood."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from core.records import Handle
from gui.dialogs.add import AddDialog
from gui.style.theme import Theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs


def make(qtbot: QtBot, *, clipboard: str = "") -> AddDialog:
    QGuiApplication.clipboard().setText(clipboard)
    dialog = AddDialog(Theme(), folder="~/pulley/models")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # the bot deletes it
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitExposed(dialog)
    return dialog


def test_at_first_nothing_can_be_added(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    assert not dialog.add_button.isEnabled()
    assert dialog.count.text() == "" and dialog.lines.isHidden()


def test_lines_are_understood_while_they_are_typed(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    QTest.keyClicks(dialog.edit, "org/repo")
    qtbot.waitUntil(lambda: dialog.add_button.isEnabled())
    assert dialog.count.text() == "1 understood, 0 not"
    assert dialog.add_button.text() == "Add 1 model"
    dialog.edit.setPlainText("org/repo\nnot a model\ntinyllama:gguf")
    qtbot.waitUntil(lambda: dialog.count.text() == "2 understood, 1 not")
    reason = dialog.lines.topLevelItem(1).child(0).text(0)
    assert "no spaces" in reason
    assert dialog.add_button.text() == "Add 2 models"


def test_ctrl_enter_adds_even_before_the_last_key_was_read(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    dialog.edit.setPlainText("org/repo")
    dialog.paused.setChecked(True)
    with qtbot.waitSignal(dialog.submitted) as told:
        QTest.keyClick(dialog.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert told.args == [[Handle("huggingface", "org/repo")], True]
    assert not dialog.isVisible()


def test_what_is_not_understood_is_not_submitted(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    dialog.edit.setPlainText("not a model")
    with qtbot.assertNotEmitted(dialog.submitted):
        QTest.keyClick(dialog.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert dialog.isVisible()


@pytest.mark.parametrize(
    ("clipboard", "begins_with"),
    [
        ("https://huggingface.co/org/repo", "https://huggingface.co/org/repo"),
        ("org/a\norg/b", "org/a\norg/b"),
        ("just some words", ""),
        ("password", ""),
        ("org/a\nand words", ""),
    ],
)
def test_it_begins_with_a_clipboard_that_holds_handles_only(qtbot: QtBot, clipboard: str, begins_with: str) -> None:
    assert make(qtbot, clipboard=clipboard).edit.toPlainText() == begins_with


def test_too_much_text_is_refused(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    dialog.edit.setPlainText("a/b\n" * 2001)
    qtbot.waitUntil(lambda: "too many lines" in dialog.count.text())
    assert not dialog.add_button.isEnabled()


def test_it_says_where_models_go_and_which_forms_it_takes(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    assert any(label.text() == "Saved under ~/pulley/models" for label in dialog.findChildren(QLabel))
    button = dialog.findChild(QToolButton, "addForms")
    assert button is not None and not dialog.forms.isVisible()
    button.click()
    assert dialog.forms.isVisible()
    assert any("org/repo:QUANT" in label.text() for label in dialog.forms.findChildren(QLabel))


def test_names_that_look_like_markup_are_shown_as_they_are(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    dialog.edit.setPlainText("<b>bold</b>")
    qtbot.waitUntil(lambda: dialog.count.text() == "0 understood, 1 not")
    row = dialog.lines.topLevelItem(0)
    assert row.text(0) == "<b>bold</b>"
    assert "<b>" not in row.toolTip(0)
    assert all(label.textFormat() is not Qt.TextFormat.RichText for label in dialog.findChildren(QLabel))


def test_the_files_of_one_model_can_be_chosen_before_it_is_added(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    assert not dialog.choose_button.isEnabled()
    dialog.edit.setPlainText("org/repo\norg/other")
    qtbot.waitUntil(dialog.add_button.isEnabled)
    assert not dialog.choose_button.isEnabled(), "of one model at a time"
    dialog.edit.setPlainText("org/repo:Q8_0")
    dialog.paused.setChecked(True)
    qtbot.waitUntil(dialog.choose_button.isEnabled)
    with qtbot.assertNotEmitted(dialog.submitted), qtbot.waitSignal(dialog.choose_asked) as told:
        QTest.mouseClick(dialog.choose_button, Qt.MouseButton.LeftButton)
    assert told.args == [Handle("huggingface", "org/repo", quant="Q8_0"), True]
    assert not dialog.isVisible()
