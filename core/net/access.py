"""Which trouble with access a refusing reply tells of: the same for the list of files and for their bytes. Pure.

The hub's code names a gate; why it is closed is told by the status and by known words of the hub's message alone.
"""

from collections.abc import Mapping

from core.errors import AccessPending, AccessRefused, GatedModel, TokenMissing

GATED = "GatedRepo"


def closed_gate(status: int, headers: Mapping[str, str]) -> type[GatedModel] | None:
    """Return the error for a gate that is closed; None where the reply speaks of something else."""
    if headers.get("x-error-code", "") != GATED:
        return None
    if status == 401:  # who sends a token that the hub knows gets 403
        return TokenMissing
    said = headers.get("x-error-message", "").lower()
    if "awaiting" in said or "pending" in said:
        return AccessPending
    if "rejected" in said:
        return AccessRefused
    return GatedModel


def is_unknown_token(headers: Mapping[str, str]) -> bool:
    """Tell whether the hub does not know the token that was sent."""
    return "invalid credentials" in headers.get("x-error-message", "").lower()
