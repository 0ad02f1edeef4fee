"""What is measured and what is to be reached: the table of the page, before any figure is in it. Pure."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["ratio", "value", "growth", "shown"]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the page.

    Attributes:
        key: `P1`, or `P7.worst` where a row of the issue holds several figures.
        what: The work, in words.
        unit: Of the samples.
        kind: ratio: ours by the peer's of the same pair of runs. value: ours alone. growth: the dearest of all
            series by the cheapest. shown: for information, nothing to be reached.
        goal, floor: Of the judged figure; None where nothing is to be reached.
        peer: The series that ours is divided by.
    """

    key: str
    what: str
    unit: str
    kind: Kind
    goal: float | None = None
    floor: float | None = None
    peer: str = ""

    @property
    def group(self) -> str:
        """The row of the issue that this belongs to: what is named on the command line."""
        return self.key.partition(".")[0]


OURS = "pulley"
CURL = "curl + openssl dgst"
ARIA2 = "aria2c -x16 --checksum"
ARIA2_SPLIT = "aria2c -x16 -s16 -k1M --checksum"
HF = "hf download + openssl dgst"
HF_ONLY = "hf download"
BEST = "best possible"
STOPPED = "more than"  # ends the name of a series that was stopped: its figures are the least it can be

ROWS = (
    Row("P1", "1 GiB file over HTTPS, verified: processor time", "s", "ratio", 1.1, 1.35, CURL),
    Row("P2", "the same: wall time", "s", "ratio", 0.75, 0.95, ARIA2),
    Row("P3", "the same over HTTP: wall time", "s", "ratio", 0.4, 0.6, HF),
    Row("P3.tls", "the same over HTTPS: wall time", "s", "shown", peer=HF),
    Row(
        "P4", "400 MiB, 10 MB/s a connection, 30 ms round trip: wall time", "s", "ratio", 1.0, 1.3, ARIA2_SPLIT
    ),
    Row("P5", "the same, the server answers 429 beyond 4 connections: wall time", "s", "ratio", 1.1, 1.3, BEST),
    Row(
        "P5.reset", "the same, it resets what is beyond 4 connections: wall time", "s", "ratio", 1.1, 1.3, BEST
    ),
    Row("P6", "1,000 files of 0.2 to 60 KB, 20 ms an answer: wall time", "s", "ratio", 0.2, 0.35, HF_ONLY),
    Row(
        "P7", "8 models of 256 MiB at once in the window: an 8 ms timer late in 99 of 100 ticks by at most", "ms",
        "value", 8, 16,
    ),
    Row("P7.worst", "... at worst", "ms", "value", None, 60),
    Row("P7.wall", "... wall time of all 8", "s", "shown"),
    Row("P7.processor", "... processor time of the window's process", "s", "shown"),
    Row("P8", "a repo of 10,000 files added in the window: longest block of the loop", "ms", "value", 30, 60),
    Row("P8.rows", "... from the drop to the rows", "s", "value", 1, 2),
    Row(
        "P9", "100 tasks of 100 files all changing, open, 4 updates a second: the tree's share of a processor",
        "%", "value", 10, 20,
    ),
    Row("P10", "peak memory of `pulley pull` for P1", "MB", "value", 90, 130),
    Row("P10.window", "... of the window for P7", "MB", "value", 200, 260),
    Row("P11", "`pulley pull` of a file of 1 KB against the demo hub: wall time", "s", "value", 0.5, 0.9),
    Row("P12", "cost of growth: processor time for a GiB of a file of this size", "s", "growth", 1.1, 1.25),
    Row("P12.curl", "... by that of curl + openssl dgst", "times", "growth", 1.1, 1.25),
    Row("P12.tasks", "... for each task of a long queue", "ms", "growth", 1.1, 1.25),
    Row(
        "B1", "a search in Browse of 1,000 models: first results painted after the reply, the slowest of ten", "ms",
        "value", 150,
    ),
    Row("B2", "10,000 GGUF files, in shards: grouped into rows to choose from", "ms", "value", 100),
    Row("B2.mixed", "... of many kinds", "ms", "value", 100),
    Row("B2.safetensors", "... one set of safetensors", "ms", "value", 100),
    Row(
        "B3", "1,000 results scrolled at a row a frame, 60 a second, more of them coming: 99 of 100 frames painted "
        "after their due time by at most", "ms", "value", 16.7,
    ),
    Row("B3.share", "... frames that were later than 16.7 ms", "%", "shown"),
    Row("B3.work", "... processor time of the window's thread a frame, in 99 of 100 at most", "ms", "shown"),
    Row("B4", "the page of a model before a file is chosen: requests to the demo hub", "requests", "value", 3),
    Row("B4.redirects", "... and redirects of the hub that were followed", "requests", "shown"),
    Row(
        "smooth", "2 models of 1 GiB from the demo hub, 8 connections: an 8 ms timer late in 99 of 100 ticks by "
        "at most", "ms", "value", None, 16,
    ),
    Row("smooth.worst", "... at worst", "ms", "value", None, 100),
    Row("startup", "window over 1,000 tasks of 20 files painted after the process start", "s", "value", None, 1.5),
    Row("startup.memory", "... peak memory", "MB", "value", None, 250),
    Row("memory", "peak memory of `pulley pull` on 4 connections by size of the file", "MB", "growth", 1.1, 1.25),
    Row("listen", "50 tasks of 4 files in `pulley serve`, 10 listeners: processor", "s", "shown", peer="nobody"),
)  # fmt: skip

GROUPS = tuple(dict.fromkeys(row.group for row in ROWS))


def row_of(key: str) -> Row:
    """Return the row of a key."""
    return next(row for row in ROWS if row.key == key)
