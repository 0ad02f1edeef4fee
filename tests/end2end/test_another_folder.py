"""A disk that is full in the real window: another folder is offered, chosen, and the download ends there."""

import errno
from pathlib import Path
from unittest.mock import patch

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from core.demo.catalogue import Scale
from core.states import ItemState, TaskState
from tests.end2end.conftest import HubOnThread, Stage, drop, play
from tests.end2end.test_window import is_right
from tests.fakes.fsops import FileOps

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
FILE = "model.safetensors"


@pytest.fixture
def hub_scale() -> Scale:
    return "demo"


def test_a_download_on_a_full_disk_goes_on_in_the_folder_that_is_chosen(
    stage: Stage, loud_hub: HubOnThread, tmp_path: Path
) -> None:
    other = tmp_path / "other disk"
    other.mkdir()
    assert stage.places.models is not None
    ops = FileOps(stage.places.models)

    async def story() -> None:
        window = await stage.open()
        ops.fail(errno.ENOSPC, "pwritev", name=FILE, skip=2)
        drop(window, MINILM)
        await stage.until(lambda: bool(stage.engine.tasks))
        task = stage.engine.task(MINILM)
        await stage.until(lambda: task.count(ItemState.BACKING_OFF) == 1)
        await stage.until(lambda: task.count(ItemState.DONE) == task.wanted_count - 1)
        window.tree.select_task(MINILM)
        overview = window.details.overview
        await stage.until(overview.folder_button.isVisible)
        assert "No space left" in overview.trouble["happened"].text()
        assert overview.trouble["means"].text() and overview.trouble["next"].text().startswith(("in ", "now"))
        QTest.mouseClick(overview.folder_button, Qt.MouseButton.LeftButton)
        dialog = window.findChild(QFileDialog, "relocateDialog")
        assert dialog is not None
        dialog.fileSelected.emit(str(other))
        dialog.done(0)
        await stage.until(lambda: task.state is TaskState.DONE)
        assert task.root == other and is_right(stage, loud_hub, MINILM)
        assert not any(path.is_file() for path in ops_root.rglob("*")), "nothing is left on the full disk"
        assert overview.values[2].text().startswith(str(other))
        await stage.close()

    ops_root = stage.places.models
    with ops.watched(), patch("core.transfer.ground.RESERVE_BYTES", 0):
        play(stage, story)
