"""The routes of the CDN: signed links, and plain files for direct addresses.

Knows: that a link must be signed and in time, and that a token must never come here.
Must not know: sockets, faults, rates. Its ETag is its own, as on the real one: not the hash of the file.
"""

import hashlib
import hmac
import time
from urllib.parse import quote

from core.demo.calls import Call, Reply, file_reply, xml_error
from core.demo.repos import File
from core.demo.shelf import Shelf

DIRECT_REPO = "demo/direct"
LAST_MODIFIED = "Tue, 19 Nov 2024 09:30:00 GMT"


async def answer(shelf: Shelf, call: Call) -> Reply:
    """Answer a call at the CDN."""
    if "authorization" in call.headers:
        return xml_error(400, "InvalidArgument", "Only one auth mechanism allowed")
    if call.method not in ("GET", "HEAD"):
        return xml_error(405, "MethodNotAllowed", "The specified method is not allowed")
    if call.parts[0] == "files":
        return await _direct(shelf, call, "/".join(call.parts[1:]))
    refusal = _check(shelf, call)
    return refusal or _linked(shelf, call)


def _check(shelf: Shelf, call: Call) -> Reply | None:
    target, _, signature = call.target.rpartition("&Signature=")
    if not signature:
        return xml_error(403, "MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
    if not hmac.compare_digest(signature, shelf.signature(target)):
        return xml_error(403, "AccessDenied", "Access denied")
    if time.time() >= int(call.one("Expires")) or call.one("Key-Pair-Id") != f"K{shelf.link_generation}":
        return xml_error(403, "AccessDenied", "Request has expired")
    return None


def _linked(shelf: Shelf, call: Call) -> Reply:
    repo_id, _, rest = call.one("object").partition("@")
    sha, _, path = rest.partition(":")
    repo = shelf.repos.get(repo_id)
    commit = repo.commits.get(sha) if repo else None
    file = commit.by_path.get(path) if commit else None
    if file is None:
        return xml_error(404, "NoSuchKey", "The specified key does not exist")
    headers = {
        "ETag": f'"{hashlib.sha256(call.parts[-1].encode()).hexdigest()}"',
        "Last-Modified": LAST_MODIFIED,
        "Content-Type": "application/octet-stream",
        "Content-Disposition": call.one("response-content-disposition"),
        "Cache-Control": "public, max-age=31536000",
    }
    return file_reply(call, file.content, headers=headers, file=f"{repo_id}/{path}")


async def _direct(shelf: Shelf, call: Call, path: str) -> Reply:
    repo = shelf.repos.get(DIRECT_REPO)
    file: File | None = repo.heads["refs/heads/main"].by_path.get(path) if repo else None
    if file is None:
        return xml_error(404, "NoSuchKey", "The specified key does not exist")
    await shelf.hash([file])
    headers = {
        "ETag": f'"{file.sha256[:32]}"',
        "Last-Modified": LAST_MODIFIED,
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{quote(path.rpartition("/")[2])}"',
    }
    return file_reply(call, file.content, headers=headers, file=f"{DIRECT_REPO}/{path}")
