"""Two 1 GiB models come into the real window on 8 connections; how late is an 8 ms timer of it?

Run as a process of its own: `python -m tests.bench.smooth ENDPOINT FOLDER`; prints one line of JSON.
"""

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from core.cli import WindowOptions
from core.compose import build
from core.holder import DataLock
from core.places import Places
from core.settings import SettingsStore
from core.spawn import spawn
from core.states import TaskState
from gui.app import Session
from gui.loop import run

INTERVAL_MS = 8
CONNECTIONS = 8
MODELS = "demo/bench-1g-a\ndemo/bench-1g-b"


class Lateness:
    """Notes how late each tick of a precise timer is, in ms."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin."""
        self._last = time.perf_counter()
        self._timer.start(INTERVAL_MS)

    def stop(self) -> None:
        """End."""
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late_ms.append(max(0.0, (now - self._last) * 1000 - INTERVAL_MS))
        self._last = now

    def figures(self) -> dict[str, float]:
        """Return the number of ticks, median, 95 %, 99 % and worst lateness in ms."""
        late = sorted(self.late_ms)
        at = lambda share: round(late[min(len(late) - 1, int(share * len(late)))], 1)  # noqa: E731
        return {"ticks": len(late), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "worst": round(late[-1], 1)}


async def story(app: QApplication, folder: Path) -> dict[str, float]:
    places = Places(folder / "data", folder / "models")
    lock = DataLock(places.data, "window")
    store = SettingsStore(places.data / "settings.yml")
    (places.data / "settings.yml").write_text(
        f"connections_per_host: {CONNECTIONS}\nask_before_quit: false\nkeep_awake: false\n", encoding="utf-8"
    )
    settings = store.load()
    assert places.models is not None
    parts = build(places.data, places.models, settings, os.environ)
    session = Session(app, WindowOptions(places), places, lock, parts, store, settings)
    running = spawn(session.main(), name="session")
    while session.window is None:
        await asyncio.sleep(0.01)
    session.window.add_texts([MODELS], ask=False)
    engine = session.engine
    while not all(task.durable for task in engine.tasks):
        await asyncio.sleep(0.01)
    for task in engine.tasks:
        session.window.tree.expand_task(task.id)
    timer = Lateness()
    began, processor = time.perf_counter(), time.process_time()
    timer.start()
    while not all(task.state is TaskState.DONE for task in engine.tasks):
        assert not any(task.state is TaskState.FAILED for task in engine.tasks), engine.tasks
        await asyncio.sleep(0.02)
    timer.stop()
    figures = timer.figures() | {
        "wall_s": round(time.perf_counter() - began, 2),
        "processor_s": round(time.process_time() - processor, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    session.window.close()
    await running
    lock.close()
    return figures


def main() -> None:
    """Run the story and print its figures."""
    os.environ["HF_ENDPOINT"], folder = sys.argv[1], Path(sys.argv[2])
    app = QApplication([])
    print(json.dumps(run(app, lambda: story(app, folder))))


if __name__ == "__main__":
    main()
