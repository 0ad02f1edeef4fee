"""Reads described files and compares size and hash. Blocking, for a worker thread; writes nothing.

Read in short steps, with a look at `stop` after each, so that a file of any size is let go of at once.
"""

import os
import stat
import threading
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from core.description import MODEL_YML, TEXT_BYTES_MAX, DescribedFile, body_hash, parse
from core.transfer import disk
from core.transfer.hashing import READ_BYTES, PrefixHasher, is_hash
from core.verify.records import Finding, Target, Verdict


def check(
    target: Target,
    *,
    only: Collection[str] | None = None,
    checked: Callable[[int], None],
    stop: threading.Event,
) -> list[Finding]:
    """Check every described file, or `only` those with these paths; return one finding a file.

    `checked` is told the bytes done so far, `Target.size(only)` at the end. After `stop` the findings so far come
    back, none for the file that was being read. Never raises for what stands on the disk.
    """
    findings: list[Finding] = []
    before = 0
    inside = _Inside(target)
    for file in target.files(only):
        if stop.is_set():
            break
        finding = _look(target, file, inside, partial(_add, checked, before), stop)
        if stop.is_set():
            break
        before += file.size
        checked(before)
        findings.append(finding)
    return findings


def _add(checked: Callable[[int], None], before: int, count: int) -> None:
    checked(before + count)


class _Inside:
    """Tells which folders really lie in the models folder; each is asked for once."""

    def __init__(self, target: Target) -> None:
        self._root = os.path.realpath(target.root)
        self._known: dict[Path, bool] = {}

    def holds(self, folder: Path) -> bool:
        if folder not in self._known:
            self._known[folder] = Path(os.path.realpath(folder)).is_relative_to(self._root)
        return self._known[folder]


def _look(
    target: Target, file: DescribedFile, inside: _Inside, checked: Callable[[int], None], stop: threading.Event
) -> Finding:
    path = target.folder.joinpath(*file.path.split("/"))
    try:
        if not inside.holds(path.parent):
            odd = "lies behind a link that leads out of the models folder"
            return Finding(file.path, Verdict.UNREADABLE, odd)
        found = path.lstat()
        if odd := _no_plain_file(found.st_mode):
            return Finding(file.path, Verdict.UNREADABLE, odd)
        if target.description.hub == "cortexso" and file.path == MODEL_YML:
            return Finding(file.path, *_model_yml(path, file))
        verdict, message = _plain(path, file, checked, stop)
        stamp = disk.stamp(found) if verdict is Verdict.WRONG_HASH else None
        return Finding(file.path, verdict, message, stamp)
    except (FileNotFoundError, NotADirectoryError):
        return Finding(file.path, Verdict.MISSING, "is not there")
    except OSError as error:
        return Finding(file.path, Verdict.UNREADABLE, f"cannot be read: {error.strerror or error}")


def _no_plain_file(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "is a link in place of a file"
    return "is a folder in place of a file" if stat.S_ISDIR(mode) else "is no plain file"


def _plain(
    path: Path, file: DescribedFile, checked: Callable[[int], None], stop: threading.Event
) -> tuple[Verdict, str]:
    published = file.hash or file.local_hash
    with disk.open_plain(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size != file.size:
            return Verdict.WRONG_SIZE, f"has {size} bytes in place of {file.size}"
        if not published:
            return Verdict.SIZE_ONLY, "has the right size; there is no hash to compare with"
        if not is_hash(published):
            return Verdict.SIZE_ONLY, "has the right size; its hash is of a kind that is not known here"
        hasher = PrefixHasher(published, file.size)

        def read_into(_: int, buffer: memoryview) -> int:
            return stream.readinto(buffer)

        while hasher.at < size and not stop.is_set():
            at = hasher.at
            hasher.advance(min(size, at + READ_BYTES), read_into)
            checked(hasher.at)
            if hasher.at == at:
                return Verdict.WRONG_SIZE, f"has {at} bytes in place of {file.size}"  # cut while it was read
    return _compared(published, hasher.digest())


def _compared(wanted: str, found: str) -> tuple[Verdict, str]:
    if found == wanted:
        return Verdict.GOOD, "is right"
    kind, _, digits = found.partition(":")
    return Verdict.WRONG_HASH, f"is damaged: {kind} is {digits[:12]}… in place of {wanted.partition(':')[2][:12]}…"


def _model_yml(path: Path, file: DescribedFile) -> tuple[Verdict, str]:
    """Check a model.yml of cortexso, which may be the hub's own or the one that was made from it.

    A rewritten one carries the hash of its own body, whichever description names it.
    """
    with disk.open_plain(path) as stream:
        data = stream.read(TEXT_BYTES_MAX + 1)
    if len(data) > TEXT_BYTES_MAX:
        return Verdict.WRONG_SIZE, "is larger than a description can be"
    if is_hash(file.hash):
        hasher = PrefixHasher(file.hash, len(data))
        hasher.feed([data])
        if len(data) == file.size and hasher.digest() == file.hash:
            return Verdict.GOOD, "is right"
    try:
        body = body_hash(data.decode("utf-8"))
    except UnicodeDecodeError:
        return Verdict.WRONG_HASH, "is damaged: it is no text"
    own = parse(data)
    entries = [entry for entry in own.files if entry.path == MODEL_YML] if own is not None else []
    wanted = {entry.local_hash for entry in [file, *entries] if entry.hash == file.hash and entry.local_hash}
    if body in wanted:
        return Verdict.GOOD, "is right"
    if not wanted and not file.hash and len(data) == file.size:
        return Verdict.SIZE_ONLY, "has the right size; there is no hash to compare with"
    return _compared(next(iter(wanted), file.hash), body)
