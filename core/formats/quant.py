"""What the names of GGUF files tell: the quantisation, the shard, the kind. Pure text, no header is read.

Names follow BaseName-SizeLabel[-FineTune]-vX.Y[-Encoding][-00001-of-00003].gguf, more or less; shards may sit in
a folder that alone names the quantisation.
"""

import re

from msgspec import Struct

from core.patterns import pattern

_LABEL = pattern(
    r"(?<![A-Z0-9])(?:UD-)?"
    r"(?:IQ[1-5]_(?:XXS|XS|NL|S|M)"
    r"|TQ[12]_0"
    r"|Q[1-8]_K"
    r"|Q[1-8]_[01](?:_[48]_[48])?"
    r"|MXFP4(?:_MOE)?|NVFP4"
    r"|BF16|F16|F32|F64|FP16|FP32)"
    r"(?:_[A-Z]{1,3})?(?![A-Z0-9])"
)
_SHARD = pattern(r"-(\d{5})-of-(\d{5})\.gguf", re.IGNORECASE)
_SHARD_CHARS = len("-00001-of-00003.gguf")
_BITS = pattern(r"\d+")
_NO_MODEL_PREFIXES = ("mtp-", "eagle3-", "dflash-", "dspark-")

DEFAULT_QUANTS = ("Q4_K_M", "Q8_0")  # llama.cpp's order


class Shard(Struct, frozen=True):
    """Place of one file in a set: `number` of `count`, both from 1; `prefix` is the path before it."""

    prefix: str
    number: int
    count: int


def is_gguf(path: str) -> bool:
    """Tell whether a path names a GGUF file."""
    return path[-5:].lower() == ".gguf"


def is_mmproj(path: str) -> bool:
    """Tell whether a path names a multimodal projector."""
    return is_gguf(path) and "mmproj" in _base_name(path).lower()


def is_model(path: str) -> bool:
    """Tell whether a path names a GGUF model, or a shard of one: no projector, importance matrix or draft head."""
    if not is_gguf(path):
        return False
    name = _base_name(path).lower()
    return "mmproj" not in name and "imatrix" not in name and not name.startswith(_NO_MODEL_PREFIXES)


def shard_of(path: str) -> Shard | None:
    """Return the place of a path in its set; None for a file that stands alone."""
    match = _SHARD.fullmatch(path[-_SHARD_CHARS:])  # the end alone: a list may have thousands of names
    return Shard(path[:-_SHARD_CHARS], int(match[1]), int(match[2])) if match else None


def stem_of(path: str) -> str:
    """Return the file name without `.gguf` and shard number."""
    name = _base_name(path)
    shard = shard_of(name)
    return shard.prefix if shard else (name[:-5] if is_gguf(name) else name)


def quant_label(path: str) -> str:
    """Return the quantisation that a path names, upper case; empty where it names none.

    The last one in the file name counts, else the last one in its folders.
    """
    folder, _, _ = path.rpartition("/")
    for text in (stem_of(path), folder):
        labels: list[str] = _LABEL.findall(text.upper())
        if labels:
            return labels[-1]
    return ""


def bits_of(label: str) -> int:
    """Return the bits a weight that a label speaks of; 0 for none."""
    match = _BITS.search(label)
    return int(match[0]) if match else 0


def _base_name(path: str) -> str:
    return path.rpartition("/")[2]
