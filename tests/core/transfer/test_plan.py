"""The plan of one file, through any history of runs: kept, on its way and free are the file, each byte once."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.transfer import blocks as blocks_module
from core.transfer.blocks import BlockMap, Digest, Entry, damaged
from core.transfer.grow import useful
from core.transfer.spans import Range, Span, Work

BLOCK = 16  # instead of 4 MiB: borders are met often
WRONG = 0xFF


def byte_of(at: int) -> int:
    """Return the right byte at a place; neighbours and blocks differ."""
    return (at * 7 + at // BLOCK) % 251


class Connection:
    """A range under way: what came of it and is not on the disk yet, and its running digest."""

    def __init__(self, taken: Range, blocks: BlockMap) -> None:
        self.range = taken
        self.digest = Digest(taken.start, blocks.open_entry(taken.start))
        self.written = taken.start


class Plan(RuleBasedStateMachine):
    """Hands out, cuts, stops, writes, records, loses and damages, on one file after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._border = blocks_module.BLOCK_BYTES
        blocks_module.BLOCK_BYTES = BLOCK

    def teardown(self) -> None:
        blocks_module.BLOCK_BYTES = self._border

    @initialize(size=st.integers(0, 200))
    def begin(self, size: int) -> None:
        self.size = size
        self.disk = bytearray(size)
        self.control: list[Entry] = []
        self.open_anew([])

    def open_anew(self, entries: list[Entry]) -> None:
        self.blocks = BlockMap(entries)
        self.work = Work(self.size, self.blocks.spans)
        self.out: list[Connection] = []

    # -- connections -------------------------------------------------------------------------------------

    @rule(most=st.integers(1, 60))
    def one_more_connection(self, most: int) -> None:
        taken = self.work.take(most)
        if taken is None:
            assert self.work.is_handed_out
            return
        assert 0 <= taken.start < taken.end <= min(self.size, taken.start + most)
        self.out.append(Connection(taken, self.blocks))

    @precondition(lambda self: self.work.is_handed_out)
    @rule(least=st.integers(1, 20))
    def one_more_takes_a_tail_over(self, least: int) -> None:
        longest = max((one.range.left for one in self.out), default=0)
        taken = self.work.steal(least)
        assert (taken is None) is (longest < 2 * least), "exactly where both halves are worth a request"
        if taken is not None:
            assert taken.left >= least and taken.left >= longest - taken.left >= least
            self.out.append(Connection(taken, self.blocks))

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 7), count=st.integers(1, 40))
    def bytes_come(self, which: int, count: int) -> None:
        one = self.out[which % len(self.out)]
        one.range.at = min(one.range.end, one.range.at + count)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 7))
    def what_came_is_written(self, which: int) -> None:
        self.write(self.out[which % len(self.out)])

    def write(self, one: Connection) -> None:
        piece = bytes(map(byte_of, range(one.written, one.range.at)))
        self.disk[one.written : one.range.at] = piece
        one.written = one.range.at
        self.blocks.record(one.digest.feed([piece]))

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 7))
    def a_connection_ends(self, which: int) -> None:
        one = self.out.pop(which % len(self.out))
        self.write(one)
        self.work.finish(one.range)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 7))
    def a_connection_that_brings_the_whole_file_goes_on_behind(self, which: int) -> None:
        one = self.out.pop(which % len(self.out))
        one.range.at = one.range.end
        self.write(one)
        self.work.finish(one.range)
        following = self.work.take(self.size) if self.size else None
        if following is None:
            return
        if following.start < one.range.end:
            self.work.finish(following)
        else:
            self.out.append(Connection(following, self.blocks))

    # -- the disk ----------------------------------------------------------------------------------------

    @rule()
    def it_is_flushed(self) -> None:
        self.control = self.blocks.entries()

    @rule(loses=st.booleans())
    def the_run_ends_and_another_begins(self, loses: bool) -> None:
        """A stop writes and flushes what came; a lost process leaves what the control file names."""
        if not loses:
            for one in self.out:
                self.write(one)
            self.it_is_flushed()
        self.open_anew(self.control)

    @precondition(lambda self: self.size)
    @rule(at=st.integers(0, 199))
    def a_byte_rots_and_the_next_run_sees_it(self, at: int) -> None:
        at %= self.size
        self.disk[at] ^= WRONG
        entries = [entry for entry in self.control if entry[0] not in damaged(self.control, self.read)]
        assert not any(start <= at < end for start, end, _ in entries), "a rotten byte is not trusted"
        lost = sum(end - start for start, end, _ in self.control) - sum(end - start for start, end, _ in entries)
        assert lost <= BLOCK, "it costs its own block alone"
        self.control = entries
        self.open_anew(entries)

    @precondition(lambda self: self.blocks.total)
    @rule(which=st.integers(0, 99))
    def a_block_turns_out_wrong(self, which: int) -> None:
        """What is given up is free again, and nothing beside it; only a range that nobody works on can be."""
        entries = self.blocks.entries()
        start, end, _ = entries[which % len(entries)]
        if any((one.range.start < end and start < one.range.end) or one.range.start == end for one in self.out):
            return
        assert self.blocks.forget(start) == (start, end)
        self.work.redo(start, end)
        self.control = [entry for entry in self.control if entry[0] != start]

    def read(self, at: int, count: int) -> bytes:
        return bytes(self.disk[at : at + count])

    # -- what holds at any moment ------------------------------------------------------------------------

    @invariant()
    def every_byte_is_in_exactly_one_place(self) -> None:
        counts = [0] * self.size
        on_its_way: list[Span] = [(one.range.at, one.range.end) for one in self.out]
        came: list[Span] = [(one.written, one.range.at) for one in self.out]
        for start, end in [*self.blocks.spans, *self.work._free, *on_its_way, *came]:
            assert 0 <= start <= end <= self.size
            for at in range(start, end):
                counts[at] += 1
        assert counts == [1] * self.size
        assert self.work.left == self.work._free.total + sum(end - start for start, end in on_its_way)
        waiting = sum(end - start for start, end in came)
        assert self.blocks.total + self.work.left + waiting == self.size, "what is told adds up"

    @invariant()
    def what_is_recorded_is_on_the_disk_and_cut_at_the_borders(self) -> None:
        for entries in (self.blocks.entries(), self.control):
            assert damaged(entries, self.read) == []
            for start, end, _ in entries:
                assert start < end and start // BLOCK == (end - 1) // BLOCK
            ends = [0, *(end for _, end, _ in entries)]
            assert all(start >= end for (start, _, _), end in zip(entries, ends, strict=False)), "none overlap"

    @invariant()
    def what_is_kept_goes_back_only_where_it_is_given_up(self) -> None:
        kept = {at for start, end, _ in self.control for at in range(start, end)}
        assert all(self.disk[at] == byte_of(at) for at in kept)

    @invariant()
    def there_is_always_a_way_on(self) -> None:
        if self.blocks.total < self.size and not self.out:
            assert not self.work.is_handed_out, "something is missing, and nobody works on it"
        assert 1 <= useful(self.work.left, 16) <= 16


TestPlan = Plan.TestCase
TestPlan.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
