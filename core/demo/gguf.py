"""GGUF files with a true header over generated tensors.

Knows: the layout of GGUF version 3 and enough of its keys for a reader to be content.
Must not know: repos, HTTP. Source of the layout: ggml docs/gguf.md.
"""

import struct
from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.demo.repos import GeneratedFile

ALIGNMENT_BYTES = 32
ROW_ELEMENTS = 256  # a multiple of every block size below
CONTEXT_TOKENS = 131_072
VOCABULARY = ("<s>", "</s>", *(f"▁word{number}" for number in range(62)))
CHAT_TEMPLATE = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|eot_id|>{% endfor %}"


class Quant(Struct, frozen=True):
    """A quantisation: its number as a whole file, its tensor type, and what a row of that type takes."""

    file_type: int
    tensor_type: int
    row_bytes: int  # for ROW_ELEMENTS elements


QUANTS: Mapping[str, Quant] = {
    "F16": Quant(1, 1, 512),
    "BF16": Quant(32, 30, 512),
    "Q8_0": Quant(7, 8, 272),
    "Q6_K_L": Quant(18, 14, 210),
    "Q6_K": Quant(18, 14, 210),
    "Q4_K_M": Quant(15, 12, 144),
    "Q3_K_M": Quant(12, 11, 110),
    "IQ3_M": Quant(27, 21, 110),
}
F32 = Quant(0, 0, ALIGNMENT_BYTES)  # in short rows, so that it fills any aligned rest
F32_ROW_ELEMENTS = ALIGNMENT_BYTES // 4


class Number(Struct, frozen=True):
    """A number of another kind than u32: GGUF's type and the struct format of it."""

    type: int
    format: str
    value: int


Value = str | int | bool | float | Number | Sequence[str]


def gguf_file(
    path: str,
    size: int,
    *,
    name: str,
    quant: str,
    architecture: str = "llama",
    split: tuple[int, int] | None = None,
    lfs: bool = True,
) -> GeneratedFile:
    """Make a GGUF file of about `size` bytes (rounded up to the alignment, never less than its header).

    `split` is (number from 0, count) of a shard.
    """
    kind = QUANTS[quant.upper()]
    pairs = _vision_pairs(name, kind) if architecture == "clip" else _model_pairs(name, architecture, kind)
    count = 6
    if split is not None:
        pairs["split.no"] = Number(2, "H", split[0])
        pairs["split.count"] = Number(2, "H", split[1])
        pairs["split.tensors.count"] = Number(5, "i", count * split[1])
    number = split[0] if split else 0
    prefix = "v." if architecture == "clip" else ""
    names = [f"{prefix}blk.{number * count + i}.ffn_down.weight" for i in range(count)]
    head = _pairs_bytes(pairs, tensors=count)
    start = _align(len(head) + sum(len(_tensor(tensor, (0, 0), kind=kind, offset=0)) for tensor in names))
    room = max(_align(size) - start, count * _align(kind.row_bytes))
    table = _table(names, room, kind)
    return GeneratedFile(path, start + room, path, (head + table).ljust(start, b"\0"), lfs)


def _model_pairs(name: str, architecture: str, kind: Quant) -> dict[str, Value]:
    return {
        "general.architecture": architecture,
        "general.type": "model",
        "general.name": name,
        "general.size_label": "1B",
        "general.license": "apache-2.0",
        "general.file_type": kind.file_type,
        "general.quantization_version": 2,
        f"{architecture}.block_count": 6,
        f"{architecture}.context_length": CONTEXT_TOKENS,
        f"{architecture}.embedding_length": ROW_ELEMENTS,
        f"{architecture}.feed_forward_length": 4 * ROW_ELEMENTS,
        f"{architecture}.attention.head_count": 8,
        f"{architecture}.attention.head_count_kv": 2,
        f"{architecture}.rope.freq_base": 500_000.0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": VOCABULARY,
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }


def _vision_pairs(name: str, kind: Quant) -> dict[str, Value]:
    return {
        "general.architecture": "clip",
        "general.type": "mmproj",
        "general.name": name,
        "general.file_type": kind.file_type,
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.vision.image_size": 560,
        "clip.vision.patch_size": 14,
        "clip.vision.embedding_length": ROW_ELEMENTS,
        "clip.vision.block_count": 6,
    }


def _table(names: Sequence[str], room: int, kind: Quant) -> bytes:
    """Lay the tensors into `room` bytes: equal ones, then the last as F32 so that the end is exact."""
    share = room // len(names) // ALIGNMENT_BYTES * ALIGNMENT_BYTES
    table, offset = b"", 0
    for name in names[:-1]:
        rows = max(1, share // kind.row_bytes)
        table += _tensor(name, (ROW_ELEMENTS, rows), kind=kind, offset=offset)
        offset += _align(rows * kind.row_bytes)
    rows = (room - offset) // F32.row_bytes
    table += _tensor(names[-1], (F32_ROW_ELEMENTS, rows), kind=F32, offset=offset)
    return table


def _tensor(name: str, shape: tuple[int, int], *, kind: Quant, offset: int) -> bytes:
    return _text(name) + struct.pack("<IQQIQ", 2, *shape, kind.tensor_type, offset)


def _pairs_bytes(pairs: Mapping[str, Value], *, tensors: int) -> bytes:
    head = struct.pack("<4sIQQ", b"GGUF", 3, tensors, len(pairs))
    return head + b"".join(_text(key) + _value(value) for key, value in pairs.items())


def _value(value: Value) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, Number):
        return struct.pack(f"<I{value.format}", value.type, value.value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _align(count: int) -> int:
    return -(-count // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
