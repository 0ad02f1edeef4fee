"""Between Settings > Links and the desktop's entries; nothing waits in a slot.

Knows what a look and a change can do. Must not know widgets.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.errors import DownloadError
from core.spawn import spawn
from gui import wording_links as words

_log = logging.getLogger(__name__)

Look = Callable[[], frozenset[str]]
Change = Callable[[frozenset[str]], None]


class LinksDesk(QObject):
    """Finds out and changes which links Pulley opens; `look` and `change` block, and run on a thread.

    Attributes:
        schemes: Those whose links are opened with Pulley; None while that is not known.

    Signals:
        changed: `schemes` may have changed.
        said: A sentence about a failure, for the status bar.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, look: Look, change: Change, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.schemes: frozenset[str] | None = None
        self._look = look
        self._change = change
        self._last: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Find out what holds now."""
        self._begin(self._read)

    def open_here(self, schemes: frozenset[str]) -> None:
        """Let the desktop open links of exactly these schemes with Pulley."""

        async def change() -> None:
            await asyncio.to_thread(self._change, schemes)
            await self._read()

        self._begin(change)

    async def _read(self) -> None:
        self.schemes = await asyncio.to_thread(self._look)

    def _begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._last = spawn(self._guarded(work, self._last), name="links of the desktop")

    async def _guarded(
        self, work: Callable[[], Coroutine[Any, Any, None]], before: "asyncio.Task[None] | None"
    ) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        try:
            await work()
        except DownloadError as error:
            self.said.emit(words.not_changed(error.message))
        except Exception:
            _log.exception("The links of the desktop could not be changed")
            self.said.emit(words.not_changed(words.broken()))
        self.changed.emit()

    async def aclose(self) -> None:
        """Wait for what is being written."""
        if self._last is not None and not self._last.done():
            await asyncio.wait([self._last])
