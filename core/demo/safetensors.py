"""Safetensors files with a true header over generated tensors.

Knows: u64 little endian N, N bytes of JSON, then the data that its offsets describe without a gap.
Must not know: repos, HTTP.
"""

import json
import struct

from core.demo.repos import GeneratedFile

HEADER_BYTES = 1024  # JSON padded with spaces, as the format allows
ROW_ELEMENTS = 64
ROW_BYTES = 4 * ROW_ELEMENTS
TENSORS = ("embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight", "pooler.dense.weight")


def safetensors_file(path: str, size: int) -> GeneratedFile:
    """Make a safetensors file of about `size` bytes (rounded up to whole rows)."""
    start = 8 + HEADER_BYTES
    rows = max(len(TENSORS), -(-(size - start) // ROW_BYTES))
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    first = 0
    for number, name in enumerate(TENSORS):
        last = rows * (number + 1) // len(TENSORS)
        table[name] = {
            "dtype": "F32",
            "shape": [last - first, ROW_ELEMENTS],
            "data_offsets": [first * ROW_BYTES, last * ROW_BYTES],
        }
        first = last
    header = json.dumps(table, separators=(",", ":")).encode().ljust(HEADER_BYTES)
    return GeneratedFile(path, start + rows * ROW_BYTES, path, struct.pack("<Q", HEADER_BYTES) + header)
