"""ModelScope: revision -> list of files -> Manifest, pinned to the newest commit that the list names."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus

from msgspec import Struct

from core.errors import AccessDenied, DownloadError, NotFound, ResolveError
from core.handles.hubs import MASTER
from core.net.origin import host_label
from core.net.reply import Reply
from core.patterns import pattern
from core.records import Handle, Manifest, RemoteFile, Selection
from core.sources.base import Fetcher, folder_of
from core.sources.listing import FILES_MAX, OFF_LOOP_FILES, only_file, pinned, select
from core.sources.replies import JSON_BYTES_MAX, expect, hub_error, is_commit, is_ok, json_of, size_of

LISTED_MOST = 3000  # a longer list is cut without a word
LISTS_MAX = 500  # requests for one list of files

_SHA256 = pattern(r"[0-9a-f]{64}")
_OF_NOTHING = hashlib.sha256().hexdigest()


class _Entry(Struct, frozen=True):
    """One entry of a list; `kind` is `blob`, `tree`, or something else that is no file."""

    path: str
    kind: str
    size: int | None
    sha256: str
    commit: str
    committed: int


class ModelScope:
    """Models on the hub at `endpoint`."""

    hub = "modelscope"

    def __init__(self, fetcher: Fetcher, *, endpoint: str) -> None:
        self._fetcher = fetcher
        self._endpoint = endpoint.rstrip("/")
        self._host = host_label(self._endpoint)

    def matches(self, handle: Handle) -> bool:
        """Tell whether the handle is for this hub."""
        return handle.hub == self.hub

    async def resolve(self, handle: Handle, selection: Selection) -> Manifest:
        """Return the files that the handle stands for; of a handle for one file, only that one.

        Raises:
            ResolveError: The hub has no such thing, or does not give it.
            TransferError: The hub could not be asked.
        """
        page = self.page_of(handle.repo)
        commit, listed = await self._listed(handle.repo, handle.revision or MASTER)
        if handle.path:
            files: Sequence[RemoteFile] = only_file(handle, listed, page=page)
        else:
            files = await select(listed, selection, repo=handle.repo, page=page, quant=handle.quant)
        return Manifest(
            hub=self.hub,
            repo=handle.repo,
            revision=handle.revision or MASTER,
            commit=commit,
            folder=folder_of(handle),
            files=tuple(files),
            page_url=page,
            hub_label=self._host,
        )

    def page_of(self, repo: str) -> str:
        """Return the page of a model for people."""
        return f"{self._endpoint}/models/{repo}"

    def url_of(self, repo: str, commit: str, path: str, *, digest: str = "") -> str:
        """Return where the bytes of a file are, before redirects."""
        query = f"Revision={quote_plus(commit)}&FilePath={quote_plus(path, errors='surrogatepass')}"
        return f"{self._endpoint}/api/v1/models/{repo}/repo?{query}"

    async def files_at(self, repo: str, commit: str) -> tuple[RemoteFile, ...]:
        """Return every file of a commit, none selected.

        Raises:
            ResolveError: There is no such commit, or the hub does not give it.
            TransferError: The hub could not be asked.
        """
        _, files = await self._listed(repo, pinned(commit, repo=repo))
        return files

    async def _listed(self, repo: str, revision: str) -> tuple[str, tuple[RemoteFile, ...]]:
        """Return the commit of a revision and all its files, each with its address at that commit."""
        newest, entries = await self._page(repo, revision, folder="", recursive=True)
        commit = revision if is_commit(revision) else newest
        if len(entries) >= LISTED_MOST:
            entries = await self._walk(repo, commit or revision, entries)
        if not commit:
            # Each entry names the commit that it came with: at the last of them all is as it is now.
            commit = max(entries, key=lambda entry: entry.committed).commit if entries else ""
        if not is_commit(commit):
            what = "does not say of which version its list is" if entries else "lists no files"
            raise ResolveError(f"{self._host} {what} for {repo}")

        def files() -> tuple[RemoteFile, ...]:
            plain = {entry.path: entry for entry in entries if entry.kind == "blob"}
            return tuple(self._file(repo, commit, entry) for entry in plain.values())

        return commit, files() if len(entries) <= OFF_LOOP_FILES else await asyncio.to_thread(files)

    def _file(self, repo: str, commit: str, entry: _Entry) -> RemoteFile:
        size = entry.size
        if size == 0 and entry.sha256 != _OF_NOTHING:
            size = None  # the hub says 0 of what it has not measured
        digest = f"sha256:{entry.sha256}" if entry.sha256 else ""
        return RemoteFile(entry.path, size, digest, self.url_of(repo, commit, entry.path))

    async def _walk(self, repo: str, revision: str, first: list[_Entry]) -> list[_Entry]:
        """Return what a list that was cut leaves out: folder by folder, each as a whole where it is short enough.

        Raises:
            ResolveError: A folder alone holds more than the hub ever lists.
        """
        found = {entry.path: entry for entry in first}
        folders, asked = [""], 0
        while folders:
            folder = folders.pop()
            if asked >= LISTS_MAX or len(found) > FILES_MAX:
                raise ResolveError(f"The list of files of {repo} on {self._host} does not end")
            entries = first
            if folder:
                asked += 1
                _, entries = await self._page(repo, revision, folder=folder, recursive=True)
                found.update((entry.path, entry) for entry in entries)
            if len(entries) < LISTED_MOST:
                continue
            asked += 1
            _, beside = await self._page(repo, revision, folder=folder, recursive=False)
            if len(beside) >= LISTED_MOST:
                # Half a list taken for the whole would be a model without its last files.
                where = f"the folder {folder}" if folder else "its top folder"
                raise ResolveError(f"{self._host} lists no more than {LISTED_MOST} files of {repo} in {where}")
            found.update((entry.path, entry) for entry in beside)
            inside = f"{folder}/" if folder else ""
            folders += [
                e.path for e in beside if e.kind == "tree" and e.path.startswith(inside) and e.path != folder
            ]
        return list(found.values())

    async def _page(self, repo: str, revision: str, *, folder: str, recursive: bool) -> tuple[str, list[_Entry]]:
        """Return the newest commit, where the hub names it, and one list."""
        query = f"Revision={quote_plus(revision)}&Recursive={recursive}"
        if folder:
            query += f"&Root={quote_plus(folder, errors='surrogatepass')}"
        url = f"{self._endpoint}/api/v1/models/{repo}/repo/files?{query}"
        reply = await self._fetcher.fetch("GET", url, max_bytes=JSON_BYTES_MAX)
        if not is_ok(reply):
            raise self._refusal(reply, repo, revision)
        body = expect(await json_of(reply, self._host), dict, host=self._host, what="the list of files")
        if body.get("Success") is False:
            raise ResolveError(f"{self._host} does not give the list of files of {repo}")
        data = expect(body.get("Data"), dict, host=self._host, what="the list of files")
        files = expect(data.get("Files"), list, host=self._host, what="the list of files is no list")
        newest = data.get("LatestCommitter")
        commit = newest.get("Id") if isinstance(newest, dict) else None
        entries = (
            self._entries(files) if len(files) <= OFF_LOOP_FILES else await asyncio.to_thread(self._entries, files)
        )
        return commit if isinstance(commit, str) and is_commit(commit) else "", entries

    def _entries(self, values: list[Any]) -> list[_Entry]:
        return [self._entry(value) for value in values]

    def _entry(self, value: Any) -> _Entry:
        fields = expect(value, dict, host=self._host, what="an entry of the list of files")
        kind = fields.get("Type") or "blob"
        path = expect(fields.get("Path"), str, host=self._host, what="a file without a path")
        if not path:
            raise ResolveError(f"The answer of {self._host} is not as expected: a file without a path")
        if not path.isascii():
            path = path.encode("utf-8", "backslashreplace").decode()
        sha256, commit, at = fields.get("Sha256"), fields.get("Revision"), fields.get("CommittedDate")
        return _Entry(
            path=path,
            kind=kind if isinstance(kind, str) else "",
            size=size_of(fields.get("Size")),
            sha256=sha256.lower() if isinstance(sha256, str) and _SHA256.fullmatch(sha256.lower()) else "",
            commit=commit if isinstance(commit, str) and is_commit(commit) else "",
            committed=size_of(at) or 0,
        )

    def _refusal(self, reply: Reply, repo: str, revision: str) -> DownloadError:
        page = self.page_of(repo)
        if reply.status in (404, 410):
            of = "" if revision == MASTER else f", or has no revision {revision}"
            return NotFound(
                f"{repo} does not exist on {self._host}{of}, or is private",
                action="Check the spelling; a private model needs a token (MODELSCOPE_API_TOKEN) that may read it.",
            )
        if reply.status in (401, 403):
            return AccessDenied(
                f"{self._host} refuses access to {repo}",
                action=f"Open {page} to see who may have it; set MODELSCOPE_API_TOKEN to a token that may read it.",
            )
        return hub_error(reply, repo=repo, host=self._host, page=page)
