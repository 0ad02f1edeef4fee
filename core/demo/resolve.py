"""The routes that lead to file contents on the hub, and its few pages.

Knows: that large files are a redirect to a signed link on the CDN and small ones a redirect to a cache of the
hub itself. Must not know: sockets, faults, rates.
"""

import gzip
import html
import mimetypes
from collections.abc import Sequence
from urllib.parse import quote

from core.demo import api
from core.demo.calls import Call, Reply, error_reply, file_reply, html_reply
from core.demo.repos import Commit, File, Repo
from core.demo.shelf import Shelf

VERBS = ("resolve", "raw", "blob", "tree")
CACHE_PREFIX = ("api", "resolve-cache", "models")
REF_KINDS = ("pr", "convert")  # what the hub also takes with plain slashes
GZIPPED = ("text/", "application/json", "application/yaml")
EXPOSED = (
    "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range"
)


async def answer(shelf: Shelf, call: Call) -> Reply:
    """Answer a call outside /api, or below /api/resolve-cache."""
    if call.method not in ("GET", "HEAD"):
        return error_reply(405, "Method not allowed")
    if call.parts[:3] == CACHE_PREFIX:
        return await _cached(shelf, call, call.parts[3:])
    if call.parts == ("",):
        return _home(shelf)
    repo_id, rest = api.split_id(call.parts, VERBS)
    repo = shelf.open(call, repo_id)
    if isinstance(repo, Reply):
        return repo
    if len(rest) < 3 or rest[0] in ("blob", "tree"):
        return _page(repo)
    revision, path = _split_revision(rest[1:])
    found = _find(shelf, call, repo, revision, path)
    if isinstance(found, Reply):
        return found
    commit, file = found
    await shelf.hash([file])
    if rest[0] == "raw":
        return _raw(call, repo, commit, file)
    return _redirect(shelf, call, repo, commit, file)


def _split_revision(parts: Sequence[str]) -> tuple[str, str]:
    if len(parts) > 3 and parts[0] == "refs" and parts[1] in REF_KINDS:
        return "/".join(parts[:3]), "/".join(parts[3:])
    return parts[0], "/".join(parts[1:])


def _find(shelf: Shelf, call: Call, repo: Repo, revision: str, path: str) -> tuple[Commit, File] | Reply:
    if refusal := shelf.gate(call, repo):
        return refusal
    commit = repo.commit_at(revision)
    if commit is None:
        return api.no_revision(revision)
    file = commit.by_path.get(path)
    return (commit, file) if file is not None else api.no_entry(path, commit)


def _redirect(shelf: Shelf, call: Call, repo: Repo, commit: Commit, file: File) -> Reply:
    headers = {
        "X-Repo-Commit": commit.sha,
        "Accept-Ranges": "bytes",
        "Access-Control-Expose-Headers": EXPOSED,
        "Vary": "Origin, Accept",
        "Content-Type": "text/plain; charset=utf-8",
    }
    if file.lfs:
        headers["X-Linked-Size"] = str(file.content.size)
        headers["X-Linked-ETag"] = f'"{file.etag}"'
        status, location = 302, shelf.signed_link(repo, commit, file)
    else:
        place = f"/api/resolve-cache/models/{repo.id}/{commit.sha}/{quote(file.path)}"
        status, location = 307, f"{place}?{quote(call.raw_path, safe='')}=&etag=%22{file.etag}%22"
    body = f"Temporary Redirect. Redirecting to {location}".encode()
    return Reply(status, {**headers, "Location": location}, body, f"{repo.id}/{file.path}")


async def _cached(shelf: Shelf, call: Call, parts: Sequence[str]) -> Reply:
    """Serve a regular git file. The id has one segment or two; the commit after it tells which."""
    ids = 1 if len(parts) > 1 and parts[0] in shelf.repos else 2
    repo = shelf.open(call, "/".join(parts[:ids]))
    if isinstance(repo, Reply):
        return repo
    if len(parts) < ids + 2:
        return error_reply(404, "Not found")
    found = _find(shelf, call, repo, parts[ids], "/".join(parts[ids + 1 :]))
    if isinstance(found, Reply):
        return found
    await shelf.hash([found[1]])
    return _plain(call, repo, *found)


def _plain(call: Call, repo: Repo, commit: Commit, file: File) -> Reply:
    kind = _kind(file)
    headers = {"X-Repo-Commit": commit.sha, "ETag": f'"{file.etag}"', "Content-Type": kind}
    headers["Content-Disposition"] = _disposition(file)
    if headers["ETag"] in call.headers.get("if-none-match", "").split(", "):
        return Reply(304, headers, file=f"{repo.id}/{file.path}")
    packs = "gzip" in call.headers.get("accept-encoding", "") and "range" not in call.headers
    if packs and kind.startswith(GZIPPED) and file.content.size:
        headers |= {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked", "Vary": "Accept-Encoding"}
        return Reply(200, headers, gzip.compress(file.content.read(), mtime=0), f"{repo.id}/{file.path}")
    return file_reply(call, file.content, headers=headers, file=f"{repo.id}/{file.path}")


def _raw(call: Call, repo: Repo, commit: Commit, file: File) -> Reply:
    """Serve what git holds: of an LFS file, the pointer."""
    if not file.lfs:
        return _plain(call, repo, commit, file)
    headers = {"X-Repo-Commit": commit.sha, "ETag": f'"{file.oid}"', "Content-Type": "text/plain; charset=utf-8"}
    return Reply(200, headers, file.pointer.encode(), f"{repo.id}/{file.path}")


def _kind(file: File) -> str:
    name = file.path.rpartition("/")[2]
    if name.endswith((".md", ".yml", ".yaml", ".txt")) or name.startswith("."):
        return "text/plain; charset=utf-8"
    return mimetypes.types_map.get(f".{name.rpartition('.')[2]}", "application/octet-stream")


def _disposition(file: File) -> str:
    name = quote(file.path.rpartition("/")[2])
    return f"inline; filename*=UTF-8''{name}; filename=\"{name}\";"


def _home(shelf: Shelf) -> Reply:
    public = (html.escape(repo.id) for repo in shelf.repos.values() if not repo.private)
    rows = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in public)
    return html_reply("Demo hub", f"<h1>Demo hub</h1><ul>{rows}</ul>")


def _page(repo: Repo) -> Reply:
    files = "".join(
        f'<li><a href="/{quote(repo.id)}/resolve/main/{quote(file.path)}">{html.escape(file.path)}</a></li>'
        for file in repo.heads["refs/heads/main"].files
    )
    name = html.escape(repo.id)
    return html_reply(name, f"<h1>{name}</h1><ul>{files}</ul>")
