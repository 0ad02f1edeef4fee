"""Which ranges of a part file are written, with a crc32 for each block of at most `BLOCK_BYTES`.

crc32 tells an untouched block from a damaged one; it need not be cryptographic, the hash of the whole file is.
"""

from collections.abc import Callable, Iterable, Sequence

from core.transfer.spans import Span, SpanSet

try:
    from isal.isal_zlib import crc32  # a fifth of the cost; the same numbers
except ImportError:  # a kind of processor that it is not built for
    from zlib import crc32

BLOCK_BYTES = 4 * 2**20  # 4,096 entries for a file of 16 GiB

Entry = tuple[int, int, int]
"""Start, exclusive end, crc32 of the bytes between; never crosses a multiple of BLOCK_BYTES."""


class BlockMap:
    """Entries by start; later entries with the same start replace shorter ones."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[int, tuple[int, int]] = {start: (end, crc) for start, end, crc in entries}
        self.spans = SpanSet((start, end) for start, (end, _) in self._entries.items())

    @property
    def total(self) -> int:
        """Bytes written."""
        return self.spans.total

    def record(self, entries: Iterable[Entry]) -> None:
        """Note written blocks."""
        for start, end, crc in entries:
            self._entries[start] = (end, crc)
            self.spans.add(start, end)

    def forget(self, start: int) -> Span:
        """Drop the entry at `start`; return its range."""
        end, _ = self._entries.pop(start)
        self.spans.remove(start, end)
        return start, end

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self.spans = SpanSet()

    def entries(self) -> list[Entry]:
        """A copy, in file order."""
        return sorted((start, end, crc) for start, (end, crc) in self._entries.items())

    def open_entry(self, at: int) -> Entry | None:
        """The entry that ends at `at` within its block and can be grown; None where there is none."""
        if at % BLOCK_BYTES == 0:
            return None
        floor = at - at % BLOCK_BYTES
        for start, (end, crc) in self._entries.items():
            if end == at and start >= floor:
                return start, end, crc
        return None


class Digest:
    """The running crc32 of one connection, cut at block borders. Fed by one thread at a time."""

    __slots__ = ("_crc", "_end", "_start")

    def __init__(self, at: int, grown_from: Entry | None = None) -> None:
        self._start, self._end, self._crc = grown_from or (at, at, 0)

    def feed(self, pieces: Sequence[bytes | memoryview]) -> list[Entry]:
        """Take the next bytes; return every entry that is new or has grown."""
        entries: list[Entry] = []
        for piece in pieces:
            view = memoryview(piece)
            while view:
                border = self._start - self._start % BLOCK_BYTES + BLOCK_BYTES
                count = min(len(view), border - self._end)
                self._crc = crc32(view[:count], self._crc)
                self._end += count
                view = view[count:]
                if self._end == border:
                    entries.append((self._start, self._end, self._crc))
                    self._start, self._crc = self._end, 0
        if self._end > self._start:
            entries.append((self._start, self._end, self._crc))
        return entries


def damaged(entries: Iterable[Entry], read: Callable[[int, int], bytes | bytearray | memoryview]) -> list[int]:
    """Return the starts of entries whose bytes no longer match; `read(offset, count)` may return fewer bytes."""
    wrong = []
    for start, end, crc in entries:
        data = read(start, end - start)
        if len(data) != end - start or crc32(data) != crc:
            wrong.append(start)
    return wrong
