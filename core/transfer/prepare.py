"""What stands on the disk before a download: a finished file, a part to go on with, or nothing. Blocking."""

import contextlib
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from core.errors import DiskAway, DiskFull, FolderGone, HashMismatch, InUse, LocalError, NameTaken
from core.paths import control_path, part_path
from core.sizes import size_text
from core.transfer import disk, ground
from core.transfer.blocks import Entry, damaged
from core.transfer.control import FILE_BYTES_MAX
from core.transfer.ground import Ground
from core.transfer.hashing import PrefixHasher
from core.transfer.job import Job
from core.transfer.locks import check_unused
from core.transfer.trouble import translated

FLUSH_BYTES = 16 * 2**20  # what has to fit before a download goes on that had met a full disk


class Survey(Struct, frozen=True):
    """What was found.

    Attributes:
        ground: The folders.
        exists: Something stands under the final name.
        entries: Recorded blocks of a part that belongs to the same bytes; empty to start afresh.
        aside: New name of an old part that did not belong to them; None where there was none.
    """

    ground: Ground
    exists: bool = False
    entries: list[Entry] = field(default_factory=list)
    aside: Path | None = None


def survey(job: Job, before: Ground | None) -> Survey:
    """Look at the final name and the part; set aside a part of other bytes; make the folder.

    A folder that was there `before`, or should have been, is waited for and not made again.

    Raises:
        LocalError: The folder cannot be made or read.
    """
    place = before.again(lambda: _is_part_of(job)) if before is not None else _ground_of(job)
    with translated(job.final):
        if os.path.lexists(job.final):
            return Survey(place, exists=True)
        part = part_path(job.final)
        found = part.lstat() if os.path.lexists(part) else None
    if found is None:
        disk.forget_control(job.final)
        return Survey(place)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:  # a second name: it is a file of somebody else too
        return Survey(place, aside=disk.set_aside(job.final, bad=False))
    known = disk.read_control(job.final)
    if known is not None and known[0].same_bytes(job.identity) and not job.is_small:
        return Survey(place, entries=known[1])
    if found.st_size == 0 or (known is None and job.is_small):
        return Survey(place)  # nothing in it that could be lost: small files come in one go
    return Survey(place, aside=disk.set_aside(job.final, bad=False))


def _ground_of(job: Job) -> Ground:
    """Return the folders, made where they are missing; most often another file of the model has made them."""
    try:
        return Ground(job.root, job.final.parent)
    except (DiskAway, FolderGone):
        if job.has_begun and not job.root.exists():
            raise DiskAway(f"The models folder {job.root} is not there") from None
        disk.make_folder(job.final.parent, job.root)
        return Ground(job.root, job.final.parent)


def _is_part_of(job: Job) -> bool:
    """Tell whether our own part of the same bytes stands there: the mark of a place that has another number now."""
    known = disk.read_control(job.final)
    return known is not None and known[0].same_bytes(job.identity) and part_path(job.final).is_file()


def look(job: Job, before: Ground | None, met: LocalError, since: disk.Stamp | None) -> LocalError | None:
    """Look whether what a download met is over; return what it would meet now, or None.

    The control file is written once more as it is, since that is the least that the disk has to take. `since` is
    what it looked like at the look before: where locks do nothing, one that changed tells that somebody is at work.
    """
    try:
        if before is None:
            survey(job, None)
            return None
        place = before.again(lambda: _is_part_of(job))
        if isinstance(met, DiskFull):
            need = min(FLUSH_BYTES, FLUSH_BYTES if job.identity.size is None else job.identity.size)
            free = ground.free_bytes(place.folder)
            if free < need + ground.RESERVE_BYTES:
                wanted = size_text(need + ground.RESERVE_BYTES)
                return DiskFull(f"{size_text(free)} are free where {job.final.name} goes; it waits for {wanted}")
        check_unused(part_path(job.final))
        if isinstance(met, InUse):
            return met if disk.control_stamp(job.final) != since else None
        with translated(job.final), contextlib.suppress(FileNotFoundError):
            with disk.open_plain(control_path(job.final)) as file:
                data = file.read(FILE_BYTES_MAX)
            disk.write_atomically(control_path(job.final), data)
    except LocalError as error:
        return error
    return None


def adopt(job: Job, *, checked: Callable[[int], None], stop: threading.Event) -> int:
    """Take a file that stands under the final name if it is the one wanted; return its size.

    Raises:
        NameTaken: It is another file, or there is no hash to tell; it was not touched.
    """
    taken = NameTaken(f"Another file stands at {job.final}")
    with translated(job.final):
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
        with contextlib.suppress(LocalError):  # what cannot be read is fetched again
            if not damaged([entry], part.read):
                right.append(entry)
        count += entry[1] - entry[0]
        checked(count)
    return right
