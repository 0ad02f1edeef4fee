"""The pane of choices: ticked by mouse and keyboard, figures below, refusals with their reason."""

from collections.abc import Sequence

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from core.choosing import Listing
from core.choosing.facts import Facts
from core.choosing.fits import Machine
from core.records import Handle, RemoteFile, Selection
from core.selection import Unselectable, choose
from gui.choosing.model import ChoiceColumn, ChoicesModel
from gui.choosing.pane import ChoicesPane
from gui.style.theme import Theme

GB = 1_000_000_000
HANDLE = Handle("huggingface", "org/repo")
GGUF = {
    "README.md": 1000,
    "m-Q2_K.gguf": 3 * GB,
    "m-Q4_K_M.gguf": 5 * GB,
    "m-Q8_0-00001-of-00002.gguf": 5 * GB,
    "m-Q8_0-00002-of-00002.gguf": 4 * GB,
    "m-F16-00001-of-00003.gguf": 8 * GB,
    "m-F16-00003-of-00003.gguf": 8 * GB,
    "mmproj-f16.gguf": GB,
    "m.imatrix.gguf": 1000,
}
SAFE = {"model.safetensors": 2 * GB, "pytorch_model.bin": 2 * GB, "config.json": 500, "modeling.py": 900}


def listing(sizes: dict[str, int], handle: Handle = HANDLE) -> Listing:
    try:
        wanted = choose(sizes, quant=handle.quant)
    except Unselectable:
        wanted = frozenset()
    files = (RemoteFile(path, size, "", "", wanted=path in wanted) for path, size in sizes.items())
    return Listing(handle, "c" * 40, tuple(files))


@pytest.fixture
def pane(qtbot: QtBot) -> ChoicesPane:
    made = ChoicesPane(Theme())
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def lines(pane: ChoicesPane, parent: QModelIndex = QModelIndex()) -> list[list[str]]:  # noqa: B008
    model = pane.model
    rows = range(model.rowCount(parent))
    return [[model.index(row, column, parent).data() for column in ChoiceColumn] for row in rows]


def names(pane: ChoicesPane) -> list[str]:
    return [line[0] for line in lines(pane)]


def what(pane: ChoicesPane, name: str) -> str:
    return next(line[ChoiceColumn.WHAT] for line in lines(pane) if line[0] == name)


def index(pane: ChoicesPane, name: str) -> QModelIndex:
    return pane.model.index(names(pane).index(name), 0)


def ticked(pane: ChoicesPane) -> list[str]:
    model = pane.model
    indexes = (model.index(row, 0) for row in range(model.rowCount()))
    state = Qt.ItemDataRole.CheckStateRole
    return [each.data() for each in indexes if Qt.CheckState(each.data(state)) is Qt.CheckState.Checked]


def tick_by_mouse(pane: ChoicesPane, name: str) -> None:
    pane.view.scrollTo(index(pane, name))
    box = pane.view.visualRect(index(pane, name))
    place = QPoint(box.left() + 13, box.center().y())
    QTest.mouseClick(pane.view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def press(pane: ChoicesPane, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(pane.view, key)


def test_rows_are_models_with_true_totals_and_words(pane: ChoicesPane) -> None:
    pane.set_listing(listing(GGUF))
    assert names(pane) == [
        "Q2_K", "Q4_K_M", "Q8_0", "F16", "mmproj-f16.gguf", "m.imatrix.gguf", "Config and tokenizer",
    ]  # fmt: skip
    sizes = {line[0]: line[ChoiceColumn.SIZE] for line in lines(pane)}
    assert sizes["Q8_0"] == "9.00 GB + 1.00 GB" and sizes["mmproj-f16.gguf"] == "1.00 GB"
    assert what(pane, "Q4_K_M") == "Recommended: good quality, small · the usual choice"
    assert "incomplete: 1 part missing" in what(pane, "F16")
    assert "only for making quantisations" in what(pane, "m.imatrix.gguf")
    assert ticked(pane) == ["Q4_K_M", "mmproj-f16.gguf"]
    assert "2 files, 6.00 GB" in pane.sum.text() and not pane.refusal()
    assert pane.selection() == Selection() and pane.request() == (HANDLE, Selection())


def test_a_tick_by_mouse_changes_the_choice_and_takes_the_projector_along(qtbot: QtBot, pane: ChoicesPane) -> None:
    pane.set_listing(listing(GGUF))
    with qtbot.waitSignal(pane.changed):
        tick_by_mouse(pane, "Q4_K_M")
    assert ticked(pane) == [] and pane.refusal() == "Choose at least one file."
    assert pane.problem.isVisible()
    tick_by_mouse(pane, "Q8_0")
    assert ticked(pane) == ["Q8_0", "mmproj-f16.gguf"] and not pane.refusal() and not pane.problem.isVisible()
    assert pane.request() == (Handle("huggingface", "org/repo", quant="Q8_0"), Selection())


def test_arrows_space_and_enter_do_all_of_it(qtbot: QtBot, pane: ChoicesPane) -> None:
    pane.set_listing(listing(GGUF))
    assert pane.view.currentIndex().data() == "Q4_K_M", "it begins at what is chosen"
    press(pane, Qt.Key.Key_Down, Qt.Key.Key_Space)
    assert ticked(pane) == ["Q4_K_M", "Q8_0", "mmproj-f16.gguf"]
    press(pane, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Return)
    assert ticked(pane) == ["Q2_K", "mmproj-f16.gguf"], "Enter takes one alone"
    with qtbot.waitSignal(pane.taken):
        press(pane, Qt.Key.Key_Return)
    press(pane, Qt.Key.Key_End, Qt.Key.Key_Return)
    assert "Config and tokenizer" in ticked(pane)
    press(
        pane, Qt.Key.Key_Home, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Space
    )
    assert pane.selection().paths >= {"m-Q8_0-00001-of-00002.gguf", "m-Q2_K.gguf"}, "a single file of a set"


def test_a_double_click_takes_one_alone(pane: ChoicesPane) -> None:
    pane.set_listing(listing(GGUF))
    place = pane.view.visualRect(pane.model.index(2, ChoiceColumn.WHAT)).center()
    QTest.mouseClick(pane.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(pane.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert ticked(pane) == ["Q8_0", "mmproj-f16.gguf"]


def test_an_incomplete_set_is_refused_with_the_reason(pane: ChoicesPane) -> None:
    pane.set_listing(listing(GGUF))
    tick_by_mouse(pane, "F16")
    assert "F16 is not complete: 1 of its 3 parts is missing" in pane.refusal() == pane.problem.text()
    QTest.mouseClick(pane.usual, Qt.MouseButton.LeftButton)
    assert not pane.refusal() and ticked(pane) == ["Q4_K_M", "mmproj-f16.gguf"]
    assert not pane.usual.isEnabled()


def test_formats_that_carry_code_are_marked_unticked_and_the_safe_one_named(pane: ChoicesPane) -> None:
    pane.set_listing(listing(SAFE))
    assert what(pane, "pytorch_model.bin") == "May run code when loaded; model.safetensors cannot"
    assert "trust" in what(pane, "Programs in Python")
    assert "pytorch_model.bin" not in ticked(pane) and "model.safetensors" in ticked(pane)


def test_what_fits_follows_the_row_and_the_rule_is_shown(pane: ChoicesPane) -> None:
    pane.set_listing(listing(GGUF))
    assert pane.fits.text() == "Memory unknown · graphics memory unknown · free space unknown"
    pane.set_machine(Machine(12 * GB, 8 * GB), 20 * GB)
    fits = {line[0]: line[ChoiceColumn.FITS] for line in lines(pane)}
    assert fits["Q4_K_M"] == "Graphics card" and fits["F16"] == "Too large" and fits["mmproj-f16.gguf"] == ""
    assert "context memory not known yet" in pane.rule.text() and "6.50 GB" in pane.rule.text()
    pane.set_facts(Facts("llama", 8_030_000_000, context_length=8192, cache_values=32 * 8 * 256))
    assert pane.facts.text().startswith("llama · 8.03B parameters · context of 8")
    assert "537 MB" in pane.rule.text() and "fits the disk (20.0 GB free)" in pane.fits.text()
    press(pane, Qt.Key.Key_Down)
    assert "oo large for the graphics card" in pane.fits.text()
    pane.set_machine(Machine(12 * GB, None), GB)
    assert "no room on the disk" in pane.fits.text() and "graphics memory unknown" in pane.fits.text()


def test_plain_files_stand_in_folders_and_share_the_choice(pane: ChoicesPane) -> None:
    pane.set_listing(listing({"b/x-Q8_0.gguf": 5, "b/c/y.txt": 7, "a.md": 1}))
    QTest.mouseClick(pane.plain, Qt.MouseButton.LeftButton)
    assert names(pane) == ["b", "a.md"]
    assert [line[0] for line in lines(pane, index(pane, "b"))] == ["c", "x-Q8_0.gguf"]
    folder = index(pane, "b")
    state = folder.data(Qt.ItemDataRole.CheckStateRole)
    assert Qt.CheckState(state) is Qt.CheckState.PartiallyChecked
    tick_by_mouse(pane, "b")
    assert pane.selection() == Selection(paths=frozenset({"b/x-Q8_0.gguf", "b/c/y.txt"}))
    QTest.mouseClick(pane.plain, Qt.MouseButton.LeftButton)
    assert ticked(pane) == ["Q8_0"] and pane.selection().paths


def test_a_row_that_a_person_looks_at_is_told_once_and_not_the_first(qtbot: QtBot, pane: ChoicesPane) -> None:
    seen: list[str] = []
    pane.row_looked_at.connect(lambda row: seen.append(row.name))
    pane.set_listing(listing(GGUF))
    assert seen == [], "a listing alone costs no request"
    press(pane, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down)
    assert seen == ["Q8_0", "F16"]


def test_names_that_lie_are_shown_on_one_line_as_they_are(pane: ChoicesPane) -> None:
    pane.set_listing(listing({"a\nb-<b>x</b>\u202e.bin": 5, "<i>.safetensors": 6}))
    assert "a b-<b>x</b> .bin" in names(pane)
    tip = index(pane, "<i>.safetensors").data(Qt.ItemDataRole.ToolTipRole)
    assert "<i>" not in tip or "&lt;" in tip


def test_an_empty_repo_and_no_listing_say_so(pane: ChoicesPane) -> None:
    assert pane.refusal() and pane.request() is None and pane.selection() == Selection()
    press(pane, Qt.Key.Key_Return, Qt.Key.Key_Space)
    pane.set_listing(Listing(HANDLE, "", ()))
    assert pane.problem.text() == "This repository holds no files."
    QTest.mouseClick(pane.plain, Qt.MouseButton.LeftButton)
    assert names(pane) == []


@pytest.mark.parametrize("plain", [False, True])
def test_the_model_is_one_that_qt_accepts(qtbot: QtBot, plain: bool) -> None:
    model = ChoicesModel(Theme())
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    pane = ChoicesPane(Theme())
    qtbot.addWidget(pane)
    for sizes in ({}, GGUF, SAFE, {"a/b/c/d.bin": 1, "a/b/e.bin": 2, "f": 3}):
        pane.set_listing(listing(sizes))
        model.show_pick(pane.pick, plain=plain)
        for row in range(model.rowCount()):
            model.toggle(model.index(row, 0))
        model.set_cache_values(5)
    assert tester.model() is model


def test_screen_readers_hear_the_whole_row(pane: ChoicesPane) -> None:
    pane.set_listing(listing(GGUF))
    spoken = index(pane, "Q4_K_M").data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Q4_K_M, 5.00 GB") and "Recommended" in spoken
    assert pane.view.accessibleName() and pane.plain.accessibleName() == "Plain files"


def test_ten_thousand_files_are_shown_and_ticked(pane: ChoicesPane) -> None:
    pane.set_listing(listing({f"x{n % 50}/m{n}-Q8_0.gguf": n for n in range(10_000)}))
    assert pane.model.rowCount() == 10_000
    press(pane, Qt.Key.Key_Down, Qt.Key.Key_Return)
    assert len(_chosen(pane)) == 1
    QTest.mouseClick(pane.plain, Qt.MouseButton.LeftButton)
    assert pane.model.rowCount() == 50


def _chosen(pane: ChoicesPane) -> Sequence[str]:
    assert pane.pick is not None
    return sorted(pane.pick.chosen)
