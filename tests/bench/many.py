"""A repo of very many files is added in the real window: how long is the loop blocked, when are its rows there?

`python -m tests.bench.many ENDPOINT FOLDER HANDLE COUNT` prints one line of JSON. From the drop to the
rows, then the tree is opened and the window watched for some seconds while the files come in.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from gui.loop import run
from tests.bench.lateness import Lateness
from tests.bench.shown import shown_window

SETTLE_S = 1.0
WATCH_S = 3.0
ROWS_S = 60.0


async def story(app: QApplication, folder: Path, handle: str, count: int) -> dict[str, float]:
    """Add the repo, wait for its rows, open them, look on."""
    async with shown_window(app, folder) as session:
        window, engine = session.window, session.engine
        assert window is not None
        source = window.tree.source
        assert source is not None
        await asyncio.sleep(SETTLE_S)
        before, after = Lateness(interval_ms=2), Lateness(interval_ms=2)
        before.start()
        began = time.perf_counter()
        window.add_texts([handle], ask=False)
        async with asyncio.timeout(ROWS_S):
            while not engine.tasks or source.rowCount(source.index_of(engine.tasks[0].id)) < count:
                await asyncio.sleep(0.002)
        rows_s = time.perf_counter() - began
        after.start()
        window.tree.expand_task(engine.tasks[0].id)
        await asyncio.sleep(WATCH_S)
        for timer in (before, after):
            timer.stop()
        return {
            "rows_s": round(rows_s, 3),
            "block_ms": before.figures()["worst"],
            "after_ms": after.figures()["worst"],
            "p99": before.figures()["p99"],
            "done": engine.tasks[0].durable,
        }


def main() -> None:
    """Run the story and print its figures."""
    os.environ["HF_ENDPOINT"] = sys.argv[1]
    app = QApplication([])
    print(json.dumps(run(app, lambda: story(app, Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))))


if __name__ == "__main__":
    main()
