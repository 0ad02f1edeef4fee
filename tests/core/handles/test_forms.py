"""Every form of a handle, each with what it stands for and its shortest form."""

import pytest

from core.handles import ACCEPTED_FORMS, EXAMPLES, format_handle, parse_handle
from core.records import Handle

SHA = "0123456789abcdef" * 4


def hf(repo: str, **fields: object) -> Handle:
    return Handle("huggingface", repo, **fields)  # type: ignore[arg-type]


def direct(url: str, **fields: object) -> Handle:
    return Handle("direct", url, **fields)  # type: ignore[arg-type]


ACCEPTED: list[tuple[str, Handle, str]] = [
    # repo, revision, quant
    ("org/repo", hf("org/repo"), "org/repo"),
    ("  org/repo \n", hf("org/repo"), "org/repo"),
    ("\ufefforg/repo", hf("org/repo"), "org/repo"),
    ("org/repo@main", hf("org/repo"), "org/repo"),
    ("org/repo:q4_k_m", hf("org/repo", quant="Q4_K_M"), "org/repo:Q4_K_M"),
    ("org/repo:UD-Q4_K_XL", hf("org/repo", quant="UD-Q4_K_XL"), "org/repo:UD-Q4_K_XL"),
    ("org/repo@v1.0", hf("org/repo", revision="v1.0"), "org/repo@v1.0"),
    ("org/repo@refs/pr/1", hf("org/repo", revision="refs/pr/1"), "org/repo@refs/pr/1"),
    ("org/repo@v1:Q8_0", hf("org/repo", revision="v1", quant="Q8_0"), "org/repo@v1:Q8_0"),
    ("org/repo@main:q8_0", hf("org/repo", quant="Q8_0"), "org/repo:Q8_0"),
    ("Org-1/Llama-3.2_1B.v2", hf("Org-1/Llama-3.2_1B.v2"), "Org-1/Llama-3.2_1B.v2"),
    ("org/repo:Model-Q4_0.gguf", hf("org/repo", path="Model-Q4_0.gguf"), "org:repo:Model-Q4_0.gguf"),
    ("cortexso/tinyllama", hf("cortexso/tinyllama"), "cortexso/tinyllama"),
    # cortexso
    ("tinyllama", Handle("cortexso", "tinyllama"), "tinyllama"),
    ("tinyllama:1b-gguf", Handle("cortexso", "tinyllama", revision="1b-gguf"), "tinyllama:1b-gguf"),
    ("llama3.2:3b-gguf-q4-km", Handle("cortexso", "llama3.2", revision="3b-gguf-q4-km"), "llama3.2:3b-gguf-q4-km"),
    ("tinyllama:main", Handle("cortexso", "tinyllama", revision="main"), "tinyllama:main"),
    # one file
    ("org:repo:file.gguf", hf("org/repo", path="file.gguf"), "org:repo:file.gguf"),
    ("org:repo:file.gguf@main", hf("org/repo", path="file.gguf"), "org:repo:file.gguf"),
    ("org:repo:file.gguf@v2", hf("org/repo", path="file.gguf", revision="v2"), "org:repo:file.gguf@v2"),
    ("org:repo:a/b.gguf@main", hf("org/repo", path="a/b.gguf"), "org:repo:a/b.gguf@main"),
    ("org:repo:a/b.gguf", hf("org/repo", path="a/b.gguf"), "org:repo:a/b.gguf@main"),
    ("org:repo:a@b.gguf@main", hf("org/repo", path="a@b.gguf"), "org:repo:a@b.gguf@main"),
    ("org:repo:my file.gguf", hf("org/repo", path="my file.gguf"), "org:repo:my file.gguf"),
    (
        "org:repo:x.gguf@refs/pr/1",
        hf("org/repo", path="x.gguf", revision="refs/pr/1"),
        "org:repo:x.gguf@refs/pr/1",
    ),
    # pages of the hub
    ("https://huggingface.co/org/repo", hf("org/repo"), "org/repo"),
    ("https://huggingface.co/org/repo/", hf("org/repo"), "org/repo"),
    ("HTTPS://HuggingFace.CO/org/repo", hf("org/repo"), "org/repo"),
    ("https://huggingface.co/org/repo?library=x&t=hf_secret", hf("org/repo"), "org/repo"),
    ("https://huggingface.co/org/repo#usage", hf("org/repo"), "org/repo"),
    ("https://huggingface.co:443/org/repo", hf("org/repo"), "org/repo"),
    ("https://hf.co/org/repo", hf("org/repo"), "org/repo"),
    ("hf.co/org/repo:Q4_0", hf("org/repo", quant="Q4_0"), "org/repo:Q4_0"),
    ("huggingface.co/org/repo", hf("org/repo"), "org/repo"),
    ("https://huggingface.co/org/repo/tree/main", hf("org/repo"), "org/repo"),
    ("https://huggingface.co/org/repo/tree/v1", hf("org/repo", revision="v1"), "org/repo@v1"),
    (
        "https://huggingface.co/org/repo/tree/refs%2Fpr%2F1",
        hf("org/repo", revision="refs/pr/1"),
        "org/repo@refs/pr/1",
    ),
    (
        "https://huggingface.co/org/repo/tree/refs/pr/1",
        hf("org/repo", revision="refs/pr/1"),
        "org/repo@refs/pr/1",
    ),
    ("https://huggingface.co/org/repo/tree/main/Q8_0", hf("org/repo", quant="Q8_0"), "org/repo:Q8_0"),
    (
        "https://huggingface.co/org/repo/blob/main/a%20b.gguf",
        hf("org/repo", path="a b.gguf"),
        "org:repo:a b.gguf",
    ),
    (
        "https://huggingface.co/org/repo/resolve/main/x.gguf?download=true",
        hf("org/repo", path="x.gguf"),
        "org:repo:x.gguf",
    ),
    (
        "https://huggingface.co/org/repo/resolve/refs%2Fpr%2F1/d/x.gguf",
        hf("org/repo", path="d/x.gguf", revision="refs/pr/1"),
        "org:repo:d/x.gguf@refs/pr/1",
    ),
    (
        "https://huggingface.co/cortexso/tinyllama/blob/1b/model.gguf",
        hf("cortexso/tinyllama", path="model.gguf", revision="1b"),
        "cortexso:tinyllama:model.gguf@1b",
    ),
    (
        "https://huggingface.co/org/repo/raw/main/config.json",
        hf("org/repo", path="config.json"),
        "org:repo:config.json",
    ),
    ("hf://org/repo", hf("org/repo"), "org/repo"),
    ("hf://models/org/repo", hf("org/repo"), "org/repo"),
    ("hf://org/repo@v1/d/x.gguf", hf("org/repo", revision="v1", path="d/x.gguf"), "org:repo:d/x.gguf@v1"),
    (
        "hf://org/repo@refs%2Fpr%2F1/x.gguf",
        hf("org/repo", revision="refs/pr/1", path="x.gguf"),
        "org:repo:x.gguf@refs/pr/1",
    ),
    (
        "hf://org/repo@refs/pr/1/x.gguf",
        hf("org/repo", revision="refs/pr/1", path="x.gguf"),
        "org:repo:x.gguf@refs/pr/1",
    ),
    # pasted commands
    ("hf download org/repo", hf("org/repo"), "org/repo"),
    ("hf download org/repo x.gguf --local-dir .", hf("org/repo", path="x.gguf"), "org:repo:x.gguf"),
    ("huggingface-cli download org/repo --revision v1", hf("org/repo", revision="v1"), "org/repo@v1"),
    ("$ hf download org/repo --quiet --token hf_secret", hf("org/repo"), "org/repo"),
    (
        'hf download org/repo --include "x-Q4_K_M.gguf"',
        hf("org/repo", path="x-Q4_K_M.gguf"),
        "org:repo:x-Q4_K_M.gguf",
    ),
    ('hf download org/repo --include "*Q4_K_M*"', hf("org/repo", quant="Q4_K_M"), "org/repo:Q4_K_M"),
    ('!hf download org/repo --include "x-Q8_0/*"', hf("org/repo", quant="Q8_0"), "org/repo:Q8_0"),
    ("ollama run hf.co/org/repo:q4_0", hf("org/repo", quant="Q4_0"), "org/repo:Q4_0"),
    ("ollama pull huggingface.co/org/repo:latest", hf("org/repo"), "org/repo"),
    ("ollama run --verbose hf.co/org/repo", hf("org/repo"), "org/repo"),
    ("lms get org/repo", hf("org/repo"), "org/repo"),
    ("lms get org/repo@q4_k_m --yes", hf("org/repo", quant="Q4_K_M"), "org/repo:Q4_K_M"),
    ("lms get https://huggingface.co/org/repo@q8_0", hf("org/repo", quant="Q8_0"), "org/repo:Q8_0"),
    # "Use this model" links
    ("lmstudio://open_from_hf?model=org/repo", hf("org/repo", from_link=True), "org/repo"),
    (
        "lmstudio://open_from_hf?model=org/repo&file=a+b.gguf",
        hf("org/repo", path="a+b.gguf", from_link=True),
        "org:repo:a+b.gguf",
    ),
    ("jan://models/huggingface/org/repo", hf("org/repo", from_link=True), "org/repo"),
    ("pulley://pull?model=org%2Frepo%3AQ4_0", hf("org/repo", quant="Q4_0", from_link=True), "org/repo:Q4_0"),
    ("pulley://pull/?model=tinyllama", Handle("cortexso", "tinyllama", from_link=True), "tinyllama"),
    (
        f"pulley://pull?model=https://h.org/x.gguf#sha256={SHA}",
        direct("https://h.org/x.gguf", sha256=SHA, from_link=True),
        f"https://h.org/x.gguf#sha256={SHA}",
    ),
    # direct files
    ("https://h.org/d/x.gguf", direct("https://h.org/d/x.gguf"), "https://h.org/d/x.gguf"),
    ("https://H.ORG:443/x.gguf", direct("https://h.org/x.gguf"), "https://h.org/x.gguf"),
    (
        "https://h.org:8443/x.gguf?a=b&c=/..",
        direct("https://h.org:8443/x.gguf?a=b&c=/.."),
        "https://h.org:8443/x.gguf?a=b&c=/..",
    ),
    (
        f"https://h.org/x#sha256={SHA.upper()}",
        direct("https://h.org/x", sha256=SHA),
        f"https://h.org/x#sha256={SHA}",
    ),
    ("https://h.org/x.gguf#top", direct("https://h.org/x.gguf"), "https://h.org/x.gguf"),
    (
        "https://bücher.de/ü.gguf",
        direct("https://xn--bcher-kva.de/%C3%BC.gguf"),
        "https://xn--bcher-kva.de/%C3%BC.gguf",
    ),
    ("http://localhost:8000/x.gguf", direct("http://localhost:8000/x.gguf"), "http://localhost:8000/x.gguf"),
    ("http://[::1]:8000/x.gguf", direct("http://[::1]:8000/x.gguf"), "http://[::1]:8000/x.gguf"),
    (
        "https://h.org/o/a%2Fx.gguf?alt=media",
        direct("https://h.org/o/a%2Fx.gguf?alt=media"),
        "https://h.org/o/a%2Fx.gguf?alt=media",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "handle", "short"), ACCEPTED, ids=[case[0][:60] for case in ACCEPTED])
def test_a_form_is_understood_and_shortened(text: str, handle: Handle, short: str) -> None:
    assert parse_handle(text) == handle
    assert format_handle(handle) == short


ENDPOINTS: list[tuple[str, str, Handle]] = [
    ("http://localhost:1234", "http://localhost:1234/org/repo", hf("org/repo")),
    ("http://localhost:1234", "https://localhost:1234/org/repo/resolve/main/x.gguf", hf("org/repo", path="x.gguf")),
    ("http://localhost:1234", "https://huggingface.co/org/repo", hf("org/repo")),
    ("http://localhost:1234", "http://localhost:4321/x.gguf", direct("http://localhost:4321/x.gguf")),
    ("http://hub.lan", "http://hub.lan/org/repo", hf("org/repo")),
    ("https://hf-mirror.com", "https://hf-mirror.com/org/repo/tree/v1", hf("org/repo", revision="v1")),
    ("https://hf-mirror.com", "http://hf-mirror.com/org/repo", hf("org/repo")),
    ("https://cache.lan/hub/", "https://cache.lan/hub/org/repo", hf("org/repo")),
]


@pytest.mark.parametrize(("endpoint", "text", "handle"), ENDPOINTS)
def test_the_host_of_the_endpoint_counts_as_the_hub(endpoint: str, text: str, handle: Handle) -> None:
    assert parse_handle(text, endpoint=endpoint) == handle


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_handle(example: str) -> None:
    assert parse_handle(example).from_link is False


def test_the_accepted_forms_name_every_hub() -> None:
    told = " ".join(form + meaning for form, meaning in ACCEPTED_FORMS).lower()
    assert all(word in told for word in ("hugging face", "cortexso", "ms://", "ollama://", "https://host/file"))
