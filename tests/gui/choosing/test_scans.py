"""What the hub says of its scan, in the rows, below them, and before something bad is pulled."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.catalogue.records import Found, ModelFacts
from core.choosing import Listing, Pick
from core.records import Handle, RemoteFile, Selection
from core.scans import Scan
from gui import wording_scans
from gui.browse.model_page import ModelPage
from gui.choosing.caution import ask_first
from gui.choosing.dialog import ChooserDialog
from gui.choosing.model import ChoiceColumn
from gui.choosing.pane import ChoicesPane
from gui.dialogs.ask import AskDialog
from gui.style.theme import Theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

HANDLE = Handle("huggingface", "org/repo")
FILES = {
    "config.json": False,
    "model.safetensors": True,
    "pytorch_model-00001-of-00002.bin": False,
    "pytorch_model-00002-of-00002.bin": False,
    "old.ckpt": False,
    "odd.pt": False,
}
WORDS = {
    "pytorch_model-00001-of-00002.bin": "suspicious",
    "pytorch_model-00002-of-00002.bin": "unsafe",
    "old.ckpt": "caution",
    "odd.pt": "Weird <b>thing</b>",
}
SHARDS = "pytorch_model.bin"


def files() -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(path, 500, "", "", wanted=wanted) for path, wanted in FILES.items())


def listing(words: Mapping[str, str] | None = None, *, done: bool = True, tells: bool = True) -> Listing:
    scan = Scan(done, MappingProxyType(dict(WORDS if words is None else words))) if tells else None
    return Listing(HANDLE, "c" * 40, files(), scan)


@pytest.fixture
def pane(qtbot: QtBot) -> ChoicesPane:
    made = ChoicesPane(Theme())
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def cell(pane: ChoicesPane, name: str) -> QModelIndex:
    model = pane.model
    row = next(n for n in range(model.rowCount()) if model.index(n, 0).data() == name)
    return model.index(row, ChoiceColumn.WHAT)


def tick(pane: ChoicesPane, name: str) -> None:
    pane.model.toggle(cell(pane, name).siblingAtColumn(0))


def colour(pane: ChoicesPane, name: str) -> str:
    brush = cell(pane, name).data(Qt.ItemDataRole.ForegroundRole)
    return QColor(brush).name()


def question(parent: QWidget) -> AskDialog | None:
    asked = [each for each in parent.findChildren(AskDialog) if each.isVisible()]
    assert len(asked) <= 1
    return asked[0] if asked else None


def test_each_row_says_the_worst_of_its_files_in_the_hubs_words(pane: ChoicesPane) -> None:
    pane.set_listing(listing())
    tokens = Theme().tokens
    assert cell(pane, SHARDS).data().startswith("Hub: unsafe · ")
    assert "may run code when loaded" in cell(pane, SHARDS).data().lower(), "and what its format may do"
    assert cell(pane, "old.ckpt").data().startswith("Hub: caution · ")
    assert cell(pane, "odd.pt").data().startswith("Hub: Weird <b>thing</b> · "), "a word that is not known here"
    assert cell(pane, "model.safetensors").data().endswith(" · Hub: no issue found")
    assert cell(pane, "Config and tokenizer").data() == "Hub: no issue found"
    assert colour(pane, SHARDS) == colour(pane, "odd.pt") == tokens.red
    assert colour(pane, "old.ckpt") == tokens.amber and colour(pane, "model.safetensors") == tokens.muted
    for name in (SHARDS, "old.ckpt", "model.safetensors"):
        assert not cell(pane, name).data(Qt.ItemDataRole.DecorationRole).isNull()
        spoken = cell(pane, name).siblingAtColumn(0).data(Qt.ItemDataRole.AccessibleTextRole)
        assert "Hub: " in spoken
    tip = cell(pane, "odd.pt").data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;" in tip, "a hub's word is no markup"


def test_plain_files_say_what_the_hub_says_of_each(pane: ChoicesPane) -> None:
    pane.set_listing(listing())
    QTest.mouseClick(pane.plain, Qt.MouseButton.LeftButton)
    assert cell(pane, "pytorch_model-00001-of-00002.bin").data().startswith("Hub: suspicious")
    assert cell(pane, "pytorch_model-00002-of-00002.bin").data().startswith("Hub: unsafe")
    assert cell(pane, "config.json").data() == "Hub: no issue found"


def test_not_scanned_claims_nothing(pane: ChoicesPane) -> None:
    pane.set_listing(listing({"old.ckpt": "unsafe"}, done=False))
    text = cell(pane, "model.safetensors").data()
    assert text.endswith(" · not scanned by the hub") and "no issue" not in text
    assert cell(pane, "Config and tokenizer").data() == "Not scanned by the hub"
    assert colour(pane, "model.safetensors") == Theme().tokens.muted
    assert cell(pane, "old.ckpt").data().startswith("Hub: unsafe"), "what it found before it was done counts"
    assert "not scanned by the hub" in pane.sum.text()


def test_a_hub_that_says_nothing_is_given_no_words(pane: ChoicesPane) -> None:
    pane.set_listing(listing(tells=False))
    for row in range(pane.model.rowCount()):
        index = pane.model.index(row, ChoiceColumn.WHAT)
        assert "hub" not in index.data().lower() and index.data(Qt.ItemDataRole.DecorationRole) is None
    assert "hub" not in pane.sum.text().lower()


def test_the_line_about_the_choice_names_the_worst_of_it(pane: ChoicesPane) -> None:
    pane.set_listing(listing())
    assert pane.sum.text().endswith("1 file, 500 B · Hub: no issue found") and not pane.sum.styleSheet()
    tick(pane, "old.ckpt")
    assert pane.sum.text().endswith(" · Hub: caution") and Theme().tokens.amber in pane.sum.styleSheet()
    tick(pane, SHARDS)
    assert pane.sum.text().endswith(" · Hub: unsafe") and Theme().tokens.red in pane.sum.styleSheet()
    tick(pane, SHARDS)
    tick(pane, "old.ckpt")
    tick(pane, "model.safetensors")
    assert pane.sum.text() == "Nothing chosen" and not pane.sum.styleSheet()


def test_only_what_is_chosen_is_a_danger() -> None:
    pick = Pick(listing())
    assert pick.dangers == {}
    pick.set_files(["pytorch_model-00001-of-00002.bin", "old.ckpt"], True)
    assert pick.dangers == {}, "suspicious is shown, not asked about"
    pick.set_files(["pytorch_model-00002-of-00002.bin", "odd.pt"], True)
    assert list(pick.dangers) == ["pytorch_model-00002-of-00002.bin", "odd.pt"], "the worst first"


def test_a_person_is_asked_once_and_no_is_the_answer_of_enter(pane: ChoicesPane) -> None:
    pane.set_listing(listing())
    pulled: list[str] = []
    assert ask_first(pane, pane, lambda: pulled.append("sound")) is None and pulled == ["sound"]
    tick(pane, SHARDS)
    dialog = ask_first(pane, pane, lambda: pulled.append("bad"))
    assert dialog is not None and dialog.isVisible() and pulled == ["sound"]
    text = " ".join(label.text() for label in dialog.findChildren(type(pane.sum)))
    assert (
        "pytorch_model-00002-of-00002.bin: unsafe" in text
        and "model.safetensors holds the model in a format that runs no code" in text
    )
    assert dialog.cancel_button.isDefault()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert pulled == ["sound"] and not dialog.isVisible()
    dialog = ask_first(pane, pane, lambda: pulled.append("bad"))
    assert dialog is not None
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    assert pulled == ["sound", "bad"]
    assert ask_first(pane, pane, lambda: pulled.append("again")) is None, "once is enough"
    tick(pane, "odd.pt")
    dialog = ask_first(pane, pane, lambda: pulled.append("other"))
    assert dialog is not None, "another one is another question"
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert pulled == ["sound", "bad", "again"]
    pane.set_listing(listing())
    assert pane.agreed == set()


def test_the_page_of_a_model_asks_before_it_tells_what_is_pulled(qtbot: QtBot) -> None:
    page = ModelPage(Theme())
    qtbot.addWidget(page)
    page.show()
    page.show_facts(ModelFacts(Found("org/repo"), "", "c" * 40, files(), scan=listing().scan), where="")
    asked: list[tuple[Handle, Selection]] = []
    page.pull_asked.connect(lambda handle, selection: asked.append((handle, selection)))
    QTest.mouseClick(page.pull, Qt.MouseButton.LeftButton)
    assert asked == [(HANDLE, Selection())]
    tick(page.choices, SHARDS)
    QTest.mouseClick(page.pull, Qt.MouseButton.LeftButton)
    dialog = question(page)
    assert dialog is not None and len(asked) == 1, "nothing is pulled while it is asked"
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    assert len(asked) == 2 and SHARDS.replace(".bin", "-00001-of-00002.bin") in asked[1][1].paths


def test_the_chooser_asks_before_it_closes(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    dialog = ChooserDialog(Theme(), "org/repo", folder=tmp_path, parent=window)
    dialog.open()
    dialog.show_pick(Pick(listing()))
    tick(dialog.pane, "odd.pt")
    told: list[None] = []
    dialog.submitted.connect(lambda: told.append(None))
    QTest.mouseClick(dialog.pull_button, Qt.MouseButton.LeftButton)
    asked = question(dialog)
    assert asked is not None and not told and dialog.isVisible()
    QTest.mouseClick(asked.cancel_button, Qt.MouseButton.LeftButton)
    assert dialog.isVisible() and not told, "no keeps the chooser open"
    QTest.mouseClick(dialog.pull_button, Qt.MouseButton.LeftButton)
    asked = question(dialog)
    assert asked is not None
    QTest.mouseClick(asked.accept_button, Qt.MouseButton.LeftButton)
    assert told == [None] and not dialog.isVisible()


def test_many_bad_files_are_not_all_named() -> None:
    pick = Pick(listing())
    found = pick.finding(["odd.pt"])
    assert found is not None
    lines = wording_scans.lines({f"{number}.pt": found for number in range(20)}, "")
    assert lines[1].endswith("…") and lines[1].count("\n") == wording_scans.NAMES_MAX
