"""Which files of a repo are wanted: the default selection, a quantisation, globs. Pure.

A repo with GGUF models: llama.cpp's default (Q4_K_M, else Q8_0, else the first model), every shard, its projector.
One with safetensors: these with configs and tokenizer, without the same weights in other formats. Else everything.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache

from msgspec import Struct

from core.formats.quant import DEFAULT_QUANTS, bits_of, is_mmproj, is_model, quant_label, shard_of
from core.patterns import pattern

HOUSEKEEPING = frozenset({".gitattributes", ".gitignore", ".gitkeep"})
"""Files of git itself: wanted only where everything is."""

QUANTS_NAMED_MAX = 20  # in one message

_OTHER_FORMATS = frozenset({"onnx", "openvino", "original", "coreml", "flax", "tf", "tflite", "gguf", "ggml"})
_TEXTS = frozenset({
    ".json", ".jsonl", ".txt", ".model", ".jinja", ".tiktoken", ".py", ".yaml", ".yml", ".md", ".vocab",
    ".bpe", ".spm", ".merges",
})  # fmt: skip
_BARE_NAMES = pattern(r"(licen[cs]e|notice|use_policy|copying|tokenizer|merges|vocab)(\..*)?", re.IGNORECASE)
_FOREIGN_INDEX = pattern(r".*\.(bin|pt|pth|h5|msgpack)\.index(\.[a-z0-9]+)?\.json", re.IGNORECASE)
_TORCH_WEIGHTS = pattern(r"(diffusion_)?pytorch_model.*\.bin|adapter_model\.bin", re.IGNORECASE)
_VARIANT = pattern(r"(.+)\.(fp16|bf16|fp32|non_ema)(-\d{5}-of-\d{5,6})?\.safetensors", re.IGNORECASE)
_WEIGHT_SHARD = pattern(r"(.+)-\d{5}-of-\d{5,6}\.safetensors", re.IGNORECASE)
_CHECKPOINT = pattern(r"checkpoint-\d+")


class Unselectable(ValueError):
    """Nothing fits; the message goes on from the name of the repo: `has no file that ...`."""


class Group(Struct, frozen=True):
    """One GGUF model: a file, or all shards that the repo holds of it.

    Attributes:
        label: The quantisation; empty where the name tells none.
        count: Number of its shards; 0 for a file that stands alone.
        missing: How many of them the repo lacks.
    """

    paths: tuple[str, ...]
    label: str
    count: int = 0
    missing: int = 0


def groups(paths: Iterable[str]) -> tuple[Group, ...]:
    """Return the GGUF models of a listing, in its order, shards together."""
    return grouped(path for path in paths if is_model(path))


def grouped(paths: Iterable[str]) -> tuple[Group, ...]:
    """Return GGUF files in their order, shards together."""
    found: dict[tuple[str, int], tuple[list[str], set[int]]] = {}
    for path in paths:
        shard = shard_of(path)
        members, numbers = found.setdefault((shard.prefix, shard.count) if shard else (path, 0), ([], set()))
        members.append(path)
        if shard and 1 <= shard.number <= shard.count:
            numbers.add(shard.number)
    return tuple(
        Group(tuple(members), quant_label(members[0]), count, count - len(numbers))
        for (_, count), (members, numbers) in found.items()
    )


def quants(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the quantisations that the models of a listing name, each once, in its order."""
    return tuple(dict.fromkeys(group.label for group in groups(paths) if group.label))


def choose(
    files: Mapping[str, int | None] | Iterable[str], *, quant: str = "", globs: Sequence[str] = ()
) -> frozenset[str]:
    """Return the wanted paths of a listing (of paths, or of paths with sizes).

    Globs replace every other rule; a quant takes the place of the default one.

    Raises:
        Unselectable: Nothing fits, or the model that fits is not whole.
    """
    paths = tuple(files)
    if globs:
        return _globbed(paths, globs)
    models = groups(paths)
    if models:
        return _gguf(paths, models, quant)
    if quant:
        raise Unselectable("has no GGUF files, so there is no quantisation to choose")
    if any(_is_safetensors(path) for path in paths):
        return _safetensors(paths)
    return frozenset(paths)


def _globbed(paths: Sequence[str], globs: Sequence[str]) -> frozenset[str]:
    wanted: set[str] = set()
    for glob in globs:
        # A compiled glob of the standard library never backtracks over a star, so it is linear.
        matches = re.compile(translate(glob + "*" if glob.endswith("/") else glob)).match
        found = {path for path in paths if matches(path)}
        if not found:
            raise Unselectable(f"has no file that matches {glob[:80]!r}")
        wanted |= found
    return frozenset(wanted)


# -- GGUF ------------------------------------------------------------------------------------------------


def _gguf(paths: Sequence[str], models: Sequence[Group], quant: str) -> frozenset[str]:
    model = _of_quant(models, quant) if quant else default_model(models)
    if model is None:
        named = quants(paths)
        has = f"; it has {', '.join(named[:QUANTS_NAMED_MAX])}" if named else ""
        more = f" and {len(named) - QUANTS_NAMED_MAX} more" if len(named) > QUANTS_NAMED_MAX else ""
        raise Unselectable(f"has no quantisation {quant}{has}{more}")
    if model.missing:
        name = model.label or model.paths[0]
        raise Unselectable(f"is not complete: {model.missing} of the {model.count} parts of {name} are missing")
    return frozenset(model.paths) | frozenset(projector_of(model, projectors(paths)))


def default_model(models: Sequence[Group]) -> Group:
    """Return the model that is taken where nobody chose: llama.cpp's."""
    for quant in DEFAULT_QUANTS:
        if (model := _of_quant(models, quant)) is not None:
            return model
    return models[0]


def _of_quant(models: Sequence[Group], quant: str) -> Group | None:
    """Return the first model of exactly this quant; else its UD- twin; else one with this word in its path."""
    quant = quant.upper()
    word = re.compile(rf"(?<![A-Z0-9]){re.escape(quant)}(?![A-Z0-9_])", re.IGNORECASE)
    tests: tuple[Callable[[Group], bool], ...] = (
        lambda model: model.label == quant,
        lambda model: model.label.removeprefix("UD-") == quant,
        lambda model: word.search(model.paths[0]) is not None,
    )
    return next((model for test in tests for model in models if test(model)), None)


def projectors(paths: Iterable[str]) -> tuple[Group, ...]:
    """Return the projectors of a listing, in its order, shards together."""
    return grouped(path for path in paths if is_mmproj(path))


def projector_of(model: Group, among: Sequence[Group]) -> tuple[str, ...]:
    """Return the projector beside a model or above it: the nearest folder first, then the nearest bits."""
    folder = _folder(model.paths[0])
    near = [
        projector
        for projector in among
        if _is_same_or_above(_folder(projector.paths[0]), folder) and not projector.missing
    ]
    if not near:
        return ()
    bits = bits_of(model.label)
    best = min(near, key=lambda found: (-len(_folder(found.paths[0])), abs(bits_of(found.label) - bits)))
    return best.paths


def _is_same_or_above(folder: str, other: str) -> bool:
    return not folder or folder == other or other.startswith(folder + "/")


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


# -- safetensors -----------------------------------------------------------------------------------------


def _is_safetensors(path: str) -> bool:
    return path.lower().endswith(".safetensors")


def _safetensors(paths: Sequence[str]) -> frozenset[str]:
    kept = _without_twins([path for path in paths if _is_safetensors(path) and not is_aside(path)])
    if not kept:
        kept = {path for path in paths if _is_safetensors(path)}
    folders = {_folder(path) for path in kept}
    aside = {path for path in paths if is_aside(path) and _folder(path) not in folders}
    return frozenset(
        path
        for path in paths
        if path in kept or (path not in aside and not _is_safetensors(path) and _goes_along(path, folders))
    )


def is_aside(path: str) -> bool:
    """Tell whether a path lies in a folder of another format or of an unfinished training."""
    folder = _folder(path)
    return bool(folder) and _is_folder_aside(folder)


@lru_cache(maxsize=1024)  # a listing asks for the same few folders file by file
def _is_folder_aside(folder: str) -> bool:
    return any(step.lower() in _OTHER_FORMATS or _CHECKPOINT.fullmatch(step) for step in folder.split("/"))


def _without_twins(weights: Sequence[str]) -> set[str]:
    """Leave out weights that the same folders hold a second time."""
    variants = {path: match for path in weights if (match := _VARIANT.fullmatch(path))}
    others = [path for path in weights if path not in variants] if variants else []
    plain = {_WEIGHT_SHARD.sub(r"\1.safetensors", path) for path in others}
    in_folders = {path for path in weights if "/" in path}
    consolidated = {path for path in weights if _base(path).lower().startswith("consolidated")}
    folders = {_folder(path) for path in weights if path not in consolidated} if consolidated else set[str]()
    kept = set()
    for path in weights:
        variant = variants.get(path)
        if variant and f"{variant[1]}.safetensors" in plain:
            continue
        if path in consolidated and _folder(path) in folders:
            continue  # Mistral's own layout of the same weights
        kept.add(path)
    # A pipeline keeps its parts in folders; a checkpoint of all of them at the top is the same again.
    parts = {path for path in in_folders & kept if path.partition("/")[0] in ("unet", "transformer", "vae")}
    return {path for path in kept if "/" in path} if parts else kept


def _goes_along(path: str, folders: set[str]) -> bool:
    name = _base(path)
    if name in HOUSEKEEPING or _FOREIGN_INDEX.fullmatch(name):
        return False
    if _TORCH_WEIGHTS.fullmatch(name):
        return _folder(path) not in folders  # no safetensors of it: these weights are only here
    return is_text(name)


def is_text(path: str) -> bool:
    """Tell whether a file is one of the small ones around the weights: configuration, tokenizer, card, licence."""
    name = _base(path)
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return suffix in _TEXTS or _BARE_NAMES.fullmatch(name) is not None


def _base(path: str) -> str:
    return path.rpartition("/")[2]
