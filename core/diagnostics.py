"""What helps whoever is asked for help: versions, settings, states and the end of the log, without secrets. Pure.

The home folder becomes `~`; names of models stay, since a report without them helps nobody.
"""

import platform
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec.structs import asdict

from core import __version__
from core.logbook import scrub
from core.records import Totals
from core.settings import Settings
from core.sizes import size_text
from core.task import Task

PACKAGES = ("PySide6-Essentials", "qasync", "httpx", "aiohttp", "PyYAML", "keyring")
FAILED_MAX = 20
LINES_MAX = 200


def report(
    *, settings: Settings, tasks: Sequence[Task], totals: Totals, root: Path, log: Sequence[str], endpoint: str
) -> str:
    """Return the report as plain text."""
    states = Counter(task.state.value for task in tasks)
    failed = [task for task in tasks if task.state.is_final and task.state.is_resumable][:FAILED_MAX]
    free = "unknown" if totals.free_bytes is None else size_text(totals.free_bytes)
    chosen = {name: value for name, value in asdict(settings).items() if name not in ("layout", "proxy_username")}
    lines = [
        f"Pulley {__version__}, Python {platform.python_version()}, {platform.platform()}",
        ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        f"hub: {endpoint}{_detour(endpoint, totals.hub)}, reachable: {totals.hub_reachable}",
        f"models folder: {root}, free: {free}, still to come: {size_text(totals.need_bytes)}",
        "tasks: " + (", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"),
        *(line for task in failed for line in _failure(task)),
        "settings: " + ", ".join(f"{name}={value}" for name, value in chosen.items()),
        "",
        "log:",
        *(log[-LINES_MAX:] or ["(empty)"]),
    ]
    text = "\n".join(scrub(line) for line in lines)
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def _detour(endpoint: str, host: str) -> str:
    return "" if not host or host in endpoint else f", fetched from {host}"


def _failure(task: Task) -> list[str]:
    reasons = [task.failure] if task.failure else [item.failure for item in task.items.values() if item.failure]
    return [f"  {task.id}: {reason.kind}: {reason.message}" for reason in reasons[:3]]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # frozen programs carry no metadata
        return "?" if name not in sys.modules else "loaded"
