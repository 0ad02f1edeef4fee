"""Pasted commands of other programs, and "Use this model" links.

    hf download, huggingface-cli download, ollama run|pull hf.co/..., lms get
    ollama run|pull NAME, modelscope download --model org/name
    lmstudio://open_from_hf?..., jan://models/huggingface/..., pulley://pull?model=...

Nothing here is ever run. Values of options that are not needed (a token above all) are dropped unread.
"""

import shlex
from collections.abc import Callable

from msgspec.structs import replace

from core.errors import UnsupportedHandle
from core.formats.quant import quant_label
from core.handles import rules
from core.handles.hubs import parse_modelscope, parse_ollama
from core.handles.rules import decoded
from core.handles.short import parse_short
from core.handles.urls import parse_hub_path
from core.records import Handle

Parse = Callable[[str], Handle]
"""Understands a handle that stands inside a command or a link: a short form or an http(s) link."""

_PROGRAMS = frozenset({"hf", "huggingface-cli", "ollama", "lms", "modelscope"})
_FLAGS = frozenset({
    "--quiet", "-q", "--force-download", "--resume-download", "--no-force-download", "--no-quiet",
    "--dry-run", "--no-dry-run", "--help",
})  # fmt: skip


def is_command(text: str) -> bool:
    """Tell whether a text is a command line of a program that we know."""
    program, _, rest = _without_prompt(text).partition(" ")
    return bool(rest) and program in _PROGRAMS


def _without_prompt(text: str) -> str:
    return text.removeprefix("$ ").removeprefix("!").lstrip()


def parse_command(text: str, parse: Parse) -> Handle:
    """Understand a pasted command.

    Raises:
        UnsupportedHandle: With the reason.
    """
    try:
        program, verb, *words = shlex.split(_without_prompt(text))
    except ValueError as error:
        raise UnsupportedHandle("The command is not complete: a quote is open, or words are missing") from error
    if (program, verb) in (("hf", "download"), ("huggingface-cli", "download")):
        return _hf_download(words, parse)
    if (program, verb) in (("ollama", "run"), ("ollama", "pull")):
        return _ollama(words, parse)
    if (program, verb) == ("modelscope", "download"):
        return _modelscope_download(words)
    if (program, verb) == ("lms", "get"):
        return _lms_get(words, parse)
    raise UnsupportedHandle(f"Of {program}, only commands that fetch a model are understood")


def _hf_download(words: list[str], parse: Parse) -> Handle:
    plain, options = _options(words)
    kind = options.get("--repo-type", ["model"])[-1]
    if kind != "model":
        raise UnsupportedHandle(f"Only models can be pulled, and this is a {shown_kind(kind)}")
    if "--exclude" in options:
        raise UnsupportedHandle("'--exclude' is not understood; name what you want with --files after pulley pull")
    if not plain:
        raise UnsupportedHandle("The command names no model")
    handle = parse(plain[0])
    if handle.hub != "huggingface" or handle.path or handle.quant:
        raise UnsupportedHandle("The command needs a model as org/repo")
    if "--revision" in options:
        handle = replace(handle, revision=rules.hub_revision(options["--revision"][-1]))
    files = plain[1:] + options.get("--include", [])
    if len(files) > 1:
        raise UnsupportedHandle("The command names several files; name one, or use --files with pulley pull")
    return _with_file(handle, files[0]) if files else handle


def _modelscope_download(words: list[str]) -> Handle:
    plain, options = _options(words)
    if "--dataset" in options:
        raise UnsupportedHandle("Only models can be pulled, and this is a dataset")
    if "--exclude" in options:
        raise UnsupportedHandle("'--exclude' is not understood; name what you want with --files after pulley pull")
    if "--model" not in options:
        raise UnsupportedHandle("The command names no model")
    handle = parse_modelscope(options["--model"][-1])
    if "--revision" in options:
        handle = parse_modelscope(f"{options['--model'][-1]}@{options['--revision'][-1].replace('/', '%2F')}")
    files = plain + options.get("--include", [])
    if len(files) > 1:
        raise UnsupportedHandle("The command names several files; name one, or use --files with pulley pull")
    return _with_file(handle, files[0]) if files else handle


def shown_kind(kind: str) -> str:
    """Return a repo type as a message names it."""
    return kind if kind in ("dataset", "space") else "repo of another kind"


def _with_file(handle: Handle, pattern: str) -> Handle:
    if not set("*?[") & set(pattern) and not pattern.endswith("/"):
        return replace(handle, path=rules.file_path(pattern))
    label = quant_label(pattern.upper().replace("*", "."))
    if not label:
        raise UnsupportedHandle("The pattern names no quantisation; use --files with pulley pull")
    return replace(handle, quant=label)


def _options(words: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Part the plain words from the options; every option takes one value, save the known flags."""
    plain: list[str] = []
    options: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            plain.append(word)
        elif word not in _FLAGS:
            name, equals, value = word.partition("=")
            value = value if equals else next(rest, "")
            options.setdefault(name, []).append(value)
    return plain, options


def _named(words: list[str]) -> str:
    """Return the first plain word; what may follow it is a prompt."""
    for word in words:
        if not word.startswith("-"):
            return word
    raise UnsupportedHandle("The command names no model")


def _ollama(words: list[str], parse: Parse) -> Handle:
    name = _named(words)
    host, _, rest = name.removeprefix("https://").partition("/")
    if host.lower() in rules.HUB_HOSTS:
        return parse(name.removesuffix(":latest"))  # the hub's word for the default quantisation
    if host.lower() in rules.MODELSCOPE_HOSTS:
        return parse_modelscope(rest.removesuffix(":latest"))
    return parse_ollama(name.removeprefix("https://"))


def _lms_get(words: list[str], parse: Parse) -> Handle:
    name = _named(words)
    if "/" not in name:
        raise UnsupportedHandle("Without an organisation this is a search; write org/repo")
    name, at, quant = name.rpartition("@") if "@" in name else (name, "", "")
    handle = parse(name)
    if not at:
        return handle
    if handle.hub != "huggingface" or handle.path or handle.quant:
        raise UnsupportedHandle("A quantisation after '@' needs a model as org/repo before it")
    return replace(handle, quant=rules.quant(quant))


def parse_link(scheme: str, rest: str, parse: Parse) -> Handle:
    """Understand what follows `scheme://` in a link of this or another program; always `from_link`.

    Raises:
        UnsupportedHandle: With the reason.
    """
    place, _, query = rest.partition("?")
    place = place.rstrip("/").lower() if scheme != "jan" else place
    if scheme == "jan":
        handle = _jan(place)
    elif scheme == "lmstudio" and place == "open_from_hf":
        model, file = _value(query, "model"), _value(query, "file")
        if "/" not in model:
            raise UnsupportedHandle("The link names no model as org/repo")
        handle = parse_short(model)
        if file:
            handle = replace(handle, quant="", path=rules.file_path(file))
    elif scheme == "pulley" and place == "pull":
        handle = parse(_value(query, "model"))
    else:
        raise UnsupportedHandle(f"This {scheme} link does not ask for a model")
    return replace(handle, from_link=True)


def _jan(place: str) -> Handle:
    path = place.strip("/")
    if not path.startswith("models/huggingface/"):
        raise UnsupportedHandle("This jan link does not ask for a model")
    return parse_hub_path(path.removeprefix("models/huggingface/"))


def _value(query: str, name: str) -> str:
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return decoded(value).strip()  # a plus stays a plus: these links are not forms
    return ""
