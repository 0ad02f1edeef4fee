"""What one file of a repo is, by its name alone: weights, code, configuration, something else. Pure.

Names tell the format, not the truth: what carries code is marked by what its format may do when it is loaded.
"""

import re

from core.patterns import pattern

PICKLE_SUFFIXES = frozenset({
    ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".npy", ".npz", ".joblib", ".dill", ".nemo", ".mar", ".pyc",
    ".h5", ".hdf5", ".keras",
})  # fmt: skip
"""Formats that may run code when they are loaded: Python's pickle, and Keras layers that hold a program."""

OTHER_WEIGHTS = frozenset({".msgpack", ".onnx", ".tflite", ".pb", ".ggml", ".ot", ".mlmodel", ".engine"})
"""Weights of other formats, which hold no program of Python."""

_WEIGHTS = {".safetensors"} | PICKLE_SUFFIXES | OTHER_WEIGHTS
_SHARD = pattern(r"(.+)-(\d{5})-of-(\d{5,6})")
_INDEX = pattern(r"(.+\.[a-z0-9]+)\.index(?:\.[a-z0-9_]+)?\.json", re.IGNORECASE)
_ONNX_DATA = pattern(r"(.+\.onnx)[._]data(?:_\d+)?", re.IGNORECASE)


def suffix_of(path: str) -> str:
    """Return the suffix with its dot, lower case; empty where there is none."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def carries_code(path: str) -> bool:
    """Tell whether loading a file of this format may run code that is in it."""
    suffix = suffix_of(path)
    return suffix in PICKLE_SUFFIXES or suffix == ".py"


def set_of(path: str) -> tuple[str, int, int]:
    """Return the set of a file, as the path of the whole; the number and the count of a shard, else 0."""
    suffix = suffix_of(path)
    return _shard_of(path, suffix) if suffix else (path, 0, 0)


def weights_of(path: str) -> tuple[str, int, int] | None:
    """Return the set of weights, of any format but GGUF, that a file belongs to; None for what are no weights.

    An index, and the data beside an ONNX graph, belong to the set with the number 0.
    """
    suffix = suffix_of(path)
    if suffix in _WEIGHTS:
        return _shard_of(path, suffix)
    if suffix == ".json":
        index = _INDEX.fullmatch(path)
        return (index[1], 0, 0) if index and suffix_of(index[1]) in _WEIGHTS else None
    if "data" in suffix:
        data = _ONNX_DATA.fullmatch(path)
        return (data[1], 0, 0) if data else None
    return None


def _shard_of(path: str, suffix: str) -> tuple[str, int, int]:
    stem = path[: -len(suffix)]
    shard = _SHARD.fullmatch(stem) if stem[-1:].isdigit() else None
    return (shard[1] + path[len(stem) :], int(shard[2]), int(shard[3])) if shard else (path, 0, 0)
