"""Byte ranges: the set behaves like a set of bytes, and work covers a file exactly once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.transfer.spans import SpanSet, Work

span = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(st.tuples(st.booleans(), span), max_size=30))
def test_a_span_set_holds_exactly_the_bytes_put_in_and_not_taken_out(steps) -> None:
    spans, bytes_ = SpanSet(), set()
    for add, (start, end) in steps:
        if add:
            spans.add(start, end)
            bytes_ |= set(range(start, end))
        else:
            spans.remove(start, end)
            bytes_ -= set(range(start, end))
        held = list(spans)
        assert {b for s, e in held for b in range(s, e)} == bytes_
        assert all(a[1] < b[0] for a, b in zip(held, held[1:], strict=False)), "sorted, apart, merged"
        assert spans.total == len(bytes_)
        prefix = 0
        while prefix in bytes_:
            prefix += 1
        assert spans.prefix_end == prefix


@settings(max_examples=25)  # each runs to the end of its file; `test_plan` goes through the middles
@given(st.integers(1, 400), st.lists(span, max_size=5), st.data())
def test_every_byte_is_fetched_exactly_once_however_ranges_are_cut_stopped_and_stolen(size, done, data) -> None:
    done = [(s, min(e, size)) for s, e in done if s < size and s < e]
    work = Work(size, done)
    fetched: list[tuple[int, int]] = []
    out = []
    while work.left:
        action = data.draw(st.sampled_from(["take", "take", "steal", "move", "stop"]))
        if action == "take" and (taken := work.take(data.draw(st.integers(1, 50)))):
            out.append(taken)
        elif action == "steal" and (taken := work.steal(2)):
            out.append(taken)
        elif out:
            one = data.draw(st.sampled_from(out))
            step = one.left if action != "move" else data.draw(st.integers(0, one.left))
            if action != "stop":
                fetched.append((one.at, one.at + step))
                one.at += step
            if action == "stop" or not one.left:
                work.finish(one)
                out.remove(one)
    counts = [0] * size
    for start, end in [*fetched, *((s, e) for s, e in SpanSet(done))]:
        for at in range(start, end):
            counts[at] += 1
    assert counts == [1] * size


def test_a_remainder_that_is_not_worth_two_requests_is_not_cut() -> None:
    work = Work(100)
    first = work.take(100)
    assert first is not None
    assert work.steal(51) is None
    second = work.steal(50)
    assert second is not None
    assert (first.end, second.start, second.end) == (50, 50, 100)
