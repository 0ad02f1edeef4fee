"""What is verified and what was found. Frozen; nothing here touches the disk."""

from collections.abc import Collection
from enum import Enum
from pathlib import Path

from msgspec import Struct

from core.description import DescribedFile, Description
from core.transfer.disk import Stamp


class Verdict(Enum):
    """What one file is found to be."""

    GOOD = "good"
    SIZE_ONLY = "size_only"
    MISSING = "missing"
    WRONG_SIZE = "wrong_size"
    WRONG_HASH = "wrong_hash"
    UNREADABLE = "unreadable"

    @property
    def is_bad(self) -> bool:
        """The file is not the one that is described."""
        return self not in (Verdict.GOOD, Verdict.SIZE_ONLY)


class Finding(Struct, frozen=True):
    """What was found out about one file.

    Attributes:
        path: As the description has it.
        message: The rest of a sentence that begins with the path, without a final stop: "is not there".
        stamp: What a file with a wrong hash looked like when it was read (`core.transfer.disk.stamp`).
        is_fetchable: It can be fetched again; not where the hub has no such file.
    """

    path: str
    verdict: Verdict
    message: str
    stamp: Stamp | None = None
    is_fetchable: bool = True

    @property
    def is_bad(self) -> bool:
        """The file is not the one that is described."""
        return self.verdict.is_bad


class Target(Struct, frozen=True):
    """One described model.

    Attributes:
        root: The models folder; no link that leads out of it is followed.
        folder: The folder of the model.
        name: File name of the description; empty where it is not read from one.
        only: Paths of the files that were pointed at; empty for all of them.
    """

    root: Path
    folder: Path
    name: str
    description: Description
    only: frozenset[str] = frozenset()

    def files(self, only: Collection[str] | None = None) -> list[DescribedFile]:
        """Return the files that a check of `only` these paths looks at."""
        wanted = self.only if only is None else only
        if only is None and not wanted:
            return list(self.description.files)
        return [file for file in self.description.files if file.path in wanted]

    def size(self, only: Collection[str] | None = None) -> int:
        """Return the bytes that a check goes through."""
        return sum(file.size for file in self.files(only))
