"""Model files have headers that an independent reader accepts."""

import json
import struct
from typing import Any

import pytest

from core.demo.catalogue import catalogue
from core.demo.gguf import gguf_file
from core.demo.repos import File
from core.demo.safetensors import safetensors_file

FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    8: (32, 34),
    11: (256, 110),
    12: (256, 144),
    14: (256, 210),
    21: (256, 110),
    30: (1, 2),
}
QUANTS = ["IQ3_M", "Q4_K_M", "Q6_K_L", "Q8_0", "f16", "BF16", "Q3_K_M"]


class Reader:
    """Reads GGUF by the book, sharing nothing with the writer."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self, form: str) -> Any:
        (value,) = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return value

    def text(self) -> str:
        length = self.number("Q")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def value(self, kind: int) -> Any:
        if kind == 8:
            return self.text()
        if kind == 9:
            inner, count = self.number("I"), self.number("Q")
            return [self.value(inner) for _ in range(count)]
        return self.number(FORMATS[kind])

    def header(self) -> tuple[dict[str, Any], list[tuple[str, int, int]], int]:
        """Return the pairs, (name, offset, bytes) of each tensor, and where the data begins."""
        assert self.data[:4] == b"GGUF"
        self.at = 4
        assert self.number("I") == 3
        tensors, pairs = self.number("Q"), self.number("Q")
        values = {self.text(): self.value(self.number("I")) for _ in range(pairs)}
        found = []
        for _ in range(tensors):
            name, elements = self.text(), 1
            shape = [self.number("Q") for _ in range(self.number("I"))]
            for length in shape:
                elements *= length
            block, size = BLOCKS[self.number("I")]
            assert shape[0] % block == 0
            found.append((name, self.number("Q"), elements // block * size))
        return values, found, -(-self.at // 32) * 32


def check_gguf(file: File) -> dict[str, Any]:
    values, tensors, start = Reader(file.content.read()).header()
    end = 0
    for _name, offset, size in tensors:
        assert offset % 32 == 0 and offset == -(-end // 32) * 32 and size > 0
        end = offset + size
    assert start + end == file.content.size
    assert len({name for name, *_ in tensors}) == len(tensors)
    return values


@pytest.mark.parametrize("quant", QUANTS)
@pytest.mark.parametrize("size", [0, 100_000, 1_234_567])
def test_a_gguf_file_of_any_size_is_described_to_its_last_byte(quant: str, size: int) -> None:
    file = gguf_file("x.gguf", size, name="X", quant=quant)
    values = check_gguf(file)
    assert values["general.name"] == "X"
    assert values["general.architecture"] == "llama"
    assert values["llama.context_length"] == 131072
    assert "messages" in values["tokenizer.chat_template"]
    assert file.size - size < 32 or size < 10_000


def test_every_gguf_file_of_the_catalogue_can_be_read() -> None:
    kinds = {}
    for repo in catalogue():
        for commit in repo.commits.values():
            for path, file in commit.by_path.items():
                if path.endswith(".gguf") and path != "CON.gguf":
                    kinds[path] = check_gguf(file)
    assert kinds["Llama-3.2-1B-Instruct-Q4_K_M.gguf"]["general.file_type"] == 15
    assert kinds["mmproj-F16.gguf"]["general.architecture"] == "clip"
    shard = kinds["Q8_0/Llama-3.3-70B-Vision-Q8_0-00005-of-00005.gguf"]
    assert (shard["split.no"], shard["split.count"], shard["split.tensors.count"]) == (4, 5, 30)


def test_a_gibibyte_file_is_exactly_a_gibibyte() -> None:
    (repo,) = (repo for repo in catalogue("bench") if repo.id == "demo/bench-1g-b")
    assert [file.content.size for file in repo.files] == [1024**3]


def test_a_safetensors_file_is_described_to_its_last_byte() -> None:
    file = safetensors_file("model.safetensors", 909_000)
    data = file.content.read()
    (length,) = struct.unpack_from("<Q", data)
    table = json.loads(data[8 : 8 + length])
    table.pop("__metadata__")
    end = 0
    for tensor in table.values():
        first, last = tensor["data_offsets"]
        assert first == end and last - first == 4 * tensor["shape"][0] * tensor["shape"][1]
        end = last
    assert 8 + length + end == len(data)
    assert 0 <= len(data) - 909_000 < 256
