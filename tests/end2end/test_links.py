"""A link from a web page asks in the real window, and shows hub, size and folder before anything starts."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTreeWidget

from core.demo.catalogue import Scale
from core.states import TaskState
from gui.dialogs.review import ReviewDialog
from gui.main_window import MainWindow
from tests.end2end.conftest import HubOnThread, Stage, play

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

MODEL = "bartowski/Llama-3.2-1B-Instruct-GGUF"


@pytest.fixture
def hub_scale() -> Scale:
    return "test"


def review(window: MainWindow) -> ReviewDialog:
    found = window.findChildren(ReviewDialog)
    assert found
    return found[-1]


def told(dialog: ReviewDialog, place: int) -> list[str]:
    """What stands below a line of the review."""
    lines = dialog.findChild(QTreeWidget, "reviewLines")
    assert lines is not None
    line = lines.topLevelItem(place)
    assert line is not None
    return [line.child(n).text(0) for n in range(line.childCount())]


def test_a_link_shows_hub_size_and_folder_and_starts_after_a_yes(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        direct = loud_hub.hub.direct_url("weights.bin")
        window.add_texts([f"pulley://pull?model={MODEL}", f"pulley://pull?model={direct}"], ask=False)
        dialog = review(window)
        host = loud_hub.endpoint.removeprefix("http://")
        assert any("asking for the size" in text for text in told(dialog, 0))
        await stage.until(lambda: any("in 1 file " in text for text in told(dialog, 0)))
        (facts,) = [text for text in told(dialog, 0) if text.startswith("From")]
        assert facts.startswith(f"From {host} · ") and " kB in 1 file · saved in " in facts
        assert facts.endswith(f"models/huggingface.co/{MODEL}")
        (unasked,) = [text for text in told(dialog, 1) if text.startswith("From")]
        assert unasked.startswith(f"From {direct.split('/')[2]} · size unknown: this server is not asked")
        assert stage.engine.tasks == []
        assert not [each for each in loud_hub.hub.requests if each.path.endswith("weights.bin")]

        QTest.keyClick(dialog, Qt.Key.Key_Return)
        assert stage.engine.tasks == [], "Enter says no"
        window.add_texts([f"pulley://pull?model={MODEL}"], ask=False)
        QTest.mouseClick(review(window).add_button, Qt.MouseButton.LeftButton)
        await stage.until(lambda: bool(stage.engine.tasks) and stage.engine.tasks[0].state is TaskState.DONE)
        await stage.close()

    play(stage, story)


def test_a_link_to_what_is_not_there_says_so_before_a_yes(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        window.add_texts(["lmstudio://open_from_hf?model=nobody/nothing"], ask=False)
        dialog = review(window)
        await stage.until(lambda: any("size unknown: nobody/nothing does not exist" in t for t in told(dialog, 0)))
        assert stage.engine.tasks == []
        await stage.close()

    play(stage, story)
