"""Browse in the real window against a demo hub: search, choose, pull, by mouse and keyboard, and all that fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from core.catalogue.card import SHOWN_CHARS
from core.demo.catalogue import Scale
from core.demo.repos import GeneratedFile, Repo, TextFile
from core.states import TaskState
from gui.browse.panel import BrowsePanel
from gui.choosing.pane import ChoicesPane
from gui.main_window import MainWindow
from gui.sidebar.places import Place
from tests.end2end.conftest import HubOnThread, Stage, play, press

VISION = "unsloth/Llama-3.3-70B-Vision-GGUF"
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def hub_scale() -> Scale:
    return "small"


@pytest.fixture(autouse=True)
def windows_go(stage: Stage) -> Iterator[None]:
    """Delete every window after its test: a program has one in its life, and each new one would style them all."""
    yield
    for window in stage.app.topLevelWidgets():
        if isinstance(window, MainWindow):
            window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Every address that would have been opened in a browser."""

    class Desktop(QObject):
        @Slot(QUrl)
        def take(self, url: QUrl) -> None:
            taken.append(url.toString())

    taken: list[str] = []
    desktop = Desktop()
    for scheme in ("http", "https", "file", "javascript", "mailto"):
        QDesktopServices.setUrlHandler(scheme, desktop, "take")
    yield taken
    for scheme in ("http", "https", "file", "javascript", "mailto"):
        QDesktopServices.unsetUrlHandler(scheme)


def browse(window: MainWindow) -> BrowsePanel:
    assert window.browse is not None
    return window.browse


def shown(panel: BrowsePanel) -> list[str]:
    found = (panel.model.found(row) for row in range(panel.model.rowCount()))
    return [each.repo for each in found if each is not None]


def words_of(panel: BrowsePanel) -> str:
    """What is said in place of results."""
    return f"{panel._title.text()} {panel._told.text()}" if panel._title.isVisible() else ""


def click_row(panel: BrowsePanel, repo: str) -> None:
    index = panel.model.index(panel.model.row_of(repo))
    panel.results.scrollTo(index)
    QTest.mouseClick(panel.results.viewport(), LEFT, pos=panel.results.visualRect(index).center())


def choice(pane: ChoicesPane, name: str) -> int:
    return next(row for row in range(pane.model.rowCount()) if name in pane.model.index(row, 0).data())


def key(key: Qt.Key, *, times: int = 1) -> None:
    """Press a key where the keyboard is."""
    for _ in range(times):
        widget = QApplication.focusWidget()
        assert widget is not None
        QTest.keyClick(widget, key)


async def open_browse(stage: Stage) -> tuple[MainWindow, BrowsePanel]:
    window = await stage.open()
    window.activateWindow()
    await stage.until(window.isActiveWindow)
    press(window, "actionBrowse")
    panel = browse(window)
    assert window.pages.place is Place.BROWSE and panel.isVisible() and panel.search.hasFocus()
    return window, panel


def is_whole(stage: Stage, hub: HubOnThread, task_id: str) -> bool:
    task = stage.engine.task(task_id)
    assert task.manifest is not None
    return all(
        item.local_path is not None
        and item.local_path.read_bytes()
        == hub.hub.content(task.manifest.repo, item.id, revision=task.manifest.commit)
        for item in task.wanted_items()
    )


def test_a_sharded_model_is_found_chosen_and_pulled_with_the_mouse(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        _, panel = await open_browse(stage)
        QTest.keyClicks(panel.search, "llama vision")
        await stage.until(lambda: shown(panel) == [VISION])
        await stage.until(lambda: bool(panel.model.index(0).data(_sizes())))
        loud_hub.hub.requests.clear()
        click_row(panel, VISION)
        await stage.until(
            lambda: panel.page.listing is not None and "demonstration" in panel.page.card.toPlainText()
        )
        asked = [request.path for request in loud_hub.hub.requests if request.status == 200]
        assert len(asked) <= 3, f"a model page costs three requests: {asked}"
        pane = panel.page.choices
        assert panel.page.pull.isEnabled() and "Q4_K_M" in panel.page.pull.text()
        index = pane.model.index(choice(pane, "Q8_0"), 0)
        pane.view.setCurrentIndex(index)
        pane.model.toggle(index)
        pane.model.toggle(pane.model.index(choice(pane, "Q4_K_M"), 0))
        assert "Q8_0" in panel.page.pull.text()
        pane.model.toggle(index)
        pane.model.toggle(pane.model.index(choice(pane, "Q4_K_M"), 0))
        assert "Q4_K_M" in panel.page.pull.text()
        QTest.mouseClick(panel.page.pull, LEFT)
        await stage.until(lambda: [task.state for task in stage.engine.tasks] == [TaskState.DONE])
        (task,) = stage.engine.tasks
        names = sorted(item.id for item in task.wanted_items())
        assert [name.rpartition("-Q4_K_M-")[2] for name in names if "Q4_K_M-" in name] == [
            f"0000{n}-of-00003.gguf" for n in (1, 2, 3)
        ]
        assert [name for name in names if "Q4_K_M" not in name] in (["mmproj-F16.gguf"], ["mmproj-BF16.gguf"])
        assert is_whole(stage, loud_hub, task.id)
        await stage.until(lambda: bool(panel.model.index(0).data(_here())))
        assert "disk" in panel.model.index(0).data(_here())
        await stage.close()

    play(stage, story)


def _sizes() -> int:
    from gui.browse.results_model import Role

    return int(Role.SIZES)


def _here() -> int:
    from gui.browse.results_model import Role

    return int(Role.HERE)


def test_a_sharded_model_is_found_chosen_and_pulled_with_the_keyboard(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        window.activateWindow()
        await stage.until(window.isActiveWindow)
        QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
        panel = browse(window)
        await stage.until(panel.search.hasFocus)
        QTest.keyClicks(panel.search, "llama")
        await stage.until(lambda: len(shown(panel)) > 1)
        key(Qt.Key.Key_Down)
        assert panel.results.hasFocus()
        key(Qt.Key.Key_Down, times=shown(panel).index(VISION))
        key(Qt.Key.Key_Return)
        await stage.until(lambda: panel.page.listing is not None)
        assert panel.page.choices.view.hasFocus(), "Enter goes on to the page"
        key(Qt.Key.Key_Escape)
        assert panel.results.hasFocus(), "Escape goes back"
        key(Qt.Key.Key_Return)
        await stage.until(lambda: panel.page.listing is not None and panel.page.choices.view.hasFocus())
        pane = panel.page.choices
        pane.view.setCurrentIndex(pane.model.index(0, 0))
        key(Qt.Key.Key_Down, times=choice(pane, "Q4_K_M"))
        assert "Q4_K_M" in pane.view.currentIndex().data()
        key(Qt.Key.Key_Return)
        await stage.until(lambda: [task.state for task in stage.engine.tasks] == [TaskState.DONE])
        (task,) = stage.engine.tasks
        assert is_whole(stage, loud_hub, task.id) and sum("Q4_K_M" in item.id for item in task.wanted_items()) == 3
        await stage.close()

    play(stage, story)


def test_a_slow_older_answer_never_overwrites_a_newer_one(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        _, panel = await open_browse(stage)
        loud_hub.knobs.fail_next["/api/models"] = ["hang"]
        QTest.keyClicks(panel.search, "gemma")
        await stage.until(lambda: any("gemma" in request.query for request in loud_hub.hub.requests.under_way()))
        panel.search.setText("minilm")
        await stage.until(lambda: shown(panel) == ["sentence-transformers/all-MiniLM-L6-v2"])
        await stage.until(lambda: not any("gemma" in r.query for r in loud_hub.hub.requests.under_way()))
        assert shown(panel) == ["sentence-transformers/all-MiniLM-L6-v2"]
        await stage.close()

    play(stage, story)


def test_trouble_is_said_with_a_button_that_tries_again(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        _, panel = await open_browse(stage)
        loud_hub.knobs.fail_next["/api/models"] = ["html"]
        panel.search.setText("llama")
        await stage.until(lambda: "web page" in words_of(panel).lower())
        assert panel._button.isVisible()
        QTest.mouseClick(panel._button, LEFT)
        await stage.until(lambda: len(shown(panel)) == 3)
        loud_hub.knobs.fail_next["/api/models"] = ["reset"] * 9
        panel.search.setText("gemma")
        await stage.until(lambda: panel._button.isVisible())
        assert loud_hub.endpoint.removeprefix("http://") in words_of(panel)
        loud_hub.knobs.fail_next.clear()
        QTest.mouseClick(panel._button, LEFT)
        await stage.until(lambda: shown(panel) == ["google/gemma-3-27b-it"])
        panel.search.setText("no such model anywhere")
        await stage.until(lambda: "No model fits" in words_of(panel))
        await stage.close()

    play(stage, story)


def test_a_busy_hub_is_asked_again_by_itself(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        _, panel = await open_browse(stage)
        loud_hub.knobs.fail_next["/api/models"] = ["status:429"]
        panel.search.setText("gemma")
        await stage.until(lambda: "asked again in" in words_of(panel))
        await stage.until(lambda: shown(panel) == ["google/gemma-3-27b-it"])
        assert "asked again in" not in words_of(panel)
        await stage.close()

    play(stage, story)


@pytest.mark.parametrize("text", ["%00", "<b>x</b>", "😀", "../../etc", "https://[", "a" * 5000, "\\\"'&=#?"])
def test_search_text_of_any_kind_leaves_the_panel_usable(stage: Stage, loud_hub: HubOnThread, text: str) -> None:
    async def story() -> None:
        _, panel = await open_browse(stage)
        panel.search.setText(text)
        key(Qt.Key.Key_Return)
        await stage.until(lambda: not panel._desk.is_searching and panel._desk._search is not None)
        panel.search.setText("minilm")
        await stage.until(lambda: shown(panel) == ["sentence-transformers/all-MiniLM-L6-v2"])
        assert panel.isEnabled() and panel.search.text() == "minilm"
        await stage.close()

    play(stage, story)


EVIL = (
    """---
license: mit
---
# Title

<script>alert(1)</script>
<img src="HUB/pixel.png"> ![tracker](HUB/tracker.png) ![local](file:///etc/passwd)

[good](https://example.org/page) [bad](javascript:alert(1)) [file](file:///etc/passwd) [relative](LICENSE)

| a | b |
|---|---|
"""
    + "| 1 | 2 |\n" * 200
)


def test_a_card_of_five_megabytes_shows_text_and_fetches_nothing(
    stage: Stage, loud_hub: HubOnThread, opened: list[str]
) -> None:
    text = EVIL.replace("HUB", loud_hub.endpoint)
    text += "word " * ((5 * 2**20 - len(text)) // 5 - 10)
    loud_hub.hub.add_repo(Repo("evil/card", [TextFile("README.md", text), GeneratedFile("m-Q4_0.gguf", 1000)]))

    async def story() -> None:
        _, panel = await open_browse(stage)
        panel.open_model("evil/card")
        await stage.until(lambda: "Title" in panel.page.card.toPlainText())
        plain = panel.page.card.toPlainText()
        assert "<script>alert(1)</script>" in plain and "license: mit" not in plain
        assert len(plain) < SHOWN_CHARS + 1000 and panel.page._note.isVisible(), "it says that it is cut"
        for target, wanted in (
            ("https://example.org/page", "https://example.org/page"),
            ("javascript:alert(1)", ""),
            ("file:///etc/passwd", ""),
            ("LICENSE", f"{loud_hub.endpoint}/evil/card/blob/main/LICENSE"),
            ("#anchor", ""),
        ):
            opened.clear()
            panel.page.card.anchorClicked.emit(QUrl(target))
            assert opened == ([wanted] if wanted else []), target
        await stage.until(lambda: not loud_hub.hub.requests.under_way())
        assert not loud_hub.hub.requests.of("pixel.png") and not loud_hub.hub.requests.of("tracker.png")
        await stage.close()

    play(stage, story)


def test_odd_models_have_a_page_with_words(stage: Stage, loud_hub: HubOnThread) -> None:
    many = [GeneratedFile(f"folder/f{number:05d}.txt", 1, number, lfs=False) for number in range(10_000)]
    loud_hub.hub.add_repo(Repo("odd/many", many))
    loud_hub.hub.add_repo(Repo("odd/none", []))
    loud_hub.hub.add_repo(Repo("odd/card", [TextFile("README.md", "x" * (6 * 2**20))]))

    async def story() -> None:
        _, panel = await open_browse(stage)
        panel.open_model("odd/none")
        await stage.until(lambda: panel.page.listing is not None)
        assert not panel.page.pull.isEnabled() and "no files" in panel.page._pull_note.text().lower()
        assert "no card" in panel.page.card.toPlainText()
        panel.open_model("odd/many")
        await stage.until(lambda: panel.page.listing is not None and len(panel.page.listing.files) == 10_000)
        assert panel.page.pull.isEnabled()
        panel.open_model("odd/card")
        await stage.until(lambda: "not shown here" in panel.page.card.toPlainText())
        panel.open_model("google/gemma-3-27b-it")
        await stage.until(lambda: "could not be fetched" in panel.page.card.toPlainText())
        assert panel.page._gate.isVisible()
        panel.open_model("odd/gone")
        await stage.until(lambda: "does not exist" in panel.page._words.text())
        assert panel.page._retry.isVisible()
        await stage.close()

    play(stage, story)


def test_another_revision_is_shown_and_pulled(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        _, panel = await open_browse(stage)
        panel.search.setText("https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2")
        key(Qt.Key.Key_Return)
        await stage.until(lambda: panel.page.revision.count() == 3)
        page = panel.page
        assert page.repo == "sentence-transformers/all-MiniLM-L6-v2", "a link opens the model"
        place = page.revision.findData("v1.0")
        page.revision.setCurrentIndex(place)
        page.revision.activated.emit(place)
        await stage.until(lambda: page.listing is not None and page.listing.handle.revision == "v1.0")
        await stage.until(lambda: page.revision.currentData() == "v1.0" and page.revision.count() == 3)
        QTest.mouseClick(page.pull, LEFT)
        await stage.until(lambda: [task.state for task in stage.engine.tasks] == [TaskState.DONE])
        assert stage.engine.tasks[0].handle.revision == "v1.0"
        await stage.close()

    play(stage, story)


def test_searches_are_remembered_and_places_to_begin_are_offered(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        _, panel = await open_browse(stage)
        assert panel.start.isVisible() and panel.start.count() >= 4
        panel.start.setCurrentRow(0)
        panel.start.setFocus()
        key(Qt.Key.Key_Return)
        await stage.until(lambda: LLAMA in shown(panel))
        assert panel.filters.formats["gguf"].isChecked()
        panel.search.setText("vision")
        await stage.until(lambda: shown(panel) == [VISION])
        panel.search.setFocus()
        key(Qt.Key.Key_Return)
        panel.split.setSizes([300, panel.width() - 301])
        width = panel.split.sizes()[0]
        await stage.close()

        _, panel = await open_browse(stage)
        assert "vision" in panel.start.item(0).text()
        await stage.until(lambda: panel.split.sizes()[0] == width)
        QTest.mouseClick(panel.start.viewport(), LEFT, pos=panel.start.visualItemRect(panel.start.item(0)).center())
        await stage.until(lambda: shown(panel) == [VISION])
        assert panel.search.text() == "vision" and panel.filters.formats["gguf"].isChecked()
        panel.search.clear()
        panel.filters.formats["gguf"].click()
        await stage.until(panel.start.isVisible)
        await stage.close()

    play(stage, story)


def test_commands_are_about_what_can_be_seen(stage: Stage, loud_hub: HubOnThread) -> None:
    async def story() -> None:
        window = await stage.open()
        window.add_texts([LLAMA], ask=False)
        await stage.until(window.actions_["actionRemove"].isEnabled)
        press(window, "actionBrowse")
        await stage.until(lambda: not window.actions_["actionRemove"].isEnabled())
        assert not window.status_filter.isVisible()
        places = window._side.places
        QTest.mouseClick(places.viewport(), LEFT, pos=QPoint(30, 10))
        await stage.until(window.actions_["actionRemove"].isEnabled)
        assert window.pages.place is Place.DOWNLOADS and window.status_filter.isVisible()
        await stage.until(lambda: stage.engine.task(LLAMA).state is TaskState.DONE)
        await stage.close()

    play(stage, story)


def test_a_thousand_results_scroll_in_and_only_rows_in_sight_are_asked_about(
    stage: Stage, loud_hub: HubOnThread, tmp_path: Path
) -> None:
    for number in range(1000):
        loud_hub.hub.add_repo(
            Repo(f"many/model-{number:04d}", [GeneratedFile("m-Q4_0.gguf", 1000 + number, number)])
        )

    async def story() -> None:
        _, panel = await open_browse(stage)
        panel.search.setText("model-")
        await stage.until(lambda: panel.model.rowCount() > 0)
        await stage.until(lambda: bool(panel.model.index(0).data(_sizes())))
        bar = panel.results.verticalScrollBar()

        def at_end() -> bool:
            bar.setValue(bar.maximum())
            return panel.model.rowCount() == 1000

        await stage.until(at_end)
        sized = [r for r in loud_hub.hub.requests if "/revision/" in r.path]
        assert len(sized) < 500 and len({r.path for r in sized}) == len(sized), "one request a row, and not for all"
        await stage.until(lambda: bool(panel.model.index(999).data(_sizes())))
        await stage.close()

    play(stage, story)
