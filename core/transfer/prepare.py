"""What stands on the disk before a download: a finished file, a part to go on with, or nothing. Blocking."""

import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import HashMismatch, NameTaken
from core.paths import part_path
from core.transfer import disk
from core.transfer.blocks import Entry, damaged
from core.transfer.hashing import PrefixHasher
from core.transfer.job import Job


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found.

    Attributes:
        exists: Something stands under the final name.
        entries: Recorded blocks of a part that belongs to the same bytes; empty to start afresh.
        aside: New name of an old part that did not belong to them; None where there was none.
    """

    exists: bool = False
    entries: list[Entry] = field(default_factory=list)
    aside: Path | None = None


def survey(job: Job) -> Survey:
    """Look at the final name and the part; set aside a part of other bytes; make the folder.

    Raises:
        LocalError: The folder cannot be made or read.
    """
    disk.make_folder(job.final.parent, job.root)
    with disk.translated(job.final):
        if os.path.lexists(job.final):
            return Survey(exists=True)
        part = part_path(job.final)
        found = part.lstat() if os.path.lexists(part) else None
    if found is None:
        disk.forget_control(job.final)
        return Survey()
    if not stat.S_ISREG(found.st_mode):
        return Survey(aside=disk.set_aside(job.final, bad=False))
    known = disk.read_control(job.final)
    if known is not None and known[0].same_bytes(job.identity) and not job.is_small:
        return Survey(entries=known[1])
    if found.st_size == 0 or (known is None and job.is_small):
        return Survey()  # nothing in it that could be lost: small files come in one go
    return Survey(aside=disk.set_aside(job.final, bad=False))


def adopt(job: Job, *, checked: Callable[[int], None], stop: threading.Event) -> int:
    """Take a file that stands under the final name if it is the one wanted; return its size.

    Raises:
        NameTaken: It is another file, or there is no hash to tell; it was not touched.
    """
    taken = NameTaken(f"Another file stands at {job.final}")
    with disk.translated(job.final):
        found = job.final.lstat()
        if job.known_wrong is not None and job.known_wrong == disk.stamp(found):
            raise taken
        if disk.is_placed_part(job.final):
            disk.remove_part(job.final)  # the process ended between the new name and the end of the old one
            return found.st_size
        is_ours = job.was_whole and stat.S_ISREG(found.st_mode) and found.st_size == job.identity.size
        if is_ours and not job.identity.hash:
            return found.st_size  # stopped between the name and the note of it
        hashes = [h for h in (job.identity.hash, *job.also_right) if h]
        if not stat.S_ISREG(found.st_mode) or not hashes:
            raise taken
        for published in hashes:
            if published == job.identity.hash and found.st_size != job.identity.size:
                continue
            hasher = PrefixHasher(published, found.st_size)
            with open(job.final, "rb") as file:
                while (data := file.read(2**20)) and not stop.is_set():
                    hasher.feed([data])
                    checked(hasher.at)
            try:
                hasher.check(job.final.name)
            except HashMismatch:
                continue
            disk.remove_part(job.final)
            return found.st_size
    raise taken


def still_right(
    part: disk.PartFile, entries: list[Entry], *, checked: Callable[[int], None], stop: threading.Event
) -> list[Entry]:
    """Re-check recorded blocks against the part; return those that hold."""
    right: list[Entry] = []
    count = 0
    for entry in entries:
        if stop.is_set():
            break
        if not damaged([entry], part.read):
            right.append(entry)
        count += entry[1] - entry[0]
        checked(count)
    return right
