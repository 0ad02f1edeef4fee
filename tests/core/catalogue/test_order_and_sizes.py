"""The last question counts; sizes are asked for the rows in sight, a few at once, each model once."""

from core.catalogue.order import Turns
from core.catalogue.records import SizeRange
from core.catalogue.sizes import AT_ONCE, KEPT_MAX, SizeBook


def test_an_older_answer_never_counts_after_a_newer_question() -> None:
    turns = Turns()
    first, second = turns.begin(), turns.begin()
    assert not turns.counts(first) and turns.counts(second)
    turns.begin()
    assert not turns.counts(second)


def test_only_what_is_in_sight_is_asked_a_few_at_once_and_once() -> None:
    book = SizeBook()
    book.see([f"o/{n}" for n in range(10)])
    first = book.take(0.0)
    assert first == [f"o/{n}" for n in range(AT_ONCE)] and book.take(0.0) == []
    book.put("o/0", SizeRange(1, 2))
    assert book.take(0.0) == [f"o/{AT_ONCE}"] and book.get("o/0") == SizeRange(1, 2)
    book.see(["o/0", "o/9"])
    book.put("o/1", None)
    assert book.take(0.0) == ["o/9"], "what is out of sight again is not asked"
    assert "o/1" in book, "that the hub does not say is an answer too"


def test_a_hub_that_wants_to_be_left_alone_is() -> None:
    book = SizeBook()
    book.see(["o/a"])
    book.rest(30.0)
    assert book.take(10.0) == [] and book.wait_s(10.0) == 20.0
    assert book.take(30.0) == ["o/a"]
    book.drop("o/a")
    assert book.take(31.0) == ["o/a"], "what got no answer may be asked again"
    book.put("o/a", None)
    assert book.wait_s(0.0) is None


def test_what_is_remembered_has_a_limit() -> None:
    book = SizeBook()
    for number in range(KEPT_MAX + 10):
        book.put(f"o/{number}", None)
    assert "o/0" not in book and f"o/{KEPT_MAX + 9}" in book
