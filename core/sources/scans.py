"""Asks a hub what it says of its own scan of the files of a commit: one small request, and only of those that scan.

A hub that says nothing, does not answer or answers nonsense says nothing: a list of files is shown without it.
"""

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from core.errors import DownloadError
from core.net.origin import host_label
from core.records import Handle, RemoteFile
from core.scans import Scan, scan_of
from core.sources.base import Fetcher
from core.sources.replies import JSON_BYTES_MAX, is_ok, json_of

ANSWER_S = 5.0  # nobody waits longer for it


async def read_scan(fetcher: Fetcher, handle: Handle, commit: str, files: Sequence[RemoteFile]) -> Scan | None:
    """Return what the hub says of these files; None where it says nothing."""
    url = scan_url(handle, commit, files)
    if not url:
        return None
    try:
        async with asyncio.timeout(ANSWER_S):
            reply = await fetcher.fetch("GET", url, max_bytes=JSON_BYTES_MAX)
            value = await json_of(reply, host_label(url)) if is_ok(reply) else None
    except (DownloadError, TimeoutError):
        return None
    return scan_of(value.get("securityRepoStatus")) if isinstance(value, dict) else None


def scan_url(handle: Handle, commit: str, files: Sequence[RemoteFile]) -> str:
    """Return the address that tells, of the endpoint where the files are; empty where there is none."""
    repo = {"huggingface": handle.repo, "cortexso": f"cortexso/{handle.repo}"}.get(handle.hub, "")
    if not repo or not commit or not files:
        return ""
    revision = quote(commit, safe="")
    endpoint, found, _ = files[0].url.partition(f"/{repo}/resolve/{revision}/")
    return f"{endpoint}/api/models/{repo}/revision/{revision}?securityStatus=true" if found else ""
