"""A damaged file in the real window: found by Verify, fetched again by Repair, and nothing else."""

import pytest
from PySide6.QtCore import Qt

from core.demo.catalogue import Scale
from core.states import TaskState
from gui.tree.base import Column
from gui.tree.columns import Role, Tone
from tests.end2end.conftest import HubOnThread, Stage, drop, play, press
from tests.end2end.test_window import is_right

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
FILE = "model.safetensors"


@pytest.fixture
def hub_scale() -> Scale:
    return "demo"


def test_a_damaged_file_is_found_and_only_that_file_is_fetched_again(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        drop(window, MINILM)
        await stage.until(lambda: bool(stage.engine.tasks) and stage.engine.tasks[0].state is TaskState.DONE)
        task = stage.engine.task(MINILM)
        window.tree.select_task(MINILM)
        status = window.tree.model().index(0, Column.STATUS)
        path = task.items[FILE].local_path
        assert path is not None
        with path.open("r+b") as file:
            file.seek(12345)
            file.write(b"!!!!")
        loud_hub.hub.requests.clear()

        seen: set[str] = set()
        stage.engine.verification_progressed.connect(lambda _: seen.add(status.data(Qt.ItemDataRole.DisplayRole)))
        await stage.until(window.actions_["actionVerify"].isEnabled)
        press(window, "actionVerify")
        assert task.check is not None and status.data(Role.TONE) is Tone.VERIFYING
        assert window.actions_["actionVerify"].iconText() == "Stop verifying"
        await stage.until(lambda: task.check is None)
        assert all(text.startswith(("Verifying", "Waiting to be verified")) for text in seen) and seen
        assert task.state is TaskState.FAILED
        assert "1 of" in window.status.currentMessage() and "Repair" in window.status.currentMessage()
        assert status.data(Qt.ItemDataRole.DisplayRole) == "Failed: the file is damaged"

        await stage.until(window.actions_["actionRepair"].isEnabled)
        window.actions_["actionRepair"].trigger()
        await stage.until(lambda: task.state is TaskState.DONE)
        assert is_right(stage, loud_hub, MINILM)
        asked = {r.path.partition("/resolve/")[2].partition("/")[2] for r in loud_hub.hub.requests.of(FILE)}
        assert len([r for r in loud_hub.hub.requests if "/api/" in r.path]) == 0 and FILE in asked
        assert loud_hub.hub.bytes_sent() == loud_hub.hub.bytes_sent(FILE), "nothing else was fetched"
        assert [found.name for found in path.parent.glob("*.bad-*")] == [f"{FILE}.bad-1"]
        await stage.close()

    play(stage, story)
