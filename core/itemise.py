"""From a manifest to the items of a task. Pure; a name that is refused fails alone."""

import re

from core.errors import NameRefused
from core.paths import collisions, local_path
from core.records import Destination, Manifest
from core.states import ItemState
from core.task import Item, Task


def items_of(task: Task, manifest: Manifest, *, complete: bool) -> list[Item]:
    """Return the items, those of the selection first, each part by path; `complete` ones are here already."""
    place = Destination(task.root, manifest.folder)
    meets = collisions(file.path for file in manifest.files)
    items = []
    for file in sorted(manifest.files, key=lambda file: (not file.wanted, _natural(file.path))):
        state = ItemState.WAITING if file.wanted else ItemState.SKIPPED
        try:
            if file.path in meets:
                raise NameRefused(meets[file.path])
            local_path(place, file.path)  # refuses what is not safe
            item = Item(file, place, state=ItemState.DONE if complete else state)
            item.durable = item.size if complete else 0
        except NameRefused as error:
            item = Item(file, None, state=ItemState.FAILED if file.wanted else ItemState.SKIPPED)
            item.failure = error.failure
        items.append(item)
    return items


def _natural(path: str) -> list[tuple[bool, int, str]]:
    """Return a key that sorts `s2` before `s10`."""
    return [
        (part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d{1,18})", path)
    ]
