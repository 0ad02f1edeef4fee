"""What Browse remembers between two runs: the last searches, as texts for the settings. Pure.

A search is kept as JSON in one text; what cannot be read is forgotten, never a reason to stop.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import asdict, replace

from core.catalogue.records import Query, Sort

KEY = "browse"
RECENT_MAX = 8
TEXT_CHARS_MAX = 200
NUMBER_MAX = 10**15


def remember(recent: Sequence[Query], query: Query) -> tuple[Query, ...]:
    """Return the last searches with this one in front; one that only differs in its order is not kept twice."""
    alike = replace(query, sort=Sort.TRENDING, text=query.text.strip().lower())
    others = [old for old in recent if replace(old, sort=Sort.TRENDING, text=old.text.strip().lower()) != alike]
    return (query, *others)[:RECENT_MAX]


def to_text(recent: Sequence[Query]) -> str:
    """Return searches as one text."""
    return json.dumps([asdict(query) | {"sort": query.sort.value} for query in recent], separators=(",", ":"))


def from_text(text: str) -> tuple[Query, ...]:
    """Return the searches of a text; none for what cannot be read."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(values, list):
        return ()
    made = (_query_of(value) for value in values[:RECENT_MAX])
    return tuple(query for query in made if query is not None)


def of_layout(layout: Mapping[str, str]) -> tuple[Query, ...]:
    """Return the last searches from what the settings keep."""
    return from_text(layout.get(KEY, "[]"))


def _query_of(value: Any) -> Query | None:
    if not isinstance(value, dict):
        return None
    sorts = {sort.value: sort for sort in Sort}
    formats = value.get("formats")
    return Query(
        text=_text(value.get("text")),
        sort=sorts.get(_text(value.get("sort")), Sort.TRENDING),
        formats=tuple(_text(tag) for tag in formats[:2]) if isinstance(formats, list) else (),
        task=_text(value.get("task")),
        author=_text(value.get("author")),
        parameters_min=_number(value.get("parameters_min")),
        parameters_max=_number(value.get("parameters_max")),
        hide_gated=value.get("hide_gated") is True,
    )


def _text(value: Any) -> str:
    return value[:TEXT_CHARS_MAX] if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if type(value) is int and 0 < value < NUMBER_MAX else 0
