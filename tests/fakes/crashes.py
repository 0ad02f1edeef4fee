"""From a log of file operations to what may be on the disk after a power cut.

A file system may have kept, when the power goes: of names (made, linked, renamed, deleted) any beginning of what
was done since their folder was last synced; of each file's bytes everything up to its last sync, and of each write
after that all, some or nothing, in any order. So a new name may lead to a file whose bytes never came.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fakes.fsops import Op

_NAMES = {"create", "link", "rename", "unlink", "mkdir", "rmdir"}
SECTOR = 512


@dataclass(frozen=True, slots=True)
class State:
    """What is on the disk.

    Attributes:
        names: Number of the file by path.
        data: Bytes by number.
    """

    folders: list[str]
    names: dict[str, int]
    data: dict[int, bytes]


def state_after(log: Sequence[Op], cut: int, random: Random) -> State:
    """Return what may be there when the power goes after `cut` operations."""
    past = log[:cut]
    synced_folders = max((n for n, op in enumerate(past) if op.kind == "sync_folder"), default=0)
    # A file that is synced takes its own name along on every common file system.
    synced_names = max((n for n, op in enumerate(past) if op.kind == "sync"), default=0)
    least = max(synced_folders, synced_names if random.random() < 0.5 else 0)
    names_until = random.randint(least, cut) if cut > least else cut
    bytes_of = _bytes(past, random)
    folders: list[str] = []
    names: dict[str, int] = {}
    for op in past[:names_until]:
        if op.kind not in _NAMES:
            continue
        if op.kind == "create":
            names[op.path] = op.file
        elif op.kind == "link" and op.path in names:
            names[op.target] = names[op.path]
        elif op.kind == "rename" and op.path in names:
            names[op.target] = names.pop(op.path)
        elif op.kind == "unlink":
            names.pop(op.path, None)
        elif op.kind == "mkdir":
            folders.append(op.path)
    return State(folders, names, {number: bytes(bytes_of[number]) for number in names.values()})


def _bytes(past: Sequence[Op], random: Random) -> dict[int, bytearray]:
    synced: dict[int, int] = defaultdict(int)  # by file: operations before this one are on the disk
    for op in past:
        if op.kind == "sync":
            synced[op.file] = max(synced[op.file], op.at)
    files: dict[int, bytearray] = defaultdict(bytearray)
    loses = random.choice((0.0, 0.5, 1.0))
    for number, op in enumerate(past):
        if op.kind not in ("write", "ftruncate"):
            continue
        data = op.data
        if number >= synced[op.file]:
            if random.random() < loses:
                continue
            if op.kind == "write" and random.random() < 0.3:  # torn
                data = data[: random.randrange(0, len(data) // SECTOR + 1) * SECTOR]
        content = files[op.file]
        if op.kind == "ftruncate":
            del content[op.at :]
            content.extend(b"\0" * (op.at - len(content)))
        else:
            content.extend(b"\0" * (op.at - len(content)))
            content[op.at : op.at + len(data)] = data
    return files


def lay_out(state: State, was_at: Path, folder: Path) -> None:
    """Put a state into an empty folder."""
    for path in state.folders:
        (folder / os.path.relpath(path, was_at)).mkdir(parents=True, exist_ok=True)
    made: dict[int, Path] = {}
    for path, number in state.names.items():
        target = folder / os.path.relpath(path, was_at)
        target.parent.mkdir(parents=True, exist_ok=True)
        if number in made:
            os.link(made[number], target)
        else:
            target.write_bytes(state.data[number])
            made[number] = target
