"""The writes of one file: in order, one at a time, on a thread or, where that is allowed and prompt, right here.

Knows threads and futures. Must not know what is written.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

TURNS_MOST = 4  # of one lane, before other files have theirs
PROMPT_S = 0.02
PROMPT_IN_A_ROW = 8


class Habit:
    """Whether a disk has been prompt of late. Pure: told of each write, by one thread at a time."""

    def __init__(self) -> None:
        self._in_a_row = 0

    @property
    def is_prompt(self) -> bool:
        """The next write is likely to take less than handing it to a thread."""
        return self._in_a_row >= PROMPT_IN_A_ROW

    def note(self, seconds: float) -> None:
        """Take note of what a write took."""
        self._in_a_row = self._in_a_row + 1 if seconds < PROMPT_S else 0


class Lane:
    """Work on one file, one piece after the other on whichever of the threads is free.

    Two threads that write one file wait for each other in the system, and one that goes on with the next piece need
    not be woken. With a `habit` the loop does the work itself while the disk is prompt; the first pieces go to a
    thread, so that a disk that hangs is met there, and so do those after a slow one.
    """

    def __init__(self, threads: ThreadPoolExecutor, habit: Habit | None = None) -> None:
        self._threads = threads
        self._habit = habit
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Future[Any], Callable[..., Any], tuple[object, ...]]] = deque()
        self._is_running = False

    def write(self, work: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        """Run `work` after what was given before; the future is of the running loop."""
        if self._habit is not None and self._habit.is_prompt and not self._is_running:
            done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            try:
                done.set_result(self._do(work, args))
            except Exception as error:
                done.set_exception(error)
            return done
        answer: Future[T] = Future()
        with self._lock:
            is_first, self._is_running = not self._is_running, True
            self._waiting.append((answer, work, args))
        if is_first:
            try:
                self._threads.submit(self._run)
            except RuntimeError:  # the threads are closed
                with self._lock:
                    self._is_running = False
                    self._waiting.clear()
                raise
        return asyncio.wrap_future(answer)

    def _do(self, work: Callable[..., T], args: tuple[object, ...]) -> T:
        began = time.monotonic()
        try:
            return work(*args)
        finally:
            if self._habit is not None:
                self._habit.note(time.monotonic() - began)

    def _run(self) -> None:
        for _ in range(TURNS_MOST):
            if not self._run_next():
                return
        try:
            self._threads.submit(self._run)  # behind the others
        except RuntimeError:  # the threads are closed, and let end what was begun
            while self._run_next():
                pass

    def _run_next(self) -> bool:
        with self._lock:
            if not self._waiting:
                self._is_running = False
                return False
            answer, work, args = self._waiting.popleft()
        if answer.set_running_or_notify_cancel():
            try:
                answer.set_result(self._do(work, args))
            except BaseException as error:
                answer.set_exception(error)
        return True
