"""asyncio on the Qt loop: the only place that imports qasync, patched where it falls short.

- On Python 3.14 qasync clears the running loop before its last turn of events, and a quit hangs
  (https://github.com/CabbageDevelopment/qasync/issues/176): the patched loop sets it back around the run.
- qasync's default executor is a set of QThreads that `close()` waits for without end: lookups get plain threads.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtWidgets import QApplication

from gui.garbage import collected_here

os.environ.setdefault("QT_API", "pyside6")
import qasync

T = TypeVar("T")

LOOKUP_THREADS = 4


class PatchedLoop(qasync.QEventLoop):  # type: ignore[misc]  # qasync has no types
    """qasync's loop, safe to end on every Python that we support."""

    def run_until_complete(self, future: Any) -> Any:
        """Run until `future` is done, this loop being the running one to its last turn."""
        try:
            return super().run_until_complete(future)
        finally:
            asyncio._set_running_loop(None)

    def _after_run_forever(self) -> None:
        super()._after_run_forever()
        asyncio._set_running_loop(self)  # qasync has just cleared it, but handles events once more


def run(app: QApplication, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main` on the Qt loop of `app` and return its result."""
    app.setQuitOnLastWindowClosed(False)  # closing a lone message box must not end the program
    lookups = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="pulley-lookup")

    def make_loop() -> asyncio.AbstractEventLoop:
        loop = PatchedLoop(app)
        loop.set_default_executor(lookups)
        return loop

    try:
        with collected_here(), asyncio.Runner(loop_factory=make_loop) as runner:
            return runner.run(main())
    finally:
        lookups.shutdown(wait=False, cancel_futures=True)
