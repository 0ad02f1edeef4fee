"""What to do after a failed try. Pure: the caller counts, waits and draws the random number.

Every failure is one of: tried again almost at once (bytes moved), backed off from (charged only by tries in a row
that moved no byte), held until a condition is over (not charged: no network, a host that asked to be left alone),
or given up, because a person or another room has to act. What the disk says is for `core.transfer.download`.
"""

from msgspec import Struct

from core.errors import (
    AccessDenied,
    CertificateRefused,
    DownloadError,
    GatedModel,
    GotWebPage,
    IntegrityError,
    LocalError,
    NotFound,
    ProxyRefused,
    RemoteChanged,
    ServerRefused,
    TransferError,
)

TRIES_WITHOUT_A_BYTE = 6
BACK_OFF_FIRST_S = 1.0
BACK_OFF_MOST_S = 30.0
RETRY_AFTER_MOST_S = 3600.0  # of what a server asks for; more is a mistake or malice
HOLD_S = 5.0  # until the next look at a condition that named no time

_FINAL = (
    AccessDenied, CertificateRefused, GatedModel, GotWebPage, IntegrityError, LocalError, NotFound, ProxyRefused,
    RemoteChanged, ServerRefused,
)  # fmt: skip


class Wait(Struct, frozen=True):
    """Try again after so many seconds."""

    seconds: float


class Hold(Struct, frozen=True):
    """Look again after so many seconds; nothing was tried, so nothing counts."""

    seconds: float


class GiveUp(Struct, frozen=True):
    """Stop; a person has to look."""


def after_failure(error: DownloadError, fruitless: int, *, jitter: float) -> Wait | Hold | GiveUp:
    """Decide what follows a failed try.

    `fruitless` counts the tries in a row, this one included, that moved no byte; progress has set it back to 0.
    `jitter` is 0.0 to 1.0 and spreads the waits of many items over the second half of the interval.
    """
    if isinstance(error, _FINAL) or not isinstance(error, TransferError):
        return GiveUp()
    asked = min(RETRY_AFTER_MOST_S, max(0.0, error.retry_after_s or 0.0))
    if not error.is_charged:
        return Hold(asked or HOLD_S)
    if fruitless >= TRIES_WITHOUT_A_BYTE:
        return GiveUp()
    own = 0.2  # bytes moved: go on almost at once
    if fruitless:
        own = min(BACK_OFF_MOST_S, BACK_OFF_FIRST_S * 2.0 ** (fruitless - 1)) * (0.5 + jitter / 2)
    # A server may ask for a longer wait, never for a shorter one: that would use up the tries in no time.
    return Wait(max(min(BACK_OFF_MOST_S, own), asked))


def counted(error: DownloadError, fruitless: int) -> int:
    """Return the fruitless tries in a row with one more that moved no byte, where it was a try at all."""
    return fruitless + 1 if error.is_charged else fruitless
