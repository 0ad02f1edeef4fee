"""What headers tell of a model: architecture, parameters, context, and what a token keeps in memory. Pure.

Turns headers and configurations, which anybody may have written, into checked values and short texts.
"""

import json
from typing import Any

from msgspec import Struct

from core.formats import gguf, safetensors
from core.patterns import pattern

TEXT_CHARS_MAX = 40
COUNT_MAX = 2**20
PARAMETERS_MAX = 10**15
CONTEXT_MAX = 2**40

_SIZE_LABEL = pattern(r"(?:\d{1,4}x)?\d{1,5}(?:\.\d{1,3})?[KMBTkmbt](?:-A?[\d.]{1,6}[KMBTkmbt])?")


class Facts(Struct, frozen=True):
    """What a model is; empty or None where nobody tells.

    Attributes:
        size_label: Parameters in words, of a model whose exact number is unknown: `8x7B`.
        cache_values: Numbers that a token of context keeps in memory, over all layers.
        dtype: Type of most of the weights.
    """

    architecture: str = ""
    parameters: int | None = None
    size_label: str = ""
    context_length: int | None = None
    cache_values: int | None = None
    dtype: str = ""


def facts_of_gguf(header: gguf.Header) -> Facts:
    """Return the facts of a GGUF header."""
    label = header.size_label.strip()
    return Facts(
        architecture=short(header.architecture),
        size_label=label if _SIZE_LABEL.fullmatch(label) else "",
        context_length=header.context_length,
        cache_values=header.cache_values,
    )


def parameters_of(header: safetensors.Header, *, share: float = 1.0, told: int | None = None) -> int | None:
    """Return the parameters of a set of files of which one has this header and makes up this share of its bytes.

    What the index tells counts; else the set is taken to be alike throughout.
    """
    count = told or (round(header.parameters / share) if 0.0 < share <= 1.0 else 0)
    return count if 0 < count <= PARAMETERS_MAX else None


def facts_of_config(text: bytes) -> Facts:
    """Return the facts of a config.json; none where it makes no sense."""
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        return Facts()
    if not isinstance(table, dict):
        return Facts()
    inner = table.get("text_config")
    config = {**table, **inner} if isinstance(inner, dict) else table
    kind = config.get("model_type") if isinstance(config.get("model_type"), str) else table.get("model_type")
    dtype = config.get("torch_dtype") or config.get("dtype")
    return Facts(
        architecture=short(kind) if isinstance(kind, str) else "",
        context_length=_count(config.get("max_position_embeddings"), CONTEXT_MAX),
        cache_values=_cache_values(config),
        dtype=short(dtype) if isinstance(dtype, str) else "",
    )


def _cache_values(config: dict[str, Any]) -> int | None:
    layers = _count(config.get("num_hidden_layers"), COUNT_MAX)
    heads = _count(config.get("num_attention_heads"), COUNT_MAX)
    width = _count(config.get("hidden_size"), COUNT_MAX)
    if not layers:
        return None
    if rank := _count(config.get("kv_lora_rank"), COUNT_MAX):
        return layers * (rank + (_count(config.get("qk_rope_head_dim"), COUNT_MAX) or 0))
    of_a_head = _count(config.get("head_dim"), COUNT_MAX) or (width // heads if width and heads else None)
    own = _count(config.get("num_key_value_heads"), COUNT_MAX) or heads
    return layers * own * of_a_head * 2 if own and of_a_head else None


def _count(value: Any, most: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most else None


def short(text: str) -> str:
    """Return a header's word fit to be shown: one line of readable signs."""
    kept = "".join(sign for sign in text[: 4 * TEXT_CHARS_MAX] if sign.isprintable()).strip()
    return kept[:TEXT_CHARS_MAX]
