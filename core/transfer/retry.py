"""What to do after a failed try. Pure: the caller counts, waits and draws the random number."""

from dataclasses import dataclass

from core.errors import (
    AccessDenied,
    DownloadError,
    GatedModel,
    GotWebPage,
    IntegrityError,
    LocalError,
    NotFound,
    RemoteChanged,
    ServerRefused,
    TransferError,
)

TRIES_WITHOUT_A_BYTE = 6
BACK_OFF_FIRST_S = 1.0
BACK_OFF_MOST_S = 30.0

_FINAL = (
    AccessDenied, GatedModel, GotWebPage, IntegrityError, LocalError, NotFound, RemoteChanged, ServerRefused,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop; a person has to look."""


def after_failure(error: DownloadError, fruitless: int, *, jitter: float) -> Wait | GiveUp:
    """Decide what follows a failed try.

    `fruitless` counts the tries in a row, this one included, that moved no byte; progress has set it back to 0.
    `jitter` is 0.0 to 1.0 and spreads the waits of many items over the second half of the interval.
    """
    if isinstance(error, _FINAL) or not isinstance(error, TransferError):
        return GiveUp()
    if fruitless >= TRIES_WITHOUT_A_BYTE:
        return GiveUp()
    own = 0.2  # bytes moved: go on almost at once
    if fruitless:
        own = min(BACK_OFF_MOST_S, BACK_OFF_FIRST_S * 2.0 ** (fruitless - 1)) * (0.5 + jitter / 2)
    # A server may ask for a longer wait, never for a shorter one: that would use up the tries in no time.
    return Wait(min(BACK_OFF_MOST_S, max(own, error.retry_after_s or 0.0)))
