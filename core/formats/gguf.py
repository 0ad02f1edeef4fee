"""The few facts of a GGUF header that a description names, read within bounds.

Stops as soon as they are known: the arrays of the tokenizer, which come after them, are megabytes.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

READ_BYTES_MAX = 4 * 2**20  # in all; the general keys stand at the very beginning
PAIRS_MAX = 100_000
STRING_BYTES_MAX = 2**20
ARRAY_ITEMS_MAX = 2**20
NESTING_MAX = 4
CONTEXT_MAX = 2**40  # tokens; more is nonsense

_STRING, _ARRAY = 8, 9
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself; empty or None where it does not."""

    architecture: str = ""
    name: str = ""
    context_length: int | None = None


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = READ_BYTES_MAX

    def take(self, count: int) -> bytes:
        if count > self._left:
            raise ValueError("the header is too long")
        self._left -= count
        data = self._stream.read(count)
        if len(data) != count:
            raise ValueError("the header breaks off")
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
            self.take(count * struct.calcsize(_SCALARS[inner]))
        else:
            for _ in range(count):
                self.value(inner, wide, depth + 1)
        return None


def read_header(stream: BinaryIO) -> Header:
    """Read the header at the position of `stream`.

    Raises:
        ValueError: It is no GGUF header, or out of bounds before the architecture is known.
    """
    reader = _Reader(stream)
    if reader.take(4) != b"GGUF":
        raise ValueError("no GGUF file")
    version = reader.scalar("<I")
    if version not in (1, 2, 3):
        raise ValueError(f"GGUF version {version} is not known")
    wide = "<I" if version == 1 else "<Q"
    reader.scalar(wide)  # tensors
    pairs = int(reader.scalar(wide))
    if pairs > PAIRS_MAX:
        raise ValueError("the header holds too many values")
    found: dict[str, object] = {}
    try:
        for _ in range(pairs):
            key = reader.text(wide)
            if key.startswith("tokenizer."):
                break
            found[key] = reader.value(int(reader.scalar("<I")), wide)
    except ValueError:
        if "general.architecture" not in found:
            raise
    return _header(found)


def _header(found: dict[str, object]) -> Header:
    architecture, name = found.get("general.architecture"), found.get("general.name")
    architecture = architecture if isinstance(architecture, str) else ""
    context = found.get(f"{architecture}.context_length")
    is_count = isinstance(context, int) and not isinstance(context, bool) and 0 < context <= CONTEXT_MAX
    return Header(
        architecture=architecture,
        name=name if isinstance(name, str) else "",
        context_length=context if is_count and isinstance(context, int) else None,
    )
