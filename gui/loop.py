"""asyncio on the Qt loop: the only place that imports qasync, patched where it falls short.

- On Python 3.14 qasync clears the running loop before its last turn of events, and a quit hangs
  (https://github.com/CabbageDevelopment/qasync/issues/176): the patched loop sets it back around the run.
- qasync's default executor is a set of QThreads that `close()` waits for without end: lookups get plain threads.
- qasync starts and kills a timer of Qt's for each callback, and runs all that are due before Qt looks at anything
  else: with many connections the window waits for all of them. `Turns` keeps a queue of our own and stops early.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from gui.garbage import collected_here

os.environ.setdefault("QT_API", "pyside6")
import qasync

T = TypeVar("T")

LOOKUP_THREADS = 4
SLICE_S = 0.004  # a frame at 60 Hz has 16 ms, and Qt wants some of them


class Turns:
    """Runs callbacks in the order in which they came, for a moment in each turn of Qt's loop.

    What a callback adds runs in the next turn, as in asyncio's own loop.
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._ready: deque[asyncio.Handle] = deque()
        self._is_due = False  # the timer runs
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.run)

    def add(self, handle: asyncio.Handle) -> None:
        """Run a callback in the next turn, or in one soon after it."""
        self._ready.append(handle)
        self._be_due()

    def _be_due(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._timer.start()

    def run(self) -> None:
        """Run what is there, or as much of it as the slice allows; Qt calls this."""
        self._is_due = False
        ready, end = self._ready, self._clock() + SLICE_S
        for _ in range(len(ready)):
            if not ready:
                break  # a loop of Qt's inside a callback ran the rest
            handle = ready.popleft()
            if ready:
                self._be_due()  # before it runs: it may run a loop of Qt's of its own, or end in SystemExit
            if not handle.cancelled():
                handle._run()
            if self._clock() >= end:
                break
        if self._is_due and not ready:
            self._is_due = False
            self._timer.stop()

    def close(self) -> None:
        """Run nothing more."""
        self._ready.clear()
        self._timer.stop()


class PatchedLoop(qasync.QEventLoop):  # type: ignore[misc]  # qasync has no types
    """qasync's loop, safe to end on every Python that we support, that lets Qt do its work between callbacks."""

    def __init__(self, app: QApplication) -> None:
        self._turns = Turns()
        super().__init__(app)

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.Handle:
        """Run a callback in the next turn."""
        handle = asyncio.Handle(callback, args, self, context=context)
        return self._add_callback(handle)

    def _add_callback(self, handle: asyncio.Handle, delay: float = 0) -> asyncio.Handle:
        if delay > 0 or self.get_debug():  # qasync's own way watches slow callbacks
            return cast(asyncio.Handle, super()._add_callback(handle, delay))
        self._turns.add(handle)
        return handle

    def close(self) -> None:
        """Release everything; the loop cannot run again."""
        super().close()
        self._turns.close()

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
