"""Reads what a file of a repo says of itself from its beginning, by range requests of at most 4 MiB in all.

Knows the shapes of GGUF and safetensors headers through `core.formats`, and how to ask through a Fetcher. A header
that lies is refused with its reason; a hub that cannot be asked is passed on as it failed. Nothing is written.
"""

import asyncio
import io
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from msgspec.structs import replace

from core.choosing.facts import Facts, facts_of_config, facts_of_gguf, parameters_of, short
from core.choosing.rows import Kind, Listing, Row
from core.errors import DownloadError, ResolveError
from core.formats import gguf, safetensors
from core.net.origin import host_label
from core.net.reply import Reply
from core.patterns import pattern
from core.records import RemoteFile

T = TypeVar("T")

STEPS_BYTES = (2**16, 2**20, gguf.READ_BYTES_MAX)  # most headers are known from the first
CONFIG_BYTES_MAX = 2**20
OFF_LOOP_BYTES = 2**17  # more is read on a thread: between two awaits stay under 5 ms

_RANGE = pattern(r"bytes (\d{1,20})-(\d{1,20})/(\d{1,20}|\*)")


class Fetcher(Protocol):
    """Sends small requests (`core.net.client.Net`)."""

    async def fetch(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int = 0
    ) -> Reply:
        """Return the reply, whatever its status; raises TransferError where none comes."""
        ...


async def read_facts(fetcher: Fetcher, listing: Listing, row: Row) -> Facts:
    """Return what the files of a row tell; empty facts for rows that have no header that is read here.

    Raises:
        DownloadError: The header makes no sense, or the hub could not be asked.
    """
    files = {file.path: file for file in listing.files}
    if row.kind is Kind.MODEL:
        return facts_of_gguf(await _gguf(fetcher, files[min(row.paths)]))
    if row.kind is Kind.WEIGHTS and row.suffix == ".safetensors":
        return await _safetensors(fetcher, files, row)
    return Facts()


async def _gguf(fetcher: Fetcher, file: RemoteFile) -> gguf.Header:
    beginning = _Beginning(fetcher, file)
    for step in STEPS_BYTES:
        data = await beginning.grow(step)
        try:
            header = await _read(data, lambda data: gguf.read_header(io.BytesIO(data), size=file.size))
        except gguf.BreaksOff as error:
            if beginning.is_all or step == STEPS_BYTES[-1]:
                raise _lies(file, error) from error
            continue
        except ValueError as error:
            raise _lies(file, error) from error
        if header.is_whole or beginning.is_all or step == STEPS_BYTES[-1]:
            return header
    raise AssertionError("the last step returns or raises")


async def _safetensors(fetcher: Fetcher, files: dict[str, RemoteFile], row: Row) -> Facts:
    weights = sorted(path for path in row.paths if path.lower().endswith(".safetensors"))
    file = files[weights[0]]
    beginning = _Beginning(fetcher, file)
    try:
        data = await beginning.grow(STEPS_BYTES[0])
        length = safetensors.header_bytes(data, size=file.size)
        data = await beginning.grow(safetensors.PREFIX_BYTES + length)
        text = data[safetensors.PREFIX_BYTES : safetensors.PREFIX_BYTES + length]
        if len(text) < length:
            raise ValueError("the header breaks off")
        header = await _read(text, lambda text: safetensors.read_header(text, size=file.size))
    except ValueError as error:
        raise _lies(file, error) from error
    told = await _told(fetcher, [files[path] for path in row.paths if path.lower().endswith(".index.json")])
    sizes = [files[path].size for path in weights]
    total = sum(size or 0 for size in sizes)
    share = 1.0 if len(weights) == 1 else (file.size or 0) / total if total and None not in sizes else 0.0
    folder = file.path.rpartition("/")[0]
    config = await _small(fetcher, files.get(f"{folder}/config.json" if folder else "config.json"))
    facts = facts_of_config(config) if config else Facts()
    return replace(
        facts,
        parameters=parameters_of(header, share=share, told=told),
        dtype=short(header.dtype) or facts.dtype,
    )


async def _told(fetcher: Fetcher, index: list[RemoteFile]) -> int | None:
    text = await _small(fetcher, index[0] if index else None)
    try:
        return await _read(text, safetensors.read_index) if text else None
    except ValueError:
        return None


async def _small(fetcher: Fetcher, file: RemoteFile | None) -> bytes:
    """Return a small file that only adds to what is known; empty where it is not to be had."""
    if file is None or (file.size or 0) > CONFIG_BYTES_MAX:
        return b""
    try:
        reply = await fetcher.fetch("GET", file.url, max_bytes=CONFIG_BYTES_MAX)
    except DownloadError:
        return b""
    return reply.body if reply.status == 200 else b""


class _Beginning:
    """The first bytes of a file, more of them on demand.

    Attributes:
        is_all: The file ends here.
    """

    def __init__(self, fetcher: Fetcher, file: RemoteFile) -> None:
        self._fetcher = fetcher
        self._file = file
        self._data = b""
        self.is_all = file.size == 0

    async def grow(self, count: int) -> bytes:
        """Return the first `count` bytes, fewer where the file is shorter."""
        first = len(self._data)
        if first >= count or self.is_all:
            return self._data
        reply = await self._fetcher.fetch(
            "GET", self._file.url, headers={"Range": f"bytes={first}-{count - 1}"}, max_bytes=count
        )
        self._data += self._checked(reply, first, count)
        size = self._file.size
        self.is_all = len(self._data) < count or (size is not None and len(self._data) >= size)
        return self._data

    def _checked(self, reply: Reply, first: int, count: int) -> bytes:
        host = host_label(self._file.url)
        if reply.status == 200:  # all of a small file
            return reply.body[first:]
        if reply.status == 416:  # the file ends before
            return b""
        if reply.status != 206:
            raise ResolveError(f"{host} answered for the beginning of {self._file.path} with status {reply.status}")
        told = _RANGE.fullmatch(reply.headers.get("content-range", ""))
        if not told or int(told[1]) != first or len(reply.body) > count - first:
            raise ResolveError(f"{host} sent another part of {self._file.path} than was asked for")
        return reply.body


async def _read(data: bytes, read: Callable[[bytes], T]) -> T:
    return read(data) if len(data) <= OFF_LOOP_BYTES else await asyncio.to_thread(read, data)


def _lies(file: RemoteFile, error: ValueError) -> ResolveError:
    return ResolveError(
        f"The header of {file.path} makes no sense: {error}",
        action="It may be damaged on the hub, or be something else than its name says. Look at its page first.",
    )
