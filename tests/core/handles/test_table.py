"""One table of handles: what people type, paste and drop, and what becomes of it; a text in place of a handle is
the reason of a refusal.
"""

import pytest

from core.errors import UnsupportedHandle
from core.handles import format_handle, parse_handle, with_revision
from core.records import Handle
from core.sources.base import folder_of

SHA = "ab" * 32


def hf(repo: str, revision: str = "", *, quant: str = "", path: str = "", link: bool = False) -> Handle:
    return Handle("huggingface", repo, revision=revision, quant=quant, path=path, from_link=link)


def ms(repo: str, revision: str = "", *, quant: str = "", path: str = "", link: bool = False) -> Handle:
    return Handle("modelscope", repo, revision=revision, quant=quant, path=path, from_link=link)


def ollama(repo: str, *, link: bool = False) -> Handle:
    return Handle("ollama", repo, from_link=link)


def cortex(name: str, branch: str = "", *, link: bool = False) -> Handle:
    return Handle("cortexso", name, revision=branch, from_link=link)


def direct(url: str, *, sha256: str = "") -> Handle:
    return Handle("direct", url, sha256=sha256)


LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
QWEN = "Qwen/Qwen2.5-0.5B-Instruct-GGUF"

TABLE: list[tuple[str, Handle | str]] = [
    # Hugging Face, short
    (LLAMA, hf(LLAMA)),
    (f"{LLAMA}:Q8_0", hf(LLAMA, quant="Q8_0")),
    (f"{LLAMA}:q6_k_l", hf(LLAMA, quant="Q6_K_L")),
    (f"{LLAMA}@main", hf(LLAMA)),
    (f"{LLAMA}@refs/pr/2:Q8_0", hf(LLAMA, "refs/pr/2", quant="Q8_0")),
    ("unsloth/DeepSeek-R1-GGUF:UD-IQ1_S", hf("unsloth/DeepSeek-R1-GGUF", quant="UD-IQ1_S")),
    ("openai-community/gpt2@607a30d783dfa663caf39e06633721c8d4cfcd7e",
     hf("openai-community/gpt2", "607a30d783dfa663caf39e06633721c8d4cfcd7e")),
    ("HuggingFaceTB:SmolLM2-135M-Instruct:model.safetensors",
     hf("HuggingFaceTB/SmolLM2-135M-Instruct", path="model.safetensors")),
    ("org:repo:onnx/model.onnx@v1", hf("org/repo", "v1", path="onnx/model.onnx")),
    ("org:repo:Q4/x-00001-of-00002.gguf", hf("org/repo", path="Q4/x-00001-of-00002.gguf")),
    ("org/repo:whole-name-Q4_0.gguf", hf("org/repo", path="whole-name-Q4_0.gguf")),
    # Hugging Face, pages
    (f"https://huggingface.co/{LLAMA}", hf(LLAMA)),
    (f"https://www.huggingface.co/{LLAMA}/", hf(LLAMA)),
    (f"https://hf.co/{LLAMA}:IQ3_M", hf(LLAMA, quant="IQ3_M")),
    (f"hf.co/{LLAMA}", hf(LLAMA)),
    (f"https://huggingface.co/{LLAMA}/tree/main", hf(LLAMA)),
    (f"https://huggingface.co/{LLAMA}/tree/v2?show_file_info=x.gguf", hf(LLAMA, "v2")),
    (f"https://huggingface.co/{LLAMA}/tree/main/BF16", hf(LLAMA, quant="BF16")),
    (f"https://huggingface.co/{LLAMA}/blob/main/x-Q4_0.gguf", hf(LLAMA, path="x-Q4_0.gguf")),
    (f"https://huggingface.co/{LLAMA}/resolve/main/x-Q4_0.gguf?download=true", hf(LLAMA, path="x-Q4_0.gguf")),
    (f"https://huggingface.co/{LLAMA}/resolve/refs%2Fpr%2F1/a/b.gguf", hf(LLAMA, "refs/pr/1", path="a/b.gguf")),
    (f"https://huggingface.co/{LLAMA}/raw/v1/README.md", hf(LLAMA, "v1", path="README.md")),
    (f"hf://{LLAMA}", hf(LLAMA)),
    (f"hf://models/{LLAMA}@v1/x.gguf", hf(LLAMA, "v1", path="x.gguf")),
    (f"huggingface://{LLAMA}/x.gguf", hf(LLAMA, path="x.gguf")),
    ("https://huggingface.co/gpt2", "names no model"),
    ("https://huggingface.co/spaces/org/x", "not a model"),
    ("https://huggingface.co/datasets/org/x", "not a model"),
    ("https://huggingface.co/org/repo/commit/abc", "not a model or a file"),
    ("https://huggingface.co/org/repo/tree", "breaks off"),
    ("https://huggingface.co/org/repo/resolve/main/../../x", "leave the folder"),
    ("http://huggingface.co/org/repo", "without encryption"),
    ("hf://datasets/org/x", "Only models"),
    # cortexso
    ("tinyllama", cortex("tinyllama")),
    ("tinyllama:gguf", cortex("tinyllama", "gguf")),
    ("llama3.2:3b-gguf-q4-km", cortex("llama3.2", "3b-gguf-q4-km")),
    ("mistral:7b-tensorrt-llm-linux-ada", cortex("mistral", "7b-tensorrt-llm-linux-ada")),
    ("tinyllama@gguf", "branch after ':'"),
    ("tinyllama:", "branch is missing"),
    # ModelScope
    (f"ms://{QWEN}", ms(QWEN)),
    (f"modelscope://{QWEN}", ms(QWEN)),
    (f"MS://{QWEN}/", ms(QWEN)),
    (f"ms://{QWEN}@master", ms(QWEN)),
    (f"ms://{QWEN}@v1.0", ms(QWEN, "v1.0")),
    (f"ms://{QWEN}:q4_k_m", ms(QWEN, quant="Q4_K_M")),
    (f"ms://{QWEN}@v1:Q8_0", ms(QWEN, "v1", quant="Q8_0")),
    (f"ms://{QWEN}/q 1.gguf", ms(QWEN, path="q 1.gguf")),
    (f"ms://{QWEN}@a%2Fb/sub/x.gguf", ms(QWEN, "a/b", path="sub/x.gguf")),
    (f"https://modelscope.cn/models/{QWEN}", ms(QWEN)),
    (f"https://www.modelscope.cn/models/{QWEN}/summary", ms(QWEN)),
    (f"https://modelscope.cn/models/{QWEN}/files", ms(QWEN)),
    (f"modelscope.cn/models/{QWEN}", ms(QWEN)),
    (f"https://modelscope.cn/models/{QWEN}/tree/v1", ms(QWEN, "v1")),
    (f"https://modelscope.cn/models/{QWEN}/resolve/master/a%20b.gguf", ms(QWEN, path="a b.gguf")),
    (f"https://modelscope.cn/models/{QWEN}/file/view/master/config.json?status=1", ms(QWEN, path="config.json")),
    (f"https://modelscope.cn/models/{QWEN}/file/view/v1?fileName=sub%2Fx.gguf&status=0",
     ms(QWEN, "v1", path="sub/x.gguf")),
    (f"https://modelscope.cn/api/v1/models/{QWEN}/repo?Revision=master&FilePath=sub%2Fx.gguf",
     ms(QWEN, path="sub/x.gguf")),
    (f"modelscope download --model {QWEN}", ms(QWEN)),
    (f"modelscope download --model {QWEN} README.md --local_dir ./dir", ms(QWEN, path="README.md")),
    (f"modelscope download --model={QWEN} --revision v1 --include '*Q4_K_M*'", ms(QWEN, "v1", quant="Q4_K_M")),
    (f"ollama run modelscope.cn/{QWEN}:Q4_0", ms(QWEN, quant="Q4_0")),
    (f"pulley://pull?model=ms%3A%2F%2F{QWEN.replace('/', '%2F')}", ms(QWEN, link=True)),
    ("ms://org", "repo name is missing"),
    ("ms://org/repo@", "revision is missing"),
    ("ms://org/repo:Q4_0/x.gguf", "stands at the end"),
    ("ms://org/repo@v1:Q4_0/x.gguf", "stands at the end"),
    ("ms://org/repo/../x", "leave the folder"),
    ("https://modelscope.cn/datasets/org/x", "not a model"),
    ("https://modelscope.cn/models/org", "names no model"),
    ("https://modelscope.cn/models/org/x/resolve", "breaks off"),
    ("https://modelscope.cn/models/org/x/tree/master/sub", "A folder cannot be pulled"),
    ("https://modelscope.cn/models/org//x", "doubled slashes"),
    ("https://modelscope.cn/api/v1/models/org/x/repo/files", "not that of a file"),
    ("https://modelscope.cn/api/v1/models/org/x/repo?FilePath=..%2Fx", "leave the folder"),
    ("http://modelscope.cn/models/org/x", "without encryption"),
    ("https://modelscope.ai/models/org/x", "another hub than modelscope.cn"),
    ("modelscope download --dataset org/x", "this is a dataset"),
    ("modelscope login --token x", "Of modelscope, only commands"),
    # Ollama
    ("ollama://llama3.2", ollama("library/llama3.2:latest")),
    ("ollama://llama3.2:latest", ollama("library/llama3.2:latest")),
    ("ollama://library/llama3.2", ollama("library/llama3.2:latest")),
    ("ollama://llama3.2:3b-instruct-q4_K_M", ollama("library/llama3.2:3b-instruct-q4_K_M")),
    ("OLLAMA://mannix/gemma2-9b:q8_0", ollama("mannix/gemma2-9b:q8_0")),
    ("ollama://registry.ollama.ai/library/phi3", ollama("library/phi3:latest")),
    ("https://ollama.com/library/llama3.2", ollama("library/llama3.2:latest")),
    ("https://ollama.com/library/llama3.2:1b", ollama("library/llama3.2:1b")),
    ("https://www.ollama.com/library/qwen3/tags", ollama("library/qwen3:latest")),
    ("https://ollama.com/mannix/gemma2-9b", ollama("mannix/gemma2-9b:latest")),
    ("https://ollama.com/library/llama3.2%3A1b", ollama("library/llama3.2:1b")),
    ("ollama.com/library/llama3.2:1b", ollama("library/llama3.2:1b")),
    ("ollama run llama3.2", ollama("library/llama3.2:latest")),
    ("ollama pull llama3.2:1b", ollama("library/llama3.2:1b")),
    ("$ ollama run --verbose mannix/gemma2-9b:q8_0 'why is the sky blue'", ollama("mannix/gemma2-9b:q8_0")),
    ("ollama pull registry.ollama.ai/library/phi3:mini", ollama("library/phi3:mini")),
    ("pulley://pull?model=ollama%3A%2F%2Fllama3.2%3A1b", ollama("library/llama3.2:1b", link=True)),
    ("ollama://", "model name is missing"),
    ("ollama://llama3.2:", "tag after ':' is missing"),
    ("ollama://llama3.2:a/b", "is no namespace"),
    ("ollama://llama3.2:a..b", "is no tag"),
    ("ollama://a.b/llama3.2", "is no namespace"),
    ("ollama://example.com/ns/llama3.2", "only that of ollama.com"),
    ("ollama://a/b/c/d", "written ollama://name:tag"),
    ("https://ollama.com/search", "not a model"),
    ("https://ollama.com/docs/api", "not a model"),
    ("https://ollama.com/library", "not a model"),
    ("https://registry.ollama.ai/v2/library/llama3.2/manifests/latest", "not a model"),
    ("http://ollama.com/library/llama3.2", "without encryption"),
    ("ollama run example.com/ns/x", "only that of ollama.com"),
    ("ollama create x", "Of ollama, only commands"),
    ("ollama:llama3", "not a model name"),
    # pasted commands of the others
    (f"hf download {LLAMA}", hf(LLAMA)),
    (f"hf download {LLAMA} --include '*Q4_K_M*' --local-dir ./x", hf(LLAMA, quant="Q4_K_M")),
    (f"huggingface-cli download {LLAMA} x.gguf --revision v1", hf(LLAMA, "v1", path="x.gguf")),
    (f"ollama run hf.co/{LLAMA}:Q8_0", hf(LLAMA, quant="Q8_0")),
    (f"ollama run huggingface.co/{LLAMA}", hf(LLAMA)),
    (f"lms get {LLAMA}@q4_k_m", hf(LLAMA, quant="Q4_K_M")),
    (f"lms get {LLAMA}", hf(LLAMA)),
    ("lms get llama", "is a search"),
    ("hf upload org/repo", "Of hf, only commands"),
    # links of other programs
    (f"lmstudio://open_from_hf?model={LLAMA}", hf(LLAMA, link=True)),
    (f"lmstudio://open_from_hf?model={LLAMA}&file=x-Q4_0.gguf", hf(LLAMA, path="x-Q4_0.gguf", link=True)),
    (f"jan://models/huggingface/{LLAMA}", hf(LLAMA, link=True)),
    (f"pulley://pull?model={LLAMA}:Q8_0", hf(LLAMA, quant="Q8_0", link=True)),
    ("pulley://pull?model=tinyllama%3Agguf", cortex("tinyllama", "gguf", link=True)),
    ("pulley://open?model=x", "does not ask for a model"),
    ("jan://hub", "does not ask for a model"),
    ("msty://models/search/hf/org/x", "msty:// links"),
    # direct files
    ("https://example.org/models/x.gguf", direct("https://example.org/models/x.gguf")),
    (f"https://example.org/x.gguf#sha256={SHA}", direct("https://example.org/x.gguf", sha256=SHA)),
    ("https://example.org/x.gguf?token=1", direct("https://example.org/x.gguf?token=1")),
    ("http://127.0.0.1:8000/x.gguf", direct("http://127.0.0.1:8000/x.gguf")),
    ("http://example.org/x.gguf", "without encryption"),
    ("https://example.org/", "names no file"),
    ("https://u:p@example.org/x.gguf", "credentials"),
    ("https://example.org/x#sha256=zz", "64 hexadecimal"),
    ("ftp://example.org/x", "ftp:// links"),
    # none at all
    ("", "no model name"),
    ("not a model", "no spaces"),
    ("../models/x.gguf", "path on this computer"),
    (r"C:\x.gguf", "path on this computer"),
    ("org/repo/", "slashes"),
    ("org/\u202erepo", "invisible"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TABLE, ids=[ascii(text[:70]) for text, _ in TABLE])
def test_a_text_is_the_handle_of_the_table_or_refused_with_its_reason(text: str, expected: Handle | str) -> None:
    if isinstance(expected, str):
        with pytest.raises(UnsupportedHandle) as caught:
            parse_handle(text)
        assert expected in caught.value.message
        return
    handle = parse_handle(text)
    assert handle == expected
    short = format_handle(handle)
    assert format_handle(parse_handle(short)) == short, "the id of a task names the same again"


def test_the_table_is_long_and_says_nothing_twice() -> None:
    texts = [text for text, _ in TABLE]
    assert len(set(texts)) == len(texts) >= 120


FOLDERS = [
    ("ms://org/x", "modelscope.cn/org/x"),
    ("ms://org/x@a%2Fb", "modelscope.cn/org/x@a%2Fb"),
    ("ollama://x", "ollama.com/library/x/latest"),
    ("ollama://me/x:q8_0", "ollama.com/me/x/q8_0"),
    ("org/x@v1", "huggingface.co/org/x@v1"),
    ("tinyllama:gguf", "cortex.so/tinyllama/gguf"),
    ("https://example.org:8443/x.gguf", "direct/example.org_8443"),
]


@pytest.mark.parametrize(("text", "folder"), FOLDERS)
def test_each_hub_has_its_folder(text: str, folder: str) -> None:
    assert folder_of(parse_handle(text)) == folder


REVISIONS: list[tuple[str, str, Handle | str]] = [
    (f"ms://{QWEN}", "master", ms(QWEN)),
    (f"ms://{QWEN}", "v1", ms(QWEN, "v1")),
    (f"ms://{QWEN}@v1", "v1", ms(QWEN, "v1")),
    (f"ms://{QWEN}@v1", "v2", "names revision v1"),
    ("ollama://x", "3b", ollama("library/x:3b")),
    ("ollama://x:3b", "3b", ollama("library/x:3b")),
    ("ollama://x:3b", "1b", "names tag 3b"),
    ("ollama://x", "a/b", "is no tag"),
    ("tinyllama", "gguf", cortex("tinyllama", "gguf")),
    (LLAMA, "main", hf(LLAMA)),
    ("https://example.org/x.gguf", "v1", direct("https://example.org/x.gguf")),
]


@pytest.mark.parametrize(("text", "revision", "expected"), REVISIONS)
def test_a_revision_beside_a_handle_is_taken_or_contradicts_it(
    text: str, revision: str, expected: Handle | str
) -> None:
    if isinstance(expected, Handle):
        assert with_revision(parse_handle(text), revision) == expected
        return
    with pytest.raises(UnsupportedHandle, match=expected):
        with_revision(parse_handle(text), revision)
