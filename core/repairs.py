"""Repairs of described models, whether the list holds them or not. Pure bookkeeping: what is to be fetched is made
to wait, and the engine's normal run does the rest.

A description may have come with its folder from anywhere: only checked names, and only the repo of its own handle.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from core.description import Description
from core.errors import CommandRefused, Damaged, UnsupportedHandle
from core.handles import format_handle
from core.itemise import items_of
from core.library import folder_of, wall_clock
from core.net.origin import host_label
from core.records import Handle, Manifest, RemoteFile, Selection
from core.roster import Files, Roster
from core.sources.base import Source
from core.sources.base import folder_of as source_folder
from core.states import Intent, ItemState, TaskState
from core.task import Item, Task
from core.verify import Target, handle_of

ID_CHARS_MAX = 500


def mend(
    target: Target,
    paths: Collection[str],
    *,
    roster: Roster,
    sources: Sequence[Source],
    remove: Callable[[str], None],
) -> Task:
    """Let these files of a described model wait for the download of the described commit; return its task.

    The task in the list is taken where it means the same bytes, also while it runs: a repair that was stopped is
    asked for again. One that does not is removed and listed anew.

    Raises:
        CommandRefused: A download of other bytes runs, there are no such files, or the folder is not where it
            belongs.
        DownloadError: The description contradicts itself, or no hub is the one that it names.
    """
    described = target.description
    paths = frozenset(paths)
    if not paths or not paths <= described.paths:
        raise CommandRefused("The description names no such files")
    handle = handle_of(described)
    task = _listed(target, handle, roster)
    is_same = task is not None and _is_same(task, described, paths)
    if task is not None and task.state.is_live and not (is_same and _takes_more(task)):
        raise CommandRefused(f"{task.id} is being downloaded; repair it when that has ended")
    if task is not None and not is_same:
        remove(task.id)
        task = None
    if task is None:
        manifest = _manifest(target, handle, sources)
        task = Task(
            _free_id(described, handle, roster),
            handle,
            root=target.root,
            added_at=wall_clock(),
            selection=Selection(globs=described.globs),
            called=_called(described),
        )
        items = items_of(target.root, manifest, complete=True)
        _finish(items, described)
        for item in items:
            if item.id in paths:
                _spoil(item)
                item.state, item.durable = ItemState.WAITING, 0
        roster.add(task)
        roster.set_items(task, manifest, Files(items))
        return task
    task.intent, task.failure, task.described = Intent.RUN, None, False
    for item_id in paths:
        item = task.items[item_id]
        if item.state.is_live:
            if not (item.state.is_running or item.damage):
                _spoil(item)  # it waits as if it had never been there, and something stands there
                roster.keep_item(task, item)
            continue
        _spoil(item)
        task.set_durable(item, 0)
        roster.move_item(task, item, ItemState.WAITING)
        roster.keep_item(task, item)
    roster.refresh(task)
    roster.keep(task)
    return task


def _takes_more(task: Task) -> bool:
    """Tell whether files of a live task can still be made to wait: not while its description is being written."""
    return not task.admitted or task.count(ItemState.DONE) < task.wanted_count


def _spoil(item: Item) -> None:
    item.damage = Damaged(f"{item.id} is not as it is described").failure
    item.damage_stamp = None
    item.meter = None


def _finish(items: Sequence[Item], described: Description) -> None:
    local = {file.path: file.local_hash for file in described.files}
    for item in items:
        item.local_hash = local[item.id]


def _listed(target: Target, handle: Handle, roster: Roster) -> Task | None:
    asked = {format_handle(handle), target.description.handle}
    for task in roster.all():
        is_here = task.manifest is not None and task.root == target.root and folder_of(task) == target.folder
        same = format_handle(task.handle) in asked and task.selection.globs == target.description.globs
        if is_here and same:
            return task
    return None


def _is_same(task: Task, described: Description, paths: Collection[str]) -> bool:
    """Tell whether the items of a task stand for the described bytes, and can be fetched."""
    if task.manifest is None or task.manifest.commit != described.commit or task.state is TaskState.CANCELLED:
        return False
    files = {file.path: (file.size, file.hash) for file in described.files}
    items = [task.items.get(path) for path in paths]
    return all(item is not None and (item.size, item.file.hash) == files[item.id] and item.place for item in items)


def _manifest(target: Target, handle: Handle, sources: Sequence[Source]) -> Manifest:
    described = target.description
    source = next((source for source in sources if source.hub == described.hub), None)
    if source is None:
        raise UnsupportedHandle(f"No hub for {described.handle}")
    folder = _inner(target.folder, target.root)
    if folder != source_folder(handle):
        raise CommandRefused(
            f"{target.folder} is not where {described.handle} belongs",
            action=f"Move it to {source_folder(handle)} in a models folder, or pull the model again.",
        )
    urls = [
        source.url_of(described.repo, described.commit, file.path, digest=file.hash) for file in described.files
    ]
    files = tuple(
        RemoteFile(file.path, file.size, file.hash, url) for file, url in zip(described.files, urls, strict=True)
    )
    return Manifest(
        hub=described.hub,
        repo=described.repo,
        revision=described.revision,
        commit=described.commit,
        folder=folder,
        files=files,
        page_url=source.page_of(described.repo),
        hub_label=host_label(urls[0]),
    )


def _inner(folder: Path, root: Path) -> str:
    try:
        return folder.relative_to(root).as_posix()
    except ValueError:
        return ""


def _free_id(described: Description, handle: Handle, roster: Roster) -> str:
    """Return the id that the model had, unless another task has it now or it is none."""
    names = [described.model, format_handle(handle)]
    for name in names:
        if name and name.isprintable() and len(name) <= ID_CHARS_MAX and name not in roster:
            return name
    number = next(n for n in range(2, len(roster) + 3) if f"{names[1]}-{n}" not in roster)
    return f"{names[1]}-{number}"


def _called(described: Description) -> str:
    name = (described.facts or {}).get("name")
    return name if isinstance(name, str) and name.isprintable() and len(name) <= ID_CHARS_MAX else ""
