"""A card is made safe and short before it is shown; what it says stays."""

import pytest

from core.catalogue.card import CELLS_MAX, DEPTH_MAX, SHOWN_CHARS, readable


def test_the_block_of_facts_at_the_top_is_left_out() -> None:
    assert readable("---\nlicense: mit\ntags: [a]\n---\n# Title\n\nWords.\n").text == "# Title\n\nWords."
    assert readable("# Title\n\n---\n\nWords.\n").text == "# Title\n\n---\n\nWords."
    assert readable("---\nnever ends\n# Title").text.endswith("# Title")


def test_pictures_become_their_words() -> None:
    text = readable("![A cat](https://evil.test/cat.png) and ![](x.png)\n[![CI](https://x/b.svg)](https://x)").text
    assert text == "*A cat* and \n[*CI*](https://x)"
    fenced = "```\n![A cat](cat.png)\n```"
    assert readable(fenced).text == fenced, "code is shown as it is written"


def test_signs_that_are_not_seen_are_left_out() -> None:
    assert readable("a\x00b\u202ec\x1b[31m\r\nd").text == "abc[31m\nd"


def test_a_long_card_is_cut_at_a_line_and_says_so() -> None:
    card = readable("A line of words.\n" * 400_000)
    assert card.is_cut and len(card.text) <= SHOWN_CHARS and card.text.endswith("words.")
    assert not readable("short").is_cut


def test_what_would_take_a_layout_very_long_is_cut() -> None:
    table = "|a" * 10 + "|\n" + "|-" * 10 + "|\n" + ("|b" * 10 + "|\n") * 5000
    card = readable(table)
    assert card.is_cut and card.text.count("|") <= CELLS_MAX
    quotes = readable("> " * 10_000 + "deep\n\nnext")
    assert quotes.text.splitlines()[0].count(">") <= DEPTH_MAX
    assert max(map(len, readable("x" * 10**6).text.splitlines())) < 5000


@pytest.mark.parametrize(
    "text",
    ["![" * 500_000, "[" * 10**6, "> - " * 10**6, "`" * 10**6, "---\n" * 10**6, "|" * 10**6, "![a](" * 300_000,
     "\n" * 5 * 10**6, "<script>" * 10**6, " " * 10**6, "1. " * 10**6],
)  # fmt: skip
def test_a_hostile_card_of_megabytes_is_read_and_cut(text: str) -> None:
    assert len(readable(text).text) <= SHOWN_CHARS + 100
