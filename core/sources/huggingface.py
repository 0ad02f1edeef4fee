"""Hugging Face, or a mirror of it: revision -> commit -> list of files -> Manifest."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from core.net.origin import host_label
from core.records import Handle, Manifest, RemoteFile, Selection
from core.sources.base import Fetcher, file_url, folder_of
from core.sources.listing import check_commit, list_files, only_file, pinned, select
from core.sources.replies import JSON_BYTES_MAX, commit_of, expect, hub_error, is_ok, json_of


class HuggingFace:
    """Repositories of models on the hub at `endpoint`, whatever host was typed."""

    hub = "huggingface"

    def __init__(self, fetcher: Fetcher, *, endpoint: str) -> None:
        self._fetcher = fetcher
        self._endpoint = endpoint.rstrip("/")
        self._host = host_label(self._endpoint)

    def matches(self, handle: Handle) -> bool:
        """Tell whether the handle is for this hub."""
        return handle.hub == self.hub

    async def resolve(self, handle: Handle, selection: Selection) -> Manifest:
        """Return the files that the handle stands for.

        All files of the repo are listed and the selection is marked; of a handle for one file, only that one.

        Raises:
            ResolveError: The hub has no such thing, or does not give it.
            TransferError: The hub could not be asked.
        """
        info = await self._info(handle)
        commit = commit_of(info.get("sha"), host=self._host, what="the commit of the revision")
        listed = await list_files(self._fetcher, endpoint=self._endpoint, repo=handle.repo, commit=commit)
        if handle.path:
            files: Sequence[RemoteFile] = only_file(handle, listed, page=self.page_of(handle.repo))
        else:
            files = await select(
                listed, selection, repo=handle.repo, page=self.page_of(handle.repo), quant=handle.quant
            )
        if info.get("gated"):
            await self._check_gate(handle, commit, files)
        return Manifest(
            hub=self.hub,
            repo=handle.repo,
            revision=handle.revision,
            commit=commit,
            folder=folder_of(handle),
            files=tuple(files),
            page_url=self.page_of(handle.repo),
            hub_label=self._host,
        )

    def page_of(self, repo: str) -> str:
        """Return the page of a model for people."""
        return f"{self._endpoint}/{repo}"

    def url_of(self, repo: str, commit: str, path: str, *, digest: str = "") -> str:
        """Return where the bytes of a file are, before redirects."""
        return file_url(self._endpoint, repo, commit, path)

    async def files_at(self, repo: str, commit: str) -> tuple[RemoteFile, ...]:
        """Return every file of a commit, none selected.

        Raises:
            ResolveError: There is no such commit, or the hub does not give it.
            TransferError: The hub could not be asked.
        """
        return await list_files(self._fetcher, endpoint=self._endpoint, repo=repo, commit=pinned(commit, repo=repo))

    async def _info(self, handle: Handle) -> dict[str, Any]:
        revision = quote(handle.revision or "main", safe="")
        url = f"{self._endpoint}/api/models/{handle.repo}/revision/{revision}"
        reply = await self._fetcher.fetch("GET", url, max_bytes=JSON_BYTES_MAX)
        if not is_ok(reply):
            raise hub_error(
                reply, repo=handle.repo, host=self._host, page=self.page_of(handle.repo), revision=handle.revision
            )
        return expect(await json_of(reply, self._host), dict, host=self._host, what="the facts about the model")

    async def _check_gate(self, handle: Handle, commit: str, files: Sequence[RemoteFile]) -> None:
        """Ask for one wanted file, so that a closed gate is known before anything is queued.

        Any other trouble than a closed gate is left to the download, which can wait and try again.
        """
        wanted = next((file for file in files if file.wanted), None)
        if wanted is None:
            return
        reply = await self._fetcher.fetch("HEAD", wanted.url, follow=False)
        if reply.status in (401, 403):
            raise hub_error(
                reply, repo=handle.repo, host=self._host, page=self.page_of(handle.repo), revision=handle.revision
            )
        check_commit(reply, commit, host=self._host)
