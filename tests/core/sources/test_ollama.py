"""The Ollama registry over real sockets: a tag becomes named files, each checked by its digest."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.demo.server import DemoHub
from core.description import find_descriptions
from core.errors import AccessDenied, NotFound, ResolveError
from core.handles import parse_handle
from core.net import client
from core.net.client import Net
from core.net.credentials import Credentials
from core.rebuild import rebuild
from core.records import Manifest, Selection
from core.sources.ollama import Ollama
from core.states import TaskState
from tests.fakes.canary import CANARY
from tests.fakes.ollama_registry import OllamaRegistry, digest_of
from tests.fakes.terminal import terminal_on

MODEL = b"GGUF" + bytes(range(256)) * 12_000
PROJECTOR = b"GGUF" + b"projector" * 30_000
LAYERS = [
    ("model", MODEL),
    ("projector", PROJECTOR),
    ("template", b"{{ .Prompt }}"),
    ("system", b"You are brief."),
    ("params", b'{"stop":["<|eot_id|>"]}'),
    ("license", b"License one"),
    ("license", b"License two"),
]
NAMES = [
    "tiny-1b.gguf",
    "mmproj-tiny-1b.gguf",
    "template.txt",
    "system.txt",
    "params.json",
    "license.txt",
    "license-2.txt",
]


@pytest.fixture
async def registry() -> AsyncIterator[OllamaRegistry]:
    async with OllamaRegistry() as registry:
        registry.push("library/tiny", "1b", LAYERS)
        yield registry
        assert not registry.with_secrets("storage"), "a token came to the storage"
        assert not [each for each in registry.asked if CANARY in str(each)], "a token of another hub came here"


@pytest.fixture
async def source(registry: OllamaRegistry) -> AsyncIterator[Ollama]:
    net = Net(Credentials())
    yield Ollama(net, endpoint=registry.hub)
    await net.aclose()


async def resolve(source: Ollama, text: str, *globs: str) -> Manifest:
    handle = parse_handle(text)
    assert source.matches(handle)
    return await source.resolve(handle, Selection(globs=globs))


async def test_a_tag_becomes_files_with_names_and_digests(source: Ollama, registry: OllamaRegistry) -> None:
    manifest = await resolve(source, "ollama://tiny:1b")
    assert [file.path for file in manifest.files] == NAMES
    assert [file.hash for file in manifest.files] == [digest_of(data) for _, data in LAYERS]
    assert [file.size for file in manifest.files] == [len(data) for _, data in LAYERS]
    assert all(file.wanted for file in manifest.files)
    assert manifest.files[0].url == f"{registry.hub}/v2/library/tiny/blobs/{digest_of(MODEL)}"
    assert (manifest.repo, manifest.revision, manifest.folder) == (
        "library/tiny:1b",
        "1b",
        "ollama.com/library/tiny/1b",
    )
    assert f"sha256:{manifest.commit}" == registry.push("library/tiny", "1b", LAYERS)
    assert manifest.page_url == "https://ollama.com/library/tiny:1b"


async def test_globs_choose_among_the_layers(source: Ollama) -> None:
    manifest = await resolve(source, "ollama://tiny:1b", "*.gguf")
    assert [file.path for file in manifest.files if file.wanted] == NAMES[:2]


async def test_a_token_for_everybody_is_fetched_where_the_registry_asks_for_one(
    source: Ollama, registry: OllamaRegistry
) -> None:
    registry.wants_token = True
    assert (await resolve(source, "ollama://tiny:1b")).files
    assert registry.paths()[1] == "/token?service=registry.test&scope=repository%3Alibrary%2Ftiny%3Apull"


async def test_a_token_is_for_one_repository_and_renewed_when_it_is_no_longer_taken(
    source: Ollama, registry: OllamaRegistry
) -> None:
    registry.push("library/other", "1b", LAYERS)
    registry.wants_token = True
    await resolve(source, "ollama://tiny:1b")
    await resolve(source, "ollama://tiny:1b")
    assert len([path for path in registry.paths() if path.startswith("/token")]) == 1, "it is kept"
    await resolve(source, "ollama://other:1b")
    tokens = {each.headers["authorization"] for each in registry.with_secrets("hub") if "other" in each.path}
    assert len(tokens) == 1 and "library/other" in tokens.pop()
    registry.expire()
    await resolve(source, "ollama://tiny:1b")
    assert len([path for path in registry.paths() if path.startswith("/token")]) == 3


@pytest.mark.parametrize(
    "realm", ["ftp://localhost/token", "https://", "http://[", "http://127.0.0.1:1/token", "{hub}/none"]
)
async def test_a_challenge_that_leads_nowhere_is_a_refusal(
    source: Ollama, registry: OllamaRegistry, monkeypatch: pytest.MonkeyPatch, realm: str
) -> None:
    monkeypatch.setattr(client, "TRY_AGAIN_S", 0.001)
    registry.wants_token = True
    registry.realm = realm.replace("{hub}", registry.hub)
    with pytest.raises(AccessDenied, match="refuses access"):
        await resolve(source, "ollama://tiny:1b")
    assert len(registry.with_secrets("hub")) == 0


async def test_the_files_of_a_manifest_are_found_by_its_hash_and_where_that_fails_by_its_tag(
    source: Ollama, registry: OllamaRegistry
) -> None:
    found = await resolve(source, "ollama://tiny:1b")
    for by_digest in (True, False):
        registry.by_digest = by_digest
        assert await source.files_at(found.repo, found.commit) == found.files
    registry.push("library/tiny", "1b", LAYERS[:1])
    with pytest.raises(NotFound, match="no longer has this version"):
        await source.files_at(found.repo, found.commit)


async def test_a_manifest_that_is_not_what_its_digest_says_is_refused(fetcher: Any) -> None:
    url = "https://registry.test/v2/library/tiny/manifests/latest"
    fetcher.put(f"GET {url}", {"layers": []}, docker_content_digest="sha256:" + "0" * 64)
    with pytest.raises(ResolveError, match="another manifest"):
        await resolve(Ollama(fetcher, endpoint="https://registry.test"), "ollama://tiny")


async def test_a_model_that_only_runs_elsewhere_is_named_as_such(source: Ollama, registry: OllamaRegistry) -> None:
    registry.push("library/tiny", "cloud", [("params", b"{}")])
    with pytest.raises(NotFound, match="holds no model that can be fetched"):
        await resolve(source, "ollama://tiny:cloud")


async def test_layers_of_many_kinds_have_names_of_their_own(source: Ollama, registry: OllamaRegistry) -> None:
    kinds = ["model", "model", "adapter", "draft", "embed", "tensor", "messages"]
    registry.push("me/mix", "q4", [(kind, kind.encode() + bytes([n])) for n, kind in enumerate(kinds)])
    names = [file.path for file in (await resolve(source, "ollama://me/mix:q4")).files]
    assert names[:4] == ["mix-q4.gguf", "mix-q4-2.gguf", "mix-q4-LoRA.gguf", "draft-mix-q4.gguf"]
    assert names[4].startswith("embed-") and names[6] == "messages.json"
    assert len(set(names)) == len(names)


async def test_pull_fetches_a_model_with_its_digests_checked_and_describes_it(
    hub: DemoHub, registry: OllamaRegistry, tmp_path: Path
) -> None:
    registry.wants_token = True
    async with terminal_on(hub, tmp_path / "data") as terminal:
        ended = await terminal.pull("ollama pull tiny:1b", OLLAMA_REGISTRY=registry.hub)
        assert ended.code == 0, ended.err
        folder = terminal.models / "ollama.com" / "library" / "tiny" / "1b"
        for name, (_, data) in zip(NAMES, LAYERS, strict=True):
            assert (folder / name).read_bytes() == data
        (described,) = find_descriptions(folder).values()
        assert (described.handle, described.hub, described.repo) == (
            "ollama://tiny:1b",
            "ollama",
            "library/tiny:1b",
        )
        assert {file.path: file.hash for file in described.files}["tiny-1b.gguf"] == digest_of(MODEL)

        (task,) = rebuild(terminal.models)
        assert (task.handle, task.state, task.id) == ("ollama://tiny:1b", TaskState.DONE, "ollama://tiny:1b")

        asked = len(registry.asked)
        assert (await terminal.pull("ollama://tiny:1b", OLLAMA_REGISTRY=registry.hub)).code == 0
        assert len(registry.asked) == asked, "what is complete is not asked for again"

        (folder / "tiny-1b.gguf").write_bytes(MODEL[:-1] + b"x")
        repaired = await terminal.do("verify", "ollama://tiny:1b", "--repair", OLLAMA_REGISTRY=registry.hub)
        assert repaired.code == 0, repaired.err
        assert (folder / "tiny-1b.gguf").read_bytes() == MODEL


async def test_a_layer_whose_bytes_do_not_have_its_digest_fails(
    hub: DemoHub, registry: OllamaRegistry, tmp_path: Path
) -> None:
    registry.spoilt.add(digest_of(LAYERS[2][1]))
    async with terminal_on(hub, tmp_path / "data") as terminal:
        ended = await terminal.pull("ollama://tiny:1b", OLLAMA_REGISTRY=registry.hub)
        assert ended.code == 1
        assert not (terminal.models / "ollama.com/library/tiny/1b/template.txt").exists()
        model = terminal.models / "ollama.com/library/tiny/1b/tiny-1b.gguf"
        assert hashlib.sha256(model.read_bytes()).hexdigest() == digest_of(MODEL).removeprefix("sha256:")
