"""The control file beside a part: what of it is on the disk, and which file it is a part of.

JSON, one object: `format` 1, `file` (path, size, hash, commit, url), `task` (handle, id: enough to rebuild the task
from the folder alone), `blocks` [[start, end, crc32], ...]. Reading never raises on rubbish: a control file that
cannot be trusted is none.
"""

import json
from dataclasses import dataclass

from core.transfer.blocks import BLOCK_BYTES, Entry

FORMAT = 1
FILE_BYTES_MAX = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Identity:
    """Which bytes a part belongs to.

    Attributes:
        path: Path in the repo.
        size: Bytes, None where the hub does not say.
        hash: As published, empty where there is none.
        commit: Pinned commit or ETag.
        url: Where it came from, before redirects.
        handle: Handle of the task that began it.
    """

    path: str
    size: int | None
    hash: str
    commit: str
    url: str = ""
    handle: str = ""

    @property
    def pinned_version(self) -> str:
        """The strong ETag or the date that every reply has to have; empty where a hash tells, or git's commit."""
        is_reply_header = self.commit.startswith('"') or self.commit.endswith(" GMT")
        return self.commit if is_reply_header and not self.hash else ""

    def same_bytes(self, other: "Identity") -> bool:
        """Tell whether both promise the same bytes: equal hash, or equal commit where no hash is published."""
        if self.size != other.size:
            return False
        if self.hash or other.hash:
            return self.hash == other.hash
        return bool(self.commit) and self.commit == other.commit


def dump(identity: Identity, entries: list[Entry]) -> bytes:
    """Return the text of a control file."""
    document = {
        "format": FORMAT,
        "file": {
            "path": identity.path,
            "size": identity.size,
            "hash": identity.hash,
            "commit": identity.commit,
            "url": identity.url,
        },
        "task": {"handle": identity.handle},
        "blocks": entries,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def load(data: bytes) -> tuple[Identity, list[Entry]] | None:
    """Return what a control file says; None where it is not whole, not ours, or contradicts itself."""
    if len(data) > FILE_BYTES_MAX:
        return None
    try:
        document = json.loads(data)
        if document["format"] != FORMAT:
            return None
        file = document["file"]
        identity = Identity(
            file["path"], file["size"], file["hash"], file["commit"], file["url"], document["task"]["handle"]
        )
        entries = [(start, end, crc) for start, end, crc in document["blocks"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return (identity, entries) if _is_sound(identity, entries) else None


def _is_sound(identity: Identity, entries: list[Entry]) -> bool:
    texts = (identity.path, identity.hash, identity.commit, identity.url, identity.handle)
    if not all(isinstance(text, str) for text in texts):
        return False
    if identity.size is not None and type(identity.size) is not int:
        return False
    if not all(type(number) is int for entry in entries for number in entry):
        return False
    end_before = 0
    for start, end, crc in sorted(entries):
        inside = start >= end_before and start < end and (identity.size is None or end <= identity.size)
        one_block = start // BLOCK_BYTES == (end - 1) // BLOCK_BYTES
        if not (inside and one_block and 0 <= crc < 2**32):
            return False
        end_before = end
    return True
