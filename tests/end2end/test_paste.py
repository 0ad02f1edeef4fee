"""Ten lines from anywhere, pasted into the real window: seven models of five hubs, and three reasons."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QTreeWidget

from core.states import TaskState
from gui.dialogs.review import ReviewDialog
from tests.end2end.conftest import HubOnThread, Stage, play
from tests.fakes.modelscope_hub import ModelScopeHub
from tests.fakes.ollama_registry import OllamaRegistry
from tests.fakes.two_hosts import on_thread

WEIGHTS = b"GGUF" + bytes(range(256)) * 4_000
LICENCE = b"Do what you like"


@pytest.fixture
def modelscope(loud_hub: HubOnThread, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelScopeHub]:
    hub = ModelScopeHub()
    hub.push("org/tiny", {"tiny-Q4_K_M.gguf": WEIGHTS, "README.md": b"# Tiny"})
    with on_thread(hub):
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.hub)
        yield hub


@pytest.fixture
def registry(loud_hub: HubOnThread, monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaRegistry]:
    registry = OllamaRegistry()
    registry.push("library/tiny", "1b", [("model", WEIGHTS), ("license", LICENCE)])
    with on_thread(registry):
        monkeypatch.setenv("OLLAMA_REGISTRY", registry.hub)
        yield registry


def test_ten_pasted_lines_are_seven_models_and_three_reasons(
    stage: Stage, loud_hub: HubOnThread, modelscope: ModelScopeHub, registry: OllamaRegistry, tmp_path: Path
) -> None:
    lines = [
        "bartowski/Llama-3.2-1B-Instruct-GGUF",
        "tinyllama:gguf",
        "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/blob/main/config.json",
        "hf download demo/empty-file",
        "https://modelscope.cn/models/org/tiny/summary",
        "ollama run tiny:1b",
        loud_hub.hub.direct_url("weights.bin"),
        "not a model",
        "https://huggingface.co/datasets/org/x",
        "http://example.org/x.gguf",
    ]

    async def story() -> None:
        window = await stage.open()
        QGuiApplication.clipboard().setText("\n".join(lines))
        window.activateWindow()
        await stage.until(window.isActiveWindow)  # before that no key is a shortcut
        window.tree.setFocus()
        QTest.keyClick(window.tree, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        await stage.until(lambda: bool(window.findChildren(ReviewDialog)))
        (dialog,) = window.findChildren(ReviewDialog)
        assert not stage.engine.tasks, "nothing starts before a yes"
        count = dialog.findChild(QLabel, "reviewCount")
        shown = dialog.findChild(QTreeWidget, "reviewLines")
        assert count is not None and count.text() == "7 understood, 3 not"
        assert shown is not None
        refused = [shown.topLevelItem(row) for row in range(7, 10)]
        reasons = [row.child(0).text(0) for row in refused if row is not None]
        words = ("no spaces", "only models can be pulled", "without encryption")
        assert all(word in reason for word, reason in zip(words, reasons, strict=True)), reasons

        QTest.keyClick(dialog, Qt.Key.Key_Return)
        assert len(stage.engine.tasks) == 7
        await stage.until(lambda: all(task.state is TaskState.DONE for task in stage.engine.tasks))
        models = tmp_path / "models"
        assert (models / "modelscope.cn/org/tiny/tiny-Q4_K_M.gguf").read_bytes() == WEIGHTS
        assert not (models / "modelscope.cn/org/tiny/README.md").exists()
        assert (models / "ollama.com/library/tiny/1b/tiny-1b.gguf").read_bytes() == WEIGHTS
        assert (models / "ollama.com/library/tiny/1b/license.txt").read_bytes() == LICENCE
        assert {folder.name for folder in models.iterdir() if folder.is_dir()} >= {
            "huggingface.co", "cortex.so", "modelscope.cn", "ollama.com", "direct",
        }  # fmt: skip
        await stage.close()

    play(stage, story)
    for hub in (modelscope, registry):
        assert not [each for each in hub.asked if "authorization" in each.headers], "a token came to another hub"
