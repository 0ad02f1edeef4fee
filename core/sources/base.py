"""What a source is, what it fetches with, and the folder that each handle goes to."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote, urlsplit

from core.handles.hubs import ollama_parts
from core.handles.urls import file_name
from core.net.origin import host_label
from core.net.reply import Reply
from core.records import Handle, Manifest, RemoteFile, Selection


class Fetcher(Protocol):
    """Sends small requests: redirects followed safely, credentials attached by origin (`core.net.client.Net`)."""

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 64 * 2**20,
        follow: bool = True,
    ) -> Reply:
        """Return the reply, whatever its status.

        Raises:
            TransferError: No reply came.
        """
        ...


class Source(Protocol):
    """Adapter of one hub.

    Attributes:
        hub: Key of the hub, as in `Handle.hub`.
    """

    hub: str

    def matches(self, handle: Handle) -> bool:
        """Tell whether the handle is for this hub."""
        ...

    async def resolve(self, handle: Handle, selection: Selection) -> Manifest:
        """Return the files that the handle stands for, pinned to a commit.

        Raises:
            ResolveError: The hub has no such thing, or does not give it.
            TransferError: The hub could not be asked.
        """
        ...

    def page_of(self, repo: str) -> str:
        """Return the page of a model for people; empty where there is none."""
        ...

    def url_of(self, repo: str, commit: str, path: str, *, digest: str = "") -> str:
        """Return where the bytes of a file are, before redirects; the arguments are as in a Manifest.

        `digest` is the hash of the file as published: some hubs know files by nothing else.
        """
        ...

    async def files_at(self, repo: str, commit: str) -> tuple[RemoteFile, ...]:
        """Return every file of a commit, none selected; `repo` and `commit` are as in a Manifest.

        Raises:
            ResolveError: There is no such commit, or the hub does not give it.
            TransferError: The hub could not be asked.
        """
        ...


def folder_of(handle: Handle) -> str:
    """Return the folder under the models folder where a handle's files go, with slashes.

    It does not depend on the endpoint. For a bare cortexso name, whose branch only the hub knows, the folder of
    all its branches.
    """
    if handle.hub == "cortexso":
        branch = f"/{escaped(handle.revision)}" if handle.revision else ""
        return f"cortex.so/{handle.repo}{branch}"
    if handle.hub == "direct":
        # A colon stands in no Windows name: HOST_PORT, and an IPv6 address with '_' for ':'.
        return "direct/" + host_label(handle.repo).strip("[]").replace("]:", "_").replace(":", "_")
    if handle.hub == "ollama":
        return "ollama.com/" + "/".join(ollama_parts(handle.repo))
    host = "modelscope.cn" if handle.hub == "modelscope" else "huggingface.co"
    revision = f"@{escaped(handle.revision)}" if handle.revision else ""
    return f"{host}/{handle.repo}{revision}"


def escaped(revision: str) -> str:
    """Return a revision as a part of a folder name: a slash is written %2F."""
    return revision.replace("/", "%2F")


def name_of(url: str) -> str:
    """Return the name that a direct file is saved under; what the server calls it is not asked."""
    return file_name(urlsplit(url).path)


def file_url(endpoint: str, repo: str, commit: str, path: str) -> str:
    """Return where the bytes of a file are, before redirects, pinned to a commit."""
    name = quote(path.encode("utf-8", "surrogatepass"), safe="/")
    return f"{endpoint}/{repo}/resolve/{quote(commit, safe='')}/{name}"
