"""Links to hub pages and to direct files.

Queries of hub links are dropped and fragments too; those of a direct link belong to it. Messages name the host of
a link and never the rest: it may hold a token.
"""

from urllib.parse import SplitResult, quote, unquote, urlsplit

from core.errors import UnsupportedHandle
from core.formats.quant import quant_label
from core.handles import rules
from core.handles.hubs import parse_modelscope_page, parse_ollama_page
from core.handles.rules import decoded
from core.handles.short import with_quant
from core.net.origin import is_loopback
from core.patterns import pattern
from core.records import Handle

_HOST = pattern(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*")
_NO_MODELS = frozenset({
    "api", "blog", "chat", "collections", "datasets", "docs", "join", "learn", "login", "models", "new",
    "organizations", "papers", "posts", "pricing", "settings", "spaces", "tasks",
})  # fmt: skip
_FILE_PAGES = frozenset({"blob", "resolve", "raw", "blame", "edit"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PATH_SAFE = "%/:@!$&'()*+,;=~-._"
_QUERY_SAFE = _PATH_SAFE + "?"


def parse_url(url: str, *, endpoint: str = "") -> Handle:
    """Understand an http(s) link.

    Raises:
        UnsupportedHandle: With the reason.
    """
    if any(char.isspace() for char in url) or "\\" in url:
        raise UnsupportedHandle("The link holds spaces or backslashes; encode them as %20 or %5C")
    parts, host, port = _split(url)
    if host in rules.UNSUPPORTED_HOSTS:
        raise UnsupportedHandle(rules.UNSUPPORTED_HOSTS[host])
    at_endpoint, prefix = _endpoint(endpoint, host, port)
    if parts.scheme == "http" and not at_endpoint and not is_loopback(host):
        raise UnsupportedHandle(f"{host} is addressed without encryption; write https:// in place of http://")
    if at_endpoint or (host in rules.KNOWN_HOSTS and port is None):
        if parts.fragment.startswith("sha256="):
            raise UnsupportedHandle(f"{host} publishes the hashes of its files; leave out '#sha256='")
        path = parts.path
        if at_endpoint and path.startswith(prefix + "/"):
            path = path.removeprefix(prefix)
        path = path.removeprefix("/").removesuffix("/")
        if not at_endpoint and host in rules.MODELSCOPE_HOSTS:
            return parse_modelscope_page(path, parts.query)
        if not at_endpoint and host in rules.OLLAMA_HOSTS:
            return parse_ollama_page(path)
        return parse_hub_path(path, host=host)
    return _direct(parts, host, port)


def _split(url: str) -> tuple[SplitResult, str, int | None]:
    """Return the parts, the host in ASCII lower case, and the port where it is not the usual one."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UnsupportedHandle("The host or the port of the link cannot be read") from error
    if parts.username is not None or parts.password is not None:
        raise UnsupportedHandle("The link carries a user name or password; links with credentials are not taken")
    try:
        host = host.encode("idna").decode("ascii").lower().removesuffix(".") if ":" not in host else host.lower()
    except UnicodeError as error:
        raise UnsupportedHandle("The host of the link is no host name") from error
    if not _HOST.fullmatch(host):
        raise UnsupportedHandle("The link names no host" if not host else "The host of the link is no host name")
    if port == 0:
        raise UnsupportedHandle("The port of the link cannot be 0")
    return parts, host, None if port == _DEFAULT_PORTS[parts.scheme] else port


def _endpoint(endpoint: str, host: str, port: int | None) -> tuple[bool, str]:
    """Tell whether this is the host of the endpoint, and which path the endpoint stands under."""
    if not endpoint:
        return False, ""
    try:
        parts, own_host, own_port = _split(endpoint.rstrip("/"))
    except (UnsupportedHandle, KeyError):
        return False, ""
    return (own_host, own_port) == (host, port), parts.path


def parse_hub_path(path: str, *, host: str = "huggingface.co") -> Handle:
    """Understand the path of a hub page, still percent-encoded, without a slash at its ends."""
    segments = path.split("/") if path else []
    if "" in segments:
        raise UnsupportedHandle("The link holds doubled slashes")
    if segments and segments[0] in _NO_MODELS:
        raise UnsupportedHandle(f"This page of {host} is not a model: only models can be pulled")
    if len(segments) < 2 or segments[1] in _FILE_PAGES or segments[1] == "tree":
        raise UnsupportedHandle(f"The link names no model: {host}/org/repo is needed")
    org, name, page, *rest = (*segments, "") if len(segments) == 2 else segments
    repo, colon, quant = decoded(name).partition(":")
    repo = rules.repo_id(decoded(org), repo)
    if colon:
        if page:
            raise UnsupportedHandle("A quantisation stands at the end: org/repo:QUANT")
        return with_quant(repo, "", quant)
    if page and not rest:
        rest_needed = page in _FILE_PAGES or page == "tree"
        raise UnsupportedHandle(
            "The link breaks off before the revision"
            if rest_needed
            else f"This page of {host} is not a model or a file"
        )
    if not page:
        return Handle("huggingface", repo)
    if page == "tree":
        return _tree(repo, rest)
    if page in _FILE_PAGES:
        revision, path = _revision_and_path(rest)
        return Handle("huggingface", repo, revision=revision, path=rules.file_path(path))
    raise UnsupportedHandle(f"This page of {host} is not a model or a file")


def _tree(repo: str, rest: list[str]) -> Handle:
    revision, folder = _revision_and_path(rest)
    if not folder:
        return Handle("huggingface", repo, revision=revision)
    label = folder.rpartition("/")[2].upper()
    if quant_label(label) == label:  # shards often sit in a folder that is named after the quantisation
        return Handle("huggingface", repo, revision=revision, quant=rules.quant(label))
    raise UnsupportedHandle("A folder cannot be pulled by itself; name the repo, a quantisation or a file")


def _revision_and_path(segments: list[str]) -> tuple[str, str]:
    revision = decoded(segments[0])
    rest = [decoded(segment) for segment in segments[1:]]
    if revision == "refs" and len(rest) >= 2:  # refs/pr/1 with its slashes as they are
        revision, rest = "/".join([revision, *rest[:2]]), rest[2:]
    return rules.hub_revision(revision), "/".join(rest)


def _direct(parts: SplitResult, host: str, port: int | None) -> Handle:
    sha256 = ""
    if "=" in parts.fragment:
        kind, _, value = parts.fragment.partition("=")
        if kind.lower() != "sha256":
            raise UnsupportedHandle("Only a SHA-256 can be given with a link, as '#sha256=HEX'")
        sha256 = rules.sha256(value)
    path = quote(parts.path, safe=_PATH_SAFE)
    segments = [decoded(segment) for segment in path.split("/")[1:]]
    if "" in segments[:-1]:
        raise UnsupportedHandle("The link holds doubled slashes")
    if any(step in (".", "..") for segment in segments for step in segment.split("/")):
        raise UnsupportedHandle("The link holds '.' or '..' as a part of its path")
    name = file_name(path)
    if not name:
        raise UnsupportedHandle(f"The link to {host} names no file")
    rules.file_path(name)
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    query = f"?{quote(parts.query, safe=_QUERY_SAFE)}" if parts.query else ""
    return Handle("direct", f"{parts.scheme}://{netloc}{path}{query}", sha256=sha256)


def file_name(path: str) -> str:
    """Return the last part of the path of a link, decoded; an encoded slash parts it too."""
    return unquote(path.rpartition("/")[2]).rpartition("/")[2]
