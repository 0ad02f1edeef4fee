"""The short forms: org/repo[@REV][:QUANT], name[:branch], org:repo:PATH[@REV]; read here and written here. Those of
other hubs begin with their scheme (`core.handles.hubs`).

`format_handle` gives the id of a task. For every handle that can be parsed, parsing its short form gives the same
handle again; only `from_link` is lost, which tells where a text came from and not what it names.
"""

from msgspec.structs import replace

from core.errors import UnsupportedHandle
from core.handles import rules
from core.handles.hubs import format_modelscope, format_ollama, modelscope_revision, with_tag
from core.patterns import pattern
from core.records import Handle

_LOCAL_PATH = pattern(r"[A-Za-z]:[\\/]|[/~\\]|\.{1,2}(?:[/\\]|$)")
_HOST_AND_PORT = pattern(r"\d+/")
_SCHEME_NAMES = frozenset({
    "about", "blob", "data", "file", "ftp", "ftps", "git", "hf", "http", "https", "huggingface", "jan",
    "javascript", "lmstudio", "magnet", "mailto", "ms", "ollama", "modelscope", "pulley", "s3", "sftp",
    "ssh",
})  # fmt: skip


def parse_short(text: str) -> Handle:
    """Understand a short form.

    Raises:
        UnsupportedHandle: With the reason.
    """
    if _LOCAL_PATH.match(text):
        raise UnsupportedHandle("This looks like a path on this computer; only models on a hub can be pulled")
    if "\\" in text:
        raise UnsupportedHandle("Backslashes are not part of any model name or link")
    head, colon, rest = text.partition(":")
    if "/" not in head and ":" in rest:
        return _one_file(head, rest)
    if any(char.isspace() for char in text):
        raise UnsupportedHandle("A model name holds no spaces; put each model on its own line")
    if "/" in head:
        return _repo(text)
    if not colon:
        if "@" in text:
            raise UnsupportedHandle(
                "A name without an organisation takes its branch after ':', as in tinyllama:gguf"
            )
        return Handle("cortexso", rules.repo_part(text, "model name"))
    if head.lower() in _SCHEME_NAMES:
        raise UnsupportedHandle(f"{head}: is not a model name and not a link that can be pulled")
    if _HOST_AND_PORT.match(rest):
        raise UnsupportedHandle("This looks like a web address; begin it with http:// or https://")
    name = rules.repo_part(head, "model name")
    return Handle("cortexso", name, revision=rules.revision(rest, "branch"))


def _one_file(org: str, rest: str) -> Handle:
    name, _, path = rest.partition(":")
    repo = rules.repo_id(org, name)
    revision = ""
    if "@" in path:
        path, _, revision = path.rpartition("@")
        revision = rules.hub_revision(revision)
    return Handle("huggingface", repo, revision=revision, path=rules.file_path(path))


def _repo(text: str) -> Handle:
    name, at, rest = text.partition("@")
    if at:
        revision, colon, quant = rest.partition(":")
        revision = rules.hub_revision(revision)
    else:
        name, colon, quant = text.partition(":")
        revision = ""
    if name.count("/") != 1:
        if "//" in name or name.endswith("/"):
            raise UnsupportedHandle("The slashes of the model name are not as in org/repo")
        raise UnsupportedHandle("A repo is written org/repo; for one file of it write org:repo:PATH@REV")
    repo = rules.repo_id(*name.split("/"))
    return with_quant(repo, revision, quant) if colon else Handle("huggingface", repo, revision=revision)


def with_quant(repo: str, revision: str, quant: str) -> Handle:
    """Return the handle of a repo and what stood after its ':': a quantisation, or a whole GGUF file name."""
    if quant.lower().endswith(".gguf"):
        return Handle("huggingface", repo, revision=revision, path=rules.file_path(quant))
    return Handle("huggingface", repo, revision=revision, quant=rules.quant(quant))


def with_revision(handle: Handle, revision: str) -> Handle:
    """Return a handle at the revision that was asked for beside it; an empty one changes nothing.

    Raises:
        UnsupportedHandle: The handle names another one itself, or it is none.
    """
    if not revision or handle.hub == "direct":
        return handle
    if handle.hub == "ollama":
        return with_tag(handle, revision)
    if handle.hub == "modelscope":
        wanted = modelscope_revision(revision)
    elif handle.hub == "huggingface":
        wanted = rules.hub_revision(revision)
    else:
        wanted = rules.revision(revision, "branch")
    if handle.revision and handle.revision != wanted:
        raise UnsupportedHandle(
            f"The handle names revision {handle.revision}, and {revision} was asked for beside it"
        )
    return replace(handle, revision=wanted)


def format_handle(handle: Handle) -> str:
    """Return the shortest form of a handle: the id of its task."""
    if handle.hub == "direct":
        return f"{handle.repo}#sha256={handle.sha256}" if handle.sha256 else handle.repo
    if handle.hub == "modelscope":
        return format_modelscope(handle)
    if handle.hub == "ollama":
        return format_ollama(handle)
    if handle.hub == "cortexso":
        return f"{handle.repo}:{handle.revision}" if handle.revision else handle.repo
    if handle.path:
        short = f"{handle.repo.replace('/', ':')}:{handle.path}"
        # An '@' in the file's own name would be taken for the revision that is left out.
        at_top_of_main = not handle.revision and not set("/@") & set(handle.path)
        return short if at_top_of_main else f"{short}@{handle.revision or 'main'}"
    revision = f"@{handle.revision}" if handle.revision else ""
    quant = f":{handle.quant}" if handle.quant else ""
    return f"{handle.repo}{revision}{quant}"
