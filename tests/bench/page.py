"""The page that `make bench` writes: machine, versions, every row with goal, floor and what was found. Pure.

What people wrote by hand between the two marks of the old page is kept.
"""

from collections.abc import Mapping
from typing import Any

from tests.bench.figures import Samples, judged, number, spread, verdict
from tests.bench.rows import OURS, ROWS, Row

BEGIN = "<!-- by hand, kept by make bench: begin -->"
END = "<!-- by hand: end -->"
NOTES_TITLE = "## What limits the goals that are missed"
NOTES_EMPTY = "Nothing is written yet."


def notes_of(old: str) -> str:
    """Return what stands between the marks of the old page; a start where it has none."""
    _, begin, rest = old.partition(BEGIN)
    kept, end, _ = rest.partition(END)
    return kept.strip() if begin and end else NOTES_EMPTY


def page(results: Mapping[str, Any], *, old: str = "") -> str:
    """Return the whole page."""
    lines = [
        "# Performance",
        "",
        *_about(results),
        "",
        *table(results["rows"]),
        "",
        *_legend(),
        "",
        NOTES_TITLE,
        "",
        BEGIN,
        notes_of(old),
        END,
    ]
    return "\n".join(lines) + "\n"


def table(measured: Mapping[str, Samples], *, only: frozenset[str] = frozenset()) -> list[str]:
    """Return the table; of some groups where `only` names them."""
    lines = [
        "| row | work | goal | floor | Pulley | peer | figure | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        if only and row.group not in only:
            continue
        samples = measured.get(row.key, {})
        lines.append(
            f"| {_name(row)} | {row.what} | {_aim(row, row.goal)} | {_aim(row, row.floor)} | {_ours(row, samples)} "
            f"| {_theirs(row, samples)} | {_figure(row, samples)} | {verdict(row, samples)} |"
        )
    return lines


def summary(measured: Mapping[str, Samples], *, only: frozenset[str] = frozenset()) -> str:
    """Say how many figures came out how; of some groups where `only` names them."""
    counts: dict[str, int] = {}
    for row in ROWS:
        if only and row.group not in only:
            continue
        if said := verdict(row, measured.get(row.key, {})):
            counts[said] = counts.get(said, 0) + 1
    order = ("reached", "floor held", "missed", "not measured")
    return ", ".join(f"{counts[name]} {name}" for name in order if name in counts)


def _about(results: Mapping[str, Any]) -> list[str]:
    machine = results["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in results["versions"].items())
    quick = (
        ["", "**A quick run: small sizes and few runs. Its figures say little.**"] if results.get("quick") else []
    )
    return [
        "Written by `make bench`. Everything runs on one machine and its loopback: Pulley as the real command or",
        "the real window on the offscreen platform, the demo hub for the API, nginx as its CDN, and real peers.",
        "Process start and the check of the hash are counted for all. Ours and the peer's runs alternate; the",
        "figure is the median of their ratios, pair by pair. In brackets: the least and the most of the runs.",
        *quick,
        "",
        f"Machine: {machine}.",
        "",
        f"Versions: {versions}.",
    ]


def _legend() -> list[str]:
    return [
        "A figure of a row with a peer is ours by the peer's; of a row about growth, the dearest by the cheapest;",
        "of any other, the median itself. P1 to P3 fetch into memory (a tmpfs) where there is room. P4 and P5 go",
        "through a relay that gives each connection its delay and its rate, the same for every client; the best",
        "possible is the size by what 4 connections carry. P6 and P11 are answered by the demo hub alone. P9 is",
        "without what the scripted engine costs by itself. P10 is of the runs of P1 and P7. P12 fetches holes,",
        "which are zeros, onto the disk; what a pull of next to nothing costs is taken off, so that the start of",
        "the process is not shared out among few. The row below it sets each size against curl's for the same",
        "file, since what the system takes for a GiB on a disk may grow with it.",
    ]


def _name(row: Row) -> str:
    return row.group if row.key == row.group else ""


def _aim(row: Row, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:g}" if row.kind in ("ratio", "growth") else f"{value:g} {row.unit}"


def _ours(row: Row, samples: Samples) -> str:
    if row.kind == "growth":
        said = [f"{name}: {spread(values)} {row.unit}" for name, values in samples.items()]
        return "; ".join(said) or "-"
    values = samples.get(OURS, ())
    return f"{spread(values)} {row.unit}" if values else "-"


def _theirs(row: Row, samples: Samples) -> str:
    if row.kind == "growth":
        return ""
    others = [f"{name}: {spread(values)} {row.unit}" for name, values in samples.items() if name != OURS]
    return "; ".join(others)


def _figure(row: Row, samples: Samples) -> str:
    value = judged(row, samples)
    if value is None:
        return "-"
    return f"**{number(value)}**" if row.kind in ("ratio", "growth") or row.peer else f"{number(value)} {row.unit}"
