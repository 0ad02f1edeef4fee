"""The control file beside a part: what of it is on the disk, and which file it is a part of.

JSON, one object: `format` 1, `owner` (the run that wrote it), `file` (path, size, hash, commit, url), `task`
(handle, id, globs: enough to rebuild the task from the folder alone), `blocks` [[start, end, crc32], ...]. Reading
never raises on rubbish: a control file that cannot be trusted is none. Older ones have no owner, id or globs.
"""

import json

from msgspec import Struct

from core.patterns import pattern
from core.transfer.blocks import BLOCK_BYTES, Entry

FORMAT = 1
FILE_BYTES_MAX = 64 * 2**20
HEAD_BYTES = 128
_OWNER = pattern(rb'\{"format":1,"owner":"([0-9a-f]{32})"')


class Identity(Struct, frozen=True):
    """Which bytes a part belongs to.

    Attributes:
        path: Path in the repo.
        size: Bytes, None where the hub does not say.
        hash: As published, empty where there is none.
        commit: Pinned commit or ETag.
        url: Where it came from, before redirects.
        handle: Handle of the task that began it.
        task_id: Its id; empty for the handle.
        globs: Which files it asked for; empty for the default selection.
    """

    path: str
    size: int | None
    hash: str
    commit: str
    url: str = ""
    handle: str = ""
    task_id: str = ""
    globs: tuple[str, ...] = ()

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


def dump(identity: Identity, entries: list[Entry], owner: str = "") -> bytes:
    """Return the text of a control file."""
    document = {
        "format": FORMAT,
        "owner": owner,
        "file": {
            "path": identity.path,
            "size": identity.size,
            "hash": identity.hash,
            "commit": identity.commit,
            "url": identity.url,
        },
        "task": {"handle": identity.handle, "id": identity.task_id, "globs": identity.globs},
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
            file["path"],
            file["size"],
            file["hash"],
            file["commit"],
            file["url"],
            document["task"]["handle"],
            document["task"].get("id", ""),
            tuple(document["task"].get("globs", ())),
        )
        entries = [(start, end, crc) for start, end, crc in document["blocks"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return (identity, entries) if _is_sound(identity, entries) else None


def _is_sound(identity: Identity, entries: list[Entry]) -> bool:
    texts = (
        identity.path, identity.hash, identity.commit, identity.url, identity.handle, identity.task_id,
        *identity.globs,
    )  # fmt: skip
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


def owner_of(head: bytes) -> str:
    """Return the run that wrote a control file, from its first bytes; empty where that is not said."""
    match = _OWNER.match(head)
    return match[1].decode() if match else ""
