"""What every source has to keep, one table of checks for all hubs, over real sockets."""

import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from core.demo.server import DemoHub
from core.errors import (
    AccessDenied,
    ConnectFailed,
    DownloadError,
    GotWebPage,
    NotFound,
    ResolveError,
    ServerBusy,
    TransferError,
)
from core.handles import parse_handle
from core.itemise import items_of
from core.net import client
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.reply import Reply
from core.records import Manifest, Selection
from core.sources.base import Fetcher, Source, folder_of
from core.sources.cortexso import CortexSo
from core.sources.direct import Direct
from core.sources.huggingface import HuggingFace
from core.sources.modelscope import ModelScope
from core.sources.ollama import Ollama
from core.states import ItemState
from tests.fakes.canary import CANARY
from tests.fakes.modelscope_hub import ModelScopeHub
from tests.fakes.ollama_registry import OllamaRegistry

HUBS = ("huggingface", "cortexso", "modelscope", "ollama", "direct")
LISTING = HUBS[:-1]  # a direct file has no list that could lie
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
MS_TOKEN = "ms-conformance-token"
EVIL = "../../evil.gguf"
HTML = b"<!doctype html><html><body>Sign in</body></html>"

LIES: dict[str, tuple[bytes, bytes]] = {
    "huggingface": (b'"Llama-3.2-1B-Instruct-Q4_K_M.gguf"', b'"../../evil.gguf"'),
    "cortexso": (b'"model.gguf"', b'"../../evil.gguf"'),
    "modelscope": (b'"Path": "tiny-Q4_K_M.gguf"', b'"Path": "../../evil.gguf"'),
    "ollama": (b'ollama.image.license"', b'ollama.image.json", "name": "../../evil.gguf"'),
}
"""What a hub says, and the lie in its place."""


class Twisted:
    """A fetcher that changes what comes back."""

    def __init__(self, net: Net, twist: Callable[[Reply], Reply]) -> None:
        self._net = net
        self._twist = twist

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 64 * 2**20,
        follow: bool = True,
    ) -> Reply:
        return self._twist(await self._net.fetch(method, url, headers=headers, max_bytes=max_bytes, follow=follow))


@dataclass
class Stage:
    """Every hub, and one net that asks them all."""

    net: Net
    demo: DemoHub
    modelscope: ModelScopeHub
    registry: OllamaRegistry

    def source(self, hub: str, *, fetcher: Fetcher | None = None, endpoint: str = "") -> Source:
        ask = fetcher or self.net
        match hub:
            case "huggingface":
                return HuggingFace(ask, endpoint=endpoint or self.demo.endpoint)
            case "cortexso":
                return CortexSo(ask, endpoint=endpoint or self.demo.endpoint)
            case "modelscope":
                return ModelScope(ask, endpoint=endpoint or self.modelscope.hub)
            case "ollama":
                return Ollama(ask, endpoint=endpoint or self.registry.hub)
        return Direct(ask)

    def text(self, hub: str, *, endpoint: str = "", missing: bool = False) -> str:
        """A handle of something that is there, or that is not."""
        direct = self.demo.direct_url("nothing.bin" if missing else "weights.bin")
        if endpoint:
            direct = f"{endpoint}/files/weights.bin"
        return {
            "huggingface": "nobody/nothing" if missing else LLAMA,
            "cortexso": "nothing" if missing else "tinyllama:gguf",
            "modelscope": "ms://nobody/nothing" if missing else "ms://org/tiny",
            "ollama": "ollama://nothing" if missing else "ollama://tiny:1b",
            "direct": direct,
        }[hub]

    async def resolve(self, hub: str, twist: Callable[[Reply], Reply] | None = None) -> Manifest:
        fetcher = Twisted(self.net, twist) if twist is not None else None
        return await self.source(hub, fetcher=fetcher).resolve(parse_handle(self.text(hub)), Selection())


@pytest.fixture
async def stage(hub: DemoHub, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(client, "TRY_AGAIN_S", 0.001)
    async with ModelScopeHub() as modelscope, OllamaRegistry() as registry:
        weights = b"GGUF" + bytes(range(256)) * 2_000
        modelscope.push("org/tiny", {"tiny-Q4_K_M.gguf": weights, "README.md": b"# Tiny"})
        registry.push("library/tiny", "1b", [("model", weights), ("license", b"Do what you like")])
        credentials = Credentials()
        credentials.put(hub.endpoint, CANARY)
        credentials.put(modelscope.hub, MS_TOKEN, cookie="m_session_id")
        net = Net(credentials)
        yield Stage(net, hub, modelscope, registry)
        await net.aclose()
        for other in (modelscope, registry):
            assert not other.with_secrets("storage"), "a token came to the storage"
            assert CANARY not in str(other.asked), "the token of one hub came to another"
        assert MS_TOKEN not in str(registry.asked)


@pytest.mark.parametrize("which", HUBS)
async def test_a_manifest_is_pinned_and_whole(stage: Stage, which: str) -> None:
    manifest = await stage.resolve(which)
    handle = parse_handle(stage.text(which))
    assert (manifest.hub, manifest.repo) == (which, handle.repo)
    assert manifest.folder == folder_of(handle)
    assert manifest.commit and any(file.wanted for file in manifest.files)
    assert which == "direct" or re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", manifest.commit)
    assert all(file.size is not None and file.url.startswith("http://") for file in manifest.files)
    assert which == "direct" or all(file.hash for file in manifest.files)
    assert manifest.hub_label and bool(manifest.page_url) == (which != "direct")


@pytest.mark.parametrize("which", HUBS)
async def test_only_the_source_of_a_handle_takes_it(stage: Stage, which: str) -> None:
    handle = parse_handle(stage.text(which))
    assert [other for other in HUBS if stage.source(other).matches(handle)] == [which]
    assert stage.source(which).hub == which


@pytest.mark.parametrize("which", HUBS)
async def test_the_addresses_and_the_files_of_a_commit_are_those_of_the_manifest(stage: Stage, which: str) -> None:
    manifest = await stage.resolve(which)
    source = stage.source(which)
    known = {file.path: file for file in await source.files_at(manifest.repo, manifest.commit)}
    for file in manifest.files:
        again = known[file.path]
        assert (again.size, again.hash, again.url) == (file.size, file.hash, file.url)
        assert source.url_of(manifest.repo, manifest.commit, file.path, digest=file.hash) == file.url
    if which != "direct":
        assert source.page_of(manifest.repo).split("/tree/")[0] == manifest.page_url.split("/tree/")[0]
        assert manifest.repo.partition(":")[0] in manifest.page_url


@pytest.mark.parametrize("which", LISTING)
async def test_a_commit_that_is_none_is_refused_and_asked_of_nobody(stage: Stage, which: str) -> None:
    repo = parse_handle(stage.text(which)).repo
    for commit in ("main", "", "../x", "A" * 40):
        with pytest.raises(ResolveError, match="names no commit"):
            await stage.source(which).files_at(repo, commit)
    assert not stage.modelscope.asked and not stage.registry.asked and not len(stage.demo.requests)


@pytest.mark.parametrize("which", HUBS)
async def test_what_the_hub_does_not_have_is_not_found(stage: Stage, which: str) -> None:
    with pytest.raises(NotFound) as caught:
        await stage.source(which).resolve(parse_handle(stage.text(which, missing=True)), Selection())
    assert "nothing" in caught.value.message and caught.value.action


@pytest.mark.parametrize("which", HUBS)
async def test_a_glob_that_fits_nothing_is_not_found(stage: Stage, which: str) -> None:
    if which == "direct":
        manifest = await stage.source(which).resolve(parse_handle(stage.text(which)), Selection(globs=("*.none",)))
        assert manifest.files[0].wanted, "of one file there is nothing to choose"
        return
    with pytest.raises(NotFound, match="no file that matches"):
        await stage.source(which).resolve(parse_handle(stage.text(which)), Selection(globs=("*.none",)))


def _answered(status: int, body: bytes, kind: str) -> Callable[[Reply], Reply]:
    return lambda reply: Reply(status, httpx.Headers({"content-type": kind}), body, reply.url)


ANSWERS: list[tuple[str, Callable[[Reply], Reply], type[DownloadError]]] = [
    ("a web page", _answered(200, HTML, "text/html; charset=utf-8"), GotWebPage),
    ("500", _answered(500, b"", "text/plain"), ServerBusy),
    ("503", _answered(503, HTML, "text/html"), ServerBusy),
    ("429", _answered(429, b"{}", "application/json"), ServerBusy),
    ("401", _answered(401, b"{}", "application/json"), DownloadError),
    ("403", _answered(403, b"{}", "application/json"), AccessDenied),
    ("404", _answered(404, b"{}", "application/json"), NotFound),
    ("410", _answered(410, b"{}", "application/json"), NotFound),
]
BODIES = [b"", b"{", b"[]", b"null", b"{}", b'"x"', b"[" * 5000,
          b'{"Data": 5, "sha": 5, "branches": 5, "layers": 5}',
          b'{"Data": {"Files": [5]}, "sha": null, "branches": [5], "layers": [5]}', b"\xff\xfe"]  # fmt: skip


@pytest.mark.parametrize("which", HUBS)
@pytest.mark.parametrize(("name", "twist", "kind"), ANSWERS, ids=[answer[0] for answer in ANSWERS])
async def test_an_answer_that_is_no_list_is_the_right_error(
    stage: Stage, which: str, name: str, twist: Callable[[Reply], Reply], kind: type[DownloadError]
) -> None:
    with pytest.raises(kind) as caught:
        await stage.resolve(which, twist)
    failure = caught.value.failure
    assert failure.message and failure.message.isprintable()
    assert "Sign in" not in failure.message, "what a hub says is not passed on"


@pytest.mark.parametrize("which", LISTING)
@pytest.mark.parametrize("body", BODIES, ids=[repr(body[:30]) for body in BODIES])
async def test_an_answer_that_makes_no_sense_is_refused(stage: Stage, which: str, body: bytes) -> None:
    with pytest.raises((ResolveError, NotFound)):
        await stage.resolve(which, _answered(200, body, "application/json"))


@pytest.mark.parametrize("which", HUBS)
async def test_a_hub_that_does_not_answer_is_said_to_be_away(stage: Stage, which: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(TransferError) as caught:
            source = stage.source(which, endpoint=endpoint)
            await source.resolve(parse_handle(stage.text(which, endpoint=endpoint)), Selection())
    assert isinstance(caught.value, ConnectFailed)


@pytest.mark.parametrize("which", LISTING)
async def test_a_name_that_leads_out_of_the_folder_is_refused_and_the_others_are_not(
    stage: Stage, which: str, tmp_path: Path
) -> None:
    said, lie = LIES[which]

    def twist(reply: Reply) -> Reply:
        headers = httpx.Headers({k: v for k, v in reply.headers.items() if k != "docker-content-digest"})
        compact = said.replace(b": ", b":")
        return replace(reply, body=reply.body.replace(said, lie).replace(compact, lie), headers=headers)

    manifest = await stage.resolve(which, twist)
    items = {item.id: item for item in items_of(tmp_path, manifest, complete=False)}
    assert items[EVIL].local_path is None and items[EVIL].failure is not None
    assert items[EVIL].failure.kind == "NameRefused"
    others = [item for path, item in items.items() if path != EVIL]
    assert others and all(item.state is not ItemState.FAILED and item.local_path is not None for item in others)


@pytest.mark.parametrize("which", HUBS)
async def test_the_bytes_behind_a_redirect_are_fetched_without_a_token(stage: Stage, which: str) -> None:
    manifest = await stage.resolve(which)
    file = next(file for file in manifest.files if file.wanted)
    async with stage.net.stream("GET", file.url, headers={"Range": "bytes=0-3"}) as response:
        assert response.status_code == 206
        body = b"".join([piece async for piece in response.aiter_raw()])
    assert len(body) == 4
    led_away = [one for one in (stage.modelscope, stage.registry) if one.paths("storage")]
    assert len(led_away) == (which in ("modelscope", "ollama"))
