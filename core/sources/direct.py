"""A file behind any web address: size and version are asked for, a hash comes with the handle or not at all."""

from core.errors import AccessDenied, DownloadError, GotWebPage, NotFound, ServerBusy, ServerRefused, TransferError
from core.net.origin import host_label
from core.net.reply import Reply
from core.patterns import pattern
from core.records import Handle, Manifest, RemoteFile, Selection
from core.sources.base import Fetcher, folder_of, name_of
from core.sources.replies import is_ok, is_web_page, size_of, wait_s

PROBE_BYTES_MAX = 2**20  # of a server that sends the file in place of its first byte
_CONTENT_RANGE = pattern(r"bytes (?:0-0|\*)/(\d{1,19})")
_DIGITS = pattern(r"\d{1,19}")
_VERSION = pattern(r'"[\x21\x23-\x7e]{0,256}"')
_DATE = pattern(r"[A-Za-z]{3}, [0-9A-Za-z :]{10,40}")
_PAGES = (".html", ".htm", ".xhtml")


class Direct:
    """Single files by their address."""

    hub = "direct"

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def matches(self, handle: Handle) -> bool:
        """Tell whether the handle is for a direct file."""
        return handle.hub == self.hub

    async def resolve(self, handle: Handle, selection: Selection) -> Manifest:
        """Return the one file; `commit` is its strong ETag with the quotes, else its Last-Modified, else empty.

        Raises:
            DownloadError: There is no such file, or a web page in its place, or no answer.
        """
        url = handle.repo
        host = host_label(url)
        reply = await self._fetcher.fetch("HEAD", url, max_bytes=PROBE_BYTES_MAX)
        size = _size(reply) if is_ok(reply) else None
        if not size:  # refused, silent, or the 0 that some servers say to every HEAD
            reply = await self._first_byte(url, reply)
            size = _size(reply)
        name = name_of(url)
        if is_web_page(reply) and not name.lower().endswith(_PAGES):
            raise GotWebPage(f"{host} answers with a web page in place of {name}")
        digest = f"sha256:{handle.sha256}" if handle.sha256 else ""
        return Manifest(
            hub=self.hub,
            repo=url,
            revision="",
            commit=_version(reply),
            folder=folder_of(handle),
            files=(RemoteFile(name, size, digest, url),),
            hub_label=host,
        )

    def page_of(self, repo: str) -> str:
        """Return the page of a model for people: a direct file has none."""
        return ""

    def url_of(self, repo: str, commit: str, path: str, *, digest: str = "") -> str:
        """Return where the bytes of a file are: its address is its repo."""
        return repo

    async def files_at(self, repo: str, commit: str) -> tuple[RemoteFile, ...]:
        """Return the one file as it is now; a server keeps no older version.

        Raises:
            DownloadError: There is no such file, or a web page in its place, or no answer.
        """
        return (await self.resolve(Handle(self.hub, repo), Selection())).files

    async def _first_byte(self, url: str, head: Reply) -> Reply:
        """Ask for one byte; the reply to HEAD stands where the server sends too much in place of it."""
        try:
            reply = await self._fetcher.fetch("GET", url, headers={"Range": "bytes=0-0"}, max_bytes=PROBE_BYTES_MAX)
        except TransferError as error:
            if error.kind == TransferError.__name__ and is_ok(head):
                return head
            raise
        if is_ok(reply) or reply.status == 416:
            return reply
        raise _refusal(reply, host_label(url), name_of(url))


def _size(reply: Reply) -> int | None:
    if reply.headers.get("content-encoding", "identity").lower() != "identity":
        return None
    if reply.status in (206, 416):
        match = _CONTENT_RANGE.fullmatch(reply.headers.get("content-range", ""))
        return size_of(int(match[1])) if match else None
    length = reply.headers.get("content-length", "")
    return size_of(int(length)) if _DIGITS.fullmatch(length) else None


def _version(reply: Reply) -> str:
    etag: str = reply.headers.get("etag", "").strip()
    if _VERSION.fullmatch(etag):
        return etag
    date: str = reply.headers.get("last-modified", "").strip()
    return date if _DATE.fullmatch(date) else ""


def _refusal(reply: Reply, host: str, name: str) -> DownloadError:
    if reply.status in (404, 410):
        return NotFound(f"{name} does not exist on {host}", action="Check the link in a browser.")
    if reply.status in (401, 403, 407):
        return AccessDenied(
            f"{host} refuses access to {name} (status {reply.status})",
            action="Links that need a sign-in, or that have expired, cannot be pulled; get a fresh one.",
        )
    if reply.status in (408, 425, 429) or reply.status >= 500:
        return ServerBusy(f"{host} cannot answer right now (status {reply.status})", retry_after_s=wait_s(reply))
    return ServerRefused(f"{host} answered for {name} with status {reply.status}")
