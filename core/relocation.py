"""What a task has on the disk, copied to another models folder. Blocking, on worker threads.

Copies first, compares the sizes, and leaves the originals where they are: who calls this decides when they may go.
Nothing that stands in the other folder is replaced, save a part of the very same bytes that no task wants. A copy
that fails, or is stopped, leaves nothing behind.
"""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from core import library
from core.errors import DiskAway, LocalError, NameTaken, NotWritable
from core.paths import control_path, local_path, model_folder, part_path
from core.records import Destination
from core.task import Move, Task
from core.transfer import disk
from core.transfer.locks import check_unused
from core.transfer.trouble import translated

BLOCK_BYTES = 2**20
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Stopped(Exception):
    """The move was given up; no copy is left."""


class Step(Struct, frozen=True):
    """One file to copy; `size` is what it takes, holes left out."""

    source: Path
    target: Path
    size: int


def relocate(task: Task, move: Move, *, wanted: Collection[Path | None], others: Sequence[library.Claim]) -> None:
    """Copy all that a task has to the models folder of `move`; the originals stay.

    `wanted` are the paths that other tasks want there, `others` what they still need.

    Raises:
        Stopped: It was given up.
        LocalError: It cannot be done; said before anything is copied, where that can be known.
    """
    assert task.manifest is not None
    if task.durable and not task.root.is_dir():
        raise DiskAway(
            f"The models folder {task.root} is not there, so what was fetched cannot be moved",
            meaning="Nothing was moved.",
            action="Connect its disk and try again; or remove the model and add it again to begin anew.",
        )
    place = Destination(move.root, task.manifest.folder)
    library.check_sizes(task, move.root)
    steps = list(_steps(task, place))
    move.total = sum(step.size for step in steps)
    space = library.space(move.root, {root for root, _ in others})
    space.check(task.id, task.size - task.durable + move.total, others)
    for step in steps:
        _check_free(step, task, place, wanted)
    _copy_all(steps, move, place)


def _steps(task: Task, place: Destination) -> Iterable[Step]:
    """Return what is there: finished files, and parts that a control file speaks of, before that file."""
    for item in task.items.values():
        final = item.local_path
        if final is None:
            continue
        target = local_path(place, item.id)
        if library.is_ours(item, final):
            yield Step(final, target, _taken(final))
        elif disk.read_control(final) is not None and part_path(final).is_file():
            with translated(final):
                check_unused(part_path(final))
            yield Step(part_path(final), part_path(target), _taken(part_path(final)))
            yield Step(control_path(final), control_path(target), _taken(control_path(final)))


def _taken(path: Path) -> int:
    with translated(path):
        found = path.lstat()
    return min(found.st_size, found.st_blocks * 512) if hasattr(found, "st_blocks") else found.st_size


def _check_free(step: Step, task: Task, place: Destination, wanted: Collection[Path | None]) -> None:
    """Look whether nothing stands at the name of a copy; a leftover part of the same bytes goes."""
    if not os.path.lexists(step.target):
        return
    for item in task.items.values():
        final = item.local_path
        if final is None or step.source != part_path(final):
            continue
        there = local_path(place, item.id)
        ours, theirs = disk.read_control(final), disk.read_control(there)
        if ours and theirs and ours[0].same_bytes(theirs[0]) and there not in wanted:
            disk.remove_part(there)
            return
    raise NameTaken(
        f"{step.target} stands there already",
        meaning="Nothing was moved, and nothing there was touched.",
        action="Choose another folder, or move what stands there out of the way.",
    )


def _copy_all(steps: Iterable[Step], move: Move, place: Destination) -> None:
    made: list[Path] = []
    folders = set()
    try:
        for step in steps:
            disk.make_folder(step.target.parent, place.root)
            folders.add(step.target.parent)
            _copy(step, move, made.append)
        if not folders:
            disk.make_folder(place.root, place.root)
            _check_writable(place.root)
        for folder in folders:
            disk.sync_folder(folder)
    except BaseException:
        _undo(made, place)
        raise


def _copy(step: Step, move: Move, made: Callable[[Path], None]) -> None:
    """Copy one file, holes as holes, force it to the disk, and compare the size."""
    with translated(step.source):
        source = disk.open_plain(step.source)
    with source, translated(step.target):
        size = os.fstat(source.fileno()).st_size
        target = os.open(step.target, _FLAGS, 0o644)
        made(step.target)
        try:
            while block := source.read(BLOCK_BYTES):
                if move.stopped.is_set():
                    raise Stopped
                if block.count(0) == len(block):
                    os.lseek(target, len(block), os.SEEK_CUR)
                    continue
                view = memoryview(block)
                while view:
                    view = view[os.write(target, view) :]
                move.moved += len(block)
            os.ftruncate(target, size)
            os.fsync(target)
            copied = os.fstat(target).st_size
        finally:
            os.close(target)
        if copied != size or step.source.stat().st_size != size:
            raise NotWritable(f"The copy of {step.source.name} has another size than the file itself")


def _check_writable(folder: Path) -> None:
    """Look whether files can be made there, though there is nothing to copy."""
    probe = folder / f".pulley-{os.getpid()}"
    with translated(folder):
        os.close(os.open(probe, _FLAGS, 0o600))
        probe.unlink()


def _undo(made: Iterable[Path], place: Destination) -> None:
    """Delete the copies; what cannot be deleted is listed among the leftovers."""
    for path in made:
        try:
            disk.remove_file(path)
        except LocalError:
            continue
    disk.remove_empty_folders(model_folder(place), place.root)


def undo(task: Task, move: Move) -> None:
    """Delete the copies that a finished `relocate` made, since the task stays where it is."""
    assert task.manifest is not None
    place = Destination(move.root, task.manifest.folder)
    _undo([step.target for step in _steps(task, place)], place)
