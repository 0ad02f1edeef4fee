"""Between Settings > Accounts and what keeps tokens and asks the hub whose they are; nothing waits in a slot.

Knows what a keeper and a question can do. Must not know widgets, nor how a request is made. A token passes through
here once, on its way in: nothing of it is kept, shown or logged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from core.accounts import HUGGING_FACE, Account, HubAccount
from core.errors import DownloadError, Failure
from core.spawn import cancel_and_wait, spawn
from core.vault import Secrets
from gui import wording_accounts as words

_log = logging.getLogger(__name__)

HERE = "127.0.0.1"

Ask = Callable[[str], Awaitable[str]]
"""Asks the hub whose this token is, and returns the name; raises DownloadError."""


class TokenKeeper(Protocol):
    """Tells of the tokens that are in force."""

    def token(self, hub: HubAccount) -> str: ...

    def account(self, hub: HubAccount) -> Account: ...


class Change(Protocol):
    """Changes secrets by name."""

    async def __call__(self, values: Mapping[str, Any], *, host: str) -> bool: ...


class AccountsDesk(QObject):
    """Takes, tests and forgets the token of one hub.

    Attributes:
        hub: The hub.
        name: Whose the token is, as the hub said when it was last asked; empty where that is not known.
        failure: What the last test came to; None where it went well or there was none.
        is_lasting: Secrets survive the end of the program, as far as is known.

    Signals:
        changed: One of these, `account` or `is_busy` may have changed.
        said: A sentence about a failure, for the status bar.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(
        self,
        keeper: TokenKeeper,
        change: Change,
        secrets: Secrets,
        ask: Ask,
        *,
        hub: HubAccount = HUGGING_FACE,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.hub = hub
        self.name = ""
        self.failure: Failure | None = None
        self._keeper = keeper
        self._change = change
        self._secrets = secrets
        self._ask = ask
        self._work: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """A token is being tested or kept."""
        return self._work is not None

    @property
    def is_lasting(self) -> bool:
        """What is kept is there after a restart, as far as is known."""
        return self._secrets.is_lasting

    @property
    def account(self) -> Account:
        """What is known of the token in force."""
        return self._keeper.account(self.hub)

    @property
    def can_test(self) -> bool:
        """There is a token that may be shown to the hub."""
        return bool(self._keeper.token(self.hub)) and self.account.is_allowed

    def look(self) -> None:
        """Find out whether secrets last, for a page that is about to say so."""
        if self._looking is None:
            self._looking = spawn(self._look(), name="look for a keyring")

    def enter(self, text: str) -> None:
        """Take a token: it is tested, and kept unless the hub does not know it."""
        if self._work is None and text:
            self._begin(self._enter(text))

    def test(self) -> None:
        """Ask whose the kept token is."""
        if self._work is None and self.can_test:
            self._begin(self._test(self._keeper.token(self.hub)))

    def remove(self) -> None:
        """Forget the token that was entered."""
        if self._work is None:
            self._begin(self._keep(""))

    async def aclose(self) -> None:
        """Stop what is under way; a token that is being kept may be kept or not."""
        await cancel_and_wait(self._work, self._looking)

    # -- inside ------------------------------------------------------------------------------------------

    def _begin(self, work: "Awaitable[None]") -> None:
        self._work = spawn(self._guarded(work), name=f"account at {self.hub.name}")
        self.changed.emit()

    async def _guarded(self, work: "Awaitable[None]") -> None:
        try:
            await work
        except DownloadError as error:
            self.failure = error.failure
            self.said.emit(words.not_kept(error.message))
        except Exception as error:  # what cannot be sent is a ValueError of the keeper's own
            reason = str(getattr(error, "message", ""))
            if not reason:
                _log.exception("The token could not be changed")
            self.failure = words.broken(reason)
        finally:
            self._work = None
            self.changed.emit()

    async def _look(self) -> None:
        try:
            await asyncio.to_thread(self._secrets.look)
        finally:
            self._looking = None
            self.changed.emit()

    async def _enter(self, text: str) -> None:
        name, failure = await self._answer(text) if self.account.is_allowed else ("", None)
        if failure is None or failure.kind != "TokenRefused":
            await self._keep(text)
        else:
            self.said.emit(words.not_kept(failure.message))  # the settings may be closed by now
        self.name, self.failure = name, failure

    async def _test(self, token: str) -> None:
        self.name, self.failure = await self._answer(token)

    async def _answer(self, token: str) -> tuple[str, Failure | None]:
        """Return whose a token is, or why that is not known."""
        try:
            return await self._ask(token), None
        except DownloadError as error:
            return "", error.failure

    async def _keep(self, text: str) -> None:
        self.name, self.failure = "", None
        await self._change({self.hub.secret: text}, host=HERE)
