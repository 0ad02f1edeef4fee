"""The models on show: one repo for each shape that a downloader meets.

Pure data. Knows: names and sizes. Must not know: HTTP, knobs. Sizes are given in megabytes at scale "demo",
where two models at the demo's rate fill a window for some seconds; "small" is a hundredth of that, for tests;
"bench" is "small" with two models of 1 GiB, one of 256 MiB and one of 4 GiB.
"""

from typing import Any, Literal, get_args

from core.demo import texts
from core.demo.gguf import CHAT_TEMPLATE, CONTEXT_TOKENS, gguf_file
from core.demo.repos import File, GeneratedFile, Repo, TextFile
from core.demo.safetensors import TENSORS, safetensors_file

Scale = Literal["small", "demo", "bench"]
SCALES: tuple[Scale, ...] = get_args(Scale)
MEGABYTE = 1_000_000
SMALL_PARTS = 100
BENCH_BYTES = {"256m": 2**28, "1g-a": 2**30, "1g-b": 2**30, "4g": 2**32}
MANY_FILES = 120

LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
VISION = "unsloth/Llama-3.3-70B-Vision-GGUF"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
TINYLLAMA = "cortexso/tinyllama"
GEMMA = "google/gemma-3-27b-it"


def catalogue(scale: Scale = "small") -> list[Repo]:
    """Make fresh repos, with the same bytes each time."""
    size = _Sizes(1 if scale == "demo" else SMALL_PARTS)
    repos = [_llama(size), _vision(size), _minilm(size), _tinyllama(size), _gemma(size)]
    repos += [_private(size), _many_files(), _hostile_names(), _empty_file(), _direct(size)]
    return repos + (_bench() if scale == "bench" else [])


class _Sizes:
    def __init__(self, parts: int) -> None:
        self._parts = parts

    def __call__(self, megabytes: float) -> int:
        return int(megabytes * MEGABYTE) // self._parts


def _gguf_info(architecture: str = "llama", *, total: int = 1_235_814_432) -> dict[str, Any]:
    return {
        "total": total,
        "architecture": architecture,
        "context_length": CONTEXT_TOKENS,
        "chat_template": CHAT_TEMPLATE,
        "bos_token": "<s>",
        "eos_token": "</s>",
    }


def _llama(size: _Sizes) -> Repo:
    stem = "Llama-3.2-1B-Instruct"
    quants = {"IQ3_M": 66, "Q4_K_M": 81, "Q6_K_L": 96, "Q8_0": 110, "f16": 120}
    card = {
        "base_model": "meta-llama/Llama-3.2-1B-Instruct",
        "license": "llama3.2",
        "pipeline_tag": "text-generation",
        "quantized_by": "bartowski",
    }
    files: list[File] = [
        TextFile(".gitattributes", texts.GIT_ATTRIBUTES),
        TextFile("README.md", texts.readme(stem, card)),
        gguf_file(f"{stem}-imatrix.gguf", size(1.3), name=f"{stem} imatrix", quant="F16"),
    ]
    for quant, megabytes in quants.items():
        path = f"{stem}-{quant}.gguf"
        files.append(gguf_file(path, size(megabytes), name="Llama 3.2 1B Instruct", quant=quant))
    tags = ("gguf", "text-generation", "en", "license:llama3.2", "conversational")
    return Repo(
        LLAMA,
        files,
        tags=tags,
        pipeline_tag="text-generation",
        downloads=184_512,
        likes=132,
        card=card,
        gguf=_gguf_info(),
    )


def _vision(size: _Sizes) -> Repo:
    stem = "Llama-3.3-70B-Vision"
    card = {"base_model": "meta-llama/Llama-3.3-70B-Vision", "license": "llama3.3", "tags": ["unsloth"]}
    files: list[File] = [
        TextFile("README.md", texts.readme(stem, card)),
        TextFile("config.json", texts.config("MllamaForConditionalGeneration", hidden=8192, layers=80)),
        gguf_file("mmproj-F16.gguf", size(17), name=stem, quant="F16", architecture="clip"),
        gguf_file("mmproj-BF16.gguf", size(17), name=stem, quant="BF16", architecture="clip"),
    ]
    for quant, count, megabytes in (("Q4_K_M", 3, 30), ("Q8_0", 5, 32)):
        for number in range(count):
            path = f"{quant}/{stem}-{quant}-{number + 1:05d}-of-{count:05d}.gguf"
            shard = gguf_file(path, size(megabytes), name=stem, quant=quant, split=(number, count))
            files.append(shard)
    tags = ("gguf", "unsloth", "image-text-to-text", "license:llama3.3")
    return Repo(
        VISION,
        files,
        tags=tags,
        pipeline_tag="image-text-to-text",
        downloads=45_120,
        likes=88,
        card=card,
        gguf=_gguf_info(total=70_553_706_560),
    )


def _minilm(size: _Sizes) -> Repo:
    card = {"library_name": "sentence-transformers", "license": "apache-2.0", "language": "en"}
    text = {
        ".gitattributes": texts.GIT_ATTRIBUTES,
        "README.md": texts.readme("all-MiniLM-L6-v2", card),
        "config.json": texts.config("BertModel", hidden=384, layers=6),
        "tokenizer.json": texts.tokenizer(),
        "tokenizer_config.json": texts.as_json({"do_lower_case": True, "model_max_length": 512}),
        "vocab.txt": texts.vocabulary(),
        "special_tokens_map.json": texts.as_json({"unk_token": "[UNK]", "pad_token": "[PAD]"}),
        "modules.json": '[{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}]\n',
        "1_Pooling/config.json": texts.as_json({"word_embedding_dimension": 384}),
    }
    weights: list[File] = [
        safetensors_file("model.safetensors", size(90.9)),
        GeneratedFile("pytorch_model.bin", size(90.9), "minilm-torch", b"PK\x03\x04"),
        GeneratedFile("tf_model.h5", size(91), "minilm-tf", b"\x89HDF\r\n\x1a\n"),
        GeneratedFile("onnx/model.onnx", size(90.4), "minilm-onnx", b"\x08\x06"),
    ]

    def files(**changed: str) -> list[File]:
        return [*(TextFile(path, changed.get(path, body)) for path, body in text.items()), *weights]

    other = files(**{"config.json": texts.config("BertModel", hidden=384, layers=12)})
    proposed = files(**{"README.md": texts.readme("all-MiniLM-L6-v2, better told", card)})
    return Repo(
        MINILM,
        files(),
        refs={"refs/tags/v1.0": files(), "refs/heads/dev/test": other, "refs/pr/1": proposed},
        tags=("sentence-transformers", "safetensors", "onnx", "bert", "license:apache-2.0"),
        pipeline_tag="sentence-similarity",
        library_name="sentence-transformers",
        downloads=92_400_000,
        likes=2650,
        card=card,
        config={"architectures": ["BertModel"], "model_type": "bert"},
        safetensors={"parameters": {"F32": 22_713_728}, "total": 22_713_728},
    )


def _tinyllama(size: _Sizes) -> Repo:
    metadata = TextFile("metadata.yml", texts.cortex_metadata("tinyllama"))
    card = {"license": "apache-2.0"}
    refs: dict[str, list[File]] = {}
    branches = (("gguf", "Q4_K_M", 66.9), ("1b", "Q8_0", 117), ("1b-gguf-q3-km", "Q3_K_M", 55))
    for branch, quant, megabytes in branches:
        made = gguf_file("model.gguf", size(megabytes), name=f"TinyLlama {branch}", quant=quant)
        model = GeneratedFile(made.path, made.size, f"tinyllama-{branch}", made.header)
        refs[branch] = [metadata, TextFile("model.yml", texts.cortex_model("tinyllama", branch, model.size)), model]
    main = [TextFile("README.md", texts.readme("TinyLlama", card)), metadata]
    tags = ("license:apache-2.0", "cortex")
    return Repo(TINYLLAMA, main, refs=refs, tags=tags, downloads=5120, likes=7, card=card)


def _gemma(size: _Sizes) -> Repo:
    shards = [safetensors_file(f"model-{n:05d}-of-00003.safetensors", size(40)) for n in (1, 2, 3)]
    weights = {name: shard.path for name, shard in zip(TENSORS, shards, strict=True)}
    index = {"metadata": {"total_size": sum(shard.size for shard in shards)}, "weight_map": weights}
    card = {"license": "gemma", "extra_gated_heading": "Access Gemma"}
    files: list[File] = [
        TextFile("README.md", texts.readme("Gemma 3", card)),
        TextFile("config.json", texts.config("Gemma3ForConditionalGeneration", hidden=5376, layers=62)),
        TextFile("tokenizer.json", texts.tokenizer()),
        TextFile("model.safetensors.index.json", texts.as_json(index)),
        *shards,
    ]
    tags = ("safetensors", "gemma3", "image-text-to-text", "license:gemma")
    return Repo(
        GEMMA,
        files,
        gated="manual",
        tags=tags,
        pipeline_tag="image-text-to-text",
        downloads=610_000,
        likes=1500,
        card=card,
        safetensors={"parameters": {"BF16": 27_432_406_640}, "total": 27_432_406_640},
    )


def _private(size: _Sizes) -> Repo:
    model = gguf_file("private-Q4_K_M.gguf", size(20), name="Private", quant="Q4_K_M")
    return Repo("demo/private-model", [TextFile("README.md", "# Private\n"), model], private=True, tags=("gguf",))


def _many_files() -> Repo:
    files = [
        TextFile(f"folder-{number // 10:02d}/file-{number:03d}.txt", f"file number {number}\n" * (number + 1))
        for number in range(MANY_FILES)
    ]
    return Repo("demo/many-files", files, downloads=12, scanned=False)


def _hostile_names() -> Repo:
    names = ("../evil.bin", "a/../../b.bin", "/absolute.bin", "C:\\x.bin", "CON.gguf")
    good = gguf_file("good-Q4_K_M.gguf", 0, name="Good", quant="Q4_K_M")
    files: list[File] = [good, *(GeneratedFile(name, 1000, name) for name in names)]
    return Repo("demo/hostile-names", files, tags=("gguf",), scanned=None)


def _empty_file() -> Repo:
    return Repo("demo/empty-file", [TextFile("empty.txt", ""), GeneratedFile("one.bin", 1, "one")])


def _direct(size: _Sizes) -> Repo:
    model = gguf_file("direct-Q8_0.gguf", size(60), name="Direct", quant="Q8_0")
    files = [GeneratedFile("weights.bin", size(50), "direct"), model]
    return Repo("demo/direct", files, issues={"weights.bin": "unsafe"})


def _bench() -> list[Repo]:
    repos = []
    for label, size in BENCH_BYTES.items():
        name = f"bench-{label}"
        model = gguf_file(f"{name}-Q4_K_M.gguf", size, name=name, quant="Q4_K_M")
        repos.append(Repo(f"demo/{name}", [model], tags=("gguf",), gguf=_gguf_info()))
    return repos
