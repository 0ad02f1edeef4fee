"""A listing of very many files becomes rows to choose from: how long does that take, the first time?

`python -m tests.bench.grouped COUNT` prints one line of JSON: milliseconds for each of three listings.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator

from core.choosing import Listing, group
from core.records import Handle, RemoteFile
from core.selection import Unselectable, choose

QUANTS = (
    "IQ2_XS", "Q2_K", "IQ3_M", "Q3_K_S", "Q3_K_M", "Q3_K_L", "IQ4_XS", "Q4_0", "Q4_K_S", "Q4_K_M", "Q5_K_S",
    "Q5_K_M", "Q6_K", "Q8_0", "BF16", "F16",
)  # fmt: skip
SHARDS = 25
FILE_BYTES = 4_000_000_000


def gguf(count: int) -> Iterator[str]:
    """Models in many quantisations, each in shards."""
    for number in range(count):
        model, rest = divmod(number, len(QUANTS) * SHARDS)
        quant, shard = QUANTS[rest // SHARDS], rest % SHARDS + 1
        yield f"model-{model:02d}/{quant}/model-{model:02d}-{quant}-{shard:05d}-of-{SHARDS:05d}.gguf"


def mixed(count: int) -> Iterator[str]:
    """Weights of several formats, configuration, programs, checkpoints of a training and its logs."""
    makers: tuple[Callable[[int], str], ...] = (
        lambda n: f"checkpoint-{n:05d}/model.safetensors",
        lambda n: f"checkpoint-{n:05d}/pytorch_model.bin",
        lambda n: f"checkpoint-{n:05d}/config.json",
        lambda n: f"checkpoint-{n:05d}/trainer_state.json",
        lambda n: f"onnx/part-{n:05d}.onnx",
        lambda n: f"onnx/part-{n:05d}.onnx_data",
        lambda n: f"src/module_{n:05d}.py",
        lambda n: f"logs/events.out.tfevents.{n}",
        lambda n: f"assets/picture-{n:05d}.png",
        lambda n: f"gguf/model-{n:05d}-{QUANTS[n % len(QUANTS)]}.gguf",
    )
    for number in range(count):
        yield makers[number % len(makers)](number // len(makers))


def safetensors(count: int) -> Iterator[str]:
    """One set of weights."""
    yield "model.safetensors.index.json"
    for number in range(1, count):
        yield f"model-{number:05d}-of-{count - 1:05d}.safetensors"


def listing_of(paths: Iterator[str]) -> Listing:
    """Return a listing as a hub gives it."""
    names = list(paths)
    try:
        wanted = choose(names)
    except Unselectable:
        wanted = frozenset()
    handle = Handle("huggingface", "bench/many")
    return Listing(handle, "c" * 40, tuple(RemoteFile(p, FILE_BYTES, "", "", wanted=p in wanted) for p in names))


def main() -> None:
    """Group each listing once, and print how long it took."""
    figures: dict[str, float] = {}
    for name, maker in (("gguf", gguf), ("mixed", mixed), ("safetensors", safetensors)):
        listing = listing_of(maker(int(sys.argv[1])))
        began = time.perf_counter()
        rows = group(listing)
        figures[name] = round((time.perf_counter() - began) * 1000, 1)
        assert sum(len(row.paths) for row in rows) == int(sys.argv[1]), "each file is in exactly one row"
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
