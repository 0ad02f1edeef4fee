"""The claim of one run on a part: before anything is noted it looks whether everything is still as it was.

Three looks, each a few system calls, at every flush: the folders are the same, the name of the part leads to the
file that is written, and the control file is the one that this run wrote last. So nothing goes on into a deleted
file, a folder that is reached through a link, or beside another process where locks do nothing. Blocking.
"""

import secrets
from pathlib import Path

from core.errors import InUse
from core.paths import control_path
from core.transfer import disk
from core.transfer.blocks import Entry
from core.transfer.ground import Ground
from core.transfer.job import Job
from core.transfer.locks import do_nothing


def other_owner(final: Path) -> str:
    """Return the run that may still be writing a part, where no lock can tell; empty where there is none."""
    owner = disk.control_owner(final)
    return owner if owner and do_nothing(control_path(final)) else ""


class Claim:
    """One run writes this part, in this place."""

    def __init__(self, job: Job, part: disk.PartFile, ground: Ground) -> None:
        self._job = job
        self._part = part
        self._ground = ground
        self._id = secrets.token_hex(16)
        self._stamp: disk.Stamp | None = None

    def check(self) -> None:
        """Look whether this run may still write.

        Raises:
            FolderGone: The folder or the part is gone, or another one stands there.
            InUse: Another run has taken the part over.
        """
        self._ground.check()
        self._part.check_place()
        found = disk.control_stamp(self._job.final)
        if self._stamp is None or found is None or found == self._stamp:
            return
        if disk.control_owner(self._job.final) != self._id:
            raise InUse(f"Another program is writing {self._part.path.name}")

    def note(self, entries: list[Entry]) -> None:
        """Write the control file: these blocks are on the disk.

        Raises:
            LocalError: This run may no longer write, or the disk does not take it.
        """
        self.check()
        disk.write_control(self._job.final, self._job.identity, entries, owner=self._id)
        disk.sync_folder(self._job.final.parent)  # a name that a power cut takes back was never kept
        self._stamp = disk.control_stamp(self._job.final)
