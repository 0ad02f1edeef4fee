"""Models come into the real window at once; how late is an 8 ms timer of it?

`python -m tests.bench.smooth ENDPOINT FOLDER SETTINGS HANDLE ...` prints one line of JSON. SETTINGS are
`name=value` pairs parted by commas.
"""

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from core.states import TaskState
from gui.loop import run
from tests.bench.lateness import Lateness
from tests.bench.processes import MAXRSS_UNITS_PER_MB
from tests.bench.shown import shown_window

FIRST_BYTES_S = 60.0  # long enough for a busy machine; without a limit a window that waits for a yes would hang


async def story(app: QApplication, folder: Path, settings: str, handles: list[str]) -> dict[str, float]:
    """Pull them all with every tree open; return the figures."""
    lines = settings.replace("=", ": ").replace(",", "\n") + "\n"
    async with shown_window(app, folder, settings=lines) as session:
        window, engine = session.window, session.engine
        assert window is not None
        for handle in handles:  # one by one: of more than five lines at once a person is asked
            window.add_texts([handle], ask=False)
        began, processor = time.perf_counter(), time.process_time()
        async with asyncio.timeout(FIRST_BYTES_S):
            while not any(task.durable for task in engine.tasks):
                await asyncio.sleep(0.01)
        timer, opened = Lateness(), set[str]()
        timer.start()
        while len(engine.tasks) < len(handles) or not all(task.state is TaskState.DONE for task in engine.tasks):
            assert not any(task.state is TaskState.FAILED for task in engine.tasks), engine.tasks
            for task in engine.tasks:
                if task.items and task.id not in opened:
                    opened.add(task.id)
                    window.tree.expand_task(task.id)
            await asyncio.sleep(0.02)
        timer.stop()
        return timer.figures() | {
            "wall_s": round(time.perf_counter() - began, 2),
            "processor_s": round(time.process_time() - processor, 2),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MAXRSS_UNITS_PER_MB),
        }


def main() -> None:
    """Run the story and print its figures."""
    os.environ["HF_ENDPOINT"], folder = sys.argv[1], Path(sys.argv[2])
    app = QApplication([])
    print(json.dumps(run(app, lambda: story(app, folder, sys.argv[3], sys.argv[4:]))))


if __name__ == "__main__":
    main()
