"""The demo hub on a thread and a loop of its own, for a program that has a loop already."""

import asyncio
import threading
from concurrent.futures import Future

from core.demo.catalogue import Scale
from core.demo.knobs import Knobs
from core.demo.server import DemoHub

START_S = 15.0


class HubThread:
    """Runs a hub until `close`.

    Attributes:
        hub: The hub while it runs. Counters and knobs may be read and turned from other threads.
    """

    def __init__(self, *, scale: Scale = "demo", knobs: Knobs | None = None) -> None:
        self._scale: Scale = scale
        self._knobs = knobs
        self.hub: DemoHub | None = None
        self._started: Future[str] = Future()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._main, name="pulley-demo-hub", daemon=True)

    def start(self) -> str:
        """Start it and return its endpoint.

        Raises:
            OSError: It cannot listen.
        """
        self._thread.start()
        return self._started.result(START_S)

    def close(self) -> None:
        """Stop it and wait for its end."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_S)

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            raise

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with DemoHub(scale=self._scale, knobs=self._knobs) as hub:
            self.hub = hub
            self._started.set_result(hub.endpoint)
            await self._stop.wait()
