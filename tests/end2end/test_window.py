"""The whole story in the real window: drop two models, pause one, quit, come back, be killed, and end verified."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt

from core.states import ItemState, TaskState
from gui.tree.base import Column, Role
from tests.end2end.conftest import HubOnThread, Stage, drop, play, press

MB = 1_000_000
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
TINY = "tinyllama:gguf"
LLAMA_FILE = "Llama-3.2-1B-Instruct-Q4_K_M.gguf"
FILES = {LLAMA: LLAMA_FILE, TINY: "model.gguf"}


def shown_progress(window, task_id: str) -> int:
    """What the tree shows for a task, 0 to 1000."""
    view = window.tree.model()
    for row in range(view.rowCount()):
        index = view.index(row, Column.PROGRESS)
        if view.index(row, Column.NAME).data(Role.ID)[0] == task_id:
            return index.data(Role.PROGRESS) or 0
    raise AssertionError(f"{task_id} is not in the tree")


def is_right(stage: Stage, hub: HubOnThread, task_id: str) -> bool:
    task = stage.engine.task(task_id)
    assert task.manifest is not None
    repo = f"cortexso/{task.manifest.repo}" if task.manifest.hub == "cortexso" else task.manifest.repo
    return all(
        item.local_hash
        or item.local_path.read_bytes() == hub.hub.content(repo, item.id, revision=task.manifest.commit)
        for item in task.wanted_items()
        if item.local_path is not None
    )


def test_two_dropped_models_are_paused_resumed_closed_and_opened_again(stage: Stage, loud_hub: HubOnThread) -> None:
    sent = lambda name: loud_hub.hub.bytes_sent(name)  # noqa: E731

    async def story() -> None:
        loud_hub.knobs.bytes_per_s_total = 16 * MB
        window = await stage.open()
        drop(window, f"{LLAMA}\n{TINY}\n")
        await stage.until(lambda: all(task.durable > 2 * MB for task in stage.engine.tasks))
        assert len(stage.engine.tasks) == 2
        first = {task_id: shown_progress(window, task_id) for task_id in (LLAMA, TINY)}
        await stage.until(lambda: all(shown_progress(window, t) > first[t] for t in (LLAMA, TINY)))

        window.tree.select_task(LLAMA)
        await stage.until(window.actions_["actionPause"].isEnabled)
        press(window, "actionPause")
        assert stage.engine.task(LLAMA).state is TaskState.PAUSED
        await stage.until(lambda: not [r for r in loud_hub.hub.requests.under_way() if r.concerns(LLAMA_FILE)])
        stopped, others = sent(LLAMA_FILE), sent("tinyllama/model.gguf")
        await stage.until(lambda: sent("tinyllama/model.gguf") > others + 5 * MB)
        assert sent(LLAMA_FILE) == stopped, "its bytes stop, the other's go on"
        await stage.until(window.actions_["actionResume"].isEnabled)
        press(window, "actionResume")
        await stage.until(lambda: sent(LLAMA_FILE) > stopped + 2 * MB)

        window.close()
        question = await answer_quit(stage)
        assert "2" in question
        await stage.ended()
        kept = {task.id: task.durable for task in stage.engine.tasks}
        on_the_way = (
            sent(LLAMA_FILE)
            + sent("tinyllama/model.gguf")
            - sum(stage.engine.task(task_id).items[name].durable for task_id, name in FILES.items())
        )
        # What is in the buffers of a few connections, and so depends on how busy the machine is.
        assert on_the_way < 4 * 2**20, f"a pause and a quit cost {on_the_way} bytes"

        window = await stage.open()
        assert {task.id: task.durable >= kept[task.id] for task in stage.engine.tasks} == {LLAMA: True, TINY: True}
        loud_hub.knobs.bytes_per_s_total = None
        await stage.until(lambda: all(task.state is TaskState.DONE for task in stage.engine.tasks))
        assert is_right(stage, loud_hub, LLAMA) and is_right(stage, loud_hub, TINY)
        await stage.close()

    play(stage, story)


async def answer_quit(stage: Stage) -> str:
    """Say yes to the question before quitting; return what it says."""
    from PySide6.QtWidgets import QAbstractButton, QDialog, QLabel, QMessageBox

    found: list[QDialog] = []

    def is_asked() -> bool:
        found[:] = [w for w in stage.app.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
        return bool(found)

    await stage.until(is_asked)
    (dialog,) = found
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    if isinstance(dialog, QMessageBox):
        said += dialog.text() + dialog.informativeText()
    yes = next(b for b in dialog.findChildren(QAbstractButton) if "quit" in b.text().replace("&", "").lower())
    yes.click()
    return said


def test_a_killed_window_goes_on_where_it_stood(stage: Stage, loud_hub: HubOnThread, tmp_path: Path) -> None:
    loud_hub.knobs.bytes_per_s_total = 16 * MB
    words = ["--data-dir", str(stage.places.data), "--models-dir", str(stage.places.models), LLAMA, TINY]
    environ = os.environ | {"QT_QPA_PLATFORM": "offscreen", "HF_ENDPOINT": loud_hub.endpoint}
    process = subprocess.Popen([sys.executable, "-m", "gui", *words], env=environ)
    try:
        deadline = time.monotonic() + 60
        while loud_hub.hub.bytes_sent(LLAMA_FILE) < 12 * MB or loud_hub.hub.bytes_sent("model.gguf") < 12 * MB:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    loud_hub.knobs.bytes_per_s_total = None

    async def story() -> None:
        await stage.open()
        assert [task.id for task in stage.engine.tasks] == [LLAMA, TINY]
        await stage.until(lambda: all(task.state is TaskState.DONE for task in stage.engine.tasks))
        assert is_right(stage, loud_hub, LLAMA) and is_right(stage, loud_hub, TINY)
        sizes = sum(stage.engine.task(t).size for t in (LLAMA, TINY))
        sent = loud_hub.hub.bytes_sent(LLAMA_FILE) + loud_hub.hub.bytes_sent("tinyllama/model.gguf")
        assert sent - sizes < 24 * MB, "what was recorded is not fetched again"
        assert not list(tmp_path.rglob("*.part*"))
        await stage.close()

    play(stage, story)


def test_a_second_start_hands_its_models_to_the_first_window(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        await stage.open()
        words = ["--data-dir", str(stage.places.data), TINY]
        environ = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
        second = subprocess.Popen([sys.executable, "-m", "gui", *words], env=environ)
        await stage.until(lambda: second.poll() is not None)
        assert second.returncode == 0
        await stage.until(lambda: [task.id for task in stage.engine.tasks] == [TINY])
        await stage.until(lambda: stage.engine.task(TINY).state is TaskState.DONE)
        await stage.close()

    play(stage, story)


def test_a_failed_model_says_why_on_its_row_and_in_the_details(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        drop(window, "nobody/nothing")
        await stage.until(lambda: bool(stage.engine.tasks) and not stage.engine.tasks[0].state.is_live)
        window.tree.select_task("nobody/nothing")
        view = window.tree.model()
        status = view.index(0, Column.STATUS).data(Qt.ItemDataRole.DisplayRole)
        assert "nobody/nothing" in status or "not" in status.lower()
        await stage.until(lambda: "spelling" in texts_of(window.details))
        await stage.close()

    play(stage, story)


def texts_of(widget) -> str:
    from PySide6.QtWidgets import QLabel

    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


def test_a_file_is_left_out_by_its_check_box_in_the_tree(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        loud_hub.knobs.bytes_per_s_total = 1 * MB
        window = await stage.open()
        drop(window, "sentence-transformers/all-MiniLM-L6-v2")
        await stage.until(lambda: bool(stage.engine.tasks) and bool(stage.engine.tasks[0].items))
        task = stage.engine.tasks[0]
        window.tree.expand_task(task.id)
        view = window.tree.model()
        parent = view.index(0, Column.NAME)
        await stage.until(lambda: view.rowCount(parent) == len(task.items))
        index = next(
            view.index(row, Column.NAME, parent)
            for row in range(view.rowCount(parent))
            if view.index(row, Column.NAME, parent).data(Role.ID)[1] == "model.safetensors"
        )
        view.setData(index, Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
        assert task.items["model.safetensors"].state is ItemState.SKIPPED
        loud_hub.knobs.bytes_per_s_total = None
        await stage.until(lambda: task.state is TaskState.DONE)
        assert not (stage.places.models / "huggingface.co" / task.id / "model.safetensors").exists()
        await stage.close()

    play(stage, story)


def test_the_loop_survives_a_hundred_thousand_steps() -> None:
    """PySide6 6.12 takes a reference off None with every timer that ends, and aborts Python 3.11 within seconds."""
    script = (
        "import sys, asyncio\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from gui.loop import run\n"
        "async def main():\n"
        "    before = sys.getrefcount(None)\n"
        "    for _ in range(100_000): await asyncio.sleep(0)\n"
        "    for _ in range(2_000): await asyncio.sleep(0.0001)\n"
        "    assert before - sys.getrefcount(None) < 1000\n"
        "run(QApplication([]), main)\n"
    )
    root = Path(__file__).parent.parent.parent
    assert subprocess.run([sys.executable, "-c", script], cwd=root, timeout=100).returncode == 0
