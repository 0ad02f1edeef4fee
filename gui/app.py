"""The composition root of the window: the only place of gui that builds things and knows how they fit together."""

import asyncio
import logging
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtWidgets import QApplication

from core import __version__, links
from core.access import AccessWatch
from core.accounts import ACCOUNTS, HUGGING_FACE, MODELSCOPE, HubAccount
from core.api.control import Control, proxy_of, split_keys
from core.api.events import Events
from core.cli import WindowOptions
from core.compose import Parts, build, limits_of, use_place
from core.door.client import hand_over
from core.door.server import Door, unreachable_text
from core.engine import Engine
from core.errors import DownloadError, StoreError
from core.holder import DataLock, Held, lock_soon
from core.interrupt import came_early
from core.logbook import kept_log
from core.net import whoami
from core.net.probe import ask_once
from core.net.trust import ca_problem
from core.places import Places
from core.settings import Settings, SettingsStore
from core.states import TaskState
from core.vault import MemorySecrets, Secrets, open_secrets
from gui.accounts_desk import AccountsDesk
from gui.api_switch import ApiSwitch
from gui.awake import Awake
from gui.hub_desk import HubDesk
from gui.links_desk import LinksDesk
from gui.loop import run
from gui.main_window import MainWindow
from gui.network_desk import NetworkDesk
from gui.settings.opening import Desks
from gui.style.icons import icon
from gui.style.theme import Theme

if TYPE_CHECKING:
    from core.api.server import ApiServer
    from gui.browse.desk import BrowseDesk

_log = logging.getLogger(__name__)

CLOSE_S = 10.0
DEMO_HANDLES = ("bartowski/Llama-3.2-1B-Instruct-GGUF", "tinyllama:gguf")
DEMO_BYTES_S = 24e6
DEMO_LATENCY_S = 0.03
PICTURE_SIZE = (1400, 850)
_HUB_VARIABLES = ("HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "HF_HUB_OFFLINE")


def open_window(options: WindowOptions) -> int:
    """Open the window and return the exit code when it is closed."""
    if options.demo:
        return _demo(options)
    try:
        lock = lock_soon(options.places.data, "window")
    except Held as held:
        if hand_over(options.places.data, list(options.handles)):
            return 0
        return _complain(held)
    except StoreError as error:
        return _complain(error)
    try:
        with kept_log(options.places.data):
            return _run(options, options.places, lock)
    finally:
        lock.close()


def _demo(options: WindowOptions) -> int:
    """Open the window against a hub of its own, with data that go when it is closed."""
    from core.demo.knobs import Knobs  # only the demo waits for a server's libraries to load
    from core.demo.thread import HubThread

    hub = HubThread(scale="demo", knobs=Knobs(bytes_per_s_total=DEMO_BYTES_S, latency_s=DEMO_LATENCY_S))
    with tempfile.TemporaryDirectory(prefix="pulley-demo-") as folder:
        for name in _HUB_VARIABLES:
            os.environ.pop(name, None)
        os.environ["HF_ENDPOINT"] = hub.start()
        os.environ["HF_HOME"] = folder
        places = Places(Path(folder) / "data", Path(folder) / "models")
        lock = DataLock(places.data, "demo")
        try:
            return _run(options, places, lock)
        finally:
            lock.close()
            hub.close()


def _complain(error: StoreError) -> int:
    print(f"pulley: {error.message}. {error.action}", file=sys.stderr)
    return 1


def _run(options: WindowOptions, places: Places, lock: DataLock) -> int:
    QCoreApplication.setApplicationName("Pulley")
    QCoreApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName("pulley")
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    store = SettingsStore(places.data / "settings.yml")
    settings = store.load()
    try:
        parts = build(places.data, places.models_or(settings.models_dir), settings, os.environ)
        parts.engine.favour(window=True)
    except StoreError as error:
        return _complain(error)
    session = Session(app, options, places, lock, parts, store, settings)
    return run(app, session.main)


def _load_server() -> "type[ApiServer]":
    from core.api.server import ApiServer  # aiohttp takes a tenth of a second: on a thread, where one is wanted

    return ApiServer


class Session:
    """One life of the window, from the stored tasks to a clean stop.

    Attributes:
        app, theme: Qt's application and how it looks.
        window: The window, once it is shown.
        api: The switch of the local API, from a little earlier on.
    """

    def __init__(
        self,
        app: QApplication,
        options: WindowOptions,
        places: Places,
        lock: DataLock,
        parts: Parts,
        store: SettingsStore,
        settings: Settings,
        *,
        secrets: Secrets | None = None,
    ) -> None:
        self.app = app
        self.theme = Theme()
        self._options = options
        self._places = places
        self._lock = lock
        self._parts = parts
        self._store = store
        self._settings = settings
        self._awake = Awake()
        # The keys of a demo go with its data, and never replace those that are kept.
        self._secrets = secrets or (MemorySecrets() if options.demo else open_secrets())
        self._control: Control | None = None
        self._watch: AccessWatch | None = None
        self.api: ApiSwitch | None = None
        self.window: MainWindow | None = None
        self._stop = asyncio.Event()
        self._code = 0

    @property
    def engine(self) -> Engine:
        """The engine behind the window."""
        return self._parts.engine

    async def main(self) -> int:
        """Show the window, run until it is closed, and stop cleanly; return the exit code."""
        engine = self._parts.engine
        self._stop = asyncio.Event()
        theme = self.theme
        theme.apply(self.app, self._settings.theme)
        self.app.setWindowIcon(icon("app", theme.tokens))
        control = await self._open_control()
        self._parts.place.start()
        try:
            await engine.load()
        except StoreError as error:
            await self._close()
            return _complain(error)
        events = Events(engine)
        api = self.api = self._switch(control, events)
        hub = HubDesk(self._parts.place)
        desks = Desks(api, self._network(control), hub, self._accounts(control), self._links(), engine.prepare)
        watch = AccessWatch(engine)
        endpoint = self._parts.endpoint
        window = MainWindow(engine, self._store, theme, endpoint=endpoint, desks=desks, browse=self._browse_desk)
        window.status.follow(hub, lambda: engine.totals)
        window.stop_requested.connect(self._stop.set)
        window.settings_changed.connect(self._apply)
        self.app.aboutToQuit.connect(self._stop.set)
        engine.totals_updated.connect(self._keep_awake)
        wake = self._stop_on_signals()
        door = Door(self._lock, "window", engine, events, open_window=lambda texts: self._take(window, texts))
        if not self._options.demo:
            try:
                await door.open()
            except OSError as error:  # the window works all the same
                print(f"pulley: {unreachable_text(error)}", file=sys.stderr)
        if self._options.picture:
            window.resize(*PICTURE_SIZE)
        window.show()
        if self._parts.notice:
            window.status.say(self._parts.notice)
        self.window = window
        api.apply(self._settings)
        self._watch = watch
        control.tokens.on_change = lambda hub: watch.token_changed(hub.serves)
        self.app.applicationStateChanged.connect(self._on_app_state)
        watch.start()
        self._begin(window)
        try:
            await self._stop.wait()
        finally:
            self._forget_signals(wake)
            self._awake.set(False)
            control.tokens.on_change = None
            self.app.applicationStateChanged.disconnect(self._on_app_state)
            await watch.aclose()
            await desks.aclose()
            if window.browse is not None:
                await window.browse.aclose()
            await door.aclose()
            events.close()
            await self._close()
            window.finish()
        return self._code

    async def _open_control(self) -> Control:
        """Read the secrets that were kept, before anything needs them; a keyring that is slow is left behind."""
        control = self._control = Control(
            self._store,
            self._secrets,
            self._parts.net,
            endpoint=self._parts.endpoint,
            environ=os.environ,
            apply=self._apply,
        )
        try:
            await control.load()
        except ValueError:
            _log.warning("A secret in the system's keyring cannot be used; set it again.")
        return control

    def _switch(self, control: Control, events: Events) -> ApiSwitch:
        async def make() -> "ApiServer":
            server = await asyncio.to_thread(_load_server)
            parts = self._parts
            return server(parts.engine, events, control, cortexso=parts.cortexso, endpoint=parts.endpoint)

        return ApiSwitch(make, control, self._secrets, fixed_keys=split_keys(os.environ.get("PULLEY_API_KEYS", "")))

    def _browse_desk(self) -> "BrowseDesk":
        from core.catalogue.hub import Catalogue  # only who browses waits for it
        from gui.browse.desk import BrowseDesk

        return BrowseDesk(Catalogue(self._parts.net, endpoint=self._parts.endpoint))

    def _network(self, control: Control) -> NetworkDesk:
        place = self._parts.place

        async def ask(settings: Settings, password: str) -> DownloadError | None:
            proxy = proxy_of(settings, password)
            return await ask_once(place.choice.place, proxy=proxy, ca_file=settings.ca_file, environ=os.environ)

        desk = NetworkDesk(control, ask, ca_problem, hub=place.choice.host)
        place.listen(lambda: desk.show_hub(place.choice.host))
        return desk

    def _accounts(self, control: Control) -> tuple[AccountsDesk, ...]:
        paths = {HUGGING_FACE: whoami.HUGGING_FACE, MODELSCOPE: whoami.MODELSCOPE}

        def desk(hub: HubAccount) -> AccountsDesk:
            async def ask(token: str) -> str:
                return await whoami.who_is(
                    control.tokens.account(hub).url,
                    token,
                    proxy=proxy_of(self._settings, control.proxy_password),
                    ca_file=self._settings.ca_file,
                    environ=os.environ,
                    path=paths[hub],
                )

            return AccountsDesk(control.tokens, control.change, self._secrets, ask, hub=hub)

        return tuple(desk(hub) for hub in ACCOUNTS)

    def _links(self) -> LinksDesk | None:
        if self._options.demo or not links.is_supported():
            return None
        folder = links.folder_of(os.environ, Path.home())
        return LinksDesk(
            lambda: links.opened_here(folder),
            lambda schemes: links.open_here(folder, schemes, links.own_command()),
        )

    def _begin(self, window: MainWindow) -> None:
        if self._options.demo:
            window.add_texts(list(DEMO_HANDLES), ask=False)
            if self._options.leave:
                for name in ("task_done", "task_failed"):
                    getattr(self._parts.engine, name).connect(lambda _: self._demo_ended(window))
        elif self._options.handles:
            self._take(window, list(self._options.handles))

    @staticmethod
    def _take(window: MainWindow, texts: list[str]) -> None:
        if window.isMinimized():
            window.showNormal()
        window.raise_()
        window.activateWindow()
        if texts:
            window.add_texts(texts, ask=False)  # a link of another program is asked about all the same

    def _demo_ended(self, window: MainWindow) -> None:
        tasks = self._parts.engine.tasks
        if any(task.state.is_live for task in tasks):
            return
        self._code = 0 if all(task.state is TaskState.DONE for task in tasks) else 1
        for task in tasks:
            window.tree.expand_task(task.id)
        # One turn of the loop later everything that the last signal changed is painted.
        QTimer.singleShot(300, window, lambda: self._picture_and_leave(window))

    def _picture_and_leave(self, window: MainWindow) -> None:
        if self._options.picture:
            path = Path(self._options.picture)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not window.grab().save(str(path), "PNG"):
                print(f"pulley: the picture {path} could not be written", file=sys.stderr)
                self._code = 1
        self._stop.set()

    def _apply(self, settings: Settings) -> None:
        self._settings = settings
        self.theme.apply(self.app, settings.theme)
        self._parts.engine.set_limits(limits_of(settings))
        self._parts.engine.set_root(self._places.models_or(settings.models_dir))
        self._keep_awake()
        if self._control is not None:
            self._control.use_network()
        use_place(self._parts.place, settings)
        if self.api is not None:
            self.api.apply(settings)

    def _on_app_state(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive and self._watch is not None:
            self._watch.came_back()

    def _keep_awake(self) -> None:
        self._awake.set(self._settings.keep_awake and self._parts.engine.totals.active > 0)

    def _stop_on_signals(self) -> QTimer | None:
        """Let SIGINT and SIGTERM stop the window; they have to wake the loop, which else never looks at them."""
        if came_early():
            self._stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop.set())
        if os.name == "nt":  # no readers on the proactor's loop: look five times a second
            timer = QTimer()
            timer.timeout.connect(lambda: None)
            timer.start(200)
            return timer
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        asyncio.get_running_loop().add_reader(reader.fileno(), lambda: reader.recv(64))
        self._sockets = (reader, writer)
        return None

    def _forget_signals(self, timer: QTimer | None) -> None:
        if timer is not None:
            timer.stop()
            return
        signal.set_wakeup_fd(-1)
        asyncio.get_running_loop().remove_reader(self._sockets[0].fileno())
        for end in self._sockets:
            end.close()

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._parts.aclose()
        except TimeoutError:
            print("pulley: the disk did not take the last bytes in time; they are fetched again", file=sys.stderr)
            sys.stderr.flush()
            os._exit(1)  # a thread that waits for the disk would hold the process; locks go with it
