"""Builds an engine from places, settings and environment; the window and the terminal share it."""

import logging
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from core.engine import Engine
from core.net.client import Net
from core.net.credentials import endpoint_of, from_environment, is_endpoint_set, is_mirror
from core.net.endpoints import keep_modelscope_token, modelscope_of, ollama_of
from core.net.mirrors import Answer
from core.net.place import Place, Probe
from core.net.probe import measure
from core.rebuild import rebuild
from core.records import Limits
from core.settings import Settings
from core.sources.base import Source
from core.sources.cortexso import CortexSo
from core.sources.direct import Direct
from core.sources.huggingface import HuggingFace
from core.sources.modelscope import ModelScope
from core.sources.ollama import Ollama
from core.store.rescue import open_store

_log = logging.getLogger(__name__)
_TRUE = frozenset({"1", "on", "yes", "true"})


class Parts(Struct, frozen=True):
    """What was built: close the engine first, then the net.

    Attributes:
        place: Where the hub is fetched from; start it once the secrets are known.
        notice: What a person has to be told of the list of downloads; empty where all is well.
    """

    engine: Engine
    net: Net
    endpoint: str
    cortexso: CortexSo
    place: Place
    notice: str = ""

    async def aclose(self) -> None:
        """Stop everything in order."""
        await self.place.aclose()
        await self.engine.aclose()
        await self.net.aclose()


class Hubs(Struct, frozen=True):
    """What asks the hubs: for an engine, and for who only wants to know."""

    net: Net
    endpoint: str
    cortexso: CortexSo
    sources: tuple[Source, ...]
    place: Place

    async def aclose(self) -> None:
        """Stop everything in order."""
        await self.place.aclose()
        await self.net.aclose()


def connect(environ: Mapping[str, str], settings: Settings) -> Hubs:
    """Build what asks the hubs; no request is made yet."""
    endpoint = endpoint_of(environ)
    credentials, warning = from_environment(environ, Path.home())
    for said in (warning, keep_modelscope_token(credentials, environ)):
        if said:
            _log.warning("%s", said)
    offline = environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE
    net = Net(credentials, offline=offline, environ=environ)
    net.mirror = endpoint if is_mirror(endpoint) else ""
    cortexso = CortexSo(net, endpoint=endpoint)
    sources = (
        HuggingFace(net, endpoint=endpoint),
        cortexso,
        ModelScope(net, endpoint=modelscope_of(environ)),
        Ollama(net, endpoint=ollama_of(environ)),
        Direct(net),
    )
    place = Place(net, _probe(net, environ), hub=endpoint, is_fixed=is_endpoint_set(environ))
    use_place(place, settings)
    return Hubs(net, endpoint, cortexso, sources, place)


def _probe(net: Net, environ: Mapping[str, str]) -> Probe:
    async def ask(place: str) -> Answer:
        return await measure(place, proxy=net.proxy, ca_file=net.ca_file, environ=environ)

    return ask


def use_place(place: Place, settings: Settings) -> None:
    """Fetch from where the settings say, from now on."""
    place.use(settings.hub_way, settings.hub_mirror, settings.hub_mirrors)


def build(data: Path, models: Path, settings: Settings, environ: Mapping[str, str]) -> Parts:
    """Build an engine over the store in `data`.

    Raises:
        StoreError: The store cannot be opened.
    """
    hubs = connect(environ, settings)
    store, notice = open_store(data / "tasks.sqlite", lambda: rebuild(models))
    engine = Engine(
        net=hubs.net,
        store=store,
        sources=hubs.sources,
        root=models,
        limits=limits_of(settings),
        hub=hubs.place.choice.host,
    )

    def moved() -> None:
        engine.hub = hubs.place.choice.host

    hubs.place.listen(moved)
    return Parts(engine, hubs.net, hubs.endpoint, hubs.cortexso, hubs.place, notice)


def limits_of(settings: Settings) -> Limits:
    """Return the limits that the settings ask for."""
    return Limits(
        tasks=settings.parallel_tasks,
        connections_per_host=settings.connections_per_host,
        connections=settings.max_connections,
    )
