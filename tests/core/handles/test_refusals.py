"""What is no handle, and the sentence that says why."""

import pytest

from core.errors import UnsupportedHandle
from core.handles import parse_handle, parse_many

REFUSED: list[tuple[str, str]] = [
    ("", "no model name"),
    (" \t\n", "no model name"),
    ("x" * 3000, "longer than 2048 bytes"),
    ("ü" * 1500, "longer than 2048 bytes"),
    ("org/re\x00po", "control characters"),
    ("org/repo\r\nHost: x", "control characters"),
    ("org/re\u202epo", "invisible"),
    ("org/re\u200bpo", "invisible"),
    ("\ud800/x", "invisible"),
    ("🦙", "is no model name"),
    ("two words", "no spaces"),
    ("'org/repo'", "is no organisation"),
    ("org//repo", "slashes"),
    ("org/", "repo name is missing"),
    ("/repo", "path on this computer"),
    ("./org/repo", "path on this computer"),
    ("..", "path on this computer"),
    ("~/models", "path on this computer"),
    (r"C:\models\x.gguf", "path on this computer"),
    (r"org\repo", "Backslashes"),
    ("a/b/c", "org:repo:PATH@REV"),
    ("-org/repo", "is no organisation"),
    ("org/re--po", "'--'"),
    ("org/re..po", "'..'"),
    ("org/repo.git", "'.git'"),
    ("org/" + "x" * 97, "longer than 96"),
    ("org/repo:", "quantisation after ':' is missing"),
    ("org/repo:Q4 0", "no spaces"),
    ("org/repo:Q4/0", "is no quantisation"),
    ("org/repo@", "revision is missing"),
    ("org/repo@a..b", "is no revision"),
    ("org/repo@/a", "is no revision"),
    ("org/repo@a~1", "is no revision"),
    ("tinyllama:", "branch is missing"),
    ("tinyllama@v1", "branch after ':'"),
    ("hf:", "hf: is not a model name"),
    ("file:/etc/passwd", "file: is not a model name"),
    ("javascript:alert", "javascript: is not"),
    ("localhost:1234/org/repo", "looks like a web address"),
    ("org:repo:", "empty"),
    ("org:repo:x@", "revision is missing"),
    ("org:repo:../x", "leave the folder"),
    ("org:repo:a//b", "empty or '.' part"),
    ("org:repo:/etc/passwd", "leave the folder"),
    ("org:repo:con.gguf", "device name"),
    ("org:repo:x.gguf.part", "reserved"),
    ("::", "organisation is missing"),
    ("file:///etc/passwd", "Files on this computer"),
    ("ftp://h.org/x", "ftp:// links"),
    ("https://modelscope.ai/models/org/repo", "another hub than modelscope.cn"),
    ("https://modelscope.cn/datasets/org/repo", "not a model"),
    ("ollama pull registry.example/ns/llama3", "only that of ollama.com"),
    ("ollama run", "names no model"),
    ("ollama list hf.co/a/b", "Of ollama, only commands"),
    ("hf download", "names no model"),
    ("hf auth login --token x", "Of hf, only commands"),
    ("hf download org/repo --repo-type dataset", "this is a dataset"),
    ("hf download org/repo a.gguf b.gguf", "several files"),
    ("hf download org/repo --include '*.json'", "names no quantisation"),
    ("hf download org/repo --exclude '*.bin'", "--exclude"),
    ("hf download org/repo 'x", "quote is open"),
    ("lms get llama", "is a search"),
    ("https://user:secret@h.org/x", "credentials"),
    ("https://user@huggingface.co/org/repo", "credentials"),
    ("http://h.org/x.gguf", "without encryption"),
    ("http://huggingface.co/org/repo", "without encryption"),
    ("https://", "names no host"),
    ("https://h.org", "names no file"),
    ("https://h.org/d/", "names no file"),
    ("https://h.org/../x", "'..'"),
    ("https://h.org/%2e%2e/x", "'..'"),
    ("https://h.org/a//x", "doubled slashes"),
    ("https://h.org/a\\x", "backslashes"),
    ("https://h.org/a b", "spaces"),
    ("https://h.org/%ff.gguf", "not UTF-8"),
    ("https://h.org/%00.gguf", "control"),
    ("https://h.org/con", "device name"),
    ("https://h.org:99999/x", "cannot be read"),
    ("https://[::1/x", "cannot be read"),
    ("https://exa mple.org/x", "spaces"),
    ("https://h_%.org/x", "no host name"),
    ("https://h.org/x#sha256=12", "64 hexadecimal"),
    ("https://h.org/x#md5=12", "Only a SHA-256"),
    ("https://huggingface.co/org/repo/resolve/main/x#sha256=" + "a" * 64, "leave out '#sha256='"),
    ("https://huggingface.co", "names no model"),
    ("https://huggingface.co/gpt2", "names no model"),
    ("https://huggingface.co/datasets/org/x", "not a model"),
    ("https://huggingface.co/api/models/org/x", "not a model"),
    ("https://huggingface.co/org/repo/discussions/3", "not a model or a file"),
    ("https://huggingface.co/org/repo/discussions", "not a model or a file"),
    ("https://huggingface.co/org/repo/blob", "breaks off"),
    ("https://huggingface.co/org/repo/blob/main", "empty"),
    ("https://huggingface.co/org/repo/tree/main/docs", "A folder cannot be pulled"),
    ("https://huggingface.co/org/repo/resolve/main/..%2F..%2Fx", "leave the folder"),
    ("https://huggingface.co/org//repo", "doubled slashes"),
    ("https://huggingface.co/hf.co/repo", "names no model"),
    ("hf://datasets/org/x", "Only models"),
    ("hf://gpt2", "names no model"),
    ("jan://models/ollama/x/y", "does not ask for a model"),
    ("lmstudio://settings", "does not ask for a model"),
    ("lmstudio://open_from_hf?model=x", "org/repo"),
    ("pulley://settings?model=org/repo", "does not ask for a model"),
    ("pulley://pull", "model name is missing"),
    ("pulley://pull?model=pulley%3A%2F%2Fpull", "pulley:// links"),
    ("pulley://pull?model=file%3A%2F%2F%2Fetc", "Files on this computer"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[ascii(case[0][:50]) for case in REFUSED])
def test_a_text_that_is_no_handle_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(UnsupportedHandle) as caught:
        parse_handle(text)
    message = caught.value.message
    assert reason in message
    assert message[0] not in " ." and not message.endswith(".")
    assert message.isprintable() and len(message) < 300


@pytest.mark.parametrize(
    "text",
    ["https://me:hunter2@h.org/x", "http://h.org/x?token=hunter2", "hf download org/repo '--token=hunter2",
     "https://huggingface.co/api/x?token=hunter2"],
)  # fmt: skip
def test_a_refusal_repeats_no_secret(text: str) -> None:
    with pytest.raises(UnsupportedHandle) as caught:
        parse_handle(text)
    assert "hunter2" not in caught.value.message


def test_many_lines_are_told_apart_and_each_refusal_has_its_reason() -> None:
    parsed = parse_many("\ufefforg/repo\r\n\n# a note\r  tinyllama:gguf  \nnot a model\n")
    assert [line.line for line in parsed] == ["org/repo", "tinyllama:gguf", "not a model"]
    assert [line.handle is not None for line in parsed] == [True, True, False]
    assert parsed[2].reason and not parsed[0].reason


def test_a_command_over_several_lines_is_one_line() -> None:
    parsed = parse_many("hf download org/repo \\\n  --include '*Q4_0*' \\\n  --local-dir x\ntinyllama")
    assert [line.handle.quant if line.handle else None for line in parsed] == ["Q4_0", ""]


def test_a_refused_line_is_cut_for_display() -> None:
    (parsed,) = parse_many("x" * 1_000_000)
    assert parsed.handle is None and len(parsed.line) <= 200
