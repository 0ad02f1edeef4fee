"""The front door: any text in, a Handle or one sentence of refusal out.

`parse_handle` looks only at how the text begins and passes it to the form that it is.
"""

from collections.abc import Iterator

from msgspec import Struct

from core.errors import UnsupportedHandle
from core.handles import rules
from core.handles.commands import is_command, parse_command, parse_link
from core.handles.hubs import parse_modelscope, parse_ollama
from core.handles.short import format_handle, parse_short
from core.handles.urls import parse_hub_path, parse_url
from core.patterns import pattern
from core.records import Handle

ACCEPTED_FORMS: tuple[tuple[str, str], ...] = (
    ("org/repo", "a model on Hugging Face, the files that are usually wanted"),
    ("org/repo:QUANT", "one quantisation of it, as in bartowski/Llama-3.2-1B-Instruct-GGUF:Q8_0"),
    ("org/repo@REV", "a branch, tag or commit of it; org/repo@REV:QUANT for both"),
    ("org:repo:file.gguf", "one file of it; org:repo:PATH@REV in a folder or at a revision"),
    ("name, name:branch", "a cortexso model, as in tinyllama or tinyllama:gguf"),
    (
        "https://huggingface.co/org/repo",
        "the page of a model, a revision or a file; also on hf.co and as hf://org/repo",
    ),
    (
        "ms://org/name",
        "a model on ModelScope, as its pages; ms://org/name@REV/PATH for one file",
    ),
    ("ollama://name:tag", "a model of the Ollama registry, as its pages on ollama.com"),
    ("https://host/file", "any other file; add #sha256=HEX to have it verified"),
    ("hf download, ollama run, lms get", "a command as model pages give it"),
    ("lmstudio://, jan://, pulley://pull?model=HANDLE", 'a "Use this model" link'),
)
"""Each form with its meaning, for help texts; without the hosts that HF_ENDPOINT adds."""

EXAMPLES: tuple[str, str, str] = (
    "bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
    "tinyllama:gguf",
    "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
)

LINE_SHOWN_CHARS = 200  # of a refused line, where thousands may be pasted

_SCHEME = pattern(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://")
_NEW_LINE = pattern(r"\r\n|\r|\n")
_CONTINUED = pattern(r"[ \t]\\[ \t]*(?:\r\n|\r|\n)[ \t]*")
_HUB_SCHEMES = frozenset({"hf", "huggingface"})
_LINK_SCHEMES = frozenset({"lmstudio", "jan", "pulley"})
_MODELSCOPE_SCHEMES = frozenset({"ms", "modelscope"})


def parse_handle(text: str, *, endpoint: str = "") -> Handle:
    """Understand a handle in any accepted form.

    The host of `endpoint` counts as huggingface.co.

    Raises:
        UnsupportedHandle: With the reason as its message.
    """
    if len(text) > rules.TEXT_BYTES_MAX * 2:  # before anything walks over it
        rules.check_text(text)
    text = text.strip().strip("\ufeff").strip()
    if not text:
        raise UnsupportedHandle("There is no model name or link here")
    rules.check_text(text)
    handle = _parse(text, endpoint)
    rules.check_text(format_handle(handle))  # encoding may have made a link longer
    return handle


def _parse(text: str, endpoint: str) -> Handle:
    def inner(text: str) -> Handle:
        return _parse_plain(text, endpoint)

    if is_command(text):
        return parse_command(text, inner)
    if (match := _SCHEME.match(text)) and (scheme := match[1].lower()) in _LINK_SCHEMES:
        return parse_link(scheme, text[match.end() :], inner)
    return inner(text)


def _parse_plain(text: str, endpoint: str) -> Handle:
    """Understand a short form or a link that stands for itself."""
    if match := _SCHEME.match(text):
        scheme, rest = match[1].lower(), text[match.end() :]
        if scheme in ("http", "https"):
            return parse_url(f"{scheme}://{rest}", endpoint=endpoint)
        if scheme in _HUB_SCHEMES:
            return _hub_scheme(rest)
        if scheme in _MODELSCOPE_SCHEMES:
            return parse_modelscope(rest)
        if scheme == "ollama":
            return parse_ollama(rest)
        if scheme == "file":
            raise UnsupportedHandle("Files on this computer cannot be pulled")
        raise UnsupportedHandle(f"{scheme}:// links cannot be pulled from here")
    host = text.partition("/")[0].lower()
    if "/" in text and host in rules.KNOWN_HOSTS:
        return parse_url(f"https://{text}")
    return parse_short(text)


def _hub_scheme(rest: str) -> Handle:
    """Understand hf://[models/]org/repo[@REV][/PATH][:QUANT]."""
    path = rest.partition("?")[0].partition("#")[0].removeprefix("models/").rstrip("/")
    if path.partition("/")[0] in ("datasets", "spaces", "buckets"):
        raise UnsupportedHandle("Only models can be pulled from the hub")
    segments = path.split("/")
    if len(segments) <= 2 or ":" in segments[1]:
        return parse_short(path) if "/" in path else parse_hub_path(path)
    org, name, *inside = segments
    name, at, revision = name.partition("@")
    if at and revision == "refs" and len(inside) > 1:
        revision, inside = "/".join([revision, *inside[:2]]), inside[2:]
    repo = rules.repo_id(org, name)
    revision = rules.hub_revision(revision.replace("%2F", "/")) if at else ""
    return Handle("huggingface", repo, revision=revision, path=rules.file_path("/".join(inside)) if inside else "")


class Parsed(Struct, frozen=True):
    """One line of a pasted text: its handle, or None and the reason."""

    line: str
    handle: Handle | None
    reason: str = ""


def parse_many(text: str, *, endpoint: str = "") -> list[Parsed]:
    """Understand each line; empty lines and lines that begin with '#' are left out.

    A command that goes on after a final backslash is one line. Refused lines are cut for display.
    """
    return list(_parse_lines(text, endpoint))


def _parse_lines(text: str, endpoint: str) -> Iterator[Parsed]:
    for line in _NEW_LINE.split(_CONTINUED.sub(" ", text)):
        line = line.strip().strip("\ufeff").strip()
        if not line or line.startswith("#"):
            continue
        try:
            yield Parsed(line, parse_handle(line, endpoint=endpoint))
        except UnsupportedHandle as error:
            cut = line if len(line) <= LINE_SHOWN_CHARS else line[: LINE_SHOWN_CHARS - 1] + "…"
            yield Parsed(cut, None, error.message)
