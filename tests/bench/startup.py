"""The window over 1,000 stored tasks of 20 files each: how long until it is painted, how much memory?

`python -m tests.bench.startup FOLDER fill` makes the store; `... FOLDER show BEGAN` opens the window, prints one
line of JSON and leaves. BEGAN is the time of the parent's clock just before the process was started.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

TASKS = 1000
FILES = 20


def fill(folder: Path) -> None:
    """Write a store as a long life of pulling would leave it."""
    from core.records import Manifest
    from core.states import ItemState, TaskState
    from core.store.base import Batch, StoredItem, StoredTask
    from core.store.sqlite import SqliteStore

    folder.mkdir(parents=True, exist_ok=True)
    store, batch = SqliteStore(folder / "tasks.sqlite"), Batch()
    kinds = [(TaskState.DONE, ItemState.DONE), (TaskState.PAUSED, ItemState.PAUSED)]
    for number in range(TASKS):
        name = f"someone/Model-{number:04}-Instruct-GGUF"
        state, item_state = kinds[number % 10 == 0]
        manifest = Manifest("huggingface", name, "", "c" * 40, f"huggingface.co/{name}", ())
        batch.tasks[name] = StoredTask(
            name,
            name,
            str(folder / "models"),
            state,
            1.7e9 + number,
            manifest=manifest,
            described=state is kinds[0][0],
        )
        for index in range(FILES):
            path = f"Q4_K_M/model-{index + 1:05}-of-{FILES:05}.gguf"
            url = f"https://huggingface.co/{name}/resolve/{'c' * 40}/{path}"
            batch.items[name, path] = StoredItem(
                path, 4_000_000_000, f"sha256:{number:032x}{index:032x}", url, item_state, durable=4_000_000_000
            )
    store.write(batch)
    store.close()


def show(folder: Path, began: float) -> None:
    """Open the window, tell when it is painted, and leave."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    from core.cli import WindowOptions
    from core.places import Places
    from gui import app as root

    class FirstPaint(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and not self.property("seen"):
                self.setProperty("seen", True)
                QTimer.singleShot(0, self.tell)
            return False

        def tell(self) -> None:
            assert window is not None
            figures = {
                "shown_s": round(time.time() - began, 3),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "rows": window.tree.model().rowCount(),
            }
            print(json.dumps(figures), flush=True)
            window.close()

    window = None
    watcher = FirstPaint()
    begin = root.Session._begin

    def begin_and_watch(session: root.Session, main_window: root.MainWindow) -> None:
        nonlocal window
        window = main_window
        main_window.tree.viewport().installEventFilter(watcher)
        begin(session, main_window)

    root.Session._begin = begin_and_watch  # type: ignore[method-assign]
    sys.exit(root.open_window(WindowOptions(Places(folder, folder / "models"))))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if sys.argv[2] == "fill":
        fill(Path(sys.argv[1]))
    else:
        show(Path(sys.argv[1]), float(sys.argv[3]))
