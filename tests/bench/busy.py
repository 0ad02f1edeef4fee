"""100 tasks of 100 files, all changing four times a second, every task open: what does the tree cost?

`python -m tests.bench.busy SECONDS` prints one line of JSON. The scripted engine drives real tasks; what driving
them costs by itself is measured first, without a tree, and taken off.
"""

import asyncio
import json
import sys
import time

from PySide6.QtWidgets import QApplication

from core.states import TaskState
from gui.loop import run
from gui.style.theme import Theme
from gui.tree.view import TaskTreeView
from tests.bench.shown import SIZE
from tests.fakes.engine import FakeEngine

TASKS = 100
FILES = 100
UPDATE_S = 0.25
FILE_BYTES = 40_000_000
STEP_BYTES = 50_000


def fill() -> FakeEngine:
    """Return an engine with everything running."""
    engine = FakeEngine()
    for n in range(TASKS):
        engine.script_add(f"someone/Model-{n:03d}")
        engine.script_items(
            f"someone/Model-{n:03d}", {f"part-{i:03d}.safetensors": FILE_BYTES for i in range(FILES)}
        )
        engine.script_state(f"someone/Model-{n:03d}", TaskState.RUNNING)
    return engine


async def drive(engine: FakeEngine, seconds: float) -> float:
    """Change every number four times a second; return the share of a processor that the process used, in %."""
    wall, processor = time.perf_counter(), time.process_time()
    due = wall
    for _ in range(int(seconds / UPDATE_S)):
        due += UPDATE_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        engine.clock = time.monotonic()
        for task in engine.tasks:
            kept = {item.id: item.durable + STEP_BYTES for item in task.items.values()}
            engine.script_progress(task.id, kept, rate=2e5, tick=False)
        engine.script_tick()
    return 100 * (time.process_time() - processor) / (time.perf_counter() - wall)


async def story(app: QApplication, seconds: float) -> dict[str, float]:
    """Drive without a tree, then with one."""
    engine = fill()
    own = await drive(engine, seconds / 2)
    theme = Theme()
    theme.apply(app, "light")
    view = TaskTreeView(theme)
    view.set_engine(engine)  # type: ignore[arg-type]
    view.resize(*SIZE)
    view.show()
    for task in engine.tasks:
        view.expand_task(task.id)
    await drive(engine, 1.0)  # the first painting is not an update
    both = await drive(engine, seconds)
    view.close()
    return {"own": round(own, 1), "both": round(both, 1), "tree": round(both - own, 1)}


def main() -> None:
    """Run the story and print its figures."""
    app = QApplication([])
    print(json.dumps(run(app, lambda: story(app, float(sys.argv[1])))))


if __name__ == "__main__":
    main()
