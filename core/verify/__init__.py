"""Verification: what stands on the disk against its description, and the description against the hub.

    targets_at, targets_of ──► Target ──► check ─────► Finding a file    (blocking, no network)
                                 └──────► compare ───► Finding for each file that the hub describes otherwise

May use: descriptions, handles, sources, the disk edge. Must not know: tasks, the engine. Nothing here writes.
"""

from core.verify.checking import check
from core.verify.hub import compare, handle_of, on_hub
from core.verify.records import Finding, Target, Verdict
from core.verify.targets import TARGETS_MAX, targets_at, targets_of

__all__ = [
    "TARGETS_MAX",
    "Finding",
    "Target",
    "Verdict",
    "check",
    "compare",
    "handle_of",
    "on_hub",
    "targets_at",
    "targets_of",
]
