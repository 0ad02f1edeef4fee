"""From a model's card as it is written to Markdown that is safe and quick to show. Pure.

The block of facts at its top is left out, pictures become their words, and what would take a layout very long is
cut: only the beginning of a long card is returned, and whoever shows it says so.
"""

import re

from msgspec import Struct

from core.patterns import pattern

CARD_BYTES_MAX = 5 * 2**20  # of what is fetched
SHOWN_CHARS = 32 * 1024  # more would hold the window while it is laid out
LINE_CHARS_MAX = 4000
CELLS_MAX = 800  # of all tables together; a layout takes very long over more
DEPTH_MAX = 6  # of quotes and lists within each other

_FACTS = pattern(r"\A\ufeff?---[ \t]*\r?\n.*?^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_FENCE = pattern(r" {0,3}(```|~~~)")
_PICTURE = pattern(r"!\[([^\]\n]{0,300})\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,200}\])")
_LEAD = pattern(r"(?:[ \t]{0,40}(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))+")
_UNSEEN = pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Card(Struct, frozen=True):
    """What is shown of a card: `is_cut` where it is only the beginning."""

    text: str
    is_cut: bool = False


def readable(text: str, *, chars: int = SHOWN_CHARS) -> Card:
    """Return a card fit to be shown."""
    head = text[: chars * 2]  # the facts at its top may be long, and are not counted
    body = _FACTS.sub("", head, count=1)
    is_cut = len(body) > chars or len(text) > len(head)
    if len(body) > chars:
        end = body.rfind("\n", 0, chars)
        body = body[: end if end > chars // 2 else chars]
    lines: list[str] = []
    fenced, cells = False, 0
    for raw in _UNSEEN.sub("", body.replace("\r\n", "\n").replace("\r", "\n")).split("\n"):
        line = raw if len(raw) <= LINE_CHARS_MAX else raw[:LINE_CHARS_MAX] + " …"
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and line.lstrip(" >")[:1] == "|":
            cells += line.count("|")
            if cells > CELLS_MAX:
                is_cut = True
                continue
        lines.append(line if fenced else _flat(_PICTURE.sub(_words_of, line)))
    return Card("\n".join(lines).strip("\n"), is_cut)


def _words_of(picture: re.Match[str]) -> str:
    words = picture[1].strip(" *_")
    return f"*{words}*" if words else ""


def _flat(line: str) -> str:
    """Leave out the marks of quotes and lists beyond a depth: each one is a frame within a frame."""
    lead = _LEAD.match(line)
    if lead is None or len(lead[0]) <= DEPTH_MAX:
        return line
    marks = re.findall(r"[ \t]*(?:>|[-*+]|\d{1,9}[.)])", lead[0])
    return line if len(marks) <= DEPTH_MAX else "".join(marks[:DEPTH_MAX]) + " " + line[lead.end() :].lstrip()
