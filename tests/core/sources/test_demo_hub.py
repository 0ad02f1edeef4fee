"""The sources against a hub that speaks the real wire shapes, through the real client."""

from collections.abc import AsyncIterator

import pytest

from core.demo.server import DemoHub
from core.errors import GatedModel, NotFound
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.records import Manifest, Selection
from core.sources.cortexso import CortexSo
from core.sources.direct import Direct
from core.sources.huggingface import HuggingFace


@pytest.fixture
async def hub() -> AsyncIterator[DemoHub]:
    async with DemoHub() as hub:
        yield hub


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    net = Net(Credentials())
    yield net
    await net.aclose()


async def resolve(hub: DemoHub, net: Net, text: str) -> Manifest:
    handle = parse_handle(text, endpoint=hub.endpoint)
    sources = (HuggingFace(net, endpoint=hub.endpoint), CortexSo(net, endpoint=hub.endpoint), Direct(net))
    (source,) = (source for source in sources if source.matches(handle))
    return await source.resolve(handle, Selection())


def wanted(manifest: Manifest) -> list[str]:
    return sorted(file.path for file in manifest.files if file.wanted)


async def test_each_shape_of_repo_gives_its_default_selection(hub: DemoHub, net: Net) -> None:
    llama = await resolve(hub, net, "bartowski/Llama-3.2-1B-Instruct-GGUF")
    assert wanted(llama) == ["Llama-3.2-1B-Instruct-Q4_K_M.gguf"]
    vision = await resolve(hub, net, f"{hub.endpoint}/unsloth/Llama-3.3-70B-Vision-GGUF:q8_0")
    assert [path[:6] for path in wanted(vision)] == ["Q8_0/L"] * 5 + ["mmproj"]
    minilm = await resolve(hub, net, "sentence-transformers/all-MiniLM-L6-v2@v1.0")
    assert "model.safetensors" in wanted(minilm) and "1_Pooling/config.json" in wanted(minilm)
    assert not {"pytorch_model.bin", "tf_model.h5", "onnx/model.onnx"} & set(wanted(minilm))
    tinyllama = await resolve(hub, net, "tinyllama")
    assert "model.gguf" in wanted(tinyllama) and tinyllama.folder.startswith("cortex.so/tinyllama/")


async def test_sizes_and_hashes_are_those_of_the_content(hub: DemoHub, net: Net) -> None:
    manifest = await resolve(hub, net, "sentence-transformers/all-MiniLM-L6-v2")
    repo = hub.repos["sentence-transformers/all-MiniLM-L6-v2"]
    commit = repo.commit_at("main")
    assert commit is not None and manifest.commit == commit.sha
    for file in manifest.files:
        content = commit.by_path[file.path].content
        assert file.size == content.size
        assert file.hash in (f"sha256:{content.sha256()}", f"git-sha1:{content.git_sha1()}")


async def test_refusals_come_through_the_wire(hub: DemoHub, net: Net) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        await resolve(hub, net, "nobody/nothing")
    with pytest.raises(NotFound, match="look the same"):
        await resolve(hub, net, "demo/private-model")
    with pytest.raises(NotFound, match="no revision"):
        await resolve(hub, net, "demo/many-files@nope")
    with pytest.raises(GatedModel):
        await resolve(hub, net, "google/gemma-3-27b-it")


async def test_a_granted_token_opens_the_gate(hub: DemoHub, net: Net) -> None:
    token = next(iter(hub.granted_tokens), "hf_granted")
    hub.granted_tokens.add(token)
    net.credentials.put(hub.endpoint, token)
    assert len(wanted(await resolve(hub, net, "google/gemma-3-27b-it"))) == 7


async def test_a_direct_file_has_its_size(hub: DemoHub, net: Net) -> None:
    manifest = await resolve(hub, net, hub.direct_url("weights.bin"))
    assert manifest.files[0].path == "weights.bin"
    assert manifest.files[0].size == len(hub.content("demo/direct", "weights.bin"))


async def test_a_renamed_repo_is_found_under_its_old_name(hub: DemoHub, net: Net) -> None:
    hub.renamed["old/name"] = "demo/many-files"
    manifest = await resolve(hub, net, "old/name")
    assert len(manifest.files) == 120 and manifest.folder == "huggingface.co/old/name"
