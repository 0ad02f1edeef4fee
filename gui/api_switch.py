"""The switch of the local API: starts, moves and stops the server as the settings say, one change after the other.

Knows what a server and a keeper of keys can do, and settings. Must not know widgets, nor how a server is built. It
never waits in a slot: one coroutine brings about what is wanted by then, so that quick changes end in the last one.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import Struct
from PySide6.QtCore import QObject, Signal

from core.errors import DownloadError, Failure
from core.settings import Settings
from core.spawn import cancel_and_wait, spawn
from core.vault import Secrets
from gui import wording_settings as words

_log = logging.getLogger(__name__)

START_S = 10.0
STOP_S = 3.0  # clients get a moment; quitting does not wait for those that do not let go


class Client(Protocol):
    """A program that is connected."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str: ...


class Server(Protocol):
    """One life of a server: `start` once, `aclose` once."""

    on_change: Callable[[], None] | None

    @property
    def url(self) -> str: ...

    async def start(self, port: int) -> None: ...

    async def aclose(self) -> None: ...

    def clients(self) -> Sequence[Client]: ...


class KeyKeeper(Protocol):
    """Holds the access keys that are in force."""

    @property
    def keys(self) -> tuple[str, ...]: ...

    @property
    def lacks_keys(self) -> bool: ...

    async def load(self) -> None: ...

    async def set_keys(self, keys: Sequence[str]) -> None: ...


class Key(Struct, frozen=True):
    """An access key.

    Attributes:
        is_fixed: It comes from the environment.
        is_lost: It stands for keys that were set and cannot be read; it has no text.
    """

    text: str
    is_fixed: bool = False
    is_lost: bool = False

    def __repr__(self) -> str:
        return f"Key({words.key_mask(self.text)})"


class ApiSwitch(QObject):
    """Keeps the server as it is wanted.

    Attributes:
        problem: Why there is no server although one is wanted, or why keys were not taken; None where all is well.

    Signals:
        changed: `is_on`, `is_changing`, `url`, `problem`, `keys` or `keeps_keys` may have changed.
        clients_changed: Other programs are connected.
        said: A sentence about a failure, for the status bar.
    """

    changed = Signal()
    clients_changed = Signal()
    said = Signal(str)

    def __init__(
        self,
        make: Callable[[], Awaitable[Server]],
        keeper: KeyKeeper,
        secrets: Secrets,
        *,
        fixed_keys: Sequence[str] = (),
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.problem: Failure | None = None
        self._make = make
        self._keeper = keeper
        self._secrets = secrets
        self._fixed = frozenset(fixed_keys)
        self._server: Server | None = None
        self._wanted = 0  # the port; 0 for no server
        self._is_due = False
        self._keys_wanted: list[str] | None = None
        self._work: asyncio.Task[None] | None = None
        self._look: asyncio.Task[None] | None = None
        self._is_closed = False

    # -- what there is -----------------------------------------------------------------------------------

    @property
    def is_on(self) -> bool:
        """A server listens."""
        return bool(self.url)

    @property
    def is_changing(self) -> bool:
        """Something is under way."""
        return self._work is not None

    @property
    def url(self) -> str:
        """Where the server listens; empty where none does."""
        return self._server.url if self._server is not None else ""

    @property
    def keeps_keys(self) -> bool:
        """Keys outlive the process, as far as is known."""
        return self._secrets.is_lasting

    def keys(self) -> list[Key]:
        """Return the keys in force, and one that stands for those that cannot be read."""
        lost = [Key("", is_lost=True)] if self._keeper.lacks_keys else []
        return [*(Key(key, is_fixed=key in self._fixed) for key in self._keeper.keys), *lost]

    def programs(self) -> list[tuple[str, str]]:
        """Return names and addresses of the programs that are connected."""
        if self._server is None:
            return []
        return [(client.name, client.address) for client in self._server.clients()]

    def look_at_keyring(self) -> None:
        """Find out whether keys outlive the process; `changed` tells."""
        if self._look is None and not self._is_closed:
            self._look = spawn(self._look_at_keyring(), name="look at the keyring")

    async def _look_at_keyring(self) -> None:
        try:
            await asyncio.to_thread(self._secrets.look)
        finally:
            self._look = None
        self.changed.emit()

    # -- what is wanted ----------------------------------------------------------------------------------

    def apply(self, settings: Settings) -> None:
        """Bring about what the settings say; nothing where they say what they said before."""
        wanted = settings.api_port if settings.api_enabled else 0
        if wanted != self._wanted:
            self._wanted = wanted
            self._is_due = True
            self._go()
        else:
            self.changed.emit()  # a program may have changed the keys

    def retry(self) -> None:
        """Try again what failed."""
        if self._wanted and not self.is_on:
            self._is_due = True
            self._go()

    def set_keys(self, texts: Sequence[str]) -> None:
        """Replace the keys, before anything else that is wanted; those of the environment stay by themselves."""
        self._keys_wanted = [text for text in texts if text not in self._fixed]
        self._go()

    def _go(self) -> None:
        if self._work is None and not self._is_closed:
            self._work = spawn(self._bring_about(), name="switch of the local API")
        self.changed.emit()

    # -- bringing it about -------------------------------------------------------------------------------

    async def _bring_about(self) -> None:
        try:
            while self._keys_wanted is not None or self._is_due:
                if self._keys_wanted is not None:
                    texts, self._keys_wanted = self._keys_wanted, None
                    await self._put_keys(texts)
                else:
                    self._is_due = False
                    await self._switch(self._wanted)
        finally:
            self._work = None
            self.changed.emit()

    async def _put_keys(self, texts: list[str]) -> None:
        were_lost = self._keeper.lacks_keys
        try:
            await self._keeper.set_keys(texts)
        except DownloadError as error:
            self._fail(words.keys_refused(error.message))
        except Exception:
            _log.exception("The access keys could not be changed")
            self._fail(words.keys_refused(""))
        else:
            if were_lost and not self._keeper.lacks_keys:
                self._is_due = True
            return
        self._is_due = False  # a server that was to have these keys is not started without them

    async def _switch(self, port: int) -> None:
        await self._stop()
        self.problem = None
        if not port:
            return
        try:
            async with asyncio.timeout(START_S):
                if self._keeper.lacks_keys:
                    await self._keeper.load()  # the keyring may be open by now
                if self._keeper.lacks_keys:
                    self._fail(words.failure("keys_lost"))
                else:
                    await self._start(port)
        except DownloadError as error:
            self._fail(error.failure)
        except TimeoutError:
            self._fail(words.failure("slow"))
        except Exception:
            _log.exception("The local API could not start")
            self._fail(words.failure("broken"))

    async def _start(self, port: int) -> None:
        server = await self._make()
        try:
            await server.start(port)
        except BaseException:
            await _close(server)
            raise
        server.on_change = self.clients_changed.emit
        self._server = server

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.on_change = None
            await _close(self._server)
            self._server = None

    def _fail(self, failure: Failure) -> None:
        self.problem = failure
        self.said.emit(words.api_failed(failure))

    async def aclose(self) -> None:
        """Stop the server and whatever is under way; nothing starts any more."""
        self._is_closed = True
        await cancel_and_wait(self._work, self._look)
        await self._stop()


async def _close(server: Server) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_S):
            try:
                await server.aclose()
            except Exception:
                _log.exception("The local API did not end well")
