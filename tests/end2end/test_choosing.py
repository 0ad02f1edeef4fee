"""The chooser in the real window: a quant of a sharded repo is chosen, by mouse and by keyboard, and pulled."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from core.choosing.fits import Machine
from core.demo.gguf import gguf_file
from core.demo.repos import Repo, TextFile
from core.handles import parse_many
from core.records import Handle, Selection
from core.states import ItemState, TaskState
from gui.choosing.dialog import ChooserDialog
from gui.choosing.model import ChoiceColumn
from gui.choosing.pane import ChoicesView
from gui.dialogs.add import AddDialog
from gui.dialogs.ask import AskDialog
from gui.main_window import MainWindow
from tests.end2end.conftest import HubOnThread, Stage, play

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

VISION = "unsloth/Llama-3.3-70B-Vision-GGUF"
MMPROJ = "mmproj-BF16.gguf"
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
Q4 = [f"Q4_K_M/Llama-3.3-70B-Vision-Q4_K_M-{n:05d}-of-00003.gguf" for n in (1, 2, 3)]
Q8 = [f"Q8_0/Llama-3.3-70B-Vision-Q8_0-{n:05d}-of-00005.gguf" for n in range(1, 6)]


class FakeMachine:
    """A machine with 16 GB of memory and a card of 8 GB."""

    def machine(self) -> Machine:
        return Machine(memory=16_000_000_000, gpu=8_000_000_000)

    def free(self, folder: Path) -> int | None:
        return 50_000_000_000


@pytest.fixture
def hub_scale() -> str:
    return "small"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("gui.choosing.desk.ThisMachine", FakeMachine)
    yield


def parse_one(text: str) -> Handle:
    (parsed,) = parse_many(text)
    assert parsed.handle is not None
    return parsed.handle


async def open_chooser(stage: Stage, window: MainWindow, handle: str) -> ChooserDialog:
    """Type a handle into the add dialog and ask for its files."""
    window.actions_["actionAdd"].trigger()
    dialog = window.findChild(AddDialog)
    assert dialog is not None
    dialog.edit.setPlainText(handle)
    await stage.until(dialog.choose_button.isEnabled)
    QTest.mouseClick(dialog.choose_button, Qt.MouseButton.LeftButton)
    chooser = window.findChild(ChooserDialog)
    assert chooser is not None
    return chooser


def line_of(view: ChoicesView, name: str) -> QRect:
    """Return where a row is."""
    model = view.model()
    index = next(i for r in range(model.rowCount()) if (i := model.index(r, 0)).data() == name)
    view.scrollTo(index)
    return view.visualRect(index)


def box_of(view: ChoicesView, name: str) -> QPoint:
    """Return the middle of the check box of a row."""
    option = QStyleOptionViewItem()
    option.rect = line_of(view, name)
    option.features = QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    return view.style().subElementRect(
        QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, view
    ).center() + QPoint(5, 0)


def shown(view: ChoicesView) -> list[tuple[str, str]]:
    model = view.model()
    return [(model.index(r, 0).data(), model.index(r, 1).data()) for r in range(model.rowCount())]


def wanted(stage: Stage, task_id: str) -> list[str]:
    return sorted(item.id for item in stage.engine.task(task_id).wanted_items())


def test_a_quant_of_a_sharded_repo_is_chosen_by_mouse_and_pulled(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        chooser = await open_chooser(stage, window, VISION)
        pane = chooser.pane
        await stage.until(chooser.pull_button.isEnabled)
        assert [name for name, _ in shown(pane.view)][:4] == ["Q4_K_M", "Q8_0", MMPROJ, "mmproj-F16.gguf"]
        assert " + " in shown(pane.view)[0][1], "the projector stands beside the model"
        await stage.until(lambda: "131072" in pane.facts.text().replace(",", ""))
        assert "context memory" in pane.rule.text() and "4096 tokens" in pane.rule.text().replace(",", "")
        await stage.until(lambda: "16.0 GB" in pane.fits.text())
        for name in ("Q8_0", "Q4_K_M"):  # the one in, the other out
            QTest.mouseClick(pane.view.viewport(), Qt.MouseButton.LeftButton, pos=box_of(pane.view, name))
        assert pane.pick is not None and pane.pick.chosen == {*Q8, MMPROJ}
        QTest.mouseClick(chooser.pull_button, Qt.MouseButton.LeftButton)
        task_id = f"{VISION}:Q8_0"
        await stage.until(lambda: bool(stage.engine.tasks) and stage.engine.task(task_id).state is TaskState.DONE)
        assert wanted(stage, task_id) == sorted([*Q8, MMPROJ])
        await stage.close()

    play(stage, story)


def test_a_quant_of_a_sharded_repo_is_chosen_by_keyboard_and_pulled(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        chooser = await open_chooser(stage, window, f"{VISION}:Q8_0")
        view = chooser.pane.view
        await stage.until(chooser.pull_button.isEnabled)
        assert view.hasFocus() and view.currentIndex().data() == "Q8_0"
        QTest.keyClick(view, Qt.Key.Key_Up)
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert chooser.isVisible(), "the first Enter takes the row alone"
        assert chooser.pane.pick is not None and chooser.pane.pick.chosen == {*Q4, MMPROJ}
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert not chooser.isVisible()
        await stage.until(lambda: bool(stage.engine.tasks) and stage.engine.tasks[0].state is TaskState.DONE)
        assert stage.engine.tasks[0].id == VISION
        assert wanted(stage, VISION) == sorted([*Q4, MMPROJ])
        await stage.close()

    play(stage, story)


def test_single_files_are_chosen_among_plain_files_by_keyboard(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        chooser = await open_chooser(stage, window, VISION)
        await stage.until(chooser.pull_button.isEnabled)
        pane = chooser.pane
        QTest.mouseClick(pane.plain, Qt.MouseButton.LeftButton)
        assert [name for name, _ in shown(pane.view)][:2] == ["Q4_K_M", "Q8_0"], "folders first"
        pane.view.setFocus()
        pane.view.setCurrentIndex(pane.model.index(0, 0))
        QTest.keyClick(pane.view, Qt.Key.Key_Space)
        assert pane.pick is not None and pane.pick.chosen == {MMPROJ}, "the folder went out as one"
        names = [name for name, _ in shown(pane.view)]
        pane.view.setCurrentIndex(pane.model.index(names.index("README.md"), 0))
        QTest.keyClick(pane.view, Qt.Key.Key_Space)
        QTest.keyClick(pane.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await stage.until(lambda: bool(stage.engine.tasks) and stage.engine.tasks[0].state is TaskState.DONE)
        assert wanted(stage, VISION) == ["README.md", MMPROJ]
        await stage.close()

    play(stage, story)


def test_another_folder_is_for_this_download_alone(stage: Stage, loud_hub: HubOnThread, tmp_path: Path) -> None:
    async def story() -> None:
        window = await stage.open()
        chooser = await open_chooser(stage, window, LLAMA)
        await stage.until(chooser.pull_button.isEnabled)
        other = tmp_path / "other"
        other.mkdir()
        chooser.set_folder(other)
        assert str(other) in chooser.folder_label.text()
        QTest.mouseClick(chooser.pull_button, Qt.MouseButton.LeftButton)
        await stage.until(lambda: bool(stage.engine.tasks) and stage.engine.tasks[0].state is TaskState.DONE)
        folder = other / "huggingface.co" / LLAMA
        assert (folder / "Llama-3.2-1B-Instruct-Q4_K_M.gguf").exists()
        assert stage.engine.root != other
        await stage.close()

    play(stage, story)


def test_files_of_a_listed_download_are_chosen_with_its_row_menu(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        loud_hub.knobs.bytes_per_s_total = 50_000
        task_id = stage.engine.add(parse_one(LLAMA))
        await stage.until(lambda: bool(stage.engine.task(task_id).items))
        stage.engine.pause(task_id)
        window.tree.select_task(task_id)
        await stage.until(window.actions_["actionChooseFiles"].isEnabled)
        window.actions_["actionChooseFiles"].trigger()
        chooser = window.findChild(ChooserDialog)
        assert chooser is not None and chooser.pull_button.text() == "Apply"
        view = chooser.pane.view
        assert view.currentIndex().data() == "Q4_K_M"
        QTest.keyClick(view, Qt.Key.Key_Down)
        QTest.keyClick(view, Qt.Key.Key_Return)
        QTest.mouseClick(chooser.pull_button, Qt.MouseButton.LeftButton)
        assert wanted(stage, task_id) == ["Llama-3.2-1B-Instruct-Q6_K_L.gguf"]
        left = stage.engine.task(task_id).items["Llama-3.2-1B-Instruct-Q4_K_M.gguf"]
        assert left.state is ItemState.SKIPPED
        await stage.close()

    play(stage, story)


def test_a_model_that_is_not_there_is_said_in_the_chooser_and_asked_for_again(
    stage: Stage, loud_hub: HubOnThread
) -> None:
    async def story() -> None:
        window = await stage.open()
        chooser = await open_chooser(stage, window, "nobody/nothing")
        await stage.until(chooser.retry_button.isVisible)
        assert "nobody/nothing" in chooser.told.text() and not chooser.pull_button.isEnabled()
        before = len(loud_hub.hub.requests)
        QTest.mouseClick(chooser.retry_button, Qt.MouseButton.LeftButton)
        await stage.until(lambda: len(loud_hub.hub.requests) > before and chooser.retry_button.isVisible())
        chooser.reject()
        assert not stage.engine.tasks
        await stage.close()

    play(stage, story)


def test_closing_a_chooser_while_the_list_is_on_its_way_leaves_nothing_behind(
    stage: Stage, loud_hub: HubOnThread
) -> None:
    async def story() -> None:
        window = await stage.open()
        loud_hub.knobs.latency_s = 0.3
        chooser = await open_chooser(stage, window, LLAMA)
        assert not chooser.pull_button.isEnabled()
        chooser.reject()
        desk = window._intake.choosing
        await stage.until(lambda: not desk._work)
        assert not stage.engine.tasks
        await stage.close()

    play(stage, story)


def test_more_of_a_model_that_is_under_way_is_taken_in(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        desk = window._intake.choosing
        loud_hub.knobs.bytes_per_s_total = 50_000
        more = Selection(paths=frozenset({"README.md", "Llama-3.2-1B-Instruct-IQ3_M.gguf"}))
        desk.pull(parse_one(LLAMA), Selection())
        desk.pull(parse_one(LLAMA), more)  # its list is still on its way
        await stage.until(lambda: bool(stage.engine.task(LLAMA).items))
        assert wanted(stage, LLAMA) == ["Llama-3.2-1B-Instruct-IQ3_M.gguf", "README.md"]
        desk.pull(parse_one(LLAMA), Selection(paths=frozenset({"Llama-3.2-1B-Instruct-Q8_0.gguf"})))
        assert len(wanted(stage, LLAMA)) == 3 and len(stage.engine.tasks) == 1
        stage.engine.pause(LLAMA)  # else closing asks
        await stage.close()

    play(stage, story)


def test_a_list_of_thousands_of_files_is_grouped_and_chosen(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        repo = Repo("demo/thousands", [TextFile(f"x{n % 7}/note-{n}.txt", f"{n}\n") for n in range(1500)])
        loud_hub.hub.add_repo(repo)
        window = await stage.open()
        chooser = await open_chooser(stage, window, "demo/thousands")
        await stage.until(chooser.pull_button.isEnabled)
        assert shown(chooser.pane.view)[0][0] == "Config and tokenizer"
        assert chooser.pane.pick is not None and len(chooser.pane.pick.chosen) == 1500
        chooser.reject()
        await stage.close()

    play(stage, story)


def test_a_repo_whose_usual_quant_is_incomplete_can_still_be_chosen_from(
    stage: Stage, loud_hub: HubOnThread
) -> None:
    async def story() -> None:
        names = ("m-Q4_K_M-00001-of-00002.gguf", "m-Q8_0.gguf")
        files = [gguf_file(name, 20_000, name="M", quant="Q8_0") for name in names]
        loud_hub.hub.add_repo(Repo("demo/incomplete", files))
        window = await stage.open()
        chooser = await open_chooser(stage, window, "demo/incomplete")
        view = chooser.pane.view
        await stage.until(lambda: view.model().rowCount() == 2)
        assert "not complete" in chooser.pane.facts.text() and not chooser.pull_button.isEnabled()
        names_shown = [name for name, _ in shown(view)]
        view.setCurrentIndex(view.model().index(names_shown.index("Q4_K_M"), 0))
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert "1 of its 2 parts is missing" in chooser.pane.problem.text() and not chooser.pull_button.isEnabled()
        view.setCurrentIndex(view.model().index(names_shown.index("Q8_0"), 0))
        QTest.keyClick(view, Qt.Key.Key_Return)
        QTest.mouseClick(chooser.pull_button, Qt.MouseButton.LeftButton)
        await stage.until(lambda: bool(stage.engine.tasks) and stage.engine.tasks[0].state is TaskState.DONE)
        assert stage.engine.tasks[0].id == "demo/incomplete:Q8_0"
        await stage.close()

    play(stage, story)


def test_what_the_hub_calls_unsafe_is_asked_about_before_it_is_pulled(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        chooser = await open_chooser(stage, window, "demo/direct")
        await stage.until(chooser.pull_button.isEnabled)
        model = chooser.pane.model
        what = {model.index(r, 0).data(): model.index(r, ChoiceColumn.WHAT).data() for r in range(model.rowCount())}
        assert what["weights.bin"].startswith("Hub: unsafe") and what["Q8_0"].endswith("Hub: no issue found")
        view = chooser.pane.view
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=box_of(view, "weights.bin"))
        QTest.mouseClick(chooser.pull_button, Qt.MouseButton.LeftButton)
        asked = chooser.findChild(AskDialog)
        assert asked is not None and asked.isVisible() and not stage.engine.tasks
        QTest.keyClick(asked, Qt.Key.Key_Return)
        assert chooser.isVisible() and not stage.engine.tasks, "Enter means no"
        QTest.mouseClick(chooser.pull_button, Qt.MouseButton.LeftButton)
        again = next(each for each in chooser.findChildren(AskDialog) if each.isVisible())
        QTest.mouseClick(again.accept_button, Qt.MouseButton.LeftButton)
        await stage.until(lambda: bool(stage.engine.tasks) and stage.engine.tasks[0].state is TaskState.DONE)
        assert wanted(stage, stage.engine.tasks[0].id) == ["direct-Q8_0.gguf", "weights.bin"]
        await stage.close()

    play(stage, story)
