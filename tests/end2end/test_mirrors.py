"""A mirror in the real window: chosen in the settings, taken at once, and named where the hub stands."""

import pytest
from PySide6.QtWidgets import QLabel

from core.demo.catalogue import Scale
from core.net.origin import host_label
from core.states import TaskState
from core.vault import MemorySecrets
from gui.settings.dialog import SettingsDialog
from tests.end2end.conftest import HubOnThread, Stage, drop, play

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs


@pytest.fixture
def hub_scale() -> Scale:
    return "small"


def test_a_mirror_is_chosen_in_the_settings_and_a_model_comes_from_it(
    stage: Stage, loud_hub: HubOnThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_ENDPOINT")
    monkeypatch.setattr("gui.app.open_secrets", MemorySecrets)  # nobody's keyring is touched
    host = host_label(loud_hub.endpoint)

    async def story() -> None:
        window = await stage.open()
        label = window.findChild(QLabel, "statusHub")
        assert label is not None and label.text() == "huggingface.co"
        window.actions_["actionSettings"].trigger()
        dialog = window.findChild(SettingsDialog)
        assert dialog is not None and dialog.network is not None and dialog.network.hub is not None
        part = dialog.network.hub
        part.way.setCurrentIndex(part.way.findData("mirror"))
        part.mirror.setText(loud_hub.endpoint)
        dialog.ok.click()
        assert label.text() == host and "The mirror of Settings > Network." in label.accessibleName()
        drop(window, "bartowski/Llama-3.2-1B-Instruct-GGUF")
        await stage.until(lambda: bool(stage.engine.tasks))
        await stage.until(lambda: not stage.engine.tasks[0].state.is_live)
        assert stage.engine.tasks[0].state is TaskState.DONE, stage.engine.tasks[0].failure
        assert not loud_hub.hub.requests.with_token("hub"), "that of the variable is for the hub itself"
        await stage.close()

    play(stage, story)
