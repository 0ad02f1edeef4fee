"""Any text gives a handle or a refusal; every handle comes back from its shortest form."""

import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import UnsupportedHandle
from core.handles import format_handle, parse_handle
from core.handles.commands import is_command
from core.handles.short import _SCHEME_NAMES
from core.records import Handle

NAME = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9]|[_.-][A-Za-z0-9]){0,12}", fullmatch=True).filter(
    lambda name: not name.lower().endswith(".git") and name.lower() not in ("hf.co", "ollama.com")
)
REVISION = st.sampled_from(["", "v1.0", "refs/pr/12", "feature/x-y", "3f2a" * 10, "ünï"])
QUANT = st.sampled_from(["", "Q4_K_M", "UD-IQ1_S", "BF16", "1.5B"])
STEP = st.from_regex(r"[A-Za-z0-9_@#%&+ü][A-Za-z0-9 _@#%&+.ü-]{0,10}[A-Za-z0-9_@#%&+ü]", fullmatch=True)
PATH = st.lists(STEP, min_size=1, max_size=3).map(lambda steps: "x" + "/".join(steps) + ".gguf")

HANDLES = st.one_of(
    st.builds(
        lambda org, repo, revision, quant: Handle("huggingface", f"{org}/{repo}", revision=revision, quant=quant),
        NAME,
        NAME,
        REVISION,
        QUANT,
    ),
    st.builds(
        lambda org, repo, revision, path: Handle("huggingface", f"{org}/{repo}", revision=revision, path=path),
        NAME,
        NAME,
        REVISION,
        PATH,
    ),
    st.builds(
        lambda name, branch: Handle("cortexso", f"m{name}", revision=branch),
        NAME,
        st.sampled_from(["", "main", "1b-gguf", "a/b"]),
    ),
    st.builds(
        lambda org, repo, revision, quant: Handle("modelscope", f"{org}/{repo}", revision=revision, quant=quant),
        NAME,
        NAME,
        REVISION,
        QUANT,
    ),
    st.builds(
        lambda org, repo, revision, path: Handle("modelscope", f"{org}/{repo}", revision=revision, path=path),
        NAME,
        NAME,
        REVISION,
        PATH,
    ),
    st.builds(
        lambda space, name, tag: Handle("ollama", f"{space}/{name}:{tag}"),
        st.sampled_from(["library", "me", "my-team_1"]),
        NAME,
        st.sampled_from(["latest", "1b", "3b-instruct-q4_K_M", "v1.2"]),
    ),
    st.builds(
        lambda host, name, query, digest: Handle("direct", f"https://x{host}/d/{name}{query}", sha256=digest),
        st.from_regex(r"[a-z0-9]{1,8}\.org(:8[0-9]{1,3})?", fullmatch=True),
        st.from_regex(r"[A-Za-z0-9%]{0}[A-Za-z0-9][A-Za-z0-9_.-]{0,9}gguf", fullmatch=True),
        st.sampled_from(["", "?a=b", "?u=https://h//x&s=%2F"]),
        st.sampled_from(["", "0a" * 32]),
    ),
)


@given(HANDLES)
def test_every_handle_comes_back_from_its_shortest_form(handle: Handle) -> None:
    assume(handle.hub != "cortexso" or handle.repo.lower() not in _SCHEME_NAMES)  # `ms:x` is no model name
    assert parse_handle(format_handle(handle)) == handle


PIECES = st.sampled_from([
    "org", "repo", "/", ":", "@", "//", "main", "gguf", "Q4_K_M", ".gguf", "?", "#", "%2F", "%00", "%", "..",
    ".", "-", "--", "\\", "\x00", "\u202e", "ü", "🦙", "hf://", "https://", "http://", "huggingface.co",
    "hf.co", "localhost:80", "[::1]", "tree", "blob", "resolve", "refs/pr/1", "hf", "download", "ollama",
    "run", "lms", "get", "--include", "'", "\"", "*", "pulley://pull?model=", "jan://models/huggingface/",
    "lmstudio://open_from_hf?model=", "&file=", "#sha256=", "aa", "tinyllama", "user:pw@", "model=", "\n",
    "\xa0", " ", "sha256=" + "ab" * 32, "ms://", "ollama://", "modelscope.cn", "ollama.com", "models", "library",
    "api/v1/models", "?FilePath=", "file/view", "download", "--model", "latest",
])  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES, max_size=8).map(" ".join)
)


@settings(max_examples=1500, deadline=None)
@given(
    TEXTS, st.sampled_from(["", "http://localhost:80", "https://hub.example/sub", "nonsense", "http://[", "x://y"])
)
def test_any_text_gives_a_handle_or_a_refusal(text: str, endpoint: str) -> None:
    try:
        handle = parse_handle(text, endpoint=endpoint)
    except UnsupportedHandle as error:
        assert error.message
        return
    short = format_handle(handle)
    assert short == short.strip() and not is_command(short)
    assert parse_handle(short, endpoint=endpoint) == replace(handle, from_link=False)
    assert ".." not in handle.path.split("/") and not handle.path.startswith("/")


@pytest.mark.parametrize(
    "piece", ["a", "/", ":", "@", "a/", "a:", ".", "-", "%2F", "hf://", "'", " ", "ü", "\\", "[", "a."]
)
@pytest.mark.parametrize("head", ["", "https://h.org/", "org:repo:", "org/repo@", "hf download ", "https://"])
def test_the_time_for_a_text_grows_with_its_length_only(head: str, piece: str) -> None:
    start = time.perf_counter()
    for text in (head + piece * (2000 // len(piece)), head + piece * (2_000_000 // len(piece))):
        try:
            parse_handle(text)
        except UnsupportedHandle:
            pass
    assert time.perf_counter() - start < 0.5
