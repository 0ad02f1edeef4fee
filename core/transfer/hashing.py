"""The hash of a whole file, fed in file order from the part while it grows. Blocking; for worker threads."""

import hashlib
import threading
from collections.abc import Callable, Sequence

from core.errors import HashMismatch
from core.patterns import pattern

READ_BYTES = 2 * 2**20  # each read and each hash passes the interpreter's lock on: few large ones
_HASH = pattern(r"sha256:[0-9a-f]{64}|git-sha1:[0-9a-f]{40}")


def is_hash(text: str) -> bool:
    """Tell whether this is a hash in our notation."""
    return bool(_HASH.fullmatch(text))


class _Memory(threading.local):
    """What a thread reads into, for all files that it hashes."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(READ_BYTES))


_memory = _Memory()


class PrefixHasher:
    """Hashes `published`'s algorithm over the bytes from 0 upwards.

    `git-sha1` is git's blob id: sha1 over `blob SIZE` and a NUL, then the content.
    Only one thread at a time may call `advance`.
    """

    def __init__(self, published: str, size: int) -> None:
        self.published = published
        if published.startswith("git-sha1:"):
            self._hash = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        else:
            self._hash = hashlib.sha256()
        self.at = 0
        self._stop = threading.Event()

    def advance(self, end: int, read_into: Callable[[int, memoryview], int]) -> None:
        """Hash on up to `end`, reading through `read_into(offset, buffer) -> count`; returns early on `stop`."""
        if not self.published:
            self.at = end
            return
        buffer = _memory.view
        while self.at < end and not self._stop.is_set():
            count = read_into(self.at, buffer[: min(READ_BYTES, end - self.at)])
            if not count:
                return
            self._hash.update(buffer[:count])
            self.at += count

    def feed(self, pieces: Sequence[bytes]) -> None:
        """Hash bytes that are in memory."""
        for piece in pieces:
            self._hash.update(piece)
            self.at += len(piece)

    def stop(self) -> None:
        """Make a running `advance` return soon."""
        self._stop.set()

    def resumed(self) -> "PrefixHasher":
        """Return a hasher that goes on where this one stands, and is not stopped."""
        copy = PrefixHasher.__new__(PrefixHasher)
        copy.published, copy._hash, copy.at = self.published, self._hash.copy(), self.at
        copy._stop = threading.Event()
        return copy

    def digest(self) -> str:
        """Return the hash so far, in our notation."""
        return f"{self.published.partition(':')[0]}:{self._hash.hexdigest()}"

    def check(self, name: str) -> None:
        """Compare with the published hash, where there is one.

        Raises:
            HashMismatch: With both, shortened.
        """
        if not self.published:
            return
        kind, _, wanted = self.published.partition(":")
        found = self._hash.hexdigest()
        if found != wanted:
            raise HashMismatch(f"{name}: {kind} is {found[:12]}…, the hub publishes {wanted[:12]}…")
