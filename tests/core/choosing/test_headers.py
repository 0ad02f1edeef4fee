"""Headers are read from the beginning of a file, a little at a time, and believed where they make sense."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.choosing import Kind, Listing, Row, group
from core.choosing.facts import Facts, facts_of_config
from core.choosing.headers import STEPS_BYTES, read_facts
from core.demo.gguf import gguf_file
from core.demo.safetensors import safetensors_file
from core.demo.server import DemoHub
from core.errors import ConnectFailed, DownloadError, ResolveError
from core.net.client import Net
from core.net.credentials import from_environment
from core.net.reply import Reply
from core.records import Handle, RemoteFile, Selection
from core.sources.huggingface import HuggingFace

HANDLE = Handle("huggingface", "org/repo")
FOUR_MIB = 4 * 2**20


class FakeFiles:
    """Serves files by range; keeps what was asked."""

    def __init__(self, files: Mapping[str, bytes], *, ranges: bool = True) -> None:
        self.files = files
        self.ranges = ranges
        self.asked: list[tuple[str, str]] = []
        self.sent = 0

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 64 * 2**20,
        follow: bool = True,
    ) -> Reply:
        path = url.removeprefix("https://hub.test/")
        wanted = (headers or {}).get("Range", "")
        self.asked.append((path, wanted))
        data = self.files.get(path)
        if data is None:
            return Reply(404, httpx.Headers(), b"", url)
        if not wanted or not self.ranges:
            if len(data) > max_bytes:
                raise ConnectFailed("The reply is larger than it should ever be")
            return Reply(200, httpx.Headers(), data, url)
        first, last = (int(part) for part in wanted.removeprefix("bytes=").split("-"))
        body = data[first : last + 1]
        assert len(body) <= max_bytes
        self.sent += len(body)
        told = f"bytes {first}-{first + len(body) - 1}/{len(data)}"
        return Reply(206, httpx.Headers({"content-range": told}), body, url)


def listing_of(files: Mapping[str, bytes]) -> tuple[Listing, Row]:
    found = tuple(RemoteFile(path, len(data), "", f"https://hub.test/{path}") for path, data in files.items())
    listing = Listing(HANDLE, "c" * 40, found)
    return listing, next(row for row in group(listing) if row.kind in (Kind.MODEL, Kind.WEIGHTS))


async def facts_of(files: Mapping[str, bytes], *, ranges: bool = True) -> tuple[Facts, FakeFiles]:
    fetcher = FakeFiles(files, ranges=ranges)
    return await read_facts(fetcher, *listing_of(files)), fetcher


def gguf() -> bytes:
    return gguf_file("m-Q4_K_M.gguf", 300_000, name="M", quant="Q4_K_M").content.read()


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def number(key: bytes, value: int) -> bytes:
    return pair(key, 4, struct.pack("<I", value))


def made_gguf(*pairs: bytes, tensors: int = 0, count: int | None = None, size: int = 10_000) -> bytes:
    head = struct.pack("<4sIQQ", b"GGUF", 3, tensors, len(pairs) if count is None else count)
    return (head + b"".join(pairs)).ljust(size, b"\0")


ARCHITECTURE = pair(b"general.architecture", 8, text(b"llama"))


async def test_a_gguf_tells_its_architecture_context_and_cache_by_one_small_request() -> None:
    facts, fetcher = await facts_of({"m-Q4_K_M.gguf": gguf()})
    # 6 layers, 2 key-value heads, 8 heads of 256 in all: 32 numbers a key, as many a value.
    assert facts == Facts("llama", size_label="1B", context_length=131_072, cache_values=6 * 2 * (32 + 32))
    assert fetcher.asked == [("m-Q4_K_M.gguf", f"bytes=0-{STEPS_BYTES[0] - 1}")]


async def test_a_long_header_is_asked_for_on_and_never_more_than_four_mib() -> None:
    filler = pair(b"general.tags", 9, struct.pack("<IQ", 8, 60_000) + text(b"some tag") * 60_000)
    data = made_gguf(ARCHITECTURE, filler, number(b"llama.context_length", 2048), size=8_000_000)
    facts, fetcher = await facts_of({"m-Q4_K_M.gguf": data})
    assert facts.context_length == 2048
    assert len(fetcher.asked) == 2 and fetcher.sent == STEPS_BYTES[1]
    endless = pair(b"general.tags", 9, struct.pack("<IQ", 8, 600_000) + text(b"some tag") * 600_000)
    data = made_gguf(ARCHITECTURE, endless, number(b"llama.context_length", 2048))
    facts, fetcher = await facts_of({"m-Q4_K_M.gguf": data})
    assert facts == Facts("llama") and fetcher.sent == FOUR_MIB, "what came until then counts"


async def test_the_tokenizer_may_come_first() -> None:
    tokens = pair(b"tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 3) + text(b"a") * 3)
    facts, _ = await facts_of({"m-Q8_0.gguf": made_gguf(ARCHITECTURE, tokens, number(b"llama.context_length", 77))})
    assert facts.context_length == 77


async def test_heads_may_differ_from_layer_to_layer_and_caches_be_compressed() -> None:
    heads = pair(b"llama.attention.head_count_kv", 9, struct.pack("<IQIII", 4, 3, 0, 2, 4))
    base = (ARCHITECTURE, number(b"llama.block_count", 3), number(b"llama.embedding_length", 64))
    own = (*base, number(b"llama.attention.head_count", 8), heads)
    facts, _ = await facts_of({"m-Q8_0.gguf": made_gguf(*own)})
    assert facts.cache_values == (0 + 2 + 4) * (8 + 8)
    rank = (number(b"llama.attention.kv_lora_rank", 512), number(b"llama.rope.dimension_count", 64))
    facts, _ = await facts_of({"m-Q8_0.gguf": made_gguf(*own, *rank)})
    assert facts.cache_values == 3 * (512 + 64)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + b"\0" * 100,
        b"",
        made_gguf(ARCHITECTURE, count=2**50),
        made_gguf(ARCHITECTURE, tensors=2**40),
        made_gguf(ARCHITECTURE, count=900),
        made_gguf(ARCHITECTURE, pair(b"x", 9, struct.pack("<IQ", 8, 2**60))),
        made_gguf(ARCHITECTURE, pair(b"x", 8, struct.pack("<Q", 2**60))),
        made_gguf(ARCHITECTURE, pair(b"x", 77, b"")),
    ],
    ids=["zip", "empty", "pairs", "tensors", "beyond", "list", "text", "kind"],
)
async def test_a_gguf_header_that_lies_is_refused_with_the_file_named(data: bytes) -> None:
    with pytest.raises(ResolveError) as told:
        await facts_of({"m-Q4_K_M.gguf": data})
    assert "m-Q4_K_M.gguf makes no sense" in told.value.message and told.value.action


async def test_absurd_figures_are_left_out() -> None:
    pairs = (
        ARCHITECTURE, pair(b"general.size_label", 8, text(b"<b>huge</b>")), number(b"llama.block_count", 2**31),
        pair(b"llama.context_length", 11, struct.pack("<q", -5)), number(b"llama.attention.head_count", 0),
    )  # fmt: skip
    facts, _ = await facts_of({"m-Q4_K_M.gguf": made_gguf(*pairs)})
    assert facts == Facts("llama")


async def test_a_set_of_safetensors_tells_parameters_types_and_its_configuration() -> None:
    made = safetensors_file("model.safetensors", 200_000).content.read()
    config = {
        "model_type": "llama", "max_position_embeddings": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "hidden_size": 2048,
    }  # fmt: skip
    files = {"model.safetensors": made, "config.json": json.dumps(config).encode()}
    facts, fetcher = await facts_of(files)
    values = (len(made) - 8 - 1024) // 4
    assert facts == Facts("llama", values, context_length=8192, cache_values=16 * 8 * 64 * 2, dtype="F32")
    assert [path for path, _ in fetcher.asked] == ["model.safetensors", "config.json"]


async def test_of_a_sharded_set_the_index_tells_the_parameters_else_the_first_shard_stands_for_all() -> None:
    made = safetensors_file("x", 200_000).content.read()
    shards = {f"model-0000{n}-of-00002.safetensors": made for n in (1, 2)}
    facts, _ = await facts_of(shards)
    assert facts.parameters == 2 * ((len(made) - 8 - 1024) // 4)
    index = json.dumps({"metadata": {"total_parameters": 12_345, "total_size": 1}, "weight_map": {}}).encode()
    facts, _ = await facts_of({**shards, "model.safetensors.index.json": index})
    assert facts.parameters == 12_345
    facts, _ = await facts_of({**shards, "model.safetensors.index.json": b"[]"})
    assert facts.parameters == 2 * ((len(made) - 8 - 1024) // 4), "an index that makes no sense is passed over"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 500) + b"{}",
        struct.pack("<Q", 3) + b"nix" + b"\0" * 50,
        struct.pack("<Q", 2) + b"[]" + b"\0" * 50,
        struct.pack("<Q", 0) + b"\0" * 50,
    ],
    ids=["empty", "endless", "beyond", "no json", "a list", "nothing"],
)
async def test_a_safetensors_header_that_lies_is_refused(data: bytes) -> None:
    with pytest.raises(ResolveError, match="makes no sense"):
        await facts_of({"model.safetensors": data})


async def test_a_server_that_knows_no_ranges_is_believed_only_for_small_files() -> None:
    small = made_gguf(ARCHITECTURE, number(b"llama.context_length", 5), size=2000)
    facts, _ = await facts_of({"m-Q8_0.gguf": small}, ranges=False)
    assert facts.context_length == 5
    with pytest.raises(DownloadError):
        await facts_of({"m-Q8_0.gguf": gguf()}, ranges=False)


async def test_a_server_that_sends_another_part_is_not_believed() -> None:
    class Wrong(FakeFiles):
        async def fetch(self, method: str, url: str, **options: object) -> Reply:  # type: ignore[override]
            return Reply(206, httpx.Headers({"content-range": "bytes 5-9/100"}), b"GGUF\3", url)

    files = {"m-Q8_0.gguf": gguf()}
    with pytest.raises(ResolveError, match="another part"):
        await read_facts(Wrong(files), *listing_of(files))


async def test_rows_without_a_header_that_is_read_cost_no_request() -> None:
    facts, fetcher = await facts_of({"pytorch_model.bin": b"PK"})
    assert facts == Facts() and not fetcher.asked


async def test_the_demo_hub_gives_headers_through_the_real_client(hub: DemoHub, tmp_path: Path) -> None:
    credentials, _ = from_environment({}, tmp_path)
    net = Net(credentials, environ={})
    try:
        handle = Handle("huggingface", "bartowski/Llama-3.2-1B-Instruct-GGUF")
        manifest = await HuggingFace(net, endpoint=hub.endpoint).resolve(handle, Selection())
        listing = Listing(handle, manifest.commit, manifest.files)
        row = next(row for row in group(listing) if row.is_usual)
        before = len(hub.requests)
        facts = await read_facts(net, listing, row)
        assert facts.architecture == "llama" and facts.context_length == 131_072
        assert len(hub.requests) - before <= 2, "one request, and where it leads"
    finally:
        await net.aclose()


@given(st.binary(max_size=600))
def test_any_configuration_gives_facts(data: bytes) -> None:
    assert isinstance(facts_of_config(data), Facts)


KEYS = (
    "model_type", "torch_dtype", "max_position_embeddings", "num_hidden_layers", "num_attention_heads",
    "hidden_size", "num_key_value_heads", "head_dim", "kv_lora_rank", "text_config",
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING))
def test_any_values_of_a_configuration_give_sane_facts(config: dict[str, object]) -> None:
    facts = facts_of_config(json.dumps(config).encode())
    assert facts.cache_values is None or facts.cache_values > 0
    assert facts.context_length is None or facts.context_length > 0
    assert len(facts.architecture) <= 40
