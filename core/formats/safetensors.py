"""The header of a safetensors file, and the index of a set of them, read within bounds. Pure.

Layout: eight bytes with the length N of a JSON text, the text, the data. The data of all tensors lie without gaps
behind it; a header that says otherwise, or counts more than the file holds, is refused.
"""

import json
import struct
from collections.abc import Mapping
from math import prod
from typing import Any

from msgspec import Struct

PREFIX_BYTES = 8
HEADER_BYTES_MAX = 4 * 2**20 - PREFIX_BYTES  # so that no more than 4 MiB are ever asked for
TENSORS_MAX = 200_000
DIMENSIONS_MAX = 16

BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32,
    "U16": 16, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "C64": 64, "F6_E2M3": 6, "F6_E3M2": 6,
    "F4": 4,
}  # fmt: skip
"""Bits of one value of a type; types that are not here are counted by their bytes alone."""


class Header(Struct, frozen=True):
    """What a file says of itself.

    Attributes:
        values: Numbers of values by type, the most frequent first: `{"BF16": 1235814400}`.
        data_bytes: Bytes of all tensors.
    """

    values: Mapping[str, int]
    data_bytes: int

    @property
    def parameters(self) -> int:
        """All values together."""
        return sum(self.values.values())

    @property
    def dtype(self) -> str:
        """The type of most of the values; empty where there is none."""
        return next(iter(self.values), "")


def header_bytes(prefix: bytes, *, size: int | None = None) -> int:
    """Return how long the text is that follows the first eight bytes.

    Raises:
        ValueError: It is longer than the file, or than any that is read here.
    """
    if len(prefix) < PREFIX_BYTES:
        raise ValueError("the header breaks off")
    (length,) = struct.unpack_from("<Q", prefix)
    if size is not None and length + PREFIX_BYTES > size:
        raise ValueError("the header is longer than the file")
    if not 2 <= length <= HEADER_BYTES_MAX:
        raise ValueError("the header is too long to be read")
    return int(length)


def read_header(text: bytes, *, size: int | None = None) -> Header:
    """Read the JSON text of a header; `size` are the bytes of the whole file.

    Raises:
        ValueError: It makes no sense.
    """
    table = _json(text)
    tensors = [(name, value) for name, value in table.items() if name != "__metadata__"]
    if len(tensors) > TENSORS_MAX:
        raise ValueError("the header names too many tensors")
    room = None if size is None else size - PREFIX_BYTES - len(text)
    values: dict[str, int] = {}
    end = 0
    for _, value in tensors:
        dtype, count, last = _tensor(value)
        values[dtype] = values.get(dtype, 0) + count
        end = max(end, last)
    if room is not None and end > room:
        raise ValueError("the header counts more than the file can hold")
    return Header(dict(sorted(values.items(), key=lambda pair: -pair[1])), end)


def _tensor(value: Any) -> tuple[str, int, int]:
    """Return the type of a tensor, the number of its values and where its data end."""
    if not isinstance(value, dict):
        raise ValueError("a tensor is described by something else than a table")
    dtype, shape, offsets = value.get("dtype"), value.get("shape"), value.get("data_offsets")
    if not isinstance(dtype, str) or not dtype.isascii() or len(dtype) > 16:
        raise ValueError("a tensor has no type")
    if not isinstance(shape, list) or len(shape) > DIMENSIONS_MAX or not all(map(_is_count, shape)):
        raise ValueError("a tensor has no shape")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_count, offsets)):
        raise ValueError("a tensor has no place")
    first, last = offsets
    count = prod(shape)
    bits = BITS.get(dtype)
    if first > last or (bits is not None and (last - first) * 8 < count * bits):
        raise ValueError("a tensor is larger than its place")
    return dtype, count, last


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62


def read_index(text: bytes) -> int | None:
    """Return the number of parameters that the index of a set tells; None where it tells none.

    Raises:
        ValueError: It is no index.
    """
    table = _json(text)
    metadata = table.get("metadata")
    told = metadata.get("total_parameters") if isinstance(metadata, dict) else None
    return told if isinstance(told, int) and _is_count(told) and told else None


def _json(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("the header cannot be read") from error
    if not isinstance(value, dict):
        raise ValueError("the header is no table")
    return value
