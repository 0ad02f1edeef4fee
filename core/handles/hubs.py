"""ModelScope and the Ollama registry: their short forms and their pages, read here and written here.

    ms://org/name[@REV][:QUANT]   ms://org/name[@REV]/PATH   https://modelscope.cn/models/org/name[...]
    ollama://[namespace/]name[:tag]   https://ollama.com/library/name[:tag]

The repo of an Ollama handle always holds its namespace and its tag: `library/llama3.2:latest`.
"""

from urllib.parse import parse_qsl

from core.errors import UnsupportedHandle
from core.handles import rules
from core.records import Handle

MASTER = "master"  # the default branch of ModelScope
LIBRARY = "library"  # the namespace of the Ollama registry that may be left out
LATEST = "latest"  # the tag that may be left out

_FILE_PAGES = frozenset({"resolve", "raw", "blob"})
_OLLAMA_PAGES = frozenset({
    "blog", "cloud", "connect", "contact", "discord", "docs", "download", "install", "models", "pricing", "privacy",
    "public", "search", "settings", "signin", "signup", "terms", "turbo",
})  # fmt: skip


# -- ModelScope ------------------------------------------------------------------------------------------


def parse_modelscope(rest: str) -> Handle:
    """Understand what follows ms://.

    Raises:
        UnsupportedHandle: With the reason.
    """
    org, _, rest = rest.partition("/")
    name, slash, path = rest.partition("/")
    name, at, revision = name.partition("@")
    holder, colon, quant = (revision if at else name).partition(":")
    name, revision = (name, holder) if at else (holder, "")
    repo = rules.repo_id(org, name)
    revision = modelscope_revision(revision.replace("%2F", "/").replace("%2f", "/")) if at else ""
    if colon and path:
        raise UnsupportedHandle("A quantisation stands at the end: ms://org/name:QUANT")
    if colon:
        return Handle("modelscope", repo, revision=revision, quant=rules.quant(quant))
    if slash and path:
        return Handle("modelscope", repo, revision=revision, path=rules.file_path(path))
    return Handle("modelscope", repo, revision=revision)


def parse_modelscope_page(path: str, query: str) -> Handle:
    """Understand the path and the query of a page of ModelScope, still percent-encoded, without a final slash.

    Raises:
        UnsupportedHandle: With the reason.
    """
    segments = path.split("/") if path else []
    if segments[:3] == ["api", "v1", "models"]:
        return _modelscope_download(segments[3:], query)
    if "" in segments:
        raise UnsupportedHandle("The link holds doubled slashes")
    if segments[:1] != ["models"]:
        raise UnsupportedHandle("This page of ModelScope is not a model: modelscope.cn/models/org/name is needed")
    if len(segments) < 3:
        raise UnsupportedHandle("The link names no model: modelscope.cn/models/org/name is needed")
    repo = rules.repo_id(rules.decoded(segments[1]), rules.decoded(segments[2]))
    page, inside = segments[3] if len(segments) > 3 else "", segments[4:]
    if page == "file" and inside[:1] == ["view"]:
        return _modelscope_file(repo, inside[1:], dict(parse_qsl(query)).get("fileName", ""))
    if page in _FILE_PAGES:
        return _modelscope_file(repo, inside, "")
    if page == "tree" and inside:
        if len(inside) > 1:
            raise UnsupportedHandle("A folder cannot be pulled by itself; name the repo or a file")
        return Handle("modelscope", repo, revision=modelscope_revision(rules.decoded(inside[0])))
    return Handle("modelscope", repo)  # the card, the list of files, what people say of it


def _modelscope_file(repo: str, inside: list[str], named: str) -> Handle:
    if not inside:
        raise UnsupportedHandle("The link breaks off before the revision")
    revision = modelscope_revision(rules.decoded(inside[0]))
    path = "/".join(rules.decoded(segment) for segment in inside[1:]) or named
    return Handle("modelscope", repo, revision=revision, path=rules.file_path(path))


def _modelscope_download(segments: list[str], query: str) -> Handle:
    """Understand the address that ModelScope itself gives for a file."""
    fields = dict(parse_qsl(query))
    if len(segments) != 3 or segments[2] != "repo" or not fields.get("FilePath"):
        raise UnsupportedHandle("This address of ModelScope is not that of a file")
    rules.check_text(fields["FilePath"])
    repo = rules.repo_id(rules.decoded(segments[0]), rules.decoded(segments[1]))
    revision = modelscope_revision(fields.get("Revision") or MASTER)
    return Handle("modelscope", repo, revision=revision, path=rules.file_path(fields["FilePath"]))


def modelscope_revision(text: str) -> str:
    """Check a revision of a ModelScope repo; `master` is the default and becomes empty."""
    return "" if rules.revision(text) == MASTER else text


def format_modelscope(handle: Handle) -> str:
    """Return the shortest form."""
    revision = f"@{handle.revision.replace('/', '%2F')}" if handle.revision else ""
    end = f"/{handle.path}" if handle.path else f":{handle.quant}" if handle.quant else ""
    return f"ms://{handle.repo}{revision}{end}"


# -- Ollama ----------------------------------------------------------------------------------------------


def parse_ollama(rest: str) -> Handle:
    """Understand what follows ollama://, or the name in a command of Ollama.

    Raises:
        UnsupportedHandle: With the reason.
    """
    steps = rest.removesuffix("/").split("/")
    if len(steps) == 3:
        host = steps.pop(0).lower()
        if host not in rules.OLLAMA_HOSTS:
            raise UnsupportedHandle(
                f"Of Ollama registries only that of ollama.com is known, not {rules.shown(host)}"
            )
    if len(steps) > 2:
        raise UnsupportedHandle("A model of the Ollama registry is written ollama://name:tag")
    name, colon, tag = steps[-1].partition(":")
    space = rules.ollama_space(steps[0]) if len(steps) == 2 else LIBRARY
    return _ollama(space, name, tag if colon else LATEST)


def parse_ollama_page(path: str) -> Handle:
    """Understand the path of a page of ollama.com, still percent-encoded, without a final slash.

    Raises:
        UnsupportedHandle: With the reason.
    """
    steps = [rules.decoded(step) for step in path.split("/")]
    if len(steps) == 3 and steps[2] == "tags":
        steps.pop()  # the list of its tags: the default one, as the page of the model
    if len(steps) != 2 or not all(steps) or steps[0] in _OLLAMA_PAGES or steps[0] in ("api", "v2"):
        raise UnsupportedHandle("This page of ollama.com is not a model: ollama.com/library/name:tag is needed")
    return parse_ollama("/".join(steps))


def _ollama(space: str, name: str, tag: str) -> Handle:
    return Handle("ollama", f"{space}/{rules.repo_part(name, 'model name')}:{rules.ollama_tag(tag)}")


def with_tag(handle: Handle, tag: str) -> Handle:
    """Return an Ollama handle at the tag that was asked for beside it.

    Raises:
        UnsupportedHandle: The handle names another one itself, or it is none.
    """
    space, name, own = ollama_parts(handle.repo)
    if own not in (LATEST, tag):
        raise UnsupportedHandle(f"The handle names tag {own}, and {rules.shown(tag)} was asked for beside it")
    return _ollama(space, name, tag)


def ollama_parts(repo: str) -> tuple[str, str, str]:
    """Return the namespace, the name and the tag of an Ollama repo."""
    space, _, rest = repo.partition("/")
    name, _, tag = rest.partition(":")
    return space, name, tag or LATEST


def format_ollama(handle: Handle) -> str:
    """Return the shortest form."""
    return "ollama://" + handle.repo.removeprefix(f"{LIBRARY}/").removesuffix(f":{LATEST}")
