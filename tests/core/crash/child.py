"""A process that pulls the test's model and may be killed at a certain call.

`python -m tests.core.crash.child FOLDER ENDPOINT [KIND NUMBER]`: it dies at the NUMBERth call of this kind that
changes something below the models folder, before the call is made; `after-link 1` is the call after the first link.
Ends with 0 when the model is complete. With `nolock` in place of KIND every lock succeeds and does nothing; with
`count` it says how many calls of each kind there were.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from core.compose import build
from core.handles import parse_handle
from core.settings import Settings
from core.states import TaskState
from core.transfer import fetch, locks, trouble
from tests.fakes.faults.hub import REPO
from tests.fakes.fsops import FileOps


async def _pull(folder: Path, endpoint: str) -> int:
    parts = build(folder / "data", folder / "models", Settings(), {"HF_ENDPOINT": endpoint})
    engine = parts.engine
    await engine.load()
    ended = asyncio.Event()
    for name in ("task_done", "task_failed"):
        getattr(engine, name).connect(lambda _: ended.set())
    task_id = engine.add(parse_handle(REPO))
    if engine.task(task_id).state is not TaskState.DONE:
        await ended.wait()
    task = engine.task(task_id)
    if task.state is not TaskState.DONE:
        print(task, task.failure, [item.failure for item in task.items.values()], file=sys.stderr)
    await parts.aclose()
    return 0 if task.state is TaskState.DONE else 1


def main() -> int:
    """Run."""
    folder, endpoint, *rest = sys.argv[1:]
    (Path(folder) / "data").mkdir(parents=True, exist_ok=True)
    ops = FileOps(Path(folder) / "models")
    counts: Counter[str] = Counter()

    def before(kind: str, path: str) -> None:
        counts["after-link"] += counts["link"] > 0
        counts[kind] += 1
        if rest in ([kind, str(counts[kind])], ["after-link", str(counts["after-link"])]):
            os.kill(os.getpid(), signal.SIGKILL)

    ops.before = before
    with (
        patch.multiple(fetch, FLUSH_EVERY_S=0.05),
        patch.multiple(trouble, LOOK_FIRST_S=0.1, LOOK_MOST_S=0.3),
        ops.watched(),
    ):
        if rest == ["nolock"]:
            # Whether the other one still writes is told from its notes: a look has to be longer than they take.
            with (
                patch.object(locks, "_try_lock", lambda fd: None),
                patch.multiple(trouble, LOOK_FIRST_S=1.0, LOOK_MOST_S=2.0),
            ):
                return asyncio.run(_pull(Path(folder), endpoint))
        code = asyncio.run(_pull(Path(folder), endpoint))
    if rest == ["count"]:
        print(" ".join(f"{kind}={count}" for kind, count in sorted(counts.items())))
    return code


if __name__ == "__main__":
    sys.exit(main())
