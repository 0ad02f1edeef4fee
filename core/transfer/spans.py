"""Sets of byte ranges, and the work that is left of one file. Pure; offsets are bytes, ends are exclusive."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from msgspec import Struct

Span = tuple[int, int]
"""Start and exclusive end, start < end."""


class SpanSet:
    """Disjoint, sorted, merged byte ranges."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in spans:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Add a range; ranges that touch become one."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def remove(self, start: int, end: int) -> None:
        """Take a range out."""
        if start >= end:
            return
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        kept: list[Span] = []
        if first < last:
            if self._starts[first] < start:
                kept.append((self._starts[first], start))
            if self._ends[last - 1] > end:
                kept.append((end, self._ends[last - 1]))
        self._starts[first:last] = [span[0] for span in kept]
        self._ends[first:last] = [span[1] for span in kept]

    @property
    def prefix_end(self) -> int:
        """End of the range that begins at 0; 0 where there is none."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    @property
    def total(self) -> int:
        """Bytes in all ranges."""
        return sum(self._ends) - sum(self._starts)

    def first(self) -> Span | None:
        """The lowest range; None when empty."""
        return (self._starts[0], self._ends[0]) if self._starts else None

    def __iter__(self) -> Iterator[Span]:
        return iter(list(zip(self._starts, self._ends, strict=True)))

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SpanSet) and list(self) == list(other)

    def __repr__(self) -> str:
        return f"SpanSet({list(self)})"


class Range(Struct, eq=False):
    """A range that one connection works on; `end` moves down when its tail is given to another."""

    start: int
    end: int
    at: int = 0  # next byte expected from the network

    def __post_init__(self) -> None:
        self.at = max(self.at, self.start)

    @property
    def left(self) -> int:
        """Bytes still to come."""
        return self.end - self.at


class Work:
    """What is left to fetch of a file of known size, handed out as ranges in file order.

    Ranges go out in order so that the hash, which needs the bytes in order, follows closely.
    """

    def __init__(self, size: int, done: Iterable[Span] = ()) -> None:
        self.size = size
        self._free = SpanSet([(0, size)] if size else [])
        for start, end in done:
            self._free.remove(start, end)
        self._out: dict[Range, None] = {}  # in the order they went out

    @property
    def is_handed_out(self) -> bool:
        """Nothing is left to hand out; ranges may still be under way."""
        return not self._free

    @property
    def left(self) -> int:
        """Bytes still to come from the network."""
        return self._free.total + sum(r.left for r in self._out)

    def take(self, most: int) -> Range | None:
        """Hand out the next range of at most `most` bytes; None when all is handed out."""
        span = self._free.first()
        if span is None:
            return None
        taken = Range(span[0], min(span[1], span[0] + most))
        self._free.remove(taken.start, taken.end)
        self._out[taken] = None
        return taken

    def steal(self, least: int) -> Range | None:
        """Cut the larger half of the longest remainder off for another connection.

        None when no remainder is at least twice `least` long: a new request would cost more than it saves.
        """
        longest = max(self._out, key=lambda r: r.left, default=None)
        if longest is None or longest.left < 2 * least:
            return None
        middle = longest.at + longest.left // 2
        taken = Range(middle, longest.end)
        longest.end = middle
        self._out[taken] = None
        return taken

    def finish(self, taken: Range) -> None:
        """Take a range back; what did not come is free again."""
        self._out.pop(taken, None)
        self._free.add(taken.at, taken.end)

    def redo(self, start: int, end: int) -> None:
        """Make a range free again whose bytes turned out to be wrong."""
        self._free.add(start, end)
