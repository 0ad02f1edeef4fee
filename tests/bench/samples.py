"""The figures of a run as they come, how much is run, and a line for whoever waits."""

from dataclasses import dataclass, field

from tests.bench.processes import Used

GIB, MIB = 2**30, 2**20


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is run.

    Attributes:
        runs: Of each side, for what is not too long.
        big_bytes: File of P1 to P3.
        line_bytes: File of P4 and P5.
        small_files: Of P6.
        models, model_bytes: Of P7.
        listed_files: Of P8.
        grown_bytes: Files of P12.
        grown_tasks: Lengths of the queue of P12.
        seconds: Of P9.
    """

    runs: int = 5
    big_bytes: int = GIB
    line_bytes: int = 400 * MIB
    small_files: int = 1000
    models: int = 8
    model_bytes: int = 256 * MIB
    listed_files: int = 10_000
    grown_bytes: tuple[int, ...] = (GIB // 4, GIB, 4 * GIB, 16 * GIB)
    grown_tasks: tuple[int, ...] = (10, 100, 1000, 10_000)
    seconds: int = 10

    def runs_of(self, size: int) -> int:
        """How often a file of this size is fetched: what takes long is fetched once."""
        return 1 if size >= 4 * GIB else self.runs


QUICK = Plan(
    runs=1, big_bytes=GIB, line_bytes=100 * MIB, small_files=200, models=8, model_bytes=32 * MIB,
    listed_files=10_000, grown_bytes=(GIB // 4, GIB), grown_tasks=(10, 100), seconds=4,
)  # fmt: skip


@dataclass(slots=True)
class Table:
    """Samples by row and series, in the order of the runs."""

    rows: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, key: str, series: str, value: float) -> None:
        """Keep one sample."""
        self.rows.setdefault(key, {}).setdefault(series, []).append(round(value, 4))


def said(name: str, used: Used) -> None:
    """Print what one run took."""
    tell(f"{name}: wall {used.wall_s:.2f} s, processor {used.processor_s:.2f} s, peak {used.peak_mb:.0f} MB")


def tell(text: str) -> None:
    """Print one line at once."""
    print(f"  {text}", flush=True)
