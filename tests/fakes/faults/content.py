"""Seeded bytes by block: any offset of a file of any size costs nothing, and small files have known hashes."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

BLOCK_BYTES = 64 * 1024
KEPT_BLOCKS = 256


@lru_cache(maxsize=KEPT_BLOCKS)
def _block(seed: str, number: int) -> bytes:
    key = hashlib.sha256(f"{seed}||{number}".encode()).digest()
    return hashlib.shake_128(key).digest(BLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of one file: `head` as given, the rest from the seed."""

    size: int
    seed: str = ""
    head: bytes = b""

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """Return [start, stop)."""
        stop = self.size if stop is None else min(stop, self.size)
        pieces = []
        if start < len(self.head):
            pieces.append(self.head[start : min(stop, len(self.head))])
            start = min(stop, len(self.head))
        while start < stop:
            number, inside = divmod(start, BLOCK_BYTES)
            piece = _block(self.seed, number)[inside : inside + stop - start]
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)

    @property
    def sha256(self) -> str:
        """Hash of all of it."""
        return _sha256(self)

    @property
    def git_sha1(self) -> str:
        """Name of it as a blob of git."""
        return _git_sha1(self)


def _feed(blob: Blob, digest: "hashlib._Hash") -> str:
    for start in range(0, blob.size, 2**20):
        digest.update(blob.read(start, start + 2**20))
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _sha256(blob: Blob) -> str:
    return _feed(blob, hashlib.sha256())


@lru_cache(maxsize=4096)
def _git_sha1(blob: Blob) -> str:
    return _feed(blob, hashlib.sha1(b"blob %d\0" % blob.size, usedforsecurity=False))
