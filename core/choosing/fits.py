"""Whether a model fits: memory, graphics memory and disk. A rule of thumb, the same that is shown in words. Pure.

    needed = weights + context memory + working space

Weights: the files as they are. Context memory: what the cache of keys and values takes for `TOKENS` tokens, two
bytes a number, from layers and heads of the header; not counted while the header is unknown. Working space: buffers
of a run. The machine keeps something for itself; unknown figures give no answer, never a guess.
"""

from enum import Enum

from msgspec import Struct

TOKENS = 4096
CACHE_VALUE_BYTES = 2  # f16, llama.cpp's default
WORK_BYTES = 500_000_000
MEMORY_KEPT_BYTES = 2_000_000_000  # for the system and what else runs
GPU_KEPT_BYTES = 500_000_000  # for the screen and the driver


class Machine(Struct, frozen=True):
    """What this machine has; None where nobody can tell.

    Attributes:
        memory: Bytes of memory.
        gpu: Bytes of graphics memory, of the largest device; None too where it has none of its own.
    """

    memory: int | None = None
    gpu: int | None = None


class Need(Struct, frozen=True):
    """What a model needs to run; `cache` is None while the header is unknown."""

    weights: int
    cache: int | None = None

    @property
    def total(self) -> int:
        """All of it together."""
        return self.weights + (self.cache or 0) + WORK_BYTES


class Verdict(Enum):
    """Whether something fits."""

    FITS = "fits"
    TOO_LARGE = "too_large"
    UNKNOWN = "unknown"


class Fit(Struct, frozen=True):
    """Whether a model fits in memory, in graphics memory and on the disk."""

    memory: Verdict
    gpu: Verdict
    disk: Verdict


def need_of(weights: int, cache_values: int | None) -> Need:
    """Return what weights of so many bytes need; `cache_values` are the numbers that a token keeps."""
    return Need(weights, None if cache_values is None else cache_values * CACHE_VALUE_BYTES * TOKENS)


def fit_of(need: Need, machine: Machine, *, download: int, free: int | None) -> Fit:
    """Return what fits: `need` on the machine, and the bytes of the download on a disk with `free` bytes."""
    return Fit(
        memory=_verdict(need.total, machine.memory, MEMORY_KEPT_BYTES),
        gpu=_verdict(need.total, machine.gpu, GPU_KEPT_BYTES),
        disk=_verdict(download, free, 0),
    )


def _verdict(needed: int, there: int | None, kept: int) -> Verdict:
    if there is None:
        return Verdict.UNKNOWN
    return Verdict.FITS if needed <= there - kept else Verdict.TOO_LARGE
