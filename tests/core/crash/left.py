"""What has to be true of a models folder that a process left behind, however it ended."""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

from core.paths import control_path, part_path
from core.transfer import control
from tests.core.faults.plan import MODEL
from tests.fakes.faults.hub import REPO

FOLDER = Path("huggingface.co") / REPO


def final_of(models: Path) -> Path:
    """Return the final name of the model's file."""
    return models / FOLDER / MODEL.path


def durable_in(models: Path) -> int:
    """Return the bytes that are kept: of the whole file, or what the control file names."""
    final = final_of(models)
    if final.exists():
        return final.stat().st_size
    try:
        known = control.load(control_path(final).read_bytes())
    except OSError:
        return 0
    return sum(end - start for start, end, _ in known[1]) if known and part_path(final).exists() else 0


def broken_in(models: Path) -> Iterator[str]:
    """Yield every promise that the folder breaks."""
    final, wanted = final_of(models), MODEL.blob.read()
    if final.exists() and final.read_bytes() != wanted:
        yield "DONE: the final name stands on wrong bytes"
    if final.exists():
        return
    try:
        known = control.load(control_path(final).read_bytes())
        part = part_path(final).read_bytes()
    except OSError:
        return
    if known is None:
        yield "KEEP: the control file cannot be read"
        return
    for start, end, crc in known[1]:
        if zlib.crc32(part[start:end]) != crc or part[start:end] != wanted[start:end]:
            yield f"KEEP: the part does not hold what its control file names ({start} to {end})"


def strangers_in(models: Path, *allowed: str) -> list[str]:
    """Return the names beside the finished model that nobody needs."""
    names = {path.name for path in (models / FOLDER).iterdir()}
    return sorted(names - {MODEL.path, "model.yml", *allowed})


def stored_state(data: Path) -> str:
    """Return the state of the task in the list; empty where it is not there."""
    db = sqlite3.connect(data / "tasks.sqlite")
    try:
        row = db.execute("SELECT state FROM task WHERE id = ?", (REPO,)).fetchone()
        return str(row[0]) if row else ""
    except sqlite3.Error:
        return ""
    finally:
        db.close()
