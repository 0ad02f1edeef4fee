"""`pulley serve`: the engine and the local API on the stock asyncio loop, without a window."""

import asyncio
import os
import sys
from collections.abc import Mapping

from msgspec import Struct

from core.api.control import Control
from core.api.events import Events
from core.api.gate import needs_keys
from core.api.server import ApiServer
from core.compose import Parts, build, limits_of
from core.door.server import Door, unreachable_text
from core.errors import DownloadError, StoreError
from core.holder import DataLock, Held, lock_soon
from core.interrupt import stop_on_signals
from core.logbook import kept_log
from core.loop import new_loop
from core.places import Places
from core.settings import Settings, SettingsStore
from core.vault import open_secrets

CLOSE_S = 4.0  # the promise is five seconds, with the server's own end in it


class ServeOptions(Struct, frozen=True):
    """What `pulley serve` was asked for; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 39281


def serve(options: ServeOptions, places: Places) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code: 0, or 1 where it could not begin."""
    try:
        lock = lock_soon(places.data, "server")
    except (Held, StoreError) as error:
        return _complain(error)
    try:
        with kept_log(places.data), asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(_Server(options, places, lock, os.environ).run())
    except DownloadError as error:
        return _complain(error)
    except KeyboardInterrupt:
        return 0  # before the loop listens to signals
    finally:
        lock.close()


def _complain(error: DownloadError) -> int:
    print(f"pulley serve: {error.message}. {error.action}", file=sys.stderr)
    return 1


class Unprotected(StoreError):
    """The API would be open to other machines, or keys that were set cannot be had."""

    meaning = "Nothing was started."
    action = "Set PULLEY_API_KEYS, or bind to 127.0.0.1."


class _Server:
    def __init__(self, options: ServeOptions, places: Places, lock: DataLock, environ: Mapping[str, str]) -> None:
        self._options = options
        self._places = places
        self._lock = lock
        self._environ = environ
        self._store = SettingsStore(places.data / "settings.yml")
        self._parts: Parts | None = None

    async def run(self) -> int:
        """Begin, say where, wait for the end, and end.

        Raises:
            DownloadError: It could not begin.
        """
        stopped = asyncio.Event()
        stop_on_signals(stopped)
        settings = self._store.load()
        if self._store.warning:
            print(f"pulley serve: {self._store.warning}", file=sys.stderr)
        models = self._places.models_or(settings.models_dir)
        parts = self._parts = build(self._places.data, models, settings, self._environ)
        if parts.notice:
            print(f"pulley serve: {parts.notice}", file=sys.stderr)
        control = Control(
            self._store,
            open_secrets(),
            parts.net,
            endpoint=parts.endpoint,
            environ=self._environ,
            apply=self._apply,
        )
        server: ApiServer | None = None
        door: Door | None = None
        events: Events | None = None
        try:
            await control.load()
            parts.place.start()
            self._check_keys(control)
            await parts.engine.load()
            events = Events(parts.engine)
            server = ApiServer(
                parts.engine,
                events,
                control,
                cortexso=parts.cortexso,
                endpoint=parts.endpoint,
                host=self._options.host,
            )
            await server.start(self._options.port)
            door = Door(self._lock, "server", parts.engine, events)
            try:
                await door.open()
            except OSError as error:  # it can serve all the same
                print(f"pulley serve: {unreachable_text(error)}", file=sys.stderr)
            print(f"Listening on {server.url}", flush=True)
            await stopped.wait()
        finally:
            await self._close(server, door, events)
        return 0

    def _check_keys(self, control: Control) -> None:
        if control.keys:
            return
        if control.lacks_keys:
            raise Unprotected(
                "Access keys were set, and the system's keyring does not give them",
                action="Unlock the keyring, or start with PULLEY_API_KEYS and set the keys anew.",
            )
        if needs_keys(self._options.host):
            raise Unprotected(f"Other machines could reach {self._options.host}, and no access keys are set")

    def _apply(self, settings: Settings) -> None:
        assert self._parts is not None
        self._parts.engine.set_limits(limits_of(settings))

    async def _close(self, server: ApiServer | None, door: Door | None, events: Events | None) -> None:
        assert self._parts is not None
        try:
            async with asyncio.timeout(CLOSE_S):
                if server is not None:
                    await server.aclose()
                if door is not None:
                    await door.aclose()
                if events is not None:
                    events.close()
                await self._parts.aclose()
        except TimeoutError:
            print("pulley serve: the disk did not take the last bytes in time", file=sys.stderr, flush=True)
            os._exit(0)  # what was synced is kept; a thread that waits for the disk would hold the process
