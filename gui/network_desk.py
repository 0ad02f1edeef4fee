"""Between Settings > Network and what keeps the proxy's password and asks the hub; nothing waits in a slot.

Knows what a keeper and a question can do, and settings. Must not know widgets, nor how a request is made.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from core.errors import DownloadError, Failure
from core.settings import Settings
from core.spawn import cancel_and_wait, spawn
from gui import wording_network as words

_log = logging.getLogger(__name__)

HERE = "127.0.0.1"

Ask = Callable[[Settings, str], Awaitable[DownloadError | None]]
"""Asks the hub once, with these settings and this password at the proxy."""


class PasswordKeeper(Protocol):
    """Holds the password that is in force."""

    @property
    def proxy_password(self) -> str: ...

    async def change(self, values: Mapping[str, Any], *, host: str) -> bool: ...


class NetworkDesk(QObject):
    """Keeps the password and tests the connection.

    Attributes:
        hub: The host that is asked.
        answer: What the last test came to: None where the hub answered; meaningless before `has_answer`.
        has_answer: A test has ended.

    Signals:
        changed: One of these, `is_asking` or `has_password` may have changed.
        said: A sentence about a failure, for the status bar.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(
        self,
        keeper: PasswordKeeper,
        ask: Ask,
        ca_problem: Callable[[str], str],
        *,
        hub: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.hub = hub
        self.answer: Failure | None = None
        self.has_answer = False
        self.ca_problem = ca_problem
        self._keeper = keeper
        self._ask = ask
        self._asking: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_asking(self) -> bool:
        """A test is under way."""
        return self._asking is not None

    @property
    def has_password(self) -> bool:
        """A password is in force."""
        return bool(self._keeper.proxy_password)

    def keep_password(self, text: str) -> None:
        """Put another password in force; an empty one forgets it."""
        before = self._keeping
        self._keeping = spawn(self._keep(text, before), name="keep the password of the proxy")

    async def _keep(self, text: str, before: "asyncio.Task[None] | None") -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        try:
            await self._keeper.change({"proxy_password": text}, host=HERE)
        except DownloadError as error:
            self.said.emit(words.not_kept(error.message))
        except Exception as error:  # what cannot be sent is a ValueError of the keeper's own
            reason = getattr(error, "message", "")
            if not reason:
                _log.exception("The password of the proxy could not be changed")
            self.said.emit(words.not_kept(reason or words.broken().action))
        self.changed.emit()

    def test(self, settings: Settings, password: str | None) -> None:
        """Ask the hub with these settings; None takes the password that is in force."""
        if self._asking is None:
            text = self._keeper.proxy_password if password is None else password
            self._asking = spawn(self._test(settings, text), name="test the connection")
            self.changed.emit()

    async def _test(self, settings: Settings, password: str) -> None:
        try:
            error = await self._ask(settings, password)
            self.answer = error.failure if error is not None else None
            self.has_answer = True
        except Exception:
            _log.exception("The connection could not be tested")
            self.answer, self.has_answer = words.broken(), True
        finally:
            self._asking = None
            self.changed.emit()

    def show_hub(self, host: str) -> None:
        """The hub is fetched from another host now."""
        if host != self.hub:
            self.hub = host
            self.forget()

    def forget(self) -> None:
        """What the last test said does not hold any more."""
        if self.has_answer:
            self.has_answer, self.answer = False, None
            self.changed.emit()

    async def aclose(self) -> None:
        """Stop the test; a password that is being kept is kept."""
        await cancel_and_wait(self._asking)
        if self._keeping is not None and not self._keeping.done():
            await asyncio.wait([self._keeping])
