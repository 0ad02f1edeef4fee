"""From samples to a judgement: medians, spreads, ratios, growth. Pure.

The samples of a row are series by name, in the order of the runs; the runs of two series alternate, so that the
n-th of one and the n-th of the other stood under the same load.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Literal

from tests.bench.rows import OURS, STOPPED, Row

Verdict = Literal["reached", "floor held", "missed", "not measured", ""]
Samples = Mapping[str, Sequence[float]]


def ratios(ours: Sequence[float], peers: Sequence[float]) -> list[float]:
    """Return ours by theirs, pair by pair; what has no partner is left out."""
    return [mine / theirs for mine, theirs in zip(ours, peers, strict=False) if theirs > 0]


def judged(row: Row, samples: Samples) -> float | None:
    """Return the figure that the goal is about; None where it was not measured."""
    if row.kind == "growth":
        medians = {name: median(values) for name, values in samples.items() if values}
        # What was stopped may be the dearest, but nobody knows that it is the cheapest.
        ended = [value for name, value in medians.items() if not name.endswith(STOPPED)]
        return max(medians.values()) / min(ended) if len(medians) > 1 and ended and min(ended) > 0 else None
    ours = samples.get(OURS, ())
    if row.peer:
        pairs = ratios(ours, samples.get(row.peer, ()))
        return median(pairs) if pairs else None
    return median(ours) if ours else None


def verdict(row: Row, samples: Samples) -> Verdict:
    """Say what came of a row."""
    if row.kind == "shown":
        return ""
    value = judged(row, samples)
    if value is None:
        return "not measured"
    if row.goal is not None and value <= row.goal:
        return "reached"
    if row.floor is None or value > row.floor:
        return "missed"
    return "reached" if row.goal is None else "floor held"


def spread(values: Sequence[float]) -> str:
    """Write median, least and most; of one run, only that."""
    if not values:
        return "-"
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def number(value: float) -> str:
    """Write a figure with three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
