"""The list of files of one commit on a Hugging Face hub, page by page, with every value checked.

Shared by huggingface and cortexso. The hub's names are not yet safe paths here: that is for `core.paths`.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from msgspec.structs import replace

from core.errors import NotFound, ResolveError
from core.handles.rules import HUB_HOSTS
from core.net.origin import host_label, origin_of
from core.net.reply import Reply
from core.patterns import pattern
from core.records import Handle, RemoteFile, Selection
from core.selection import Unselectable, choose
from core.sources.base import Fetcher, file_url
from core.sources.replies import JSON_BYTES_MAX, expect, hub_error, is_commit, is_ok, json_of, size_of

PAGES_MAX = 200  # of 1000 files each
FILES_MAX = 250_000
LINK_CHARS_MAX = 8192
NAMES_SHOWN_MAX = 8  # of a repo's files, where the one asked for is not there
OFF_LOOP_FILES = 500  # more are looked at in a thread: between two awaits stay under 5 ms

_SHA256 = pattern(r"[0-9a-f]{64}")
_GIT_SHA1 = pattern(r"[0-9a-f]{40}")
_SAYS_NEXT = pattern(r'\brel\s*=\s*"?next\b', re.IGNORECASE)
_NEXT = pattern(r'<([^<>]{1,4096})>\s*;[^,<]*\brel="?next"?')


async def list_files(fetcher: Fetcher, *, endpoint: str, repo: str, commit: str) -> tuple[RemoteFile, ...]:
    """Return every file of a commit, in the order of the hub, all wanted.

    Raises:
        ResolveError: The hub refuses, or its answer makes no sense.
        TransferError: The hub could not be asked.
    """
    host = host_label(endpoint)
    url = f"{endpoint}/api/models/{repo}/tree/{quote(commit, safe='')}?recursive=true&expand=false"
    seen: set[str] = set()
    files: dict[str, RemoteFile] = {}
    while url:
        if url in seen or len(seen) >= PAGES_MAX:
            raise ResolveError(f"The list of files of {repo} on {host} does not end")
        seen.add(url)
        reply = await fetcher.fetch("GET", url, max_bytes=JSON_BYTES_MAX)
        if not is_ok(reply):
            raise hub_error(reply, repo=repo, host=host, page=f"{endpoint}/{repo}", revision=commit)
        check_commit(reply, commit, host=host)
        entries = expect(await json_of(reply, host), list, host=host, what="the list of files is no list")
        page = partial(_files_of, entries, endpoint=endpoint, repo=repo, commit=commit, host=host)
        for file in page() if len(entries) <= OFF_LOOP_FILES else await asyncio.to_thread(page):
            files.setdefault(file.path, file)
        if len(files) > FILES_MAX:
            raise ResolveError(f"{repo} has more than {FILES_MAX} files")
        url = _next_page(reply, endpoint=endpoint, host=host)
    return tuple(files.values())


def pinned(commit: str, *, repo: str) -> str:
    """Return a commit that a description names, where it is one.

    Raises:
        ResolveError: It is none: a branch would stand for other files tomorrow.
    """
    if not is_commit(commit):
        raise ResolveError(f"The description of {repo} names no commit")
    return commit


def check_commit(reply: Reply, commit: str, *, host: str) -> None:
    """Stop where the hub answers for another commit than was asked for.

    Raises:
        ResolveError: It does.
    """
    if reply.headers.get("x-repo-commit", commit) != commit:
        raise ResolveError(f"{host} answered with another version than was asked for")


def _files_of(entries: Sequence[Any], *, endpoint: str, repo: str, commit: str, host: str) -> list[RemoteFile]:
    files = (_file_of(entry, endpoint=endpoint, repo=repo, commit=commit, host=host) for entry in entries)
    return [file for file in files if file is not None]


def _file_of(entry: Any, *, endpoint: str, repo: str, commit: str, host: str) -> RemoteFile | None:
    """Return one file; None for folders and for what is no plain file."""
    fields = expect(entry, dict, host=host, what="an entry of the list of files")
    if fields.get("type") != "file":
        return None
    path = expect(fields.get("path"), str, host=host, what="a file without a path")
    if not path:
        raise ResolveError(f"The answer of {host} is not as expected: a file without a path")
    if (
        not path.isascii()
    ):  # halves of characters are refused as a name later, but have to be kept and shown until then
        path = path.encode("utf-8", "backslashreplace").decode()
    size, digest = size_of(fields.get("size")), ""
    lfs = fields.get("lfs")
    if isinstance(lfs, dict):
        # The oid outside of `lfs` is that of a pointer, not of the file.
        oid = lfs.get("oid")
        digest = f"sha256:{oid}" if isinstance(oid, str) and _SHA256.fullmatch(oid) else ""
        own = size_of(lfs.get("size"))
        size = size if own is None else own
    elif isinstance(oid := fields.get("oid"), str) and _GIT_SHA1.fullmatch(oid):
        digest = f"git-sha1:{oid}"
    return RemoteFile(path, size, digest, file_url(endpoint, repo, commit, path))


def _next_page(reply: Reply, *, endpoint: str, host: str) -> str:
    """Return the address of the next page on our own endpoint; empty after the last.

    A mirror passes on the hub's own address; the path of it is asked from the mirror.

    Raises:
        ResolveError: The next page lies elsewhere, or nobody can tell where.
    """
    link = reply.headers.get("link", "")
    match = _NEXT.search(link[:LINK_CHARS_MAX])
    base = urlsplit(endpoint)
    if not match:
        if len(link) > LINK_CHARS_MAX or _SAYS_NEXT.search(link):
            # Half a list taken for the whole would be a model without its last files.
            raise ResolveError(f"The address of the next page from {host} cannot be read")
        return ""
    try:
        url = urljoin(endpoint + "/", match[1])
        parts, origin = urlsplit(url), origin_of(url)
    except ValueError as error:
        raise ResolveError(f"The address of the next page from {host} cannot be read") from error
    path = parts.path
    if origin != origin_of(endpoint):
        if parts.hostname not in HUB_HOSTS:
            raise ResolveError(f"The list of files on {host} goes on at another host, which is not followed")
        path = base.path + path
    if parts.username is not None or not path.startswith(f"{base.path}/api/models/") or ".." in path:
        raise ResolveError(f"The list of files on {host} goes on where no list of files is")
    return f"{base.scheme}://{base.netloc}{path}" + (f"?{parts.query}" if parts.query else "")


def only_file(handle: Handle, listed: Sequence[RemoteFile], *, page: str) -> tuple[RemoteFile, ...]:
    """Return the one file that a handle names, wanted.

    Raises:
        NotFound: It is not in the list; files that may have been meant are named.
    """
    for file in listed:
        if file.path == handle.path:
            return (replace(file, wanted=True),)
    alike = [file.path for file in listed if file.path.lower() == handle.path.lower()]
    names = alike or [file.path for file in listed if file.path[-5:].lower() == handle.path[-5:].lower()]
    more = ", ..." if len(names) > NAMES_SHOWN_MAX else ""
    has = f"; it has {', '.join(names[:NAMES_SHOWN_MAX])}{more}" if names else ""
    raise NotFound(f"{handle.repo} has no file {handle.path}{has}", action=f"Open {page} to see its files.")


async def select(
    files: Sequence[RemoteFile],
    selection: Selection,
    *,
    repo: str,
    page: str,
    quant: str = "",
    default: Callable[[Sequence[str]], frozenset[str]] | None = None,
) -> tuple[RemoteFile, ...]:
    """Mark what is wanted of a list of files; `default` decides where nothing was asked for.

    Raises:
        NotFound: Something that was asked for is not there.
    """

    def marked() -> tuple[RemoteFile, ...]:
        paths = [file.path for file in files]
        if default is not None and not (selection.globs or selection.paths or quant):
            wanted = default(paths)
        elif selection.paths:
            wanted = selection.paths | (choose(paths, globs=selection.globs) if selection.globs else frozenset())
        else:
            wanted = choose(paths, quant=quant, globs=selection.globs)
        gone = sorted(wanted - set(paths))
        if gone:
            raise Unselectable(f"has no file {gone[0]}" + (f", nor {len(gone) - 1} more" if gone[1:] else ""))
        if not wanted:
            raise Unselectable("holds no files")
        return tuple(file if file.path in wanted else replace(file, wanted=False) for file in files)

    try:
        return marked() if len(files) <= OFF_LOOP_FILES else await asyncio.to_thread(marked)
    except Unselectable as error:
        raise NotFound(f"{repo} {error}", action=f"Open {page} to see what it holds.") from error
