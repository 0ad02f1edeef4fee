"""The models folder as files: free space, what is complete already, descriptions, deleting. Blocking.

Called from worker threads only. Touches only files that a task or a description of ours names.
"""

import hashlib
import shutil
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core.description import (
    MODEL_YML,
    DescribedFile,
    Description,
    body_hash,
    complete,
    description_name,
    find_descriptions,
    parse,
    render,
)
from core.errors import DiskFull, NameRefused, TooLarge
from core.formats.gguf import Header, read_header
from core.formats.quant import is_model
from core.handles import format_handle
from core.net.origin import host_label
from core.paths import local_path, model_folder
from core.records import Destination, Handle, Manifest, RemoteFile, Selection
from core.sizes import size_text
from core.sources.base import folder_of as source_folder
from core.states import ItemState
from core.task import Item, Task
from core.transfer import disk
from core.transfer.ground import FAT_BYTES_MOST, RESERVE_BYTES, file_system, largest_file
from core.transfer.trouble import translated

_HUBS = {
    "huggingface": ("huggingface.co", "https://huggingface.co/{}"),
    "cortexso": ("huggingface.co", "https://huggingface.co/cortexso/{}"),
    "modelscope": ("modelscope.cn", "https://modelscope.cn/models/{}"),
    "ollama": ("ollama.com", "https://ollama.com/{}"),
}
Claim = tuple[Path, int]
"""What a task still needs: models folder, and bytes to come."""

# Two models of one folder may be complete at once, and each has to see what the other wrote.
_describing = threading.Lock()


def wall_clock() -> float:
    """Seconds since the epoch, for people only."""
    return time.time()


def free_bytes(root: Path) -> int | None:
    """Return the free bytes where `root` is or will be; None where that cannot be told."""
    for folder in (root, *root.parents):
        try:
            return shutil.disk_usage(folder).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


class Space(Struct, frozen=True):
    """What is free where a models folder is, and which others share it, as of one moment.

    Attributes:
        free: None where it cannot be told.
        beside: The models folders on the same file system.
    """

    free: int | None
    beside: frozenset[Path]

    def check(self, name: str, need: int, others: Iterable[Claim]) -> None:
        """Check that `need` more bytes fit beside what other tasks still need on the same file system.

        `name` is said in the message. Pure: whoever begins may check and note its need in one step.

        Raises:
            DiskFull: They do not; with the numbers.
        """
        if self.free is None or need <= 0:
            return
        beside = self._here(others)
        if need + beside + RESERVE_BYTES > self.free:
            text = f" beside {size_text(beside)} for other downloads" if beside else ""
            raise DiskFull(
                f"{name} needs {size_text(need)}{text}, and {size_text(self.free)} are free",
                meaning="Nothing more of it is downloaded, so that the disk is not filled for nothing.",
                action="Free some space or choose another models folder, then try again.",
            )

    def check_in_turn(self, name: str, need: int, *, begun: Sequence[Claim], before: Iterable[Claim]) -> None:
        """Check that `need` more bytes fit beside what tasks that have `begun` need, and those `before` it in turn.

        One of those before that does not fit will be refused itself, and takes nothing from those behind it. Pure.

        Raises:
            DiskFull: They do not; with the numbers.
        """
        left = None if self.free is None else self.free - RESERVE_BYTES - self._here(begun)
        first: list[Claim] = []
        for claim in before:
            if left is None or self._here([*first, claim]) <= left:
                first.append(claim)
        self.check(name, need, [*begun, *first])

    def _here(self, others: Iterable[Claim]) -> int:
        return sum(count for root, count in others if root in self.beside)


def space(root: Path, others: Iterable[Path]) -> Space:
    """Look what is free where `root` is, and which of the `others` share it."""
    device = _device(root)
    return Space(free_bytes(root), frozenset(r for r in {root, *others} if r == root or _device(r) == device))


def check_space(name: str, root: Path, need: int, others: Sequence[Claim]) -> None:
    """Check that `need` more bytes fit beside what `others` (models folder, bytes) still need.

    Raises:
        DiskFull: They do not; with the numbers.
    """
    space(root, [other for other, _ in others]).check(name, need, others)


def _device(root: Path) -> int | None:
    for folder in (root, *root.parents):
        try:
            return folder.stat().st_dev
        except OSError:
            continue
    return None


def check_sizes(task: Task, root: Path | None = None) -> None:
    """Check that the file system of its models folder, or of another one, can hold each file of a task.

    Raises:
        TooLarge: Not the largest one: FAT, which holds 4 GiB at most.
    """
    item = max(task.wanted_items(), key=lambda item: item.size, default=None)
    if item is None or item.size <= FAT_BYTES_MOST:
        return
    kind = file_system(root or task.root)
    most = largest_file(kind)
    if most is not None and item.size > most:
        raise TooLarge(
            f"{item.id} has {size_text(item.size)}, and the models folder is on {kind}, which holds 4 GB at most"
        )


def is_away(task: Task) -> bool:
    """Tell whether the models folder of a task that has begun is not there: then nothing of it is gone."""
    return task.durable > 0 and not task.root.exists()


def gone(task: Task) -> list[Item]:
    """Return the finished items whose file is no longer there, or has another size."""
    missing = []
    for item in task.items.values():
        if item.state is not ItemState.DONE or item.local_path is None:
            continue
        try:
            size = item.local_path.stat().st_size
        except OSError:
            missing.append(item)
            continue
        if size != item.size and not item.local_hash:
            missing.append(item)
    return missing


def is_ours(item: Item, path: Path) -> bool:
    """Tell whether what stands under a final name is the finished file of an item, whether it is called so yet."""
    if item.state is ItemState.DONE:
        return path.is_file()
    try:
        return 0 < item.durable == item.file.size == path.lstat().st_size
    except OSError:
        return False


def folder_of(task: Task) -> Path:
    """Return the folder of a task's model."""
    assert task.manifest is not None
    return model_folder(Destination(task.root, task.manifest.folder))


def find_complete(root: Path, handle: Handle, selection: Selection) -> Manifest | None:
    """Return what a handle stands for where a description says that all of it is here; no network is asked."""
    try:
        folder = model_folder(Destination(root, source_folder(handle)))
    except NameRefused:
        return None
    folders = [folder]
    if handle.hub == "cortexso" and not handle.revision:
        folders = sorted(path for path in folder.glob("*") if path.is_dir())
    for place in folders:
        for found in find_descriptions(place).values():
            if found.answers(handle, selection) and complete(found, place):
                return manifest_of(found, place.relative_to(root).as_posix())
    return None


def manifest_of(found: Description, folder: str) -> Manifest:
    """Return what a description stands for; without addresses, since all of it is here."""
    label, page = _HUBS.get(found.hub, ("", ""))
    return Manifest(
        hub=found.hub,
        repo=found.repo,
        revision=found.revision,
        commit=found.commit,
        folder=folder,
        files=tuple(RemoteFile(file.path, file.size, file.hash, "") for file in found.files),
        page_url=page.format(found.repo) if page else "",
        hub_label=label or host_label(found.repo),
    )


def adoptable(task: Task) -> dict[str, str]:
    """Return the present hash of a model.yml that an earlier pull rewrote, by item id.

    Its bytes are no longer the hub's, but its description says which ones of the hub it was made from.
    """
    item = task.items.get(MODEL_YML)
    if item is None or item.local_path is None or not item.local_path.is_file():
        return {}
    with translated(item.local_path):
        data = item.local_path.read_bytes()
    found = parse(data)
    for file in found.files if found else ():
        right = file.hash == item.file.hash and file.local_hash == body_hash(data.decode())
        if file.path == MODEL_YML and right:
            return {item.id: "sha256:" + hashlib.sha256(data).hexdigest()}
    return {}


def describe(task: Task, items: Sequence[Item]) -> dict[str, str]:
    """Write the description of a task, of which `items` are the chosen files and stand finished.

    Returns local hashes by item id where a file was rewritten.

    Raises:
        LocalError: It cannot be written.
    """
    with _describing:
        return _describe(task, items)


def _describe(task: Task, items: Sequence[Item]) -> dict[str, str]:
    assert task.manifest is not None
    folder = folder_of(task)
    manifest = replace(task.manifest, files=tuple(item.file for item in task.items.values()))
    files = [DescribedFile(item.id, item.size, item.file.hash) for item in items]
    rewritten = task.handle.hub == "cortexso" and any(item.id == MODEL_YML for item in items)
    taken = _foreign_texts(folder) - ({MODEL_YML} if rewritten else set())
    others = _others(task, folder)
    name = description_name(manifest, [item.id for item in items], others=others, taken=taken)
    before = _same_before(manifest, folder, {item.id for item in items}, others)
    if before is not None and before[0] not in {file.path for file in manifest.files}:
        name = before[0]  # a repair knows only the described files, and not what else is called so in the repo
    text = render(
        task_id=task.public_id,
        handle=task.handle,
        manifest=manifest,
        files=files,
        selection=task.selection,
        header=_header(folder, items),
        hub_text=_text(folder / MODEL_YML) if rewritten and name == MODEL_YML else None,
        called=task.called,
        partial=before is not None and before[1].is_partial,
    )
    disk.write_atomically(folder / name, text.encode())
    found = parse(text)
    return {file.path: file.local_hash for file in found.files if file.local_hash} if found else {}


def _same_before(
    manifest: Manifest, folder: Path, paths: Collection[str], others: Collection[str]
) -> tuple[str, Description] | None:
    """Return the description, with its name, that an earlier pull of the very same files wrote."""
    for name, found in find_descriptions(folder).items():
        if name not in others and found.paths == paths and found.commit == manifest.commit:
            return name, found
    return None


def _foreign_texts(folder: Path) -> set[str]:
    """Return the names of the YAML files at the top of a folder that we did not write."""
    try:
        names = {path.name for path in folder.iterdir() if path.suffix == ".yml"}
    except OSError:
        return set()
    return names - set(find_descriptions(folder))


def _text(path: Path) -> str:
    with translated(path):
        return path.read_text(encoding="utf-8", errors="replace")


def _header(folder: Path, items: Sequence[Item]) -> Header | None:
    """Read what the first GGUF model says of itself; a header that cannot be read only costs the extras."""
    paths = sorted(item.id for item in items if is_model(item.id))
    if not paths:
        return None
    try:
        with open(folder.joinpath(*paths[0].split("/")), "rb") as file:
            return read_header(file)
    except (OSError, ValueError):
        return None


def _others(task: Task, folder: Path) -> dict[str, Description]:
    """Return the descriptions in a folder that other pulls wrote."""
    own = format_handle(task.handle)
    return {
        name: found
        for name, found in find_descriptions(folder).items()
        if (found.handle, found.globs) != (own, task.selection.globs)
    }


def delete_parts(items: Iterable[Item]) -> None:
    """Delete the parts of these items; finished files stay.

    Raises:
        LocalError: Something cannot be deleted.
    """
    for item in items:
        if item.local_path is not None:
            disk.remove_part(item.local_path)


def delete_files(task: Task, kept: Collection[Path | None], root: Path | None = None) -> None:
    """Delete what Pulley made of a task: finished files, parts, description, folders that became empty.

    Files in `kept`, and those that another description names, stay. `root` is the models folder where it was before
    it moved.

    Raises:
        LocalError: Something cannot be deleted.
    """
    if task.manifest is None:
        return
    place = Destination(root or task.root, task.manifest.folder)
    folder = model_folder(place)
    others = _others(task, folder)
    named = {folder.joinpath(*path.split("/")) for found in others.values() for path in found.paths}
    own = [folder / name for name in find_descriptions(folder) if name not in others]
    for item in task.items.values():
        path = None if item.place is None else local_path(place, item.id)
        if path is None or path in kept or path in named:
            continue
        disk.remove_part(path)
        if is_ours(item, path):
            disk.remove_file(path)
    for path in own:
        disk.remove_file(path)
    disk.remove_empty_folders(folder, place.root)
