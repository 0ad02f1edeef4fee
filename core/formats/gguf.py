"""The few facts of a GGUF header that a description names or a person asks for, read within bounds.

Stops as soon as they are known: the arrays of the tokenizer, which mostly come after them, are megabytes.
Layout and keys: ggml docs/gguf.md.
"""

import struct
from typing import BinaryIO

from msgspec import Struct

READ_BYTES_MAX = 4 * 2**20  # in all; the general keys stand at the very beginning
PAIRS_MAX = 100_000
STRING_BYTES_MAX = 2**20
ARRAY_ITEMS_MAX = 2**20
NESTING_MAX = 4
CONTEXT_MAX = 2**40  # tokens; more is nonsense

LAYERS_MAX = 10_000  # and so many numbers of a list, one a layer, are looked at
VALUES_MAX = 2**20  # heads, lengths of a head, ranks

_STRING, _ARRAY = 8, 9
_WHOLE = frozenset({0, 1, 2, 3, 4, 5, 10, 11})
_PAIR_BYTES, _TENSOR_BYTES = 13, 24  # at least
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


class BreaksOff(ValueError):
    """More of the file is needed to go on, or more than is ever read."""


class Header(Struct, frozen=True):
    """What a GGUF file says of itself; empty or None where it does not, or where it makes no sense.

    Attributes:
        size_label: Number of parameters as its maker writes it: `8x7B`.
        layers: Number of blocks.
        cache_values: Numbers that one token of context keeps in memory, over all layers.
        is_whole: Nothing that is asked for here can follow in the file.
    """

    architecture: str = ""
    name: str = ""
    context_length: int | None = None
    size_label: str = ""
    layers: int | None = None
    cache_values: int | None = None
    is_whole: bool = True


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = READ_BYTES_MAX

    def take(self, count: int) -> bytes:
        if count > self._left:
            raise BreaksOff("the header is too long to be read to its end")
        self._left -= count
        data = self._stream.read(count)
        if len(data) != count:
            raise BreaksOff("the header breaks off")
        return data

    def scalar(self, layout: str) -> int | float:
        value: int | float = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        return value

    def text(self, wide: str) -> str:
        length = int(self.scalar(wide))
        if length > STRING_BYTES_MAX:
            raise ValueError("a text in the header is too long")
        return self.take(length).decode("utf-8", "replace")

    def value(self, kind: int, wide: str, depth: int = 0) -> object:
        if kind in _SCALARS:
            return self.scalar(_SCALARS[kind])
        if kind == _STRING:
            return self.text(wide)
        if kind != _ARRAY or depth >= NESTING_MAX:
            raise ValueError("the header holds a value of an unknown kind")
        inner, count = int(self.scalar("<I")), int(self.scalar(wide))
        if count > ARRAY_ITEMS_MAX:
            raise ValueError("a list in the header is too long")
        if inner in _SCALARS:
            data = self.take(count * struct.calcsize(_SCALARS[inner]))
            if inner in _WHOLE and count <= LAYERS_MAX:
                return struct.unpack(f"<{count}{_SCALARS[inner][1]}", data)
        else:
            for _ in range(count):
                self.value(inner, wide, depth + 1)
        return None


def read_header(stream: BinaryIO, *, size: int | None = None) -> Header:
    """Read the header at the position of `stream`.

    With `size`, the bytes of the whole file, what contradicts it is refused, and so is every value out of bounds;
    without, what was read until then counts.

    Raises:
        BreaksOff: It ends before the architecture is known.
        ValueError: It is no GGUF header, or out of bounds.
    """
    reader = _Reader(stream)
    if reader.take(4) != b"GGUF":
        raise ValueError("no GGUF file")
    version = reader.scalar("<I")
    if version not in (1, 2, 3):
        raise ValueError(f"GGUF version {version} is not known")
    wide = "<I" if version == 1 else "<Q"
    tensors, pairs = int(reader.scalar(wide)), int(reader.scalar(wide))
    if pairs > PAIRS_MAX:
        raise ValueError("the header holds too many values")
    if size is not None and pairs * _PAIR_BYTES + tensors * _TENSOR_BYTES > size:
        raise ValueError("the header counts more than the file can hold")
    found: dict[str, object] = {}
    is_whole = True
    try:
        for _ in range(pairs):
            key = reader.text(wide)
            if key.startswith("tokenizer.") and (size is None or _has_all(found)):
                break
            found[key] = reader.value(int(reader.scalar("<I")), wide)
    except ValueError as error:
        if "general.architecture" not in found or (size is not None and not isinstance(error, BreaksOff)):
            raise
        is_whole = False
    return _header(found, is_whole=is_whole)


def _has_all(found: dict[str, object]) -> bool:
    """Tell whether the keys about the model came, which stand together before those of the tokenizer."""
    return f"{found.get('general.architecture')}.context_length" in found


def _header(found: dict[str, object], *, is_whole: bool) -> Header:
    architecture, name, label = (found.get(f"general.{key}") for key in ("architecture", "name", "size_label"))
    architecture = architecture if isinstance(architecture, str) else ""
    return Header(
        architecture=architecture,
        name=name if isinstance(name, str) else "",
        context_length=_count(found.get(f"{architecture}.context_length"), CONTEXT_MAX),
        size_label=label if isinstance(label, str) else "",
        layers=_count(found.get(f"{architecture}.block_count"), LAYERS_MAX),
        cache_values=_cache_values({key: found.get(f"{architecture}.{key}") for key in _CACHE_KEYS}),
        is_whole=is_whole,
    )


_CACHE_KEYS = (
    "block_count", "embedding_length", "attention.head_count", "attention.head_count_kv", "attention.key_length",
    "attention.value_length", "attention.kv_lora_rank", "rope.dimension_count",
)  # fmt: skip


def _count(value: object, most: int) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most
    return value if is_count and isinstance(value, int) else None


def _cache_values(keys: dict[str, object]) -> int | None:
    """Return the numbers that a token keeps: a key and a value a head that has its own, a layer.

    Models with a compressed cache (kv_lora_rank) keep one vector a layer in their place.
    """
    layers = _count(keys["block_count"], LAYERS_MAX)
    if layers is None:
        return None
    if rank := _count(keys["attention.kv_lora_rank"], VALUES_MAX):
        return layers * (rank + (_count(keys["rope.dimension_count"], VALUES_MAX) or 0))
    heads = keys["attention.head_count"]
    most = max((one for one in heads if isinstance(one, int)), default=0) if isinstance(heads, tuple) else heads
    all_heads, width = _count(most, VALUES_MAX), _count(keys["embedding_length"], VALUES_MAX)
    of_a_head = width // all_heads if all_heads and width else None
    key = _count(keys["attention.key_length"], VALUES_MAX) or of_a_head
    value = _count(keys["attention.value_length"], VALUES_MAX) or of_a_head
    own = keys["attention.head_count_kv"]
    if isinstance(own, tuple):  # one number a layer, 0 for those that keep nothing
        numbers = [one for one in own if isinstance(one, int) and 0 <= one <= VALUES_MAX]
        kept: int | None = sum(numbers) if len(numbers) == len(own) else None
    else:
        each = _count(own, VALUES_MAX) or (all_heads if own is None else None)
        kept = layers * each if each else None
    return None if not kept or not key or not value else kept * (key + value)
