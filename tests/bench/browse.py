"""Browse in the real window: when are results on screen, is scrolling held, how much does the page of a model ask?

`python -m tests.bench.browse found ENDPOINT FOLDER`, `... scroll ENDPOINT FOLDER` and `... page FOLDER` (over a
demo hub of its own, which counts) print one line of JSON each.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from core.demo.catalogue import LLAMA
from core.demo.thread import HubThread
from gui.browse.panel import BrowsePanel
from gui.browse.results_view import ROW_PX
from gui.loop import run
from tests.bench.shown import shown_window

SEARCHES = 10
RESULTS = 1000
FRAME_S = 1 / 60
STEP_PX = ROW_PX  # a row a frame: twice as fast as a wheel that is turned without a pause
FRAMES_MAX = 3 * RESULTS
SETTLE_S = 1.0
WAIT_S = 60.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something, not for ever."""
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.005)


class Painted(QObject):
    """Notes when a reply to a search was there, and when the next painting of the results ended."""

    def __init__(self, panel: BrowsePanel) -> None:
        super().__init__(panel)
        self.waits_ms: list[float] = []
        self._came = 0.0
        self._is_due = False
        catalogue: Any = panel._desk._catalogue
        self._fetch = catalogue._asker.fetch
        catalogue._asker = self
        panel._desk.found.connect(self._on_found)
        panel.results.viewport().installEventFilter(self)

    async def fetch(self, method: str, url: str, **words: Any) -> Any:
        """Send a request as before."""
        reply = await self._fetch(method, url, **words)
        if "/api/models?" in url:
            self._came = time.perf_counter()
        return reply

    def _on_found(self, _page: object) -> None:
        self._is_due = True  # the rows are those of this reply from here on

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._is_due and event.type() == QEvent.Type.Paint:
            self._is_due = False
            QTimer.singleShot(0, self, self._note)  # after the painting
        return False

    def _note(self) -> None:
        self.waits_ms.append((time.perf_counter() - self._came) * 1000)


async def found(app: QApplication, folder: Path) -> dict[str, float]:
    """Search for one thing after the other; return the waits from reply to painting."""
    async with shown_window(app, folder) as session:
        panel = await open_browse(session.window)
        painted = Painted(panel)
        for number in range(SEARCHES):
            panel.search.setText(f"model-0{number}")
            await until(lambda number=number: len(painted.waits_ms) > number)  # type: ignore[misc]
        waits = sorted(painted.waits_ms)
        return {"median_ms": round(waits[len(waits) // 2], 1), "worst_ms": round(waits[-1], 1)}


async def scroll(app: QApplication, folder: Path) -> dict[str, float]:
    """Scroll through all results, further ones coming as they are needed; return the work for a frame, and how
    late frames were painted."""
    async with shown_window(app, folder) as session:
        panel = await open_browse(session.window)
        view = panel.results
        panel.search.setText("model")
        await until(lambda: panel.model.rowCount() > 0)
        bar, late_ms, work_ms = view.verticalScrollBar(), list[float](), list[float]()
        before = time.thread_time()
        due = time.perf_counter()
        for _ in range(FRAMES_MAX):
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            bar.setValue(bar.value() + STEP_PX)
            view.viewport().repaint()  # all of it, where a screen would move what is painted already
            ended, used = time.perf_counter(), time.thread_time()
            late_ms.append((ended - due) * 1000)
            work_ms.append((used - before) * 1000)
            before = used
            due = max(due, ended - FRAME_S)  # one late frame makes no others late
            if panel.model.rowCount() >= RESULTS and bar.value() == bar.maximum():
                break
        else:
            raise SystemExit("the end of the results was never reached")
        late_ms.sort()
        work_ms.sort()
        return {
            "frames": len(late_ms),
            "work_p99_ms": round(work_ms[int(0.99 * len(work_ms))], 1),
            "late_p99_ms": round(late_ms[int(0.99 * len(late_ms))], 1),
            "late_share": round(100 * sum(late > FRAME_S * 1000 for late in late_ms) / len(late_ms), 2),
            "rows": panel.model.rowCount(),
        }


async def page(app: QApplication, folder: Path, thread: HubThread) -> dict[str, float]:
    """Open the page of a model; return the requests that it cost, and with redirects that were followed."""
    async with shown_window(app, folder) as session:
        panel, hub = await open_browse(session.window), thread.hub
        assert hub is not None
        panel.search.setText("llama-3.2")
        await until(lambda: panel.model.rowCount() == 1 and LLAMA in panel._desk.book)
        await asyncio.sleep(SETTLE_S)
        hub.requests.clear()
        came: list[object] = []
        panel._desk.revisions_came.connect(came.append)
        panel._desk.card_came.connect(came.append)
        panel.open_model(LLAMA)
        await until(lambda: len(came) == 2)
        await asyncio.sleep(SETTLE_S)
        statuses = [request.status for request in hub.requests]
        return {"asked": sum(not 300 <= status < 400 for status in statuses), "with_redirects": len(statuses)}


async def open_browse(window: Any) -> BrowsePanel:
    """Show the panel."""
    window.actions_["actionBrowse"].trigger()
    await until(lambda: window.browse is not None and window.browse.isVisible())
    await asyncio.sleep(SETTLE_S)
    panel: BrowsePanel = window.browse
    return panel


def main() -> None:
    """Run a story and print its figures."""
    story, *words = sys.argv[1:]
    folder = Path(words[-1])
    if story == "page":
        thread = HubThread(scale="small")
        os.environ["HF_ENDPOINT"] = thread.start()
        app = QApplication([])
        figures = run(app, lambda: page(app, folder, thread))
        thread.close()
    else:
        os.environ["HF_ENDPOINT"] = words[0]
        app = QApplication([])
        tell = {"found": found, "scroll": scroll}[story]
        figures = run(app, lambda: tell(app, folder))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
